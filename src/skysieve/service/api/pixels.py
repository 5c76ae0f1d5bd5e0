"""Cutouts for browsers: the pixels themselves, and pictures of them for where no script runs."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["PIXELS_TYPE", "PIXEL_SCALES", "pack_pixels", "picture"]

#: Media type of `pack_pixels`.
PIXELS_TYPE = "application/vnd.skysieve.pixels"
#: Arcsec a pixel, by survey.
PIXEL_SCALES: Mapping[str, float] = {"ZTF": 1.012, "LSST": 0.2}
#: Pixels beyond it are sentinels for missing ones.
_LARGEST_MEASURED = 1e30
#: Index and colour of a missing pixel in a picture, which no grey level has.
_MISSING, _MISSING_COLOUR = 255, (104, 58, 122)
#: Softening of the arcsinh stretch, in units of the noise.
_SOFTENING = 3.0


def pack_pixels(
    images: Mapping[str, NDArray[np.float32]], *, pixel_scale: float | None = None, upright: bool = False
) -> bytes:
    """Return images in the form that the pages draw.

    Parameters
    ----------
    images : mapping of str to ndarray, shape (H, W)
        By channel; NaN stays, sentinels become NaN.
    pixel_scale : float, optional
        Arcsec a pixel.
    upright : bool
        Whether the first row is the top one, as in pictures; in FITS it is the bottom one.

    Returns
    -------
    bytes
        Length of the header (uint32), header (JSON, with blanks up to a multiple of four bytes), then
        the pixels of all channels, row by row: float32; everything little-endian.

    Examples
    --------
    >>> packed = pack_pixels({"science": np.zeros((2, 3), np.float32)}, pixel_scale=1.012)
    >>> length = struct.unpack("<I", packed[:4])[0]
    >>> json.loads(packed[4 : 4 + length])["channels"]
    [{'name': 'science', 'height': 2, 'width': 3}]
    >>> len(packed) - 4 - length
    24
    """
    channels = [
        {"name": name, "height": image.shape[0], "width": image.shape[1]} for name, image in images.items()
    ]
    header = json.dumps({"channels": channels, "pixel_scale": pixel_scale, "upright": upright}).encode()
    header += b" " * (-len(header) % 4)
    planes = [_measured(image).astype("<f4").tobytes() for image in images.values()]
    return b"".join([struct.pack("<I", len(header)), header, *planes])


def picture(image: NDArray[np.float32], *, upright: bool = False, zoom: int = 1) -> bytes:
    """Return an image as a grey PNG, stretched by the arcsinh; missing pixels are purple.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        The pixels.
    upright : bool
        As of `pack_pixels`.
    zoom : int
        Every pixel becomes so many in each direction.
    """
    from PIL import Image

    values = _measured(image)
    known = np.isfinite(values)
    levels = np.full(values.shape, _MISSING, dtype=np.uint8)
    if known.any():
        levels[known] = np.round(254 * _stretched(values[known])).astype(np.uint8)
    if not upright:
        levels = levels[::-1]
    levels = np.repeat(np.repeat(levels, zoom, axis=0), zoom, axis=1)
    buffer = io.BytesIO()
    drawn = Image.fromarray(levels, mode="P")
    greys = [round(255 * level / 254) for level in range(_MISSING)]
    drawn.putpalette([*(band for grey in greys for band in (grey, grey, grey)), *_MISSING_COLOUR])
    drawn.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _measured(image: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.asarray(image, dtype=np.float32)
    return np.where(np.abs(values) < _LARGEST_MEASURED, values, np.float32(np.nan))


def _stretched(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return values from 0 to 1: linear about the sky, logarithmic in what is bright."""
    exact = values.astype(np.float64)
    apart = exact - np.median(exact)
    noise = 1.4826 * float(np.median(np.abs(apart))) or float(exact.std())
    # An image of one value has no noise, one with a single odd pixel hardly any.
    scale = max(_SOFTENING * noise, 1e-12 * float(np.abs(apart).max())) or 1.0
    bent = np.arcsinh(apart / scale)
    low, high = np.percentile(bent, [0.5, 99.8])
    return np.asarray(np.clip((bent - low) / (high - low or 1.0), 0.0, 1.0))
