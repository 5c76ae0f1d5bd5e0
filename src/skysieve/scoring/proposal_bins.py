"""Bins of scores from which samples are drawn for labelling: rules, and the cells that they cut out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skysieve.models.rules import FamilyStatistic, Joined, MemberScore, Not, Rule
from skysieve.scoring.sample_scores import PoolScores

__all__ = ["bin_membership", "cells_of", "default_bins"]

#: A family has said yes at this score, and surely so at the second, where families after it are asked.
HIGH, SURE = 0.8, 0.9

#: The families of a streak sieve that are asked one after the other, and the one that is asked alone.
CASCADE, ALONE = ("rb", "sl", "kd"), ("os",)

#: Half the width of the two bins beside the threshold of a model.
BESIDE = 0.1


def default_bins(pool: PoolScores) -> dict[str, Rule]:
    """Return the bins of a sieve or a model.

    A sieve: each family high (some member at or above 0.8) and low, among what is sure (some member at or
    above 0.9) in all families before it: rb, sl, kd, then families of other names; ``os`` is asked alone.
    These are the bins of the labelling campaigns of DeepStreaks (Duev et al. 2019). A model of two classes:
    what is within 0.1 below and above its threshold, and the tenths of its scores. One of more classes:
    what is at or above 0.5 for each class, and what is for none.

    Examples
    --------
    >>> from skysieve.models.rules import Jury
    >>> scores = {"rb-1": np.array([0.9], np.float32), "sl-1": np.array([0.1], np.float32)}
    >>> jury = Jury({"rb": ("rb-1",), "sl": ("sl-1",)}, {"rb-1": 0.5, "sl-1": 0.5})
    >>> pool = PoolScores("toy", "", scores, jury, MemberScore("rb-1"), {})
    >>> {name: rule.explain() for name, rule in default_bins(pool).items()}["sl-low"]
    'the max of rb >= 0.9 and not (the max of sl >= 0.8)'
    """
    if pool.rule is None:
        return _bins_of_classes(tuple(pool.scores))
    if set(pool.scores) == {"score"}:
        return _bins_of_score(pool.scores["score"], pool.jury.thresholds["score"])
    families = list(pool.jury.families)
    cascade = [name for name in CASCADE if name in families]
    cascade += [name for name in families if name not in (*CASCADE, *ALONE)]
    bins: dict[str, Rule] = {}
    for at, family in enumerate(cascade):
        bins |= _high_and_low(family, cascade[:at])
    for family in (name for name in ALONE if name in families):
        bins |= _high_and_low(family, [])
    return bins


def bin_membership(bins: Mapping[str, Rule], pool: PoolScores) -> NDArray[np.bool_]:
    """Return who is in which bin, shape (bins, N).

    Raises
    ------
    ConfigurationError
        If a bin names a member or family that does not exist.
    """
    for rule in bins.values():
        rule.check(pool.jury)
    rows = [rule.evaluate(pool.scores, pool.jury) for rule in bins.values()]
    return np.stack(rows) if rows else np.zeros((0, len(pool)), dtype=bool)


def cells_of(membership: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the cell of each sample, shape (N,): those that are in the same bins share one.

    Examples
    --------
    >>> cells_of(np.array([[True, True, False], [False, True, False]])).tolist()
    [1, 2, 0]
    """
    if not len(membership):
        return np.zeros(membership.shape[1], dtype=np.int64)
    return np.asarray(np.unique(membership.T, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _high_and_low(family: str, before: list[str]) -> dict[str, Rule]:
    sure = tuple(FamilyStatistic("max", name, SURE) for name in before)
    high = FamilyStatistic("max", family, HIGH)
    if not before:
        return {f"{family}-high": high, f"{family}-low": Not(high)}
    return {
        f"{family}-high": Joined("all", (*sure, high)),
        f"{family}-low": Joined("all", (*sure, Not(high))),
    }


def _bins_of_score(scores: NDArray[np.float32], threshold: float) -> dict[str, Rule]:
    bins = {
        "below-threshold": _between(max(threshold - BESIDE, 0.0), threshold),
        "above-threshold": _between(threshold, min(threshold + BESIDE, 1.0)),
    }
    known = scores[np.isfinite(scores)].astype(np.float64)
    # Many equal scores make neighbouring edges one; what would be empty is left out.
    edges: list[float] = []
    if len(known):
        edges = np.unique(np.clip(np.quantile(known, np.arange(1, 10) / 10), 0, 1)).tolist()
    limits = [0.0, *(edge for edge in edges if 0 < edge < 1)]
    for number, low in enumerate(limits):
        high = limits[number + 1] if number + 1 < len(limits) else None
        bins[f"tenth-{number + 1}"] = MemberScore("score", low) if high is None else _between(low, high)
    return bins


def _between(low: float, high: float) -> Rule:
    return Joined("all", (MemberScore("score", low), Not(MemberScore("score", high))))


def _bins_of_classes(names: tuple[str, ...]) -> dict[str, Rule]:
    chosen = {name: MemberScore(name, 0.5) for name in names}
    return {**chosen, "none-sure": Not(Joined("any", tuple(chosen.values())))}
