"""Sequences of different lengths: how they are stored, padded when read, and put together in batches."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError

if TYPE_CHECKING:
    import torch

__all__ = ["RaggedSequences", "bucketed_batches"]

POOLED_BATCHES = 32
"""Batches whose sequences are sorted together. More waste less padding, and mix lengths less."""


@dataclass(frozen=True, eq=False)
class RaggedSequences:
    """Sequences in one array of all their steps; a batch of them is padded when it is read.

    It stands where `skysieve.training.examples.Examples` has its inputs: ``sequences[rows]`` is an array
    (n, longest of them, F), NaN behind the end of each, which is what networks of
    `skysieve.networks.sequences` take.

    Parameters
    ----------
    steps : ndarray, shape (P, F), best float32
        All steps, one sequence after another; may be a memory map. Features may be NaN where something was
        not measured, but the first one (the time) is a number in every step.
    offsets : ndarray, shape (N + 1,), int64
        The steps of sequence i are ``offsets[i]`` to ``offsets[i + 1]``.
    batch_tokens : int, optional
        Steps that a batch has at most, padding and all. It then takes the place of the number of samples of
        a batch, so that batches of short sequences have more of them. A longer sequence is a batch of its
        own. None: as many samples as the settings of the training say.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together, a sequence is empty, or a value is not allowed.

    Examples
    --------
    >>> sequences = RaggedSequences(np.arange(6, dtype=np.float32)[:, None], np.array([0, 4, 6]))
    >>> len(sequences), sequences.lengths.tolist()
    (2, [4, 2])
    >>> sequences[np.array([1, 0])][..., 0]
    array([[ 4.,  5., nan, nan],
           [ 0.,  1.,  2.,  3.]], dtype=float32)
    """

    steps: NDArray[Any] = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)
    batch_tokens: int | None = None

    def __post_init__(self) -> None:
        offsets = self.offsets
        fit = self.steps.ndim == 2 and offsets.ndim == 1 and len(offsets) > 0 and offsets[0] == 0
        if not fit or int(offsets[-1]) != len(self.steps):
            raise SampleSetError(
                f"steps of shape {self.steps.shape} do not fit offsets of shape {offsets.shape}, which begin "
                "with 0 and end with the number of steps"
            )
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise ConfigurationError(f"a batch has at least 1 step; found {self.batch_tokens} batch tokens")
        empty = np.flatnonzero(self.lengths < 1)
        if len(empty):
            raise SampleSetError(
                f"{len(empty)} sequences have no steps, the first is number {empty[0]}; leave them out"
            )
        wrong = np.isinf(self.steps).any(1) | np.isnan(self.steps[:, 0])
        if wrong.any():
            number = int(np.searchsorted(offsets, int(wrong.argmax()), side="right")) - 1
            raise SampleSetError(
                f"{int(wrong.sum())} steps are infinite or have no time, the first in sequence {number}; "
                "leave these steps out"
            )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each sequence, shape (N,)."""
        return np.diff(self.offsets)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sequences, and features of a step."""
        return len(self), int(self.steps.shape[1])

    @property
    def ndim(self) -> int:
        """2, as `shape`."""
        return 2

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the steps."""
        return self.steps.dtype

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return sequences padded with NaN to the longest of them, shape (n, T, F)."""
        lengths = self.lengths[rows]
        padded = np.full((len(rows), int(lengths.max(initial=0)), self.shape[1]), np.nan, dtype=np.float32)
        for sequence, first, length in zip(padded, self.offsets[rows], lengths, strict=True):
            sequence[:length] = self.steps[first : first + length]
        return padded

    def beginnings(self, counts: NDArray[np.int64]) -> RaggedSequences:
        """Return every sequence with its first ``counts`` steps only, at least one and at most all.

        Examples
        --------
        >>> sequences = RaggedSequences(np.arange(6, dtype=np.float32)[:, None], np.array([0, 4, 6]))
        >>> half = np.ceil(0.5 * sequences.lengths).astype(np.int64)
        >>> sequences.beginnings(half).steps[:, 0].tolist()
        [0.0, 1.0, 4.0]
        """
        kept = np.clip(counts, 1, self.lengths)
        offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        which = np.repeat(self.offsets[:-1] - offsets[:-1], kept) + np.arange(offsets[-1])
        return RaggedSequences(self.steps[which], offsets, self.batch_tokens)

    def steps_within(self, duration: float) -> NDArray[np.int64]:
        """Return how many steps of each sequence come within a time (days) of its first, shape (N,).

        Examples
        --------
        >>> sequences = RaggedSequences(np.array([[0.0], [1.0], [9.0], [3.0]]), np.array([0, 3, 4]))
        >>> sequences.steps_within(2.0).tolist()
        [2, 1]
        """
        time = np.asarray(self.steps[:, 0])
        within = time - np.repeat(time[self.offsets[:-1]], self.lengths) <= duration
        return np.add.reduceat(within.astype(np.int64), self.offsets[:-1])


def bucketed_batches(
    lengths: NDArray[np.int64],
    *,
    most_samples: int | None = None,
    most_steps: int | None = None,
    generator: torch.Generator | None = None,
) -> list[NDArray[np.int64]]:
    """Put sequences of like lengths into batches, so that little of a batch is padding.

    The sequences are shuffled; those of 32 batches are sorted by length, stably, and cut into batches,
    which are then shuffled. The same generator gives the same batches.

    Parameters
    ----------
    lengths : ndarray, shape (N,), int64
        Steps of each sequence.
    most_samples : int, optional
        Sequences of a batch at most; batches of a pool differ by one at most.
    most_steps : int, optional
        Sequences of a batch times the longest of them at most; a sequence that is longer is alone.
    generator : torch.Generator, optional
        Of the CPU. None: nothing is shuffled, all are sorted together, and the longest come first, so that
        memory that does not do is found out at once.

    Returns
    -------
    list of ndarray of int64
        Numbers of sequences; each is in one batch.

    Raises
    ------
    ConfigurationError
        If no limit is given.

    Examples
    --------
    >>> [batch.tolist() for batch in bucketed_batches(np.array([5, 900, 7, 800]), most_samples=2)]
    [[1, 3], [2, 0]]
    >>> [batch.tolist() for batch in bucketed_batches(np.array([5, 900, 7, 800]), most_steps=900)]
    [[1], [3], [2, 0]]
    """
    if most_samples is None and most_steps is None:
        raise ConfigurationError("batches need a limit: give most_samples, most_steps or both")
    if generator is None:
        return _cut(np.arange(len(lengths)), lengths, most_samples, most_steps)
    import torch  # not above: examples are described where there is no PyTorch

    order = torch.randperm(len(lengths), generator=generator).numpy()
    expected = len(lengths) / (most_samples or math.inf)
    if most_steps is not None:
        expected = max(expected, float(lengths.sum()) / most_steps)
    batches: list[NDArray[np.int64]] = []
    for pool in np.array_split(order, max(1, round(expected / POOLED_BATCHES))):
        batches += _cut(pool, lengths, most_samples, most_steps)
    return [batches[number] for number in torch.randperm(len(batches), generator=generator).tolist()]


def _cut(
    pool: NDArray[np.int64],
    lengths: NDArray[np.int64],
    most_samples: int | None,
    most_steps: int | None,
) -> list[NDArray[np.int64]]:
    """Sort sequences, the longest first, and cut them into batches."""
    if not len(pool):
        return []
    ordered = pool[np.argsort(-lengths[pool], kind="stable")]
    if most_steps is None:
        return np.array_split(ordered, -(-len(ordered) // (most_samples or 1)))
    batches, first = [], 0
    while first < len(ordered):
        # The first of a batch is its longest.
        samples = max(1, most_steps // max(1, int(lengths[ordered[first]])))
        last = first + (samples if most_samples is None else min(samples, most_samples))
        batches.append(ordered[first:last])
        first = last
    return batches
