"""The mean of numbers that are close together beside their size: compiled."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["stable_mean"]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def stable_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of one number or more; of numbers that are all the same, that number to the last digit.

    With a mean that is off by its rounding, a constant would seem to vary, and have a skew and a trend.

    Examples
    --------
    >>> constant = np.full(13, 15.1)
    >>> stable_mean(constant), constant.mean().item()
    (15.1, 15.099999999999998)
    """
    total = 0.0
    for each in values:
        total += each - values[0]
    return float(total / len(values) + values[0])
