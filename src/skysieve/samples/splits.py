"""Honest splits: by group, stratified by class, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.description import check_split_names
from skysieve.samples.sample_set import SampleSet

__all__ = ["DEFAULT_FRACTIONS", "assign_groups", "with_folds", "with_splits"]

#: Shares of the samples in each split.
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}


def assign_groups(
    groups: ArrayLike, labels: ArrayLike, fractions: ArrayLike, *, seed: int
) -> NDArray[np.int64]:
    """Deal whole groups into parts so that each class is spread in the asked proportions.

    Groups are shuffled, the large ones dealt first; each goes to the part that lacks most of
    what the group brings. With equal fractions this is stratified grouped k-fold.

    Parameters
    ----------
    groups : array-like, shape (N,)
        What must stay together.
    labels : array-like of int, shape (N,)
        Class index; -1 (unlabelled) is spread like a class of its own.
    fractions : array-like of float, shape (K,)
        Share of each part; they are scaled to a sum of one.
    seed : int
        Decides ties and the order of groups of equal size.

    Returns
    -------
    ndarray of int64, shape (N,)
        The part of every sample.

    Raises
    ------
    SampleSetError
        If there are fewer groups than parts, if a part would be empty because every class has fewer groups
        than there are parts, or if a fraction is not positive.

    Examples
    --------
    >>> assign_groups(["a", "a", "b", "c"], [0, 1, 0, 1], [0.5, 0.5], seed=1).tolist()
    [0, 0, 1, 1]
    """
    shares = np.asarray(fractions, dtype=np.float64)
    return _assigned(groups, labels, shares, [f"part {number}" for number in range(shares.size)], seed)


def with_splits(
    samples: SampleSet, fractions: Mapping[str, float] | None = None, *, seed: int = 42
) -> SampleSet:
    """Return the set with a column ``split``, made by group and stratified by label.

    Parameters
    ----------
    samples : SampleSet
        The set.
    fractions : mapping of str to float, optional
        Share of each split by its name (``train``, ``validation``, ``test``);
        `DEFAULT_FRACTIONS` if not given.
    seed : int
        Seed of the assignment; it is recorded in the set's description.

    Raises
    ------
    SampleSetError
        If a split has another name, and as of `assign_groups`.
    """
    shares = dict(fractions or DEFAULT_FRACTIONS)
    check_split_names(shares)
    called = [f"the split {name!r}" for name in shares]
    parts = _assigned(samples.groups, samples.labels, np.array(list(shares.values())), called, seed)
    names = np.array(list(shares), dtype=np.str_)
    made = _record(samples, {"kind": "split", "fractions": shares, "seed": seed})
    return samples.with_columns({"split": names[parts]}, splits=made)


def with_folds(samples: SampleSet, folds: int, *, seed: int = 42) -> SampleSet:
    """Return the set with a column ``fold`` (0 ... folds - 1), by group and stratified by label."""
    if folds < 2:
        raise SampleSetError(f"k-fold needs at least 2 folds, found {folds}")
    called = [f"the fold {fold}" for fold in range(folds)]
    parts = _assigned(samples.groups, samples.labels, np.ones(folds), called, seed)
    made = _record(samples, {"kind": "folds", "folds": folds, "seed": seed})
    return samples.with_columns({"fold": parts}, splits=made)


def _assigned(
    groups: ArrayLike, labels: ArrayLike, shares: NDArray[np.float64], called: Sequence[str], seed: int
) -> NDArray[np.int64]:
    """Return the part of every sample, and say by its name which one would be empty."""
    if shares.ndim != 1 or not (shares > 0).all():
        raise SampleSetError(f"fractions of splits are positive numbers, found {shares.tolist()}")
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    classes, class_of = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < len(shares):
        raise SampleSetError(f"{len(names)} groups cannot fill {len(shares)} parts; groups are never divided")
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (group_of, class_of), 1)
    part_of_group = _dealt(counts, shares, seed)
    empty = [name for number, name in enumerate(called) if number not in part_of_group]
    if empty:
        most = int((counts > 0).sum(axis=0).max())
        raise SampleSetError(
            f"nothing is left for {' and '.join(empty)}: no class has more than {most} of the {len(names)} "
            f"groups, for {len(shares)} parts, and groups are never divided; add groups or make fewer parts"
        )
    return part_of_group[group_of]


def _dealt(counts: NDArray[np.float64], shares: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Return the part of every group, of which the samples of each class are counted."""
    target = shares[:, None] / shares.sum() * counts.sum(axis=0)
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    part_of_group = np.empty(len(counts), dtype=np.int64)
    dealt = np.zeros_like(target)
    for group in order:
        # What a part still lacks, relative to its size, weighted by what the group brings.
        lack = ((target - dealt) / target) @ (counts[group] / counts[group].sum())
        part = int(np.argmax(lack))
        part_of_group[group] = part
        dealt[part] += counts[group]
    return part_of_group


def _record(samples: SampleSet, made: dict[str, Any]) -> dict[str, Any]:
    method = {"method": "whole groups, stratified by label, largest first"}
    return {**samples.description.splits, made["kind"]: made | method}
