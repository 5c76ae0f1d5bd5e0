"""The image of a source that moves along a straight line while it is exposed.

The convolution of a line segment with a Moffat profile of exponent 5/2 is elementary: with ``u`` along
the segment and ``s**2 = core**2 + v**2`` across it, the profile ``(s**2 + u**2)**(-5/2)`` has the
integral ``u (3 s**2 + 2 u**2) / (3 s**4 (s**2 + u**2)**(3/2))``. An elliptical profile is a circular
one after an affine map of the plane, which maps the segment to another segment.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.psf import BETA

__all__ = ["REACH", "add_trail", "trail_peak", "trail_pixels"]

#: Distance in FWHM to which a profile is rendered; 0.13 % of the light of a point source lies outside.
REACH = 8.0

#: Segments shorter than this, in cores, are points: the difference of two integrals would be rounding.
_POINT = 0.01

_CORE_PER_FWHM = 0.5 / math.sqrt(2.0 ** (1.0 / BETA) - 1.0)

Image = NDArray[np.floating]


def add_trail(
    image: Image,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    flux: float,
    fwhm: float,
    *,
    ellipticity: tuple[float, float] = (0.0, 0.0),
    reach: float = REACH,
) -> None:
    """Add the trail of a source of constant brightness to an image, in place.

    Profiles are sampled at the centres of the pixels: ``fwhm`` is the width as it is seen on the pixels.
    From two pixels on, sampling keeps the flux to 0.05 %.

    Parameters
    ----------
    image : ndarray, shape (height, width), float32 or float64
        What the trail is added to.
    x1, y1, x2, y2 : float
        Ends of the segment in pixels, 0 is the centre of the first pixel; may lie outside. A segment
        without length is a star.
    flux : float
        Flux of the whole trail, in units of the image; may be negative.
    fwhm : float
        Full width at half maximum of the PSF in pixels, geometric mean of both axes.
    ellipticity : tuple of two floats
        Stretch along the rows and along the main diagonal, as of `MoffatPsf`; squares sum to less than 1.
    reach : float
        Distance from the segment in FWHM to which light is added.

    Examples
    --------
    >>> image = np.zeros((61, 61))
    >>> add_trail(image, 20.0, 30.0, 40.0, 30.0, flux=100.0, fwhm=2.0)
    >>> round(float(image.sum()), 1), bool(np.allclose(image, image[:, ::-1]))
    (100.0, True)
    """
    margin = reach * fwhm
    height, width = image.shape
    left, right = max(math.ceil(min(x1, x2) - margin), 0), min(math.floor(max(x1, x2) + margin) + 1, width)
    top, bottom = max(math.ceil(min(y1, y2) - margin), 0), min(math.floor(max(y1, y2) + margin) + 1, height)
    if left >= right or top >= bottom or flux == 0.0:
        return
    x = np.arange(left, right, dtype=image.dtype)[None, :]
    y = np.arange(top, bottom, dtype=image.dtype)[:, None]
    core = fwhm * _CORE_PER_FWHM
    a, b, d = _rounding(*ellipticity)
    middle_x, middle_y = 0.5 * (x1 + x2), 0.5 * (y1 + y2)
    along_x, along_y = a * (x2 - x1) + b * (y2 - y1), b * (x2 - x1) + d * (y2 - y1)
    half = 0.5 * math.hypot(along_x, along_y) / core
    # Unit vectors along and across the mapped segment, times the map, in units of the core.
    cosine, sine = (along_x, along_y) if half > 0.0 else (1.0, 0.0)
    norm = math.hypot(cosine, sine) * core
    cosine, sine = cosine / norm, sine / norm
    u = (cosine * a + sine * b) * (x - middle_x) + (cosine * b + sine * d) * (y - middle_y)
    v = (cosine * b - sine * a) * (x - middle_x) + (cosine * d - sine * b) * (y - middle_y)
    image[top:bottom, left:right] += flux * 1.5 / (math.pi * core * core) * _profile(u, v, half)


def trail_peak(length: float, fwhm: float) -> float:
    """Return the value at the middle of a trail of unit flux, per pixel.

    Parameters
    ----------
    length, fwhm : float
        Length of the segment and FWHM of the PSF, in pixels.
    """
    core = fwhm * _CORE_PER_FWHM
    middle = np.zeros((1, 1))
    return float(_profile(middle, middle, 0.5 * length / core)[0, 0] * 1.5 / (math.pi * core * core))


def trail_pixels(length: float, fwhm: float) -> float:
    """Return the noise-equivalent area of a trail, in pixels.

    A fit of the trail on uniform noise of sigma per pixel measures its flux to ``sigma * sqrt(area)``.
    The sum of the squared profile is a double integral of the Moffat's autocorrelation over the segment;
    the interpolation between a point and an endless line is good to 4 %.

    Parameters
    ----------
    length, fwhm : float
        Length of the segment and FWHM of the PSF, in pixels.
    """
    core = fwhm * _CORE_PER_FWHM
    point = math.pi * core * core * (2.0 * BETA - 1.0) / (BETA - 1.0) ** 2
    # Across an endless line the profile is (1 + v**2)**-2: its square integrates to 5 pi / 16 over pi**2 / 4.
    across = core * 4.0 * math.pi / 5.0
    return float((point**1.6 + (across * length) ** 1.6) ** (1.0 / 1.6))


def _profile(u: Image, v: Image, half: float) -> Image:
    """Return the mean of ``(1 + u**2 + v**2)**(-5/2)`` over a segment of half length ``half``."""
    s2 = 1.0 + v * v
    if 2.0 * half < _POINT:
        r2 = s2 + u * u
        return np.asarray(1.0 / (r2 * r2 * np.sqrt(r2)))
    return np.asarray((_integral(u + half, s2) - _integral(u - half, s2)) / (6.0 * half * s2 * s2))


def _integral(u: Image, s2: Image) -> Image:
    u2 = u * u
    r2 = s2 + u2
    return np.asarray(u * (3.0 * s2 + 2.0 * u2) / (r2 * np.sqrt(r2)))


def _rounding(plus: float, cross: float) -> tuple[float, float, float]:
    """Return the symmetric map (xx, xy, yy) of unit determinant that makes an elliptical PSF round."""
    area = math.sqrt(1.0 - plus * plus - cross * cross)
    xx, xy, yy = (1.0 + plus) / area, cross / area, (1.0 - plus) / area
    # The root of a symmetric matrix of unit determinant is (matrix + 1) / sqrt(trace + 2).
    root = math.sqrt(xx + yy + 2.0)
    return (yy + 1.0) / root, -xy / root, (xx + 1.0) / root
