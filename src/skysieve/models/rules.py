"""Rules: which candidates pass, said by the scores of a sieve's members.

A rule is a small tree of frozen dataclasses, read from JSON and written to it; nothing is ever
evaluated as code, and every name in it is checked before the first score is looked at::

    {"any": "rb"}                        some member of the family reaches its threshold
    {"all": "rb"}                        every member of the family does
    {"at_least": 2, "of": "rb"}          so many of them do
    {"score": "rb-1"}                    the member reaches its threshold
    {"score": "rb-1", ">=": 0.9}         the member reaches this one
    {"mean": "rb", ">=": 0.8}            the mean of the family (or max, min, median) reaches it
    {"all": [rule, ...]}                 every rule is fulfilled
    {"any": [rule, ...]}                 some rule is
    {"not": rule}                        the rule is not

A score reaches a threshold if it is greater or equal, everywhere; both are compared in float32,
as scores are stored, so that verdicts from a stored table are those of the run. A score that is
NaN reaches nothing, and a mean, maximum, minimum or median with NaN in it is NaN.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError

__all__ = [
    "FamilyCount",
    "FamilyStatistic",
    "Joined",
    "Jury",
    "MemberScore",
    "Not",
    "Rule",
    "check_threshold",
    "parse_rule",
]

Scores: TypeAlias = Mapping[str, NDArray[Any]]
Verdicts: TypeAlias = NDArray[np.bool_]

#: Rules within rules; far more than anyone can read, far less than Python's stack.
MAX_DEPTH = 32

_STATISTICS: dict[str, Callable[..., NDArray[Any]]] = {
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "median": np.median,
}


@dataclass(frozen=True)
class Jury:
    """Who is asked: the members of each family, and what each of them counts as reached.

    Parameters
    ----------
    families : mapping of str to tuple of str
        Names of the members of each family.
    thresholds : mapping of str to float
        Threshold of each member.
    """

    families: Mapping[str, tuple[str, ...]]
    thresholds: Mapping[str, float]

    def require_family(self, name: str) -> None:
        """Raise `ConfigurationError` unless there is such a family; the nearest is named."""
        _require(name, self.families, "family")

    def require_member(self, name: str) -> None:
        """Raise `ConfigurationError` unless there is such a member; the nearest is named."""
        _require(name, self.thresholds, "member")

    def require_either(self, name: str) -> None:
        """Raise `ConfigurationError` unless there is such a family or member; the nearest is named."""
        _require(name, [*self.families, *self.thresholds], "family or member")


class Rule(ABC):
    """What all rules can do; made by `parse_rule`.

    Examples
    --------
    >>> jury = Jury({"rb": ("rb-1", "rb-2"), "kd": ("kd-1",)}, {"rb-1": 0.5, "rb-2": 0.5, "kd-1": 0.5})
    >>> rule = parse_rule({"all": [{"any": "rb"}, {"any": "kd"}]})
    >>> rule.explain()
    'some rb member >= its threshold and some kd member >= its threshold'
    >>> scores = {"rb-1": np.array([0.9, 0.1]), "rb-2": np.array([0.2, 0.3]), "kd-1": np.array([0.5, 0.9])}
    >>> rule.evaluate(scores, jury)
    array([ True, False])
    >>> parse_rule({"any": "rv"}).check(jury)
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: no family is called 'rv'; did you mean 'rb'?
    """

    @abstractmethod
    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:
        """Say who passes.

        Parameters
        ----------
        scores : mapping of str to ndarray, shape (N,)
            Score of each member; NaN reaches nothing.
        jury : Jury
            Families and thresholds.

        Returns
        -------
        ndarray, shape (N,), bool
            Whether each candidate fulfils the rule.

        Raises
        ------
        ConfigurationError
            If the rule names a member or family that does not exist, or a score is missing.
        """

    @abstractmethod
    def check(self, jury: Jury) -> None:
        """Check every name of the rule.

        Raises
        ------
        ConfigurationError
            If a member or family does not exist; the nearest is named.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return the rule as `parse_rule` reads it."""

    @abstractmethod
    def explain(self) -> str:
        """Return the rule in words."""


@dataclass(frozen=True)
class FamilyCount(Rule):
    """So many members of a family reach their thresholds.

    Parameters
    ----------
    family : str
        The family.
    at_least : int or "any" or "all"
        How many members.
    """

    family: str
    at_least: int | str = "any"

    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:  # noqa: D102
        self.check(jury)
        members = jury.families[self.family]
        votes = np.stack([_reached(_of(scores, name), jury.thresholds[name]) for name in members])
        needed = {"any": 1, "all": len(members)}.get(str(self.at_least), self.at_least)
        reached: Verdicts = votes.sum(axis=0) >= needed
        return reached

    def check(self, jury: Jury) -> None:  # noqa: D102
        jury.require_family(self.family)
        members = len(jury.families[self.family])
        if isinstance(self.at_least, int) and self.at_least > members:
            raise ConfigurationError(
                f"at least {self.at_least} of the family {self.family!r} can never be reached, "
                f"it has {members} members"
            )

    def to_json(self) -> dict[str, Any]:  # noqa: D102
        if isinstance(self.at_least, int):
            return {"at_least": self.at_least, "of": self.family}
        return {self.at_least: self.family}

    def explain(self) -> str:  # noqa: D102
        if isinstance(self.at_least, int):
            verb = "member >= its threshold" if self.at_least == 1 else "members >= their thresholds"
            return f"at least {self.at_least} {self.family} {verb}"
        return f"{'some' if self.at_least == 'any' else 'every'} {self.family} member >= its threshold"


@dataclass(frozen=True)
class MemberScore(Rule):
    """One member reaches a threshold.

    Parameters
    ----------
    member : str
        The member.
    threshold : float, optional
        The threshold; the member's own if not given.
    """

    member: str
    threshold: float | None = None

    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:  # noqa: D102
        self.check(jury)
        own = jury.thresholds[self.member]
        return _reached(_of(scores, self.member), own if self.threshold is None else self.threshold)

    def check(self, jury: Jury) -> None:  # noqa: D102
        jury.require_member(self.member)

    def to_json(self) -> dict[str, Any]:  # noqa: D102
        return {"score": self.member} | ({} if self.threshold is None else {">=": self.threshold})

    def explain(self) -> str:  # noqa: D102
        return f"{self.member} >= {'its threshold' if self.threshold is None else f'{self.threshold:g}'}"


@dataclass(frozen=True)
class FamilyStatistic(Rule):
    """The mean, maximum, minimum or median over a family reaches a threshold.

    Parameters
    ----------
    statistic : {"mean", "max", "min", "median"}
        What is taken over the family's scores.
    family : str
        The family.
    threshold : float
        The threshold.
    """

    statistic: str
    family: str
    threshold: float

    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:  # noqa: D102
        self.check(jury)
        stacked = np.stack([_of(scores, name) for name in jury.families[self.family]]).astype(np.float64)
        # Computed in float64, so that the order of the members cannot move a verdict.
        return _reached(_STATISTICS[self.statistic](stacked, axis=0).astype(np.float32), self.threshold)

    def check(self, jury: Jury) -> None:  # noqa: D102
        jury.require_family(self.family)

    def to_json(self) -> dict[str, Any]:  # noqa: D102
        return {self.statistic: self.family, ">=": self.threshold}

    def explain(self) -> str:  # noqa: D102
        return f"the {self.statistic} of {self.family} >= {self.threshold:g}"


@dataclass(frozen=True)
class Joined(Rule):
    """All, or any, of some rules are fulfilled.

    Parameters
    ----------
    how : {"all", "any"}
        How many of them.
    rules : tuple of Rule
        The rules; at least one.
    """

    how: str
    rules: tuple[Rule, ...]

    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:  # noqa: D102
        join = np.logical_and if self.how == "all" else np.logical_or
        joined: Verdicts = join.reduce([rule.evaluate(scores, jury) for rule in self.rules])
        return joined

    def check(self, jury: Jury) -> None:  # noqa: D102
        for rule in self.rules:
            rule.check(jury)

    def to_json(self) -> dict[str, Any]:  # noqa: D102
        return {self.how: [rule.to_json() for rule in self.rules]}

    def explain(self) -> str:  # noqa: D102
        return (" and " if self.how == "all" else " or ").join(map(_in_brackets, self.rules))


@dataclass(frozen=True)
class Not(Rule):
    """A rule is not fulfilled; a candidate whose scores are NaN therefore passes.

    Parameters
    ----------
    rule : Rule
        The rule.
    """

    rule: Rule

    def evaluate(self, scores: Scores, jury: Jury) -> Verdicts:  # noqa: D102
        return np.logical_not(self.rule.evaluate(scores, jury))

    def check(self, jury: Jury) -> None:  # noqa: D102
        self.rule.check(jury)

    def to_json(self) -> dict[str, Any]:  # noqa: D102
        return {"not": self.rule.to_json()}

    def explain(self) -> str:  # noqa: D102
        return f"not ({self.rule.explain()})"


def parse_rule(rule: Any) -> Rule:
    """Read a rule from what `json.loads` made of it.

    Parameters
    ----------
    rule : dict
        A rule as at the top of this module.

    Raises
    ------
    ConfigurationError
        If it is no rule; names of members and families are checked by `Rule.check`.

    Examples
    --------
    >>> parse_rule({"at_least": 2, "of": "rb"})
    FamilyCount(family='rb', at_least=2)
    >>> parse_rule({"mean": "rb"})
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: the rule {'mean': 'rb'} is none of: {"any"|"all": family or \
[rules]}, {"at_least": n, "of": family}, {"score": member, ">=": t}, {"mean"|"max"|"min"|"median": family, \
">=": t}, {"not": rule}
    """
    return _parse(rule, MAX_DEPTH)


def check_threshold(value: Any, what: str) -> float:
    """Return a threshold as a float.

    Raises
    ------
    ConfigurationError
        If it is no number between 0 and 1.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ConfigurationError(f"{what} is {value!r}; a threshold is a number between 0 and 1")


def _parse(rule: Any, depth: int) -> Rule:
    if depth == 0:
        raise ConfigurationError(f"a rule holds at most {MAX_DEPTH} rules within each other; make it flatter")
    keys = frozenset(rule) if isinstance(rule, dict) else frozenset()
    match rule:
        case {"any": str(family)} | {"all": str(family)} if len(keys) == 1:
            return FamilyCount(family, *keys)
        case {"all": [_, *_] as rules} | {"any": [_, *_] as rules} if len(keys) == 1:
            return Joined(next(iter(keys)), tuple(_parse(each, depth - 1) for each in rules))
        case {"not": inner} if len(keys) == 1:
            return Not(_parse(inner, depth - 1))
        case {"at_least": int(count), "of": str(family)} if len(keys) == 2 and 0 < count is not True:
            return FamilyCount(family, count)
        case {"score": str(member)} if len(keys) == 1:
            return MemberScore(member)
        case {"score": str(member), ">=": value} if len(keys) == 2:
            return MemberScore(member, check_threshold(value, f"'>=' of {member!r}"))
        case {">=": value} if len(keys) == 2:
            (statistic,) = keys - {">="}
            if statistic in _STATISTICS and isinstance(rule[statistic], str):
                threshold = check_threshold(value, f"'>=' of {rule[statistic]!r}")
                return FamilyStatistic(statistic, rule[statistic], threshold)
    raise ConfigurationError(
        f'the rule {rule!r} is none of: {{"any"|"all": family or [rules]}}, {{"at_least": n, "of": family}}, '
        '{"score": member, ">=": t}, {"mean"|"max"|"min"|"median": family, ">=": t}, {"not": rule}'
    )


def _require(name: str, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
        raise ConfigurationError(f"no {what} is called {name!r}; {hint}")


def _of(scores: Scores, member: str) -> NDArray[np.float32]:
    if member not in scores:
        raise ConfigurationError(f"there are no scores of the member {member!r}; score with it first")
    return np.asarray(scores[member], dtype=np.float32)


def _reached(scores: NDArray[np.float32], threshold: float) -> Verdicts:
    reached: Verdicts = scores >= np.float32(threshold)
    return reached


def _in_brackets(rule: Rule) -> str:
    several = isinstance(rule, Joined) and len(rule.rules) > 1
    return f"({rule.explain()})" if several else rule.explain()
