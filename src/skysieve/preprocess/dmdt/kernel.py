"""Pairs of points counted in bins of dm and dt: compiled, exact, on one core without the interpreter's lock.

For each point the later ones are walked through in time. Which of them are in which bin of dt changes only
at its edges, and these only move on from one point to the next. The bin of dm is looked up in a fine table
by differences of whole numbers; where an edge is so near that these could be wrong, the magnitudes
themselves are compared with it: pairs on an edge are counted as `numpy.searchsorted` would.

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
"""Of the table of dm: for the published edges 5e-4 mag wide, so that few hold an edge."""

STEP_BITS = 8
"""Of the steps in a cell, in which magnitudes are whole numbers."""

MARGIN = 2.5
"""Steps by which a difference can be wrong: three numbers in it are rounded, each by less than one."""

FARTHEST = 2.0**48
"""Steps up to which float64 is exact to a small part of one."""

LEAST_CELL = 1e-290
"""Below it, steps a unit of dm are more than float64 can hold."""

UNKNOWN = np.iinfo(np.uint16).max
"""In the table: the cell holds an edge."""

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
    """Edges with infinity behind the last, and the bins of dm of differences in whole steps."""

    dm: NDArray[np.float64]
    dt: NDArray[np.float64]
    #: Steps a unit of dm, and from the first edge to 0.
    scale: float
    shift: int
    #: Bin of each cell of 2 ** `STEP_BITS` steps; without any where steps cannot be exact.
    rows: NDArray[np.uint16]


@functools.lru_cache(maxsize=8)
def edge_table(bins: DmdtBins) -> EdgeTable:
    """Prepare edges for the kernels."""
    dm = np.array(bins.dm)
    lowest, cell = bins.dm[0], (bins.dm[-1] - bins.dm[0]) / CELLS
    with_infinity = (np.append(dm, np.inf), np.append(bins.dt, np.inf))
    if not LEAST_CELL < cell < math.inf or abs(lowest) / cell * 2**STEP_BITS >= FARTHEST:
        return EdgeTable(*with_infinity, 0.0, 0, np.empty(0, np.uint16))
    margin = MARGIN / 2**STEP_BITS
    first = np.searchsorted(dm, lowest + (np.arange(CELLS) - margin) * cell, "right")
    last = np.searchsorted(dm, lowest + (np.arange(CELLS) + 1 + margin) * cell, "right")
    rows = np.where(first == last, first, UNKNOWN).astype(np.uint16)
    scale = 2**STEP_BITS / cell
    return EdgeTable(*with_infinity, scale, int(-lowest * scale), rows)


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
    made = np.zeros((curves, rows, columns - 2), np.int64)
    # Flat, with unsigned indices: no index is checked for being negative.
    counts, ends = np.empty(rows * columns, np.int64), np.empty(columns - 1, np.uintp)
    for curve in range(curves):
        begin, end = pairs.later_offsets[curve], pairs.later_offsets[curve + 1]
        values, late = pairs.later_value[begin:end], np.empty(end - begin + 1)
        # Infinity ends the search for each edge.
        late[:-1], late[-1] = pairs.later_time[begin:end], math.inf
        points = slice(pairs.earlier_offsets[curve], pairs.earlier_offsets[curve + 1])
        early, others = pairs.earlier_time[points], pairs.earlier_value[points]
        counts[:], ends[:] = 0, 0
        column = np.empty(len(values), np.uint16)
        column[:] = columns - 1
        (lowest, highest), (least, most) = _range(values), _range(others)
        lowest, highest = min(lowest, least), max(highest, most)
        known = (highest - lowest) * edges.scale < FARTHEST
        table = edges.rows if known else edges.rows[:0]
        zero, scale = (lowest, edges.scale) if known else (0.0, 0.0)
        steps, own = _steps(values, zero, scale), _steps(others, zero, scale)
        for point in range(len(early)):
            _pass_edges(late, early[point], edges.dt, ends, column)
            first, shift = pairs.first[points.start + point] - begin, edges.shift - own[point]
            _count_point(first, others[point], shift, values, steps, column, table, edges, counts)
        for row in range(rows):
            for number in range(columns - 2):
                made[curve, row, number] = counts[row * columns + number + 1]
    return made


@numba.njit(cache=True, nogil=True)
def _range(value: NDArray[np.float64]) -> tuple[float, float]:
    lowest, highest = math.inf, -math.inf
    for each in value:
        lowest, highest = min(lowest, each), max(highest, each)
    return lowest, highest


@numba.njit(cache=True, nogil=True)
def _steps(value: NDArray[np.float64], zero: float, scale: float) -> NDArray[np.int64]:
    """Return magnitudes as whole numbers of steps above ``zero``, rounded down."""
    made = np.empty(len(value), np.int64)
    for point in range(len(value)):
        made[point] = int((value[point] - zero) * scale)
    return made


@numba.njit(cache=True, nogil=True)
def _pass_edges(
    late: NDArray[np.float64],
    time: float,
    edges: NDArray[np.float64],
    ends: NDArray[np.uintp],
    column: NDArray[np.uint16],
) -> None:
    """Move on to a later point: bring up to date which later points are before each edge of dt."""
    for edge in range(len(ends) - 1, -1, -1):
        at = ends[edge]
        while late[at] - time < edges[edge]:
            column[at] = edge
            at += np.uintp(1)
        ends[edge] = at


@numba.njit(cache=True, nogil=True)
def _count_point(
    first: int,
    value: float,
    shift: int,
    values: NDArray[np.float64],
    steps: NDArray[np.int64],
    column: NDArray[np.uint16],
    table: NDArray[np.uint16],
    edges: EdgeTable,
    counts: NDArray[np.int64],
) -> None:
    """Count the pairs of one point with all later ones from ``first``."""
    width, cells, unknown = np.uintp(len(edges.dt)), np.uintp(len(table)), np.uintp(UNKNOWN)
    for other in range(np.uintp(first), np.uintp(len(values))):
        # What is below all edges is negative, and huge without a sign.
        cell = np.uintp((steps[other] + shift) >> STEP_BITS)
        row = np.uintp(table[cell]) if cell < cells else unknown
        if row == unknown:
            row = np.uintp(_row(values[other] - value, edges.dm))
        counts[row * width + np.uintp(column[other])] += 1


@numba.njit(cache=True, nogil=True)
def _row(change: float, edges: NDArray[np.float64]) -> int:
    """Return the bin of a difference of magnitudes by its edges, 0 below all."""
    if change < edges[0]:
        return 0
    # Infinity itself, too, is above all: magnitudes are finite, their difference may be not.
    if change >= edges[-2]:
        return len(edges) - 1
    return int(np.searchsorted(edges, change, "right"))


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
                row = _row(change, edges.dm)
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
