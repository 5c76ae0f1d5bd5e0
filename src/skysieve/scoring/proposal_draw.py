"""Who is proposed: random draws with weights that restore the pool, and picks from the top of a ranking."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Drawing", "reweigh"]


@dataclass
class Drawing:
    """Choose among N samples, none of them twice.

    Parameters
    ----------
    groups : ndarray, shape (N,)
        Group of each sample.
    seed : int
        Of all random draws.
    per_group : int or None
        How many of one group are chosen at most; None: any number.

    Examples
    --------
    >>> drawing = Drawing(np.array(["a", "a", "b", "c"]), seed=1, per_group=1)
    >>> drawing.pick("uncertainty", np.array([0.9, 0.8, 0.1, np.nan]), 2)
    2
    >>> drawing.rows.tolist(), drawing.reasons
    ([0, 2], ['uncertainty', 'uncertainty'])
    """

    groups: NDArray[Any]
    seed: int
    per_group: int | None = None
    chosen: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._generator = np.random.default_rng(self.seed)
        self._group = np.unique(self.groups, return_inverse=True)[1].reshape(-1)
        self._order = self._generator.permutation(len(self.groups))
        self._eligible = self._thin()
        self._taken = np.zeros(len(self.groups), dtype=bool)
        self._of_group: Counter[int] = Counter()

    @property
    def rows(self) -> NDArray[np.int64]:
        """The chosen samples in the order in which they were chosen."""
        return np.asarray(self.chosen, dtype=np.int64)

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """Who can be drawn at random: of a group larger than ``per_group``, a random choice of so many."""
        return self._eligible

    def draw(self, reason: str, among: NDArray[np.bool_], count: int) -> int:
        """Draw up to ``count`` eligible samples at random; return how many there were."""
        free = np.flatnonzero(among & self._eligible & ~self._taken)
        drawn = self._generator.permutation(free)[:count]
        for rank, row in enumerate(drawn.tolist(), start=1):
            self._take(row, reason, rank)
        return len(drawn)

    def pick(self, reason: str, values: NDArray[np.float64], count: int) -> int:
        """Pick up to ``count`` samples of the largest values; return how many there were.

        Equal values come in random order, NaN never, and no group more often than it may.
        """
        # A stable sort of shuffled rows: ties must not go by the order of the files.
        ranking = self._order[np.argsort(-values[self._order], kind="stable")]
        picked = 0
        for row in ranking.tolist():
            if picked == count or np.isnan(values[row]):
                break
            if not self._taken[row] and not self._is_full(row):
                picked += 1
                self._take(row, reason, picked)
        return picked

    def _take(self, row: int, reason: str, rank: int) -> None:
        self._taken[row] = True
        self._of_group[int(self._group[row])] += 1
        self.chosen.append(row)
        self.reasons.append(reason)
        self.ranks.append(rank)

    def _is_full(self, row: int) -> bool:
        return self.per_group is not None and self._of_group[int(self._group[row])] >= self.per_group

    def _thin(self) -> NDArray[np.bool_]:
        eligible = np.ones(len(self.groups), dtype=bool)
        if self.per_group is not None:
            seen: Counter[int] = Counter()
            for row in self._order.tolist():
                seen[int(self._group[row])] += 1
                eligible[row] = seen[int(self._group[row])] <= self.per_group
        return eligible


def reweigh(
    drawn: NDArray[np.int64], cells: NDArray[np.int64], groups: NDArray[Any], per_group: int | None = None
) -> NDArray[np.float64]:
    """Return for how many samples of the pool each drawn one stands.

    Bins overlap, and a sample is drawn for one of them only; but all samples in the same bins, those of one
    cell, had the same chance. Each drawn sample therefore stands for an equal share of its cell, or, where
    only ``per_group`` of a group could be drawn, for a share in proportion to what it stood for in its group.
    The weights of a cell's samples sum to the size of the cell.

    Parameters
    ----------
    drawn : ndarray of int, shape (n,)
        What was drawn at random, by whatever bin.
    cells, groups : ndarray, shape (N,)
        Of all samples, as of `skysieve.scoring.proposal_bins.cells_of`.
    per_group : int or None
        As in the drawing.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> reweigh(np.array([0, 3]), np.array([0, 0, 0, 1]), np.arange(4)).tolist()
    [3.0, 1.0]
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    size = sizes[group.reshape(-1)][drawn].astype(np.float64)
    share = size / np.minimum(size, per_group or np.inf)
    population = np.bincount(cells)
    within = np.bincount(cells[drawn], weights=share, minlength=len(population))
    return np.asarray(population[cells[drawn]] * share / within[cells[drawn]])
