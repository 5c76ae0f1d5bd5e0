"""One number for a candidate: from scores of several members and a rule, how nearly the rule is fulfilled.

A rule says yes or no. To sort candidates by it, it is read as fuzzy logic does (Zadeh 1965, Information and
Control 8, 338), with scores in the place of truth::

    a member's score        the score
    some of a family, any   the largest
    every of a family, all  the smallest
    at least n of a family  the n-th largest
    mean, median, max, min  that statistic
    not                     one minus it

The headline score of ``{"all": [{"any": "rb"}, {"any": "sl"}, {"any": "kd"}]}`` is therefore the score of the
most certain member of the family that is least certain. It is not a probability, even where the scores are,
and where thresholds differ it does not tell by itself who passes: the verdict of the rule does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.models.rules import FamilyCount, FamilyStatistic, Joined, Jury, MemberScore, Not, Rule

__all__ = ["deciding_member", "headline_of_classes", "headline_of_rule"]

_STATISTICS: dict[str, Callable[..., NDArray[Any]]] = {
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "median": np.median,
}


def headline_of_rule(rule: Rule, scores: Mapping[str, NDArray[Any]], jury: Jury) -> NDArray[np.float32]:
    """Return the headline score of each candidate.

    Parameters
    ----------
    rule : Rule
        The rule that counts.
    scores : mapping of str to ndarray, shape (N,)
        Scores of all members that the rule names; NaN becomes NaN.
    jury : Jury
        The families.

    Returns
    -------
    ndarray, shape (N,), float32
        From 0 to 1.

    Examples
    --------
    >>> from skysieve.models.rules import parse_rule
    >>> rule = parse_rule({"all": [{"any": "rb"}, {"any": "kd"}]})
    >>> jury = Jury({"rb": ("rb-1", "rb-2"), "kd": ("kd-1",)}, {"rb-1": 0.5, "rb-2": 0.5, "kd-1": 0.5})
    >>> scores = {"rb-1": np.array([0.75, 0.25]), "rb-2": np.array([0.5, 0.5]), "kd-1": np.array([0.875, 1])}
    >>> headline_of_rule(rule, scores, jury).tolist()
    [0.75, 0.5]
    """
    given = {name: np.asarray(values, dtype=np.float32) for name, values in scores.items()}
    return _truth(rule, given, jury).astype(np.float32)


def headline_of_classes(scores: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Return the largest probability of more than two classes: how certain the model is, of whatever class.

    Examples
    --------
    >>> headline_of_classes({"SN": np.array([0.25]), "AGN": np.array([0.5]), "VS": np.array([0.25])}).tolist()
    [0.5]
    """
    largest: NDArray[np.float32] = np.max(np.stack(list(scores.values())), axis=0).astype(np.float32)
    return largest


def deciding_member(rule: Rule, scores: Mapping[str, float], jury: Jury) -> str:
    """Return the member whose score is the headline score, or is nearest to it.

    Parameters
    ----------
    rule, jury
        As of `headline_of_rule`.
    scores : mapping of str to float
        Scores of one candidate.

    Examples
    --------
    >>> from skysieve.models.rules import parse_rule
    >>> rule = parse_rule({"all": [{"any": "rb"}, {"any": "kd"}]})
    >>> jury = Jury({"rb": ("rb-1", "rb-2"), "kd": ("kd-1",)}, {"rb-1": 0.5, "rb-2": 0.5, "kd-1": 0.5})
    >>> deciding_member(rule, {"rb-1": 0.75, "rb-2": 0.5, "kd-1": 0.875}, jury)
    'rb-1'
    """
    arrays = {name: np.array([value], dtype=np.float32) for name, value in scores.items()}
    branch = _deciding_branch(rule, arrays, jury)
    headline = float(_truth(branch, arrays, jury)[0])
    return min(_members(branch, jury), key=lambda name: abs(scores[name] - headline))


def _truth(rule: Rule, scores: Mapping[str, NDArray[Any]], jury: Jury) -> NDArray[Any]:
    match rule:
        case MemberScore(member=member):
            return scores[member]
        case FamilyCount(family=family, at_least=at_least):
            stacked = np.sort(_family(family, scores, jury), axis=0)
            needed = {"any": 1, "all": len(stacked)}.get(str(at_least)) or int(at_least)
            # NaN sorts last; the whole is NaN then, as a largest or smallest would be.
            nth: NDArray[Any] = np.where(np.isnan(stacked[-1]), np.nan, stacked[-needed])
            return nth
        case FamilyStatistic(statistic=statistic, family=family):
            return _STATISTICS[statistic](_family(family, scores, jury).astype(np.float64), axis=0)
        case Joined(how=how, rules=rules):
            joined = np.stack([_truth(each, scores, jury) for each in rules])
            return np.asarray(np.min(joined, axis=0) if how == "all" else np.max(joined, axis=0))
        case Not(rule=inner):
            return np.asarray(1 - _truth(inner, scores, jury))
    raise ConfigurationError(f"the rule {rule.explain()!r} has no headline score; known are those of sieves")


def _family(family: str, scores: Mapping[str, NDArray[Any]], jury: Jury) -> NDArray[Any]:
    return np.stack([scores[name] for name in jury.families[family]])


def _deciding_branch(rule: Rule, scores: Mapping[str, NDArray[Any]], jury: Jury) -> Rule:
    """Go down to the rule without others in it that gave the headline."""
    match rule:
        case Joined(how=how, rules=rules):
            choose = min if how == "all" else max
            chosen = choose(rules, key=lambda each: float(_truth(each, scores, jury)[0]))
            return _deciding_branch(chosen, scores, jury)
        case Not(rule=inner):
            return _deciding_branch(inner, scores, jury)
    return rule


def _members(rule: Rule, jury: Jury) -> tuple[str, ...]:
    match rule:
        case MemberScore(member=member):
            return (member,)
        case FamilyCount(family=family) | FamilyStatistic(family=family):
            return jury.families[family]
    raise AssertionError("unreachable")
