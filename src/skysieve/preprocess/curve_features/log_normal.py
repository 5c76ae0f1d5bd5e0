"""The logarithm of the cumulative normal distribution, from a table: compiled."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["log_normal"]

REACH = 8.0
"""Standard deviations to either side that the table has."""

CELLS = 128
"""Of the table, to a standard deviation: cubic polynomials are then within 1e-11."""

FARTHEST = 35.0
"""Standard deviations beyond which float64 cannot hold the probability itself."""


def _exact(place: float) -> float:
    return math.log(0.5 * math.erfc(-place / math.sqrt(2)))


def _table() -> NDArray[np.float64]:
    """Return the polynomials that have the values and slopes of the function at both ends of each cell."""
    places = np.linspace(-REACH, REACH, int(2 * REACH * CELLS) + 1)
    value = np.array([_exact(place) for place in places])
    slope = np.exp(-places * places / 2 - value) / math.sqrt(2 * math.pi) / CELLS
    step = np.diff(value)
    third = slope[:-1] + slope[1:] - 2 * step
    return np.stack([value[:-1], slope[:-1], step - slope[:-1] - third, third], axis=1)


_TABLE = _table()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def log_normal(place: float) -> float:
    """Return ln Φ(place), of a normal distribution of mean 0 and variance 1.

    Examples
    --------
    >>> round(log_normal(0.0), 9), round(log_normal(-1.0), 9)
    (-0.693147181, -1.841021645)
    """
    if abs(place) < REACH:
        cells = (place + REACH) * CELLS
        cell = int(cells)
        along, terms = cells - cell, _TABLE[cell]
        return float(terms[0] + along * (terms[1] + along * (terms[2] + along * terms[3])))
    if place < -FARTHEST:
        # The first terms of the asymptotic series.
        return -place * place / 2 - math.log(-place * math.sqrt(2 * math.pi)) - 1 / (place * place)
    return math.log(0.5 * math.erfc(-place / math.sqrt(2)))
