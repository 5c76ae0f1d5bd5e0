"""Losses of logits, and how much each sample counts in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from skysieve.errors import SampleSetError
from skysieve.training.examples import Examples

__all__ = ["LABEL_LOSSES", "check_labels", "class_balance", "sample_losses", "training_weights"]

#: Losses that compare with the class of a sample alone.
LABEL_LOSSES = ("cross-entropy", "focal")

SMALLEST_DOUBT = 1e-30
"""Below it 1 - p counts as this: the slope of a root is infinite at zero."""


def sample_losses(
    logits: Tensor, labels: Tensor, label_smoothing: float = 0.0, focal_gamma: float = 0.0
) -> Tensor:
    """Return the loss of each sample.

    Binary cross-entropy for one output, else cross-entropy, in natural
    logarithms; times (1 - p)^gamma, p being the probability of the true class,
    for focal loss (Lin et al. 2017, arXiv:1708.02002). Its alpha is what class
    weights are.

    Parameters
    ----------
    logits : Tensor, shape (N, outputs)
        Any floating dtype; computed with in float32.
    labels : Tensor, shape (N,), int64
        Classes from 0.
    label_smoothing : float
        Part of every target that is spread over all classes.
    focal_gamma : float
        From 0, which is cross-entropy; not together with ``label_smoothing``.

    Returns
    -------
    Tensor, shape (N,), float32

    Examples
    --------
    >>> import torch
    >>> sample_losses(torch.zeros(1, 1), torch.tensor([1]))
    tensor([0.6931])
    >>> sample_losses(torch.zeros(1, 1), torch.tensor([1]), focal_gamma=2)
    tensor([0.1733])
    """
    losses = _cross_entropies(logits.float(), labels, label_smoothing)
    if focal_gamma == 0:
        return losses
    return losses * (-torch.expm1(-losses)).clamp(min=SMALLEST_DOUBT) ** focal_gamma


def _cross_entropies(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    if logits.shape[1] > 1:
        return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=label_smoothing)
    targets = labels * (1 - label_smoothing) + label_smoothing / 2
    return functional.binary_cross_entropy_with_logits(logits[:, 0], targets.float(), reduction="none")


def class_balance(
    labels: NDArray[np.int64], weights: NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    """Return the factor of each class that makes all classes count the same.

    It is W / (K W_class), W being the summed weights of the samples; a class
    without any has 0.

    Examples
    --------
    >>> class_balance(np.array([0, 1, 1, 1]), np.ones(4), classes=2)
    array([2.        , 0.66666667])
    """
    totals = np.bincount(labels, weights, minlength=classes)
    factors: NDArray[np.float64] = np.divide(
        totals.sum(), classes * totals, where=totals > 0, out=np.zeros(classes)
    )
    return factors


def training_weights(examples: Examples, outputs: int, balanced: bool) -> NDArray[np.float32]:
    """Return how much each example counts in the training loss; the mean is 1."""
    weights: NDArray[Any] = (
        np.ones(len(examples)) if examples.weights is None else examples.weights.astype(np.float64)
    )
    if balanced:
        weights = weights * class_balance(examples.labels, weights, max(outputs, 2))[examples.labels]
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def check_labels(examples: Examples, outputs: int, split: str) -> None:
    """Check that the labels of a split fit the outputs of a network.

    Raises
    ------
    SampleSetError
        If the split is empty or has no weight, a label is too large, or, for
        training, only one class is present.
    """
    if not len(examples):
        raise SampleSetError(f"the {split} split has no samples; give it at least one")
    if examples.weights is not None and not examples.weights.any():
        raise SampleSetError(
            f"all weights of the {split} split are zero; give at least one sample some weight"
        )
    classes = max(outputs, 2)
    if examples.labels.max() >= classes:
        raise SampleSetError(
            f"the {split} split has label {examples.labels.max()}, but a network of {outputs} outputs takes "
            f"labels 0 to {classes - 1}; build it with more outputs or map the labels"
        )
    counted = examples.labels if examples.weights is None else examples.labels[examples.weights > 0]
    present = np.unique(counted)
    if split == "training" and len(present) < 2:
        raise SampleSetError(
            f"all {len(counted)} training samples are of class {present[0]}; "
            "training needs at least two classes: check the labels and the split"
        )
