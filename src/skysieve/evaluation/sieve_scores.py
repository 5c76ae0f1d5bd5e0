"""The scores of a sieve: several members, several families, several rules, and the truth where it is known.

A *sieve* scores a streak by some networks, its *members*. Each member belongs to a
*family*, which asks one question: real or bogus (``rb``), short or long (``sl``),
keep or ditch (``kd``), or all at once (``os``, one-shot). A *rule* combines members
into one answer; the usual one lets a streak pass that some member of each of ``rb``,
``sl`` and ``kd`` lets pass (Duev et al. 2019, MNRAS 486, 4158).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from skysieve.errors import SampleSetError, UnknownNameError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_scores

__all__ = ["ONE_SHOT", "STAGES", "BoolArray", "SieveScores"]

BoolArray = npt.NDArray[np.bool_]

STAGES = ("rb", "sl", "kd")
"""The families that a streak must pass one after the other."""

ONE_SHOT = "os"
"""The family that answers the whole question; its label is the truth of the rules."""


@dataclass(frozen=True, slots=True, eq=False)
class SieveScores:
    """Everything that a sieve said about N streaks, as plain arrays.

    Parameters
    ----------
    families : mapping of str to str
        Member to its family, in the order of the tables.
    scores : mapping of str to array_like, shape (N,)
        Member to its probabilities, finite and in [0, 1].
    thresholds : mapping of str to float
        Member to its cut; a score at or above it passes.
    passed : mapping of str to array_like of bool, shape (N,)
        Rule to what it lets pass.
    groups : array_like, shape (N,)
        What must not be resampled apart: object, field, night.
    labels : mapping of str to array_like of int, shape (N,)
        Family to its labels 0, 1, or -1 where the question has no answer (a bogus
        has no length). Empty for a night without truth.
    kinds : array_like of str, shape (N,), optional
        What each streak is: ``asteroid``, ``satellite``, ``masked-star`` ...
    truth : mapping of str to array_like, shape (N,)
        Columns known of real streaks: ``magnitude``, ``rate``, ``length``, ``snr``; NaN elsewhere.
    ids : array_like, shape (N,), optional
        Names of the streaks; their positions if left out.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together.

    Examples
    --------
    >>> sieve = SieveScores(
    ...     families={"rb_vgg6": "rb", "sl_vgg6": "sl", "kd_vgg6": "kd"},
    ...     scores={"rb_vgg6": [0.9, 0.8], "sl_vgg6": [0.7, 0.9], "kd_vgg6": [0.6, 0.1]},
    ...     thresholds={"rb_vgg6": 0.5, "sl_vgg6": 0.5, "kd_vgg6": 0.5},
    ...     passed={"plausible": [True, False]},
    ...     groups=[0, 1],
    ... )
    >>> sieve.n, sieve.family_passes("kd").tolist(), sieve.joint_score().tolist()
    (2, [True, False], [0.6, 0.1])
    """

    families: Mapping[str, str]
    scores: Mapping[str, npt.ArrayLike]
    thresholds: Mapping[str, float]
    passed: Mapping[str, npt.ArrayLike]
    groups: npt.ArrayLike = field(repr=False)
    labels: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    kinds: npt.ArrayLike | None = field(default=None, repr=False)
    truth: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    ids: npt.ArrayLike | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_names(self)
        n = len(np.asarray(self.groups))
        put = object.__setattr__
        put(self, "groups", check_groups(self.groups, n) if n else np.zeros(0, dtype=np.int64))
        put(self, "scores", {name: _probabilities(name, self.scores[name], n) for name in self.families})
        put(self, "passed", {rule: _column(rule, v, n).astype(bool) for rule, v in self.passed.items()})
        put(self, "labels", {name: _labels(name, v, n) for name, v in self.labels.items()})
        put(self, "truth", {k: _column(k, v, n).astype(np.float64) for k, v in self.truth.items()})
        put(self, "kinds", None if self.kinds is None else _column("kinds", self.kinds, n).astype(str))
        ids = np.arange(n) if self.ids is None else _column("ids", self.ids, n)
        put(self, "ids", ids.astype(str))

    @property
    def n(self) -> int:
        """Number of streaks."""
        return len(self.groups)  # type: ignore[arg-type]

    @property
    def grouped(self) -> bool:
        """Whether some group holds more than one streak."""
        return np.unique(self.groups).size < self.n

    @property
    def plausible(self) -> IntArray:
        """Truth of the rules, shape (N,): 1 plausible, 0 anything else, -1 unknown.

        It is the label of the one-shot family; without one, all of the stages' labels
        must be 1, and one that is 0 suffices to know that a streak is not plausible.
        """
        if ONE_SHOT in self.labels:
            return np.asarray(self.labels[ONE_SHOT])
        stages = [np.asarray(self.labels[name]) for name in STAGES if name in self.labels]
        if not stages:
            return np.full(self.n, -1, dtype=np.int64)
        lowest = np.min(np.where(np.array(stages) < 0, 2, stages), axis=0)
        known_to_all = len(stages) == len(STAGES) and np.min(stages, axis=0) == 1
        return np.where(lowest == 0, 0, np.where(known_to_all, 1, -1)).astype(np.int64)

    @property
    def stages(self) -> tuple[str, ...]:
        """The families of the default decision: those of `STAGES` that have members, or else all."""
        every = tuple(dict.fromkeys(self.families.values()))
        return tuple(name for name in STAGES if name in every) or every

    def members_of(self, family: str) -> tuple[str, ...]:
        """Return the members of a family, in order."""
        return tuple(name for name, of in self.families.items() if of == family)

    def score(self, member: str) -> FloatArray:
        """Return the scores of a member, shape (N,)."""
        return np.asarray(self.scores[member])

    def rule(self, name: str) -> BoolArray:
        """Return what a rule lets pass, shape (N,).

        Raises
        ------
        UnknownNameError
            If there is no such rule.
        """
        if name not in self.passed:
            raise UnknownNameError(f"rule {name!r}; the sieve has {', '.join(self.passed) or 'none'}")
        return np.asarray(self.passed[name])

    def family_passes(self, family: str) -> BoolArray:
        """Return which streaks some member of the family lets pass, shape (N,)."""
        found = np.zeros(self.n, dtype=bool)
        for name in self.members_of(family):
            found |= self.score(name) >= self.thresholds[name]
        return found

    def joint_score(self, families: Sequence[str] | None = None) -> FloatArray:
        """Return one score a streak that ranks as the families together decide, shape (N,).

        The highest score of the members of each family, and of these the lowest: what
        AND over families of OR over members becomes when the cut moves. Each score is
        first mapped, in two straight pieces, so that its member's threshold comes to
        0.5 (nothing changes where it is 0.5): a joint score of at least 0.5 is exactly
        a streak that some member of every family lets pass.

        Parameters
        ----------
        families : sequence of str, optional
            The families; `stages` if left out.

        Raises
        ------
        UnknownNameError
            If a family has no member.
        """
        lowest = np.ones(self.n)
        for family in self.stages if families is None else families:
            members = self.members_of(family)
            if not members:
                raise UnknownNameError(f"no member of the family {family!r} among {', '.join(self.families)}")
            mapped = [_threshold_to_half(self.score(name), self.thresholds[name]) for name in members]
            lowest = np.minimum(lowest, np.max(mapped, axis=0))
        return lowest


def _check_names(sieve: SieveScores) -> None:
    for what, names in (("scores", sieve.scores), ("thresholds", sieve.thresholds)):
        if set(names) != set(sieve.families):
            differing = sorted(set(names) ^ set(sieve.families))
            raise SampleSetError(f"{what} and families name different members: {', '.join(differing)}")


def _probabilities(member: str, values: npt.ArrayLike, n: int) -> FloatArray:
    if n == 0:
        return np.zeros(0)
    array = check_scores(_column(member, values, n), n)
    if array.min() < 0 or array.max() > 1:
        raise SampleSetError(
            f"scores of {member} run from {array.min():g} to {array.max():g}; "
            "expected probabilities in [0, 1]"
        )
    return array


def _labels(family: str, values: npt.ArrayLike, n: int) -> IntArray:
    array = _column(f"labels of {family}", values, n)
    if not np.isin(array, (-1, 0, 1)).all():
        raise SampleSetError(f"labels of {family} hold {sorted(set(array.tolist()))}; expected 0, 1, or -1")
    return array.astype(np.int64)


def _column(name: str, values: npt.ArrayLike, n: int) -> npt.NDArray[np.generic]:
    array = np.asarray(values)
    if array.shape != (n,):
        raise SampleSetError(f"{name} has the shape {array.shape}; expected ({n},), one a streak")
    return array


def _threshold_to_half(scores: FloatArray, threshold: float) -> FloatArray:
    """Map [0, threshold, 1] to [0, 0.5, 1]; what did not pass stays below 0.5 in spite of rounding."""
    if threshold == 0.5:
        return scores.astype(np.float64)
    passes = scores >= threshold
    above = 0.5 + 0.5 * (scores - threshold) / max(1 - threshold, np.finfo(float).tiny)
    below = 0.5 * scores / threshold if threshold > 0 else scores
    mapped: FloatArray = np.where(
        passes, np.clip(above, 0.5, 1), np.minimum(below, np.nextafter(0.5, 0))
    ).astype(np.float64)
    return mapped
