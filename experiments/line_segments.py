"""From a map of cells to segments: what lies together, line by line, with the pieces of one line joined."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

__all__ = ["line_segments"]

#: Distance from a line, in cells, of the cells that belong to it; scatter about one line, in cells.
_BESIDE, _STRAIGHT = 1.0, 0.75
#: Cells that are a line of their own once a first line is taken out; pairs of cells that are tried.
_FEWEST, _PAIRS = 4, 200
#: Distance of the ends of pieces from their common line, and gap that is bridged between any, in cells.
_ALIGNED, _GAP = 1.25, 4.0


def line_segments(
    scores: np.ndarray, *, low: float, high: float, cell: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Return the segments of a map.

    Parameters
    ----------
    scores : ndarray, shape (rows, columns)
        Score of every cell that the centre line of a streak passes through it.
    low, high : float
        Cells from ``low`` on that touch each other are taken together if one of them has ``high``.
    cell : int
        Side of a cell in pixels.

    Returns
    -------
    ends : ndarray, shape (n, 4), float64
        x1, y1, x2, y2 in pixels; 0 is the centre of the first.
    sums : ndarray, shape (n,), float64
        Sum of the scores of their cells; segments come in descending order of it.
    """
    labels, _ = ndimage.label(scores >= low, structure=np.ones((3, 3)))
    ends, sums = [], []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        part = np.where(labels[box] == number, scores[box], 0.0)
        if part.max() < high:
            continue
        rows, columns = np.nonzero(part)
        places = np.column_stack([columns + box[1].start, rows + box[0].start]).astype(np.float64)
        for chosen in _split(places, part[rows, columns]):
            weights = part[rows[chosen], columns[chosen]]
            ends.append(_segment(places[chosen], weights))
            sums.append(float(weights.sum()))
    joined, total = _join(np.array(ends).reshape(-1, 4), np.array(sums))
    order = np.argsort(-total, kind="stable")
    return (joined[order] + 0.5) * cell - 0.5, total[order]


def _split(places: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """Return the numbers of the cells of each line: crossing streaks make one patch of several lines."""
    rng = np.random.default_rng(0)
    left, lines = np.arange(len(places)), []
    while left.size >= (_FEWEST if lines else 1):
        middle, direction = _axis(places[left], weights[left])
        if _beside(places[left], middle, direction).std() > _STRAIGHT:
            middle, direction = _best_pair(places[left], weights[left], rng)
        near = np.abs(_beside(places[left], middle, direction)) <= max(_BESIDE, 2.0 * _STRAIGHT)
        lines.append(left[near])
        left = left[~near]
    return lines


def _best_pair(
    places: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the line through two cells that most of the others lie on."""
    pairs = rng.integers(len(places), size=(_PAIRS, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    away = places[pairs[:, 1]] - places[pairs[:, 0]]
    unit = away / np.hypot(*away.T)[:, None]
    from_first = places[None] - places[pairs[:, 0]][:, None]
    across = from_first[..., 1] * unit[:, None, 0] - from_first[..., 0] * unit[:, None, 1]
    best = int(np.argmax(((np.abs(across) <= _BESIDE) * weights).sum(axis=1)))
    return places[pairs[best, 0]], unit[best]


def _axis(places: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return middle and direction of the weighted cells."""
    middle = np.average(places, axis=0, weights=weights)
    away = places - middle
    _, axes = np.linalg.eigh((away * weights[:, None]).T @ away)
    return middle, axes[:, -1]


def _beside(places: np.ndarray, middle: np.ndarray, direction: np.ndarray) -> np.ndarray:
    away = places - middle
    return away[:, 1] * direction[0] - away[:, 0] * direction[1]


def _segment(places: np.ndarray, weights: np.ndarray) -> np.ndarray:
    middle, direction = _axis(places, weights)
    along = (places - middle) @ direction
    return np.concatenate([middle + along.min() * direction, middle + along.max() * direction])


def _join(ends: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join pieces of one line, the brightest first, until nothing changes."""
    pieces = list(zip(ends, sums.tolist(), strict=True))
    pieces.sort(key=lambda piece: -piece[1])
    joined: list[tuple[np.ndarray, float]] = []
    while pieces:
        whole, total = pieces.pop(0)
        number = 0
        while number < len(pieces):
            both = _joint(whole, pieces[number][0])
            if both is None:
                number += 1
            else:
                whole, total = both, total + pieces.pop(number)[1]
                number = 0
        joined.append((whole, total))
    return np.array([whole for whole, _ in joined]).reshape(-1, 4), np.array([total for _, total in joined])


def _joint(one: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Return the segment that two pieces of one line make, None if they are not such pieces."""
    places = np.concatenate([one, other]).reshape(4, 2)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    first, last = np.unravel_index(int(np.argmax(apart)), apart.shape)
    if apart[first, last] == 0:
        return one
    lengths = apart[0, 1], apart[2, 3]
    if apart[first, last] - sum(lengths) > max(_GAP, min(lengths)):
        return None
    unit = (places[last] - places[first]) / apart[first, last]
    if np.abs(_beside(places, places[first], unit)).max() > _ALIGNED:
        return None
    return np.concatenate([places[first], places[last]])
