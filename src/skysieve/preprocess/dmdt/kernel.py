"""Pairs of points counted in bins of dm and dt: compiled, exact, on one core without the interpreter's lock.

For each point the later ones are walked through in time, so that the bin of dt only ever moves on. The
bin of dm is looked up in a fine table that never points too far, and then moved up by comparing with
edges: pairs on an edge are counted as `numpy.searchsorted` would.

The first call ever compiles each kernel, a second of CPU, and keeps the result beside the module (or in
``NUMBA_CACHE_DIR``); in later processes the first call takes 0.4 s, most of it to load numba.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.dmdt.bins import DmdtBins

__all__ = ["EdgeTable", "PointPairs", "count_pairs", "edge_table", "smear_pairs"]

CELLS = 1 << 15
"""Of the table of dm: for the published edges 5e-4 mag wide, so that few pairs have to be moved up."""

NOTHING = 1e-17
"""Part of a pair that float64 cannot tell from none."""


class PointPairs(NamedTuple):
    """Whose points are paired with whose: those of ``earlier`` with all that follow in ``later``.

    Both hold arrays of all curves, one after another. Within a band they are the same.
    """

    earlier_offsets: NDArray[np.int64]
    earlier_time: NDArray[np.float64]
    earlier_value: NDArray[np.float64]
    later_offsets: NDArray[np.int64]
    later_time: NDArray[np.float64]
    later_value: NDArray[np.float64]
    #: Of each earlier point, the index of the first later point with which it is paired.
    first: NDArray[np.int64]


class EdgeTable(NamedTuple):
    """Edges with infinity behind the last, and where to begin to look for a difference of magnitudes."""

    dm: NDArray[np.float64]
    dt: NDArray[np.float64]
    scale: float
    shift: float
    rows: NDArray[np.uint16]


@functools.lru_cache(maxsize=8)
def edge_table(bins: DmdtBins) -> EdgeTable:
    """Prepare edges for the kernels."""
    dm, dt = np.append(bins.dm, np.inf), np.append(bins.dt, np.inf)
    scale = CELLS / (dm[-2] - dm[0])
    # Cells begin a little too low, so that rounding in the kernel cannot skip an edge.
    starts = dm[0] + (np.arange(-1, CELLS + 1) - 0.01) / scale
    starts[0] = -np.inf
    rows = np.searchsorted(dm, starts, "right").astype(np.uint16)
    return EdgeTable(dm, dt, float(scale), float(1 - dm[0] * scale), rows)


@numba.njit(cache=True, nogil=True)
def count_pairs(pairs: PointPairs, edges: EdgeTable) -> NDArray[np.int64]:
    """Count pairs in bins.

    Parameters
    ----------
    pairs : PointPairs
        N curves; times ascend within a curve.
    edges : EdgeTable
        Of R bins of dm and T of dt.

    Returns
    -------
    ndarray, shape (N, R + 2, T), int64
        The first and the last row hold pairs below and above all bins of dm.
    """
    curves, rows, columns = len(pairs.earlier_offsets) - 1, len(edges.dm), len(edges.dt)
    dm, dt, table = edges.dm, edges.dt, edges.rows
    scale, shift, last = edges.scale, edges.shift, np.uintp(len(edges.rows) - 1)
    made = np.zeros((curves, rows, columns - 2), np.int64)
    # Flat, with unsigned indices: no index is checked for being negative.
    width, one = np.uintp(columns), np.uintp(1)
    counts = np.zeros(rows * columns, np.int64)
    for curve in range(curves):
        counts[:] = 0
        end = np.uintp(pairs.later_offsets[curve + 1])
        for point in range(pairs.earlier_offsets[curve], pairs.earlier_offsets[curve + 1]):
            time, value = pairs.earlier_time[point], pairs.earlier_value[point]
            other, column = np.uintp(pairs.first[point]), np.uintp(0)
            while other < end:
                while pairs.later_time[other] - time >= dt[column]:
                    column += one
                edge = dt[column]
                while True:
                    change = pairs.later_value[other] - value
                    cell = np.uintp(np.int64(change * scale + shift))
                    # What is below all edges is negative, and huge without a sign.
                    if cell > last:
                        cell = last if change >= dm[0] else np.uintp(0)
                    row = np.uintp(table[cell])
                    while change >= dm[row]:
                        row += one
                    counts[row * width + column] += 1
                    other += one
                    if other >= end or pairs.later_time[other] - time >= edge:
                        break
        for row_ in range(rows):
            for column_ in range(columns - 2):
                made[curve, row_, column_] = counts[row_ * columns + column_ + 1]
    return made


@numba.njit(cache=True, nogil=True)
def smear_pairs(
    pairs: PointPairs,
    earlier_error: NDArray[np.float64],
    later_error: NDArray[np.float64],
    edges: EdgeTable,
) -> NDArray[np.float64]:
    """Spread each pair over the bins of dm by its Gaussian error, σ² = σ₁² + σ₂².

    Parameters
    ----------
    pairs : PointPairs
        N curves; times ascend within a curve.
    earlier_error, later_error : ndarray
        Standard deviations; a pair with 0 or NaN is counted in one bin.
    edges : EdgeTable
        Of R bins of dm and T of dt.

    Returns
    -------
    ndarray, shape (N, R + 2, T), float64
        As of `count_pairs`.
    """
    # One bin more on either side of dm, as many bins of dt as there are between edges.
    curves, rows, columns = len(pairs.earlier_offsets) - 1, len(edges.dm), len(edges.dt) - 2
    top = float(len(edges.rows) - 1)
    made = np.zeros((curves, rows, columns), np.float64)
    for curve in range(curves):
        end = pairs.later_offsets[curve + 1]
        for point in range(pairs.earlier_offsets[curve], pairs.earlier_offsets[curve + 1]):
            column = -1
            for other in range(pairs.first[point], end):
                passed = pairs.later_time[other] - pairs.earlier_time[point]
                while passed >= edges.dt[column + 1]:
                    column += 1
                if column < 0 or column >= columns:
                    continue
                change = pairs.later_value[other] - pairs.earlier_value[point]
                row = int(edges.rows[int(max(min(change * edges.scale + edges.shift, top), 0.0))])
                while change >= edges.dm[row]:
                    row += 1
                variance = earlier_error[point] ** 2 + later_error[other] ** 2
                if not variance > 0:
                    made[curve, row, column] += 1
                    continue
                _spread(made[curve, :, column], row, change, math.sqrt(2 * variance), edges.dm)
    return made


@numba.njit(cache=True, nogil=True)
def _spread(
    into: NDArray[np.float64], row: int, change: float, width: float, edges: NDArray[np.float64]
) -> None:
    """Add a Gaussian to bins, from its own up and down until nothing of it is left."""
    above = 0.5 * math.erfc((edges[row] - change) / width)
    below = 0.5 * math.erfc((change - edges[row - 1]) / width) if row > 0 else 0.0
    into[row] += 1 - above - below
    at = row + 1
    while above > NOTHING and at < len(edges):
        beyond = 0.5 * math.erfc((edges[at] - change) / width)
        into[at] += above - beyond
        above, at = beyond, at + 1
    at = row - 1
    while below > NOTHING and at >= 0:
        beyond = 0.5 * math.erfc((change - edges[at - 1]) / width) if at > 0 else 0.0
        into[at] += below - beyond
        below, at = beyond, at - 1
