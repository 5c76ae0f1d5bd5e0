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
        Whether the false-positive rate is within the limit; no choice may have been.
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
    with the best combination of the scores at which a family alone loses a given share of the reals. Then
    the thresholds of two families at a time are chosen anew, exactly, while the others stay; this is
    repeated until no pair gains a real. With one or two families the outcome is the best there is.

    Where several choices keep the same reals, the one with the fewest false positives is taken. In the end
    each threshold is raised to the lowest score of the reals that pass: higher ones would lose a real, lower
    ones would only let through bogus that nobody has thought of. Where no choice stays within the rate,
    the one of the combinations with the fewest false positives is taken.

    Parameters
    ----------
    labels : ndarray, shape (N,)
        1 real, 0 bogus; of a split that judges nothing.
    scores : mapping of str to ndarray, shape (N,)
        Score of each family: the largest of its members.
    max_fpr : float
        Largest share of bogus that may pass.
    losses : sequence of float
        Shares of reals that one family may lose.

    Returns
    -------
    JointThresholds
        The thresholds, and what they do.

    Raises
    ------
    ConfigurationError
        If there are no reals or no bogus to choose on.

    Examples
    --------
    >>> labels = np.array([1, 1, 1, 0, 0])
    >>> scores = {"rb": np.array([0.9, 0.8, 0.7, 0.8, 0.1]), "kd": np.array([0.9, 0.6, 0.7, 0.5, 0.9])}
    >>> joint_thresholds(labels, scores, max_fpr=0.0).values
    {'rb': 0.7, 'kd': 0.6}
    """
    real = np.asarray(labels) == 1
    if not real.any() or real.all():
        raise ConfigurationError(
            f"thresholds are chosen on reals and bogus, found {int(real.sum())} reals among "
            f"{len(real)} samples"
        )
    values = {family: np.asarray(of, dtype=np.float64) for family, of in scores.items()}
    limit = int(np.floor(max_fpr * (~real).sum() + _ROUNDING))
    chosen = _best_combination(values, real, losses, limit)
    if (_passed(values, chosen) & ~real).sum() <= limit:
        chosen = _refined(values, real, chosen, limit)
    kept = _passed(values, chosen) & real
    if kept.any():
        chosen = {family: float(of[kept].min()) for family, of in values.items()}
    passed = _passed(values, chosen)
    fpr, tpr = float(passed[~real].mean()), float(passed[real].mean())
    return JointThresholds(chosen, tpr, fpr, bool((passed & ~real).sum() <= limit))


def _passed(scores: Mapping[str, _Scores], thresholds: Mapping[str, float]) -> NDArray[np.bool_]:
    passed: NDArray[np.bool_] = np.logical_and.reduce(
        [scores[family] >= value for family, value in thresholds.items()]
    )
    return passed


def _best_combination(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], losses: Sequence[float], limit: int
) -> dict[str, float]:
    """Return the best of all combinations of the scores at which each family loses given shares of reals."""
    candidates = [np.unique(np.quantile(each[real], losses, method="lower")) for each in scores.values()]
    passes = [
        {float(value): each >= value for value in values}
        for each, values in zip(scores.values(), candidates, strict=True)
    ]
    best, merit = dict.fromkeys(scores, -np.inf), (False, -np.inf, -np.inf)
    for chosen in itertools.product(*passes):
        passed = np.logical_and.reduce([each[value] for each, value in zip(passes, chosen, strict=True)])
        false, true = int((passed & ~real).sum()), int((passed & real).sum())
        found = (True, true, -false) if false <= limit else (False, -false, true)
        if found > merit:
            best, merit = dict(zip(scores, chosen, strict=True)), found
    return best


def _refined(
    scores: Mapping[str, _Scores], real: NDArray[np.bool_], thresholds: Mapping[str, float], limit: int
) -> dict[str, float]:
    """Choose the thresholds of two families at a time anew, until no pair gains a real."""
    if len(scores) == 1:
        # Beside a family that lets everything pass, a single one is one of a pair.
        (family, of), all_pass = *scores.items(), np.zeros(len(real))
        return {family: _best_pair(all_pass, of, real, limit)[1]}
    chosen, gained = dict(thresholds), True
    while gained:
        gained = False
        for pair in itertools.combinations(scores, 2):
            others = {family: value for family, value in chosen.items() if family not in pair}
            rows = np.flatnonzero(_passed(scores, others)) if others else np.arange(len(real))
            first, second = (scores[family][rows] for family in pair)
            found = dict(zip(pair, _best_pair(first, second, real[rows], limit), strict=True))
            before = (_passed(scores, chosen) & real).sum()
            if (_passed(scores, chosen | found) & real).sum() > before:
                chosen, gained = chosen | found, True
    return chosen


def _best_pair(first: _Scores, second: _Scores, real: NDArray[np.bool_], limit: int) -> tuple[float, float]:
    """Return two thresholds that keep most reals with at most ``limit`` false positives."""
    order = np.argsort(-first, kind="stable")
    first, second, real = first[order], second[order], real[order]
    # While the first threshold falls, bogus join; of those that have joined, the highest second scores,
    # one more than may pass: the second threshold must lie above the lowest of these.
    highest: list[float] = []
    best, most = (np.inf, np.inf), -1
    for at in range(len(first)):
        if not real[at]:
            heapq.heappush(highest, float(second[at]))
            if len(highest) > limit + 1:
                heapq.heappop(highest)
        if at + 1 < len(first) and first[at + 1] == first[at]:
            continue
        above = highest[0] if len(highest) > limit else -np.inf
        kept = int((real[: at + 1] & (second[: at + 1] > above)).sum())
        if kept > most:
            best, most = (float(first[at]), float(np.nextafter(above, np.inf))), kept
    return best
