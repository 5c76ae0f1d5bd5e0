"""What a network is fitted to: the classes of samples, the votes on them, or the classes not ruled out.

Votes stand in columns ``votes_<class>`` of a sample set, one a class: counts, or shares that sum to one. Sets
of classes stand in columns ``allowed_<class>``: 1 where a sample may be of the class. A sample with votes but
without a label is learned from all the same; wherever a single class is asked for (accuracies of the learning
curves, balanced class weights) it counts as the class with the most votes, or as the first that is allowed.
Calibration, threshold and figures rest on labelled samples only.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.recipes.split_samples import SplitSamples
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.votes import VOTES_PREFIX
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples

__all__ = ["PREFIXES", "examples_of", "targets_of"]

#: How the columns begin that each loss reads.
PREFIXES = {
    "soft-cross-entropy": VOTES_PREFIX,
    "dirichlet-multinomial": VOTES_PREFIX,
    "partial": "allowed_",
}

#: How far shares may be from a sum of one: tables round them to two or three digits.
ROUNDING = 0.02


def examples_of(split: SplitSamples, part: str, training: TrainingConfig) -> Examples:
    """Return what a network learns from, or is chosen on, in one part of a split.

    Parameters
    ----------
    split : SplitSamples
        The samples.
    part : str
        ``train`` or ``validation``.
    training : TrainingConfig
        Its ``loss`` says whether votes count.

    Raises
    ------
    SampleSetError
        As of `targets_of`.
    """
    if training.loss not in PREFIXES:
        rows = split.rows(part)
        return Examples(split.images, split.labels[rows], rows=rows)
    targets = targets_of(split.samples, training.loss)
    rows = np.flatnonzero((split.split == part) & split.usable & (targets.sum(1) > 0))
    labels = np.where(split.labels[rows] < 0, targets[rows].argmax(1), split.labels[rows])
    return Examples(split.images, labels, rows=rows, targets=targets[rows])


def targets_of(samples: SampleSet, loss: str) -> NDArray[np.float32]:
    """Return the votes, or the allowed classes, of every sample; a row of zeros where there are none.

    Parameters
    ----------
    samples : SampleSet
        With a column a class.
    loss : {"soft-cross-entropy", "dirichlet-multinomial", "partial"}
        What they are for.

    Returns
    -------
    ndarray, shape (N, K), float32

    Raises
    ------
    SampleSetError
        If a column is absent, a vote is negative, shares do not sum to one, or the loss needs counts and
        finds shares.

    Examples
    --------
    >>> from skysieve.samples import Description
    >>> columns = {"id": [1, 2], "group": [1, 2], "votes_spiral": [3, 0], "votes_smooth": [1, 5]}
    >>> samples = SampleSet.from_columns(columns, Description(classes=("smooth", "spiral")))
    >>> targets_of(samples, "dirichlet-multinomial").tolist()
    [[1.0, 3.0], [5.0, 0.0]]
    """
    votes = np.stack([_column(samples, PREFIXES[loss] + name, loss) for name in samples.classes], axis=1)
    missing = np.isnan(votes)
    votes = np.where(missing.all(1, keepdims=True), 0.0, votes)
    ids = samples.ids
    wrong = np.flatnonzero(~(np.isfinite(votes) & (votes >= 0)).all(1))
    if len(wrong):
        raise SampleSetError(
            f"the votes of id {ids[wrong[0]]} are {_listed(votes[wrong[0]])} ({len(wrong)} samples like it); "
            "votes are finite and not negative: mend or empty them"
        )
    if PREFIXES[loss] == VOTES_PREFIX and votes.size:
        _check_sums(votes, ids, loss)
    return votes.astype(np.float32)


def _check_sums(votes: NDArray[np.float64], ids: NDArray[Any], loss: str) -> None:
    """Tell shares from counts, and check that they are whole."""
    whole = bool((votes == np.round(votes)).all())
    if whole:
        return
    if loss == "dirichlet-multinomial":
        first = int((votes != np.round(votes)).any(1).argmax())
        raise SampleSetError(
            f"the votes of id {ids[first]} are {_listed(votes[first])}; the loss {loss!r} needs counts: "
            "multiply shares by the number of votes, or set training.loss to 'soft-cross-entropy'"
        )
    sums = votes.sum(1)
    wrong = np.flatnonzero((np.abs(sums - 1) > ROUNDING) & (sums > 0))
    if len(wrong):
        raise SampleSetError(
            f"the votes of id {ids[wrong[0]]} are {_listed(votes[wrong[0]])} and sum to {sums[wrong[0]]:.4g} "
            f"({len(wrong)} samples like it); expected whole counts, or shares of all classes that sum to one"
        )


def _column(samples: SampleSet, name: str, loss: str) -> NDArray[np.float64]:
    if name not in samples.column_names:
        near = difflib.get_close_matches(name, samples.column_names, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else "add one column a class"
        raise SampleSetError(f"the loss {loss!r} reads the column {name!r}, which is absent; {hint}")
    return samples.scalar(name).astype(np.float64)


def _listed(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:g}" for value in values)
