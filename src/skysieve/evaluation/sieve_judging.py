"""Judge a sieve: its members, its rules, what they let through and what it costs a person."""

from __future__ import annotations

from functools import partial

import numpy as np

from skysieve.errors import SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray
from skysieve.evaluation.completeness import CompletenessPurity, completeness_purity
from skysieve.evaluation.intervals import Interval, bootstrap_interval
from skysieve.evaluation.metrics import curves
from skysieve.evaluation.sieve_evaluation import (
    Confusion,
    JointScore,
    KindShare,
    MemberFigures,
    RuleFigures,
    SieveEvaluation,
)
from skysieve.evaluation.sieve_rates import Night, purity_interval, rate_interval, reviewer_cost
from skysieve.evaluation.sieve_scores import BoolArray, SieveScores
from skysieve.evaluation.sieve_venn import venn_counts
from skysieve.evaluation.thresholds import min_recall

__all__ = ["judge_sieve"]

COMPLETENESS_BINS = 8


def judge_sieve(
    scores: SieveScores,
    *,
    default_rule: str,
    split: str,
    prevalence: float = 1 / 200,
    replicates: int = 1000,
    seed: int,
    night: Night | None = None,
    level: float = 0.95,
) -> SieveEvaluation:
    """Return every figure of a sieve with its interval.

    Parameters
    ----------
    scores : SieveScores
        Scores, passes and truth.
    default_rule : str
        The rule that the sieve stands for.
    split : str
        Name of the split: ``test``.
    prevalence : float
        Share of plausible streaks in a night.
    replicates, seed
        Of the bootstrap over groups.
    night : Night, optional
        Size of the night and time a look; its prevalence replaces ``prevalence``.
    level : float
        Of the intervals.

    Raises
    ------
    SampleSetError
        If no streak has a truth.
    UnknownNameError
        If there is no such rule.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = rng.integers(0, 2, 400)
    >>> sieve = {name: 1 / (1 + np.exp(-rng.normal(6 * real - 3, 1.5))) for name in ("rb", "sl", "kd")}
    >>> found = judge_sieve(
    ...     SieveScores(
    ...         families={name: name for name in sieve},
    ...         scores=sieve,
    ...         thresholds=dict.fromkeys(sieve, 0.5),
    ...         passed={"plausible": np.min(list(sieve.values()), axis=0) >= 0.5},
    ...         groups=np.arange(400),
    ...         labels=dict.fromkeys(sieve, real),
    ...     ),
    ...     default_rule="plausible", split="test", seed=1, replicates=50,
    ... )
    >>> print(found.rule.tpr, found.rule.confusion)
    0.9276 [0.8856, 0.9549] ((179, 0), (16, 205))
    """
    scores.rule(default_rule)
    truth = scores.plausible
    if not (truth >= 0).any():
        raise SampleSetError(
            f"none of {scores.n} streaks has a truth; give labels of os, or of rb, sl and kd"
        )
    stream = night or Night(prevalence=prevalence)
    interval = partial(rate_interval, level=level, replicates=replicates, seed=seed)
    auc = partial(_auc_interval, level=level, replicates=replicates, seed=seed)
    names = [default_rule, *(name for name in scores.passed if name != default_rule)]
    return SieveEvaluation(
        split=split,
        default_rule=default_rule,
        night=stream,
        n=scores.n,
        n_groups=np.unique(scores.groups).size,
        level=level,
        replicates=replicates,
        members=tuple(_member(scores, name, interval, auc) for name in scores.families),
        rules=tuple(_rule(scores, name, stream, interval) for name in names),
        joint=_joint(scores, stream, interval, auc),
        kinds=_kinds(scores, names, interval),
        completeness={name: _completeness(scores, name, level, replicates, seed) for name in names},
        venn=venn_counts(scores),
        scores=scores,
    )


def _member(
    sieve: SieveScores, name: str, interval: partial[Interval], auc: partial[Interval]
) -> MemberFigures:
    family = sieve.families[name]
    labels = np.asarray(sieve.labels.get(family, np.full(sieve.n, -1)))
    known = labels >= 0
    labels, score, groups = labels[known], sieve.score(name)[known], np.asarray(sieve.groups)[known]
    called = score >= sieve.thresholds[name]
    both = np.unique(labels).size == 2
    return MemberFigures(
        name=name,
        family=family,
        threshold=float(sieve.thresholds[name]),
        n=labels.size,
        n_positive=int((labels == 1).sum()),
        roc_auc=auc(labels, score, groups),
        accuracy=interval(called == (labels == 1), groups),
        tpr=interval(called[labels == 1], groups[labels == 1]),
        fpr=interval(called[labels == 0], groups[labels == 0]),
        confusion=_confusion(labels, called),
        curves=curves(labels, score) if both else None,
    )


def _rule(sieve: SieveScores, name: str, night: Night, interval: partial[Interval]) -> RuleFigures:
    truth, called, groups = _with_truth(sieve, sieve.rule(name))
    tpr = interval(called[truth == 1], groups[truth == 1])
    fpr = interval(called[truth == 0], groups[truth == 0])
    return RuleFigures(
        name=name,
        n=truth.size,
        n_positive=int((truth == 1).sum()),
        accuracy=interval(called == (truth == 1), groups),
        tpr=tpr,
        fpr=fpr,
        purity=purity_interval(tpr, fpr, night.prevalence),
        cost=reviewer_cost(tpr, fpr, night, cut=f"rule {name}"),
        confusion=_confusion(truth, called),
    )


def _joint(
    sieve: SieveScores, night: Night, interval: partial[Interval], auc: partial[Interval]
) -> JointScore:
    truth, score, groups = _with_truth(sieve, sieve.joint_score())
    area = auc(truth, score, groups)
    if np.unique(truth).size < 2:
        return JointScore(area, None)
    cut = min_recall(truth, score, 0.99, split="none").value
    called = score >= cut
    tpr = interval(called[truth == 1], groups[truth == 1])
    fpr = interval(called[truth == 0], groups[truth == 0])
    cost = reviewer_cost(tpr, fpr, night, cut="joint score, 99 % of the plausible", threshold=cut)
    return JointScore(area, curves(truth, score), cost)


def _kinds(sieve: SieveScores, rules: list[str], interval: partial[Interval]) -> tuple[KindShare, ...]:
    """Return the kinds: plausible ones first, then by how many get through the default rule."""
    if sieve.kinds is None:
        return ()
    kinds, groups, truth = np.asarray(sieve.kinds), np.asarray(sieve.groups), sieve.plausible
    stages = {name: sieve.family_passes(name) for name in sieve.stages}
    found = []
    for kind in np.unique(kinds[truth >= 0]).tolist():
        rows = (kinds == kind) & (truth >= 0)
        found.append(
            KindShare(
                kind=kind,
                plausible=bool(truth[rows].mean() >= 0.5),
                n=int(rows.sum()),
                rules={name: interval(sieve.rule(name)[rows], groups[rows]) for name in rules},
                families={name: interval(passes[rows], groups[rows]) for name, passes in stages.items()},
            )
        )
    return tuple(sorted(found, key=lambda kind: (not kind.plausible, -kind.rules[rules[0]].value, kind.kind)))


def _completeness(
    sieve: SieveScores, rule: str, level: float, replicates: int, seed: int
) -> dict[str, CompletenessPurity]:
    real = sieve.plausible == 1
    if not real.any():
        return {}
    found = {
        column: completeness_purity(
            np.asarray(values)[real],
            np.ones(int(real.sum()), dtype=np.int64),
            sieve.rule(rule)[real].astype(float),
            0.5,
            bins=COMPLETENESS_BINS,
            column=column,
            groups=np.asarray(sieve.groups)[real] if sieve.grouped else None,
            level=level,
            replicates=replicates,
            seed=seed,
        )
        for column, values in sieve.truth.items()
    }
    return {column: each for column, each in found.items() if each.bins}


def _with_truth(
    sieve: SieveScores, values: FloatArray | BoolArray
) -> tuple[IntArray, FloatArray | BoolArray, IntArray]:
    truth = sieve.plausible
    known = truth >= 0
    return truth[known], values[known], np.asarray(sieve.groups)[known]


def _confusion(labels: IntArray, called: FloatArray | BoolArray) -> Confusion:
    tn, fp, fn, tp = np.bincount(2 * labels + called.astype(np.int64), minlength=4).tolist()
    return (tn, fp), (fn, tp)


def _auc_interval(
    labels: IntArray, scores: FloatArray, groups: IntArray, *, level: float, replicates: int, seed: int
) -> Interval:
    """Return the area under the ROC curve by bootstrap; the scores are ranked once for all replicates."""
    if np.unique(labels).size < 2:
        return Interval(float("nan"), float("nan"), float("nan"), level, 0, "percentile")
    ranks = np.unique(scores, return_inverse=True)[1]
    return bootstrap_interval(
        partial(_area, int(ranks.max()) + 1),
        labels,
        ranks,
        groups=groups,
        replicates=replicates,
        level=level,
        seed=seed,
    )


def _area(n_ranks: int, labels: IntArray, ranks: IntArray) -> float:
    """Return the chance that a positive ranks above a negative, ties counting half."""
    positive = np.bincount(ranks[labels == 1], minlength=n_ranks)
    negative = np.bincount(ranks[labels == 0], minlength=n_ranks)
    pairs = positive.sum() * negative.sum()
    if pairs == 0:
        return float("nan")
    # A sum and no dot product, for which a linear-algebra library would start its threads.
    return float(np.sum(positive * (np.cumsum(negative) - negative / 2)) / pairs)
