"""One threshold a family, chosen together for the false-positive rate of the joint verdict."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError

__all__ = ["JointThresholds", "joint_thresholds"]

#: Shares of the reals that a single family may lose, from which the choice is made.
_LOSSES = (0.0, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8)

#: Of the largest number of false positives, a product that ought to be a whole number.
_ROUNDING = 1e-9

_Scores = NDArray[np.float64]


@dataclass(frozen=True)
class JointThresholds:
    """Thresholds of families, and what they do together on the samples that chose them.

    Parameters
    ----------
    values : mapping of str to float
        Threshold of each family; a score at or above it passes.
    tpr, fpr : float
        Shares of the reals and of the bogus that pass all of them.
    within : bool
        Whether the false-positive rate is within the limit; no choice that keeps a real may have been.
    """

    values: Mapping[str, float]
    tpr: float
    fpr: float
    within: bool


def joint_thresholds(
    labels: NDArray[np.integer[Any]],
    scores: Mapping[str, NDArray[Any]],
    max_fpr: float,
    *,
    losses: Sequence[float] = _LOSSES,
) -> JointThresholds:
    """Choose a threshold for every family: the most complete joint verdict within a false-positive rate.

    A sample passes if the score of every family reaches the threshold of that family. The choice begins
    with the best combination of the scores at which a family alone loses a given share of the reals, or, if
    none is within the rate, with the scores of the real that has the fewest bogus above it. Then the
    thresholds of two families at a time are chosen anew, exactly, while the others stay; this is repeated
    until no pair gains a real, and again until none keeps as many with fewer false positives. With one or two
    families no choice within the rate keeps more reals, and none that keeps as many has fewer false
    positives; with three and more, this is the best that the search found.

    In the end each threshold is raised to the lowest score of the reals that pass: higher ones would lose a
    real, lower ones would only let through bogus that nobody has thought of. Where no choice that keeps a
    real stays within the rate, the limit becomes the fewest false positives with which one does.

    Parameters
    ----------
    labels : ndarray, shape (N,)
        1 real, 0 bogus; of a split that judges nothing.
    scores : mapping of str to ndarray, shape (N,)
        Score of each family: the largest of its members. NaN is refused.
    max_fpr : float
        Largest share of bogus that may pass, from 0 to 1.
    losses : sequence of float
        Shares of reals that one family may lose.

    Returns
    -------
    JointThresholds
        The thresholds, and what they do.

    Raises
    ------
    ConfigurationError
        If there are no reals or no bogus to choose on, a score is NaN, or ``max_fpr`` is no share.

    Examples
    --------
    >>> labels = np.array([1, 1, 1, 0, 0])
    >>> scores = {"rb": np.array([0.9, 0.8, 0.7, 0.8, 0.1]), "kd": np.array([0.9, 0.6, 0.7, 0.5, 0.9])}
    >>> joint_thresholds(labels, scores, max_fpr=0.0).values
    {'rb': 0.7, 'kd': 0.6}
    """
    real = np.asarray(labels) == 1
    values = {family: np.asarray(of, dtype=np.float64) for family, of in scores.items()}
    _check(real, values, max_fpr)
    limit = int(np.floor(max_fpr * (~real).sum() + _ROUNDING))
    start = _best_combination(values, real, losses, limit) or _tightest(values, real)
    allowed = max(limit, int(np.count_nonzero(_passed(values, start) & ~real)))
    chosen = _raised(values, real, _refined(values, real, start, allowed))
    passed = _passed(values, chosen)
    fpr, tpr = float(passed[~real].mean()), float(passed[real].mean())
    return JointThresholds(chosen, tpr, fpr, bool((passed & ~real).sum() <= limit))


def _check(real: NDArray[np.bool_], scores: Mapping[str, _Scores], max_fpr: float) -> None:
    if not real.any() or real.all():
        raise ConfigurationError(
            f"thresholds are chosen on reals and bogus, found {int(real.sum())} reals among "
            f"{len(real)} samples"
        )
    if not 0 <= max_fpr <= 1:
        raise ConfigurationError(f"max_fpr is a share of the bogus, from 0 to 1, found {max_fpr}")
    for family, of in scores.items():
        missing = int(np.isnan(of).sum())
        if missing:
            raise ConfigurationError(
                f"{missing} of the {len(of)} scores of the family {family!r} are NaN; thresholds are chosen "
                "on samples that every family has scored: leave the others out"
            )


def _passed(scores: Mapping[str, _Scores], thresholds: Mapping[str, float]) -> NDArray[np.bool_]:
    passed: NDArray[np.bool_] = np.logical_and.reduce(
        [scores[family] >= value for family, value in thresholds.items()]
    )
    return passed


def _best_combination(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], losses: Sequence[float], limit: int
) -> dict[str, float] | None:
    """Return the best combination of the scores at which each family loses given shares of reals.

    None if no combination that keeps a real is within the limit.
    """
    candidates = [np.unique(np.quantile(each[real], losses, method="lower")) for each in scores.values()]
    passes = [
        {float(value): each >= value for value in values}
        for each, values in zip(scores.values(), candidates, strict=True)
    ]
    best, merit = None, (0, 0)
    for chosen in itertools.product(*passes):
        passed = np.logical_and.reduce([each[value] for each, value in zip(passes, chosen, strict=True)])
        false, true = int(np.count_nonzero(passed & ~real)), int(np.count_nonzero(passed & real))
        if true and false <= limit and (true, -false) > merit:
            best, merit = dict(zip(scores, chosen, strict=True)), (true, -false)
    return best


def _tightest(scores: Mapping[str, _Scores], real: NDArray[np.bool_]) -> dict[str, float]:
    """Return the scores of the real with the fewest bogus above it: no choice that keeps a real has fewer."""
    reals = np.stack([each[real] for each in scores.values()], axis=1)
    bogus = [each[~real] for each in scores.values()]
    above = [
        np.count_nonzero(
            np.logical_and.reduce([each >= value for each, value in zip(bogus, own, strict=True)])
        )
        for own in reals
    ]
    return dict(zip(scores, reals[int(np.argmin(above))].tolist(), strict=True))


def _refined(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], thresholds: Mapping[str, float], limit: int
) -> dict[str, float]:
    """Choose the thresholds of two families at a time anew, until no pair gains anything."""
    if len(scores) == 1:
        # Beside a family that lets everything pass, a single one is one of a pair.
        (family, of), all_pass = *scores.items(), np.zeros(len(real))
        return {family: _best_pair(all_pass, of, real, limit, fewest=True)[1]}
    chosen = dict(thresholds)
    # Reals first: a pair that is content with fewer false positives early may bar others from more reals.
    for fewest in (False, True):
        gained = True
        while gained:
            gained = False
            for pair in itertools.combinations(scores, 2):
                others = {family: value for family, value in chosen.items() if family not in pair}
                rows = np.flatnonzero(_passed(scores, others)) if others else np.arange(len(real))
                first, second = (scores[family][rows] for family in pair)
                found = _best_pair(first, second, real[rows], limit, fewest=fewest)
                other = chosen | dict(zip(pair, found, strict=True))
                if _merit(scores, real, other, fewest) > _merit(scores, real, chosen, fewest):
                    chosen, gained = other, True
        chosen = _raised(scores, real, chosen)
    return chosen


def _raised(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], thresholds: Mapping[str, float]
) -> dict[str, float]:
    """Return for every family the lowest score of the reals that pass all."""
    kept = _passed(scores, thresholds) & real
    return {family: float(of[kept].min()) for family, of in scores.items()}


def _merit(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], thresholds: Mapping[str, float], fewest: bool
) -> tuple[int, int]:
    """Return how many reals pass and, if these count, how few bogus: what is larger is better."""
    passed = _passed(scores, thresholds)
    reals, bogus = int(np.count_nonzero(passed & real)), int(np.count_nonzero(passed & ~real))
    return reals, -bogus if fewest else 0


def _best_pair(
    first: _Scores, second: _Scores, real: NDArray[np.bool_], limit: int, *, fewest: bool
) -> tuple[float, float]:
    """Return two thresholds that keep most reals with at most ``limit`` false positives.

    Of several, the one with the highest first threshold, or with the fewest false positives.
    """
    order = np.argsort(-first, kind="stable")
    first, second, real = first[order], second[order], real[order]
    reals, seen = second[real], np.cumsum(real)
    # While the first threshold falls, bogus join; of those that have joined, the highest second scores,
    # one more than may pass: the second threshold must lie above the lowest of these.
    highest: list[float] = []
    best, merit, judged = (np.inf, np.inf), (0, 0), 0
    for at in range(len(first)):
        if not real[at]:
            heapq.heappush(highest, float(second[at]))
            if len(highest) > limit + 1:
                heapq.heappop(highest)
        if at + 1 < len(first) and first[at + 1] == first[at]:
            continue
        if seen[at] == judged:
            continue
        judged = int(seen[at])
        above = highest[0] if len(highest) > limit else -np.inf
        kept = reals[:judged][reals[:judged] > above]
        if 0 < len(kept) >= merit[0]:
            lowest = float(kept.min()) if fewest else float(np.nextafter(above, np.inf))
            found = len(kept), -sum(score >= lowest for score in highest) if fewest else 0
            if found > merit:
                best, merit = (float(first[at]), lowest), found
    return best
