"""Which detection is which true trail."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["lies_on", "match_streaks", "on_one_line", "overlap"]

Ends = NDArray[np.float64]


def overlap(found: ArrayLike, true: ArrayLike, tolerance: float) -> NDArray[np.float64]:
    """Return how far detections cover true trails.

    Parameters
    ----------
    found : array_like, shape (n, 4)
        Ends x1, y1, x2, y2 of the detections, in pixels.
    true : array_like, shape (m, 4)
        Ends of the trails.
    tolerance : float
        Greatest distance in pixels of both ends of a detection from the line of the trail; segments are
        lengthened by half of it at either end, so that points overlap, too.

    Returns
    -------
    ndarray, shape (n, m), float64
        Intersection over union of both segments along the true one; 0 where a detection lies beside it.

    Examples
    --------
    >>> overlap([[0, 0, 10, 0]], [[0, 0, 20, 0], [0, 9, 10, 9]], tolerance=2.0).round(2).tolist()
    [[0.55, 0.0]]
    """
    along, beside, length = _on_lines(found, true)
    low, high = along.min(axis=2) - 0.5 * tolerance, along.max(axis=2) + 0.5 * tolerance
    first, last = -0.5 * tolerance, length[None, :] + 0.5 * tolerance
    shared = np.maximum(np.minimum(high, last) - np.maximum(low, first), 0.0)
    union = np.maximum(high, last) - np.minimum(low, first)
    # The ends of short trails say little about their direction: they need to be near, not aligned.
    return np.asarray(np.where(beside.max(axis=2) <= tolerance, shared / union, 0.0))


def match_streaks(
    found: ArrayLike, true: ArrayLike, *, tolerance: float = 3.0, least: float = 0.5
) -> NDArray[np.int64]:
    """Assign detections to true trails, each to one at most, the best overlap first.

    Parameters
    ----------
    found, true : array_like, shape (n, 4) and (m, 4)
        Ends x1, y1, x2, y2 in pixels.
    tolerance : float
        Greatest distance of a detection's ends from the line of the trail, in pixels.
    least : float
        Least intersection over union.

    Returns
    -------
    ndarray, shape (n,), int64
        Number of the trail, -1 for a detection without one.

    Examples
    --------
    >>> match_streaks([[0, 0, 10, 0], [0, 1, 9, 1], [50, 50, 60, 60]], [[0, 0, 10, 0]]).tolist()
    [0, -1, -1]
    """
    shares = overlap(found, true, tolerance)
    matched = np.full(shares.shape[0], -1, dtype=np.int64)
    rows, columns = np.nonzero(shares >= least)
    taken: set[int] = set()
    for place in np.argsort(-shares[rows, columns], kind="stable").tolist():
        row, column = int(rows[place]), int(columns[place])
        if matched[row] < 0 and column not in taken:
            matched[row] = column
            taken.add(column)
    return matched


def lies_on(found: ArrayLike, true: ArrayLike, *, tolerance: float = 4.0) -> NDArray[np.bool_]:
    """Return whether each detection is a piece of one of the trails, shape (n,).

    Both ends are near the line, and half of the detection is within the trail's ends.
    """
    along, beside, length = _on_lines(found, true)
    low, high = along.min(axis=2), along.max(axis=2)
    inside = np.minimum(high, length[None, :] + tolerance) - np.maximum(low, -tolerance)
    share = inside / np.maximum(high - low, 1e-6)
    return np.asarray(((beside.max(axis=2) <= tolerance) & (share >= 0.5)).any(axis=1))


def on_one_line(ends: ArrayLike, *, tolerance: float) -> NDArray[np.bool_]:
    """Return whether each segment shares its line with another one, shape (n,).

    Each lies within ``tolerance`` pixels of the other's line, and the gap between them is no longer than
    five times the shorter one.

    Examples
    --------
    >>> on_one_line([[0, 0, 30, 0], [60, 1, 90, 0], [0, 50, 30, 50]], tolerance=3.0).tolist()
    [True, True, False]
    """
    segments = np.asarray(ends, dtype=np.float64).reshape(-1, 4)
    along, beside, length = _on_lines(segments, segments)
    aligned = beside.max(axis=2) <= tolerance
    gap = np.maximum(along.min(axis=2) - length[None, :], -along.max(axis=2))
    near = gap <= 5.0 * np.minimum(length[:, None], length[None, :])
    both = aligned & aligned.T & near
    np.fill_diagonal(both, False)
    return np.asarray(both.any(axis=1))


def _on_lines(found: ArrayLike, true: ArrayLike) -> tuple[Ends, Ends, Ends]:
    """Return places of ends along every true line and beside it, shape (n, m, 2), and lengths (m,)."""
    ends = np.asarray(found, dtype=np.float64).reshape(-1, 1, 2, 2)
    lines = np.asarray(true, dtype=np.float64).reshape(1, -1, 2, 2)
    direction = lines[:, :, 1] - lines[:, :, 0]
    length = np.hypot(direction[..., 0], direction[..., 1])
    unit = np.where(length[..., None] > 0, direction / np.maximum(length[..., None], 1e-12), [1.0, 0.0])
    away = ends - lines[:, :, :1]
    along = (away * unit[:, :, None]).sum(axis=3)
    beside = np.abs(away[..., 1] * unit[:, :, None, 0] - away[..., 0] * unit[:, :, None, 1])
    return along, beside, length[0]
