"""How undecided a model is about a sample, and how much the members of a family disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.models.rules import FamilyCount, FamilyStatistic, Joined, Jury, MemberScore, Not, Rule
from skysieve.scoring.sample_scores import PoolScores

__all__ = ["DISAGREEMENTS", "UNCERTAINTIES", "disagreement", "rule_margin", "uncertainty"]

Values = NDArray[np.float64]
Scores = Mapping[str, NDArray[Any]]

_STATISTICS: dict[str, Callable[..., Any]] = {
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "median": np.median,
}


def rule_margin(rule: Rule, scores: Scores, jury: Jury) -> Values:
    """Return how far samples are from the other verdict of a rule.

    Every threshold counts by its distance; where any of several is enough the largest distance does, where
    all are needed the smallest, where ``k`` are needed the k-th largest.

    Returns
    -------
    ndarray of float, shape (N,)
        0 or more where the rule is fulfilled, negative where it is not. The score, or scores, nearest to
        their thresholds must move by so much to turn the verdict.

    Examples
    --------
    >>> jury = Jury({"rb": ("rb-1", "rb-2")}, {"rb-1": 0.5, "rb-2": 0.5})
    >>> scores = {"rb-1": np.array([1.0, 0.25]), "rb-2": np.array([0.625, 0.0])}
    >>> rule_margin(FamilyCount("rb", "any"), scores, jury).tolist()
    [0.5, -0.25]
    >>> rule_margin(FamilyCount("rb", "all"), scores, jury).tolist()
    [0.125, -0.5]
    """
    match rule:
        case MemberScore(member, threshold):
            own = jury.thresholds[member] if threshold is None else threshold
            return np.asarray(scores[member] - np.float32(own), dtype=np.float64)
        case FamilyCount(family, at_least):
            members = jury.families[family]
            distances = np.sort([rule_margin(MemberScore(name), scores, jury) for name in members], axis=0)
            needed = {"any": 1, "all": len(members)}.get(str(at_least), at_least)
            return np.asarray(distances[len(members) - int(needed)], dtype=np.float64)
        case FamilyStatistic(statistic, family, threshold):
            stacked = _stacked(scores, jury.families[family])
            value = _STATISTICS[statistic](stacked, axis=0).astype(np.float32)
            return np.asarray(value - np.float32(threshold), dtype=np.float64)
        case Joined(how, rules):
            parts = np.stack([rule_margin(each, scores, jury) for each in rules])
            return np.asarray(parts.min(axis=0) if how == "all" else parts.max(axis=0))
        case Not(inner):
            return -rule_margin(inner, scores, jury)
    raise ConfigurationError(f"no margin is known of a rule of type {type(rule).__name__}")


def uncertainty(pool: PoolScores, measure: str = "threshold") -> Values:
    """Return how undecided the verdict on each sample is; larger is more so, NaN where a score is.

    Parameters
    ----------
    pool : PoolScores
        Scores of N samples.
    measure : {"threshold", "entropy", "margin"}
        ``threshold``: minus the distance to the other verdict of the rule that counts (`rule_margin`).
        ``entropy``: of the probabilities, in nats; of a sieve, the sum over families of the entropy of
        the family's mean score. ``margin``: minus the difference of the two most probable outcomes; of a
        sieve, of the joint score, which is the product of the families' means, and of its complement.

    Raises
    ------
    ConfigurationError
        If there is no such measure, or a model with more than two classes is asked for its threshold.
    """
    if measure not in UNCERTAINTIES:
        raise ConfigurationError(f"uncertainty is one of {', '.join(UNCERTAINTIES)}, not {measure!r}")
    if pool.rule is None:
        return _class_uncertainty(_stacked(pool.scores, tuple(pool.scores)), measure)
    if measure == "threshold":
        return -np.abs(rule_margin(pool.rule, pool.scores, pool.jury))
    means = np.stack([_stacked(pool.scores, names).mean(axis=0) for names in pool.jury.families.values()])
    if measure == "entropy":
        return np.asarray(_binary_entropy(means).sum(axis=0))
    return np.asarray(-np.abs(2 * means.prod(axis=0) - 1))


def disagreement(pool: PoolScores, measure: str = "bald") -> Values:
    """Return how much the members of the most divided family disagree; larger is more, NaN where a score is.

    Parameters
    ----------
    pool : PoolScores
        Scores of N samples.
    measure : {"bald", "vote-entropy", "range"}
        ``bald``: mutual information of verdict and member in nats, the entropy of the mean score less the
        mean entropy (Houlsby et al. 2011, arXiv:1112.5745). ``vote-entropy``: entropy of the votes, each
        member voting by its threshold. ``range``: largest less smallest score.

    Raises
    ------
    ConfigurationError
        If there is no such measure, or no family has two members.
    """
    if measure not in DISAGREEMENTS:
        raise ConfigurationError(f"disagreement is one of {', '.join(DISAGREEMENTS)}, not {measure!r}")
    divided = [names for names in pool.jury.families.values() if len(names) > 1]
    if not divided:
        raise ConfigurationError(
            f"no family of {pool.name!r} has two members that could disagree; leave disagreement out"
        )
    thresholds = pool.jury.thresholds
    by_family = [
        DISAGREEMENTS[measure](_stacked(pool.scores, names), np.array([[thresholds[n]] for n in names]))
        for names in divided
    ]
    return np.asarray(np.max(by_family, axis=0))


def _bald(scores: Values, _: Values) -> Values:
    return np.asarray(_binary_entropy(scores.mean(axis=0)) - _binary_entropy(scores).mean(axis=0))


def _vote_entropy(scores: Values, thresholds: Values) -> Values:
    votes = (scores >= thresholds.astype(np.float32)).mean(axis=0)
    return np.asarray(np.where(np.isnan(scores).any(axis=0), np.nan, _binary_entropy(votes)))


def _range(scores: Values, _: Values) -> Values:
    return np.asarray(np.ptp(scores, axis=0))


UNCERTAINTIES = ("threshold", "entropy", "margin")
DISAGREEMENTS: dict[str, Callable[[Values, Values], Values]] = {
    "bald": _bald,
    "vote-entropy": _vote_entropy,
    "range": _range,
}


def _class_uncertainty(probabilities: Values, measure: str) -> Values:
    if measure == "threshold":
        raise ConfigurationError(
            "a model with more than two classes has no threshold; take entropy or margin as uncertainty"
        )
    if measure == "entropy":
        return np.asarray(_surprise(probabilities).sum(axis=0))
    second, first = np.sort(probabilities, axis=0)[-2:]
    return np.asarray(second - first)


def _stacked(scores: Scores, names: tuple[str, ...]) -> Values:
    return np.stack([scores[name] for name in names]).astype(np.float64)


def _binary_entropy(probability: Values) -> Values:
    return _surprise(probability) + _surprise(1 - probability)


def _surprise(probability: Values) -> Values:
    """Return -p ln p, 0 where p is 0."""
    return np.asarray(-probability * np.log(np.where(probability > 0, probability, 1)))
