"""Which samples of the target survey are learned from, and which judge: by group, nested, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import assign_groups
from skysieve.samples.validation import validate

__all__ = ["TargetSamples", "check_division", "draw_rows", "target_samples"]


@dataclass(frozen=True, eq=False)
class TargetSamples:
    """The samples of the target survey, divided for good.

    Parameters
    ----------
    samples : SampleSet
        All of them.
    pool : ndarray of int
        Rows that may be learned from.
    test : ndarray of int
        Rows that judge, whatever is learned from.
    """

    samples: SampleSet
    pool: NDArray[np.int64]
    test: NDArray[np.int64]


def target_samples(samples: SampleSet, share: float, seed: int) -> TargetSamples:
    """Divide labelled samples into those that may be learned from and those that judge.

    Parameters
    ----------
    samples : SampleSet
        Labelled samples; where they have a split, ``test`` judges and the others are learned from.
    share : float
        Share of the samples that judges, where there is no split.
    seed : int
        Of that division, by group and stratified by class.

    Raises
    ------
    SampleSetError
        If a side lacks a class, or a group stands on both.
    """
    labels = samples.labels
    known = np.flatnonzero(labels >= 0)
    if "split" in samples.column_names:
        split = samples.scalar("split")[known]
        judges = split == "test"
        pool, test = known[(split == "train") | (split == "validation")], known[judges]
    else:
        if not 0 < share < 1:
            raise ConfigurationError(f"the share of test samples is between 0 and 1, found {share}")
        part = assign_groups(samples.groups[known], labels[known], [1 - share, share], seed=seed)
        pool, test = known[part == 0], known[part == 1]
    shared = np.intersect1d(samples.groups[pool], samples.groups[test])
    if len(shared):
        raise SampleSetError(
            f"{len(shared)} groups of the target samples stand in the test split and outside of it, such as "
            f"{shared[0]!r}; split them by group (`skysieve samples split`)"
        )
    for name, rows in (("learned from", pool), ("judge", test)):
        missing = [each for number, each in enumerate(samples.classes) if number not in labels[rows]]
        if missing:
            raise SampleSetError(f"the target samples that {name} lack the class {' and '.join(missing)}")
    return TargetSamples(samples, pool, test)


def check_division(target: TargetSamples) -> tuple[TargetSamples, tuple[Finding, ...]]:
    """Look for samples that judge and show what may be learned from, and leave out those without a pixel.

    Parameters
    ----------
    target : TargetSamples
        The samples, divided.

    Returns
    -------
    TargetSamples
        Without images that hold nothing.
    tuple of Finding
        Those images, and ``neighbours-across-splits`` where both sides show the same sky.

    Raises
    ------
    SampleSetError
        If an image stands on both sides, byte for byte.
    """
    split = np.full(len(target.samples), "", dtype="<U5")
    split[target.pool], split[target.test] = "train", "test"
    used = target.samples.with_columns({"split": split}).select(split != "")
    findings = validate(used).findings
    empty = tuple(each for each in findings if each.kind == "all-nan-image")
    if empty:
        usable = ~np.isin(target.samples.ids.astype(np.str_), [each.item for each in empty])
        pool, test = (rows[usable[rows]] for rows in (target.pool, target.test))
        rest, others = check_division(TargetSamples(target.samples, pool, test))
        return rest, (*empty, *others)
    # Images that the origin tells how to make are of light curves: those of one point are all the same.
    made = set(used.description.tensors) & set(used.description.origin)
    if not made and (twice := [each for each in findings if each.kind == "duplicate-across-splits"]):
        raise SampleSetError(
            f"{len(twice)} images of the target samples may be learned from and judge, the first {twice[0]}"
        )
    return target, tuple(each for each in findings if each.kind == "neighbours-across-splits")


def draw_rows(
    target: TargetSamples, size: int, *, validation: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw samples of the pool: those to learn from, and those that choose the epoch.

    Whole groups are drawn, the classes as often as in the pool. Under one seed draws are nested: the 20
    samples are among the 80.

    Parameters
    ----------
    target : TargetSamples
        The pool.
    size : int
        Samples in all, those that choose included.
    validation : float
        Share of them that chooses.
    seed : int
        Of the draw.

    Raises
    ------
    ConfigurationError
        If the pool is smaller, or the draw has one class only.
    """
    labels, groups = target.samples.labels, target.samples.groups
    if size > len(target.pool):
        raise ConfigurationError(
            f"{size} target samples are asked for, {len(target.pool)} are not of the test split; lower --n, "
            "or the share of the test split"
        )
    rows = _ordered(target.pool, labels[target.pool], groups[target.pool], seed)
    drawn = np.sort(_whole_groups(rows, groups, size))
    if len(np.unique(labels[drawn])) < len(np.unique(labels[target.pool])):
        raise ConfigurationError(f"{size} target samples do not hold every class; draw more")
    if len(np.unique(groups[drawn])) < 2:
        raise ConfigurationError(f"{size} target samples are one group, which is never divided; draw more")
    too_few = ConfigurationError(
        f"{size} target samples are too few to teach every class and to choose the epoch; draw more"
    )
    try:
        part = assign_groups(groups[drawn], labels[drawn], [1 - validation, validation], seed=seed)
    except SampleSetError as error:
        raise too_few from error
    if len(np.unique(labels[drawn[part == 0]])) < len(np.unique(labels[drawn])):
        raise too_few
    return drawn[part == 0], drawn[part == 1]


def _ordered(
    rows: NDArray[np.int64], labels: NDArray[np.int64], groups: NDArray[Any], seed: int
) -> NDArray[np.int64]:
    """Return rows group by group, the groups of the classes in turn, as often as each class has some."""
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng([seed, 20]).permutation(len(first))
    place = np.empty(len(first))
    class_of = labels[first]
    for each in np.unique(class_of):
        own = order[class_of[order] == each]
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
    rank = np.lexsort((order.argsort(), place)).argsort()
    return rows[np.argsort(rank[group_of], kind="stable")]


def _whole_groups(rows: NDArray[np.int64], groups: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Return the first rows, without tearing a group; as many as asked for, or a few more."""
    end = size
    while end < len(rows) and groups[rows[end]] == groups[rows[end - 1]]:
        end += 1
    return rows[:end]
