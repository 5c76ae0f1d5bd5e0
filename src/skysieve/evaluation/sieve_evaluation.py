"""What is known about a sieve after it was judged: figures of its members, its rules and its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skysieve.evaluation.completeness import CompletenessPurity
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.metrics import Curves
from skysieve.evaluation.sieve_rates import Night, ReviewerCost, complement
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.evaluation.sieve_venn import VennCounts

__all__ = ["Confusion", "JointScore", "KindShare", "MemberFigures", "RuleFigures", "SieveEvaluation"]

Confusion = tuple[tuple[int, int], tuple[int, int]]
"""((true negatives, false positives), (false negatives, true positives))."""


@dataclass(frozen=True, slots=True, eq=False)
class MemberFigures:
    """One member on the samples for which its family's label is defined; NaN and None: not defined."""

    name: str
    family: str
    threshold: float
    n: int
    n_positive: int
    roc_auc: Interval
    accuracy: Interval
    tpr: Interval
    fpr: Interval
    confusion: Confusion
    curves: Curves | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule against the truth of the whole sieve (`SieveScores.plausible`).

    ``purity`` is that at the prevalence of the night, not of the test set;
    ``cost`` is what the rule leaves to be looked at in such a night.
    """

    name: str
    n: int
    n_positive: int
    accuracy: Interval
    tpr: Interval
    fpr: Interval
    purity: Interval
    cost: ReviewerCost
    confusion: Confusion

    @property
    def fnr(self) -> Interval:
        """Share of the plausible streaks that the rule loses."""
        return complement(self.tpr)


@dataclass(frozen=True, slots=True, eq=False)
class JointScore:
    """The sieve as one score (`SieveScores.joint_score`), for every cut and not its own alone."""

    roc_auc: Interval
    curves: Curves | None = field(repr=False)
    cost: ReviewerCost | None = None


@dataclass(frozen=True, slots=True)
class KindShare:
    """What share of the streaks of one kind passes, by rule and by family."""

    kind: str
    plausible: bool
    n: int
    rules: Mapping[str, Interval]
    families: Mapping[str, Interval]


@dataclass(frozen=True, slots=True, eq=False)
class SieveEvaluation:
    """What `judge_sieve` found on one split.

    Parameters
    ----------
    split : str
        Name of the split.
    default_rule : str
        The rule of the sieve; always the first of ``rules``.
    night : Night
        The stream behind purity and cost.
    n, n_groups : int
        Streaks and groups.
    level : float
        Of all intervals.
    replicates : int
        Of those that are bootstrapped.
    members : tuple of MemberFigures
        Every member.
    rules : tuple of RuleFigures
        Every rule.
    joint : JointScore
        The sieve as one score.
    kinds : tuple of KindShare
        By kind of streak; empty where kinds are not known.
    completeness : mapping of str to mapping of str to CompletenessPurity
        Rule, then column, to the share of the plausible streaks that is found; the
        purity in it is without meaning, for only plausible streaks are counted.
    venn : VennCounts
        What the stages let pass.
    scores : SieveScores
        What was judged.
    """

    split: str
    default_rule: str
    night: Night
    n: int
    n_groups: int
    level: float
    replicates: int
    members: tuple[MemberFigures, ...]
    rules: tuple[RuleFigures, ...]
    joint: JointScore
    kinds: tuple[KindShare, ...]
    completeness: Mapping[str, Mapping[str, CompletenessPurity]]
    venn: VennCounts
    scores: SieveScores = field(repr=False)

    @property
    def rule(self) -> RuleFigures:
        """The default rule."""
        return self.rules[0]

    @property
    def rate_method(self) -> str:
        """How the intervals of the rates were found, in words."""
        if not self.scores.grouped:
            return "Wilson's, every streak being its own group"
        return (
            f"from {self.replicates:,} bootstrap replicates that draw whole groups; "
            "for a rate of exactly 0 or 1 Wilson's with groups as trials"
        )

    @property
    def intervals(self) -> dict[str, Interval]:
        """Figures by name: ``roc_auc: <member>``, ``fpr: <rule>``, ``roc_auc: joint`` ..."""
        found = {
            f"{figure}: {member.name}": getattr(member, figure)
            for member in self.members
            for figure in ("roc_auc", "accuracy", "tpr", "fpr")
        }
        found |= {
            f"{figure}: {rule.name}": getattr(rule, figure)
            for rule in self.rules
            for figure in ("accuracy", "tpr", "fnr", "fpr", "purity")
        }
        return found | {"roc_auc: joint": self.joint.roc_auc}
