"""What a network learns from: inputs, labels and weights side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.training.ragged import RaggedSequences

__all__ = ["Examples"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled samples. Inputs stay where they are until a batch is read.

    Parameters
    ----------
    inputs : ndarray, shape (M, ...), best float32, or RaggedSequences
        Raw samples, (M, C, H, W) for cutouts; may be a memory map and may hold NaN. Sequences of different
        lengths are padded with NaN when a batch of them is read.
    labels : ndarray, shape (N,), int64
        Class of each example, from 0. With one output: 1 is real, 0 is bogus.
    weights : ndarray, shape (N,), optional
        How much each example counts, not negative. None: all the same.
    rows : ndarray, shape (N,), int64, optional
        Row of ``inputs`` of each example. None: all of them in their order.
    targets : ndarray, shape (N, K), float32, optional
        Votes for each class, or 1 for each class that an example may be of; for losses other than
        cross-entropy. Not negative.

    Raises
    ------
    SampleSetError
        If lengths differ, or a label or weight is not allowed.

    Examples
    --------
    >>> examples = Examples(np.zeros((3, 1, 8, 8), np.float32), np.array([0, 1, 1]))
    >>> len(examples), len(examples.take(np.array([2, 0])))
    (3, 2)
    """

    inputs: NDArray[Any] | RaggedSequences
    labels: NDArray[np.int64]
    weights: NDArray[np.floating[Any]] | None = None
    rows: NDArray[np.int64] | None = None
    targets: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.inputs.ndim < 2 or not np.issubdtype(self.inputs.dtype, np.number):
            raise SampleSetError(
                f"inputs are numbers of shape (N, ...), found {self.inputs.dtype} {self.inputs.shape}"
            )
        labels = np.asarray(self.labels)
        if labels.ndim != 1 or not (labels.dtype == bool or np.issubdtype(labels.dtype, np.integer)):
            raise SampleSetError(
                f"labels are whole numbers of shape (N,), found {labels.dtype} of {labels.shape}"
            )
        object.__setattr__(self, "labels", labels.astype(np.int64))
        if len(labels) and labels.min() < 0:
            raise SampleSetError(f"labels count from 0, found {labels.min()}; leave out unlabelled samples")
        rows = len(self.inputs) if self.rows is None else len(self.rows)
        if len(labels) != rows:
            raise SampleSetError(f"{rows} inputs have {len(labels)} labels; give one label for each")
        self._check_weights()
        self._check_targets()

    def _check_weights(self) -> None:
        if self.weights is None:
            return
        if self.weights.shape != self.labels.shape:
            raise SampleSetError(f"{len(self.labels)} examples have weights of shape {self.weights.shape}")
        wrong = np.flatnonzero(~(np.isfinite(self.weights) & (self.weights >= 0)))
        if len(wrong):
            raise SampleSetError(
                f"the weight of example {wrong[0]} is {self.weights[wrong[0]]}; "
                "weights are finite and not negative"
            )

    def _check_targets(self) -> None:
        if self.targets is None:
            return
        if self.targets.ndim != 2 or len(self.targets) != len(self.labels):
            raise SampleSetError(f"{len(self.labels)} examples have votes of shape {self.targets.shape}")
        wrong = np.flatnonzero(~(np.isfinite(self.targets) & (self.targets >= 0)).all(1))
        if len(wrong):
            raise SampleSetError(
                f"the votes of example {wrong[0]} are {self.targets[wrong[0]].tolist()}; "
                "votes are finite and not negative"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample; of a step for sequences of different lengths."""
        return self.inputs.shape[1:]

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """Steps of each example, shape (N,); None where all are of one shape."""
        if not isinstance(self.inputs, RaggedSequences):
            return None
        return self.inputs.lengths if self.rows is None else self.inputs.lengths[self.rows]

    def batch(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a copy of the inputs of some examples, as float32."""
        rows = which if self.rows is None else self.rows[which]
        return np.asarray(self.inputs[rows], dtype=np.float32)

    def take(self, which: NDArray[Any]) -> Examples:
        """Return some of the examples, by number or by mask, without copying inputs."""
        rows = np.arange(len(self.inputs)) if self.rows is None else self.rows
        weights = None if self.weights is None else self.weights[which]
        targets = None if self.targets is None else self.targets[which]
        return Examples(self.inputs, self.labels[which], weights, rows[which], targets)
