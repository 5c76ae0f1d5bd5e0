"""The 8-bit stretch in which streak cutouts are distributed, and the JPEG that they pass through.

Grey levels fall with light: ``grey = 255 (10 - d / sigma) / 12.5``, cut off at 0 and 255. Sky is 204, one
sigma 20.4, white -2.5 and black +10 sigma; pixels without data hold sky. What 24 cutouts of ZTF measure,
``experiments/real_streaks.py`` tells.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["BLACK", "SKY", "WHITE", "jpeg_round_trip", "normalise", "to_grey", "to_sigma"]

#: Difference in sigma that is black, and white.
BLACK, WHITE = 10.0, -2.5
_GREY_PER_SIGMA = 255.0 / (BLACK - WHITE)
#: Noise of the stretch over that of an empty cutout; every how many pixels are looked at, at least how many.
_BIAS, _STEP, _FEWEST = 1.02, 5, 50
#: Grey level of a difference of zero.
SKY = 204


def normalise(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a difference in units of the noise that is measured on it, above its median.

    The 24 real cutouts have medians of 202 to 206, mostly 204, whatever is on them, and half the interval
    that holds 68 % of their pixels is 20.25 grey levels in the median: both were measured on the cutout
    itself. It is as little as 12.5 where much of a cutout is masked and holds one level.

    Parameters
    ----------
    difference : ndarray, shape (height, width), float32
        The difference in any unit; pixels that are exactly 0 have no data and stay 0.
    """
    # A fifth of the pixels tells the noise to 1.4 percent. The step is prime to the width, so that no
    # column is left out.
    sample = difference.reshape(-1)[:: _STEP if difference.shape[1] % _STEP else _STEP + 1]
    sample = sample[sample != 0.0]
    if len(sample) < _FEWEST:
        return difference
    low, middle, high = (int(share * (len(sample) - 1)) for share in (0.1587, 0.5, 0.8413))
    ordered = np.partition(sample, (low, middle, high))
    noise = np.float32(0.5 * _BIAS) * (ordered[high] - ordered[low])
    if not noise > 0.0:
        return difference
    return np.where(difference == 0.0, np.float32(0.0), (difference - ordered[middle]) / noise)


def to_grey(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return grey levels of a difference in units of its noise; NaN is sky.

    Examples
    --------
    >>> to_grey(np.array([0.0, 1.0, 10.0, 99.0, -2.5, np.nan], np.float32)).tolist()
    [204, 184, 0, 0, 255, 204]
    """
    grey = np.float32(_GREY_PER_SIGMA) * (np.float32(BLACK) - difference)
    np.nan_to_num(grey, copy=False, nan=SKY, posinf=255.0, neginf=0.0)
    np.clip(grey, 0.0, 255.0, out=grey)
    return np.asarray(np.rint(grey), np.uint8)


def to_sigma(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the difference in units of its noise, from -2.5 to 10.

    Examples
    --------
    >>> to_sigma(np.array([204, 0, 255], np.uint8)).tolist()
    [0.0, 10.0, -2.5]
    """
    return np.asarray(np.float32(BLACK) - grey.astype(np.float32) / np.float32(_GREY_PER_SIGMA))


def jpeg_round_trip(grey: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an image, shape (height, width), as it is after compression at ``quality`` (1 to 95)."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.uint8)
