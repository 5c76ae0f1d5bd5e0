"""From fluxes in three bands to the colour picture that a survey's viewer shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.galaxies.survey import Survey

__all__ = ["to_picture"]

#: Side in arcsec of the pixels, and zero point of the fluxes, that a stretch is given for.
_PIXEL, _ZERO_POINT = 0.262, 22.5


def to_picture(fluxes: NDArray[np.float32], survey: Survey, pixel: float) -> NDArray[np.uint8]:
    """Return a colour picture of images in g, r and z.

    Parameters
    ----------
    fluxes : ndarray, shape (..., 3, height, width), float32
        Flux per pixel, in the unit of the survey's zero point, above the sky.
    survey : Survey
        The survey; its stretch is applied.
    pixel : float
        Side of a pixel of ``fluxes`` in arcsec. The stretch is one of surface brightness: finer pixels give
        the same picture.

    Returns
    -------
    ndarray, shape (..., 3, height, width), uint8
        Red, green and blue, of z, r and g.

    Examples
    --------
    >>> sky = np.zeros((3, 1, 1), np.float32)
    >>> to_picture(sky, Survey(), 0.262).ravel().tolist()
    [32, 32, 32]
    """
    stretch = survey.stretch
    unit = (_PIXEL / pixel) ** 2 * 10.0 ** (0.4 * (_ZERO_POINT - survey.zero_point))
    scales = (unit * np.array(stretch.scales)).astype(np.float32)[:, None, None]
    scaled = fluxes * scales + np.float32(stretch.offset)
    mean = np.maximum(scaled, 0.0).mean(axis=-3, keepdims=True)
    softening = np.float32(stretch.softening)
    # Where all bands are below black the factor may be anything.
    gain = np.arcsinh(softening * mean) / (np.sqrt(softening) * np.maximum(mean, np.float32(1e-9)))
    levels = np.clip(255.0 * scaled * gain, 0.0, 255.0)
    return np.asarray(np.rint(levels[..., ::-1, :, :]), np.uint8)
