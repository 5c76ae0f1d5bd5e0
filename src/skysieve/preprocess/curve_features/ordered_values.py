"""The values of each light curve in ascending order, and what can be read off them."""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["median_deviation", "ordered_values", "percentile"]


def ordered_values(offsets: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of each curve sorted, shape (P,).

    numpy sorts by vector instructions, ten times as fast as compiled code of our own.

    Examples
    --------
    >>> ordered_values(np.array([0, 3, 5]), np.array([2.0, 3.0, 1.0, 5.0, 4.0])).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    ordered = value.copy()
    for first, last in pairwise(offsets.tolist()):
        ordered[first:last].sort()
    return ordered


@numba.njit(cache=True, nogil=True, error_model="numpy")
def percentile(ordered: NDArray[np.float64], percent: float) -> float:
    """Return a percentile of sorted numbers, linear between them as numpy's."""
    place = percent / 100 * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def median_deviation(ordered: NDArray[np.float64], middle: float) -> float:
    """Return the median of the distances of sorted numbers from one within their range."""
    # The nearest half of the numbers follow one another: both ends are moved in, the farther one first.
    low, high = 0, len(ordered) - 1
    larger = 0.0
    for _ in range(len(ordered) - len(ordered) // 2):
        below, above = middle - ordered[low], ordered[high] - middle
        larger = max(below, above)
        if above >= below:
            high -= 1
        else:
            low += 1
    if len(ordered) % 2:
        return float(larger)
    return float(larger + max(middle - ordered[low], ordered[high] - middle)) / 2
