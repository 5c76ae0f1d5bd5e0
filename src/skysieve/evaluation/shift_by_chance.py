"""A distance between two sets beside what it is when there is none: groups change sides at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from skysieve.evaluation.arrays import IntArray, check_groups

__all__ = ["Shift", "with_null"]


@dataclass(frozen=True, slots=True)
class Shift:
    """A distance between two sets, beside what it is without a shift.

    Parameters
    ----------
    value : float
        The distance.
    null : float
        Its median where samples change sides at random.
    null_high : float
        95 % of these are at most that.
    p_value : float
        How often chance alone gives as much, (1 + reached) / (1 + permutations).
    permutations : int
        How often sides were drawn.
    """

    value: float
    null: float
    null_high: float
    p_value: float
    permutations: int

    def to_json(self) -> dict[str, float | int]:
        """Return the fields as a dictionary; ``Shift(**data)`` reads them back."""
        return asdict(self)


def with_null(
    distance: Callable[[IntArray, IntArray], float],
    groups: npt.ArrayLike,
    sources: int,
    *,
    permutations: int = 200,
    seed: int = 1,
) -> Shift:
    """Return a distance beside what it is where groups change sides at random.

    Parameters
    ----------
    distance : callable
        From the rows of the source and those of the target to the distance, larger for more shift.
    groups : array_like, shape (N + M,)
        Group of every sample, sources first; groups change sides as a whole.
    sources : int
        N, how many of the rows are of the source.
    permutations : int
        Random draws of the sides.
    seed : int
        Of the draws.
    """
    codes = check_groups(groups, len(np.asarray(groups)))
    rows = np.arange(len(codes))
    value = distance(rows[:sources], rows[sources:])
    rng = np.random.default_rng(seed)
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    drawn = np.empty(permutations)
    for number in range(permutations):
        mixed = np.concatenate([members[which] for which in rng.permutation(len(members))])
        drawn[number] = distance(np.sort(mixed[:sources]), np.sort(mixed[sources:]))
    if not permutations:
        return Shift(value, np.nan, np.nan, np.nan, 0)
    reached = int((drawn >= value).sum())
    low, high = np.quantile(drawn, [0.5, 0.95])
    return Shift(value, float(low), float(high), (1 + reached) / (1 + permutations), permutations)
