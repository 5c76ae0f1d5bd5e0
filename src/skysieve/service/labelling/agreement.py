"""How far people agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha.

Cohen 1960, Educ. Psychol. Meas. 20, 37; Fleiss 1971, Psychol. Bull. 76, 378; Krippendorff 2011,
"Computing Krippendorff's Alpha-Reliability". All for classes without an order. 1: they always agree; 0: as
often as people who draw their words from a hat; NaN where nothing can be said, because there is too little
or everybody always says the same word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import InputError

if TYPE_CHECKING:
    from skysieve.evaluation.intervals import Interval
    from skysieve.service.labelling.votes import Votes

__all__ = ["Agreement", "agreement", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "pairwise_kappas"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far those who labelled a set agree.

    Parameters
    ----------
    items, raters, votes : int
        What it rests on: items with two votes or more, the people who gave those, and how many.
    alpha : Interval
        Krippendorff's alpha, with its bootstrap interval over items.
    share : Interval
        Share of pairs of votes on one item that agree, chance and all.
    fleiss : float
        Fleiss' kappa over the items that have the most common number of votes; NaN where undefined.
    fleiss_items : int
        How many these are.
    """

    items: int
    raters: int
    votes: int
    alpha: Interval
    share: Interval
    fleiss: float
    fleiss_items: int


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Return Cohen's kappa of two people.

    Parameters
    ----------
    first, second : array-like of int, shape (N,)
        What each says of the same items; negative: nothing, and the item does not count.

    Examples
    --------
    >>> round(cohen_kappa([1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15), 3)
    0.4
    """
    one, two = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if one.shape != two.shape or one.ndim != 1:
        raise InputError(
            "kappa", "bad-votes", f"two lists of one length are compared, found {one.shape}, {two.shape}"
        )
    both = (one >= 0) & (two >= 0)
    one, two = one[both], two[both]
    if not len(one):
        return float("nan")
    size = int(max(one.max(), two.max())) + 1
    table = np.zeros((size, size))
    np.add.at(table, (one, two), 1)
    table /= table.sum()
    return _beyond_chance(float(np.trace(table)), float(table.sum(axis=1) @ table.sum(axis=0)))


def fleiss_kappa(counts: ArrayLike) -> float:
    """Return Fleiss' kappa.

    Parameters
    ----------
    counts : array-like of int, shape (N, K)
        How many call an item a class; every item has the same number of votes, two or more.

    Raises
    ------
    InputError
        If the items differ in their number of votes: `krippendorff_alpha` takes those.
    """
    table = np.asarray(counts, dtype=np.float64)
    numbers = np.unique(table.sum(axis=1)) if table.ndim == 2 else np.empty(0)
    if len(numbers) != 1 or numbers[0] < 2:
        found = ", ".join(f"{number:g}" for number in numbers[:5]) or "no item"
        raise InputError(
            "kappa", "bad-votes", f"each item needs the same number of votes (>= 2), found {found}"
        )
    n = float(numbers[0])
    agree = ((table**2).sum(axis=1) - n) / (n * (n - 1))
    return _beyond_chance(float(agree.mean()), float(((table.mean(axis=0) / n) ** 2).sum()))


def krippendorff_alpha(counts: ArrayLike) -> float:
    """Return Krippendorff's alpha for classes without an order; people may have left items out.

    Parameters
    ----------
    counts : array-like of int, shape (N, K)
        How many call an item a class. Items with fewer than two votes say nothing.

    Examples
    --------
    >>> round(krippendorff_alpha([[3, 0], [0, 3], [2, 1], [0, 1]]), 3)
    0.6
    """
    table = np.asarray(counts, dtype=np.float64)
    number = table.sum(axis=1)
    table, number = table[number >= 2], number[number >= 2]
    if not len(table):
        return float("nan")
    agree = float((((table**2).sum(axis=1) - number) / (number - 1)).sum())
    total, of_class = float(number.sum()), table.sum(axis=0)
    expected = float((of_class * (of_class - 1)).sum()) / (total * (total - 1))
    return _beyond_chance(agree / total, expected)


def pairwise_kappas(votes: Votes) -> dict[tuple[int, int], tuple[float, int]]:
    """Return Cohen's kappa of every two people who share an item, and how many they share."""
    table = votes.table()
    found = {}
    for one in range(len(votes.raters)):
        for two in range(one + 1, len(votes.raters)):
            shared = int(((table[:, one] >= 0) & (table[:, two] >= 0)).sum())
            if shared:
                kappa = cohen_kappa(table[:, one], table[:, two])
                found[votes.raters[one], votes.raters[two]] = (kappa, shared)
    return found


def agreement(votes: Votes, *, replicates: int = 500, level: float = 0.95, seed: int = 1) -> Agreement:
    """Return how far people agree, with intervals: another sample of items would give another figure.

    Parameters
    ----------
    votes : Votes
        The votes.
    replicates, level, seed
        As of `skysieve.evaluation.intervals.bootstrap_interval`.
    """
    from skysieve.evaluation.intervals import Interval, bootstrap_intervals

    counts = votes.counts()
    number = counts.sum(axis=1)
    shared = counts[number >= 2]
    raters = len(np.unique(votes.rater[number[votes.item] >= 2]))
    if len(shared) < 2:
        nothing = Interval(float("nan"), float("nan"), float("nan"), level, 0, "percentile")
        return Agreement(len(shared), raters, int(shared.sum()), nothing, nothing, float("nan"), 0)

    def figures(drawn: NDArray[np.int64]) -> dict[str, float]:
        return {"alpha": krippendorff_alpha(drawn), "share": _share_of_pairs(drawn)}

    found = bootstrap_intervals(
        figures, shared, groups=np.arange(len(shared)), replicates=replicates, level=level, seed=seed
    )
    alike = _most_common_number(shared)
    return Agreement(
        items=len(shared),
        raters=raters,
        votes=int(shared.sum()),
        alpha=found["alpha"],
        share=found["share"],
        fleiss=fleiss_kappa(alike),
        fleiss_items=len(alike),
    )


def _beyond_chance(observed: float, expected: float) -> float:
    return float("nan") if expected >= 1 else (observed - expected) / (1 - expected)


def _share_of_pairs(counts: NDArray[np.int64]) -> float:
    number = counts.sum(axis=1)
    pairs = (number * (number - 1)).sum()
    return float((counts * (counts - 1)).sum() / pairs)


def _most_common_number(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    numbers, times = np.unique(counts.sum(axis=1), return_counts=True)
    alike: NDArray[np.int64] = counts[counts.sum(axis=1) == numbers[np.argmax(times)]]
    return alike
