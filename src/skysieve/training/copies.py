"""Oversampling: rare classes are shown several times an epoch, each time augmented anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples

__all__ = ["copies_per_class", "with_copies"]


def copies_per_class(labels: NDArray[np.int64], aim: int, most: int) -> NDArray[np.int64]:
    """Return how often each class is shown: ``min(most, round(aim / samples))``, and at least once.

    Parameters
    ----------
    labels : ndarray, shape (N,)
        Classes from 0.
    aim : int
        Samples that every class is to have.
    most : int
        Copies of a class at most: a few samples a thousand times are learned by heart.

    Returns
    -------
    ndarray, shape (K,), int64
        1 for a class without samples.

    References
    ----------
    T. Heilman 2016, Night Sky Net: an aim of 10 000 and 25 copies at most.

    Examples
    --------
    >>> copies_per_class(np.repeat([0, 1, 2], [20_000, 1_300, 33]), aim=10_000, most=25).tolist()
    [1, 8, 25]
    """
    counts = np.bincount(labels)
    wanted = np.rint(aim / np.maximum(counts, 1)).astype(np.int64)
    copies: NDArray[np.int64] = np.where(counts > 0, np.clip(wanted, 1, most), 1)
    return copies


def with_copies(examples: Examples, config: TrainingConfig) -> Examples:
    """Return the examples with every one as often as its class is to be shown; inputs are not copied."""
    if not config.copies or not len(examples):
        return examples
    copies = copies_per_class(examples.labels, config.copies, config.most_copies)
    return examples.take(np.repeat(np.arange(len(examples)), copies[examples.labels]))
