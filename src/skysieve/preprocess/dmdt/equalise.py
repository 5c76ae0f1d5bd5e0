"""Edges between which every row and every column of the mean image holds as many pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.dmdt.bins import DmdtBins
from skysieve.samples.light_curves import LightCurves

__all__ = ["equalised_bins"]

DIGITS = 9
"""Differences closer than 1e-9 mag or d are the same: what remains is rounding."""


def equalised_bins(
    curves: LightCurves, shape: tuple[int, int] = (22, 24), *, pairs: int = 1_000_000, seed: int = 0
) -> DmdtBins:
    """Choose edges by histogram equalisation in both axes.

    Pairs are drawn at random, as many of each curve, so that a long curve does not count more than a
    short one; none joins two bands. Edges lie half way between two differences that occur. Where many
    pairs have the same difference, no edge can divide them, and the other bins share the rest evenly.

    Parameters
    ----------
    curves : LightCurves
        Training curves: edges that have seen the test curves know something about them.
    shape : tuple of 2 int
        Bins of dm and of dt.
    pairs : int
        How many to draw in all, about.
    seed : int
        Of the draw.

    Returns
    -------
    DmdtBins
        The outermost edges hold every pair of these curves: dt from 0 to the longest curve, dm to the
        largest difference within a curve on both sides.

    Raises
    ------
    SampleSetError
        If no curve has two points.
    ConfigurationError
        If there are fewer different differences than bins.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> curves = LightCurves.from_lists([np.sort(rng.uniform(0, 100, 50))], [rng.normal(15, 0.1, 50)])
    >>> equalised_bins(curves, (4, 5)).shape
    (4, 5)
    """
    found = [_drawn(curves.of_band(band), pairs // len(curves.bands), seed) for band in curves.bands]
    dm, dt = (np.concatenate([drawn[axis] for drawn in found]) for axis in (0, 1))
    if not dm.size:
        raise SampleSetError(f"none of {len(curves)} light curves has two points, so there are no pairs")
    spread = max(drawn[2] for drawn in found)
    longest = max(drawn[3] for drawn in found)
    # Half open: the largest difference itself has to be inside.
    top, last = np.nextafter(spread, np.inf), np.nextafter(longest, np.inf)
    return DmdtBins(_edges(dm, shape[0], -spread, top, "dm"), _edges(dt, shape[1], 0.0, last, "dt"))


def _drawn(
    curves: LightCurves, pairs: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Return dm and dt of random pairs, the largest difference and the longest time of a curve."""
    paired = np.flatnonzero(curves.counts > 1)
    if not paired.size:
        return np.empty(0), np.empty(0), 0.0, 0.0
    starts, counts = curves.offsets[paired], curves.counts[paired]
    rng = np.random.default_rng(seed)
    each = np.repeat(np.arange(len(paired)), max(1, pairs // len(paired)))
    one = rng.integers(0, counts[each])
    other = rng.integers(0, counts[each] - 1)
    other += other >= one
    earlier = starts[each] + np.minimum(one, other)
    later = starts[each] + np.maximum(one, other)
    inside = curves.take(paired)
    spread = np.maximum.reduceat(inside.value, inside.offsets[:-1])
    spread -= np.minimum.reduceat(inside.value, inside.offsets[:-1])
    longest = inside.time[inside.offsets[1:] - 1] - inside.time[inside.offsets[:-1]]
    dm, dt = curves.value[later] - curves.value[earlier], curves.time[later] - curves.time[earlier]
    return dm, dt, float(spread.max()), float(longest.max())


def _edges(
    values: NDArray[np.float64], bins: int, lowest: float, highest: float, name: str
) -> tuple[float, ...]:
    different, counts = np.unique(np.round(values, DIGITS), return_counts=True)
    if len(different) < bins:
        raise ConfigurationError(
            f"{bins} bins of {name} need as many different differences, found {len(different)}; ask for fewer"
        )
    below = np.concatenate([[0], np.cumsum(counts)[:-1]]) / counts.sum()
    edges, at = [lowest], 0
    for remaining in range(bins, 1, -1):
        wanted = below[at] + (1 - below[at]) / remaining
        # Enough differences have to be left for the bins that follow.
        candidates = np.arange(at + 1, len(different) - remaining + 2)
        at = int(candidates[np.argmin(np.abs(below[candidates] - wanted))])
        edges.append(float(different[at - 1] + different[at]) / 2)
    return (*edges, highest)
