"""The figures of each epoch: what the learning curves are drawn from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.training.losses import LABEL_LOSSES, sample_losses
from skysieve.training.vote_losses import target_losses

__all__ = ["EpochRecord", "Figures", "figures_of", "write_history"]


@dataclass(frozen=True)
class Figures:
    """How well logits fit labels, each sample counting with its weight.

    Parameters
    ----------
    loss : float
        Mean of the loss that the network is trained on, natural logarithms; of one that is trained on
        focal loss its cross-entropy, which says how likely the labels are.
    accuracy : float
        Part of the samples whose most probable class is right.
    balanced_accuracy : float
        Mean over the classes present of that part.
    """

    loss: float
    accuracy: float
    balanced_accuracy: float


@dataclass(frozen=True)
class EpochRecord:
    """One row of the history.

    Parameters
    ----------
    epoch : int
        From 1.
    learning_rate : float
        Of the last step of the epoch.
    training_loss, training_accuracy : float
        Means over the steps of the epoch, thus with dropout, augmentation and
        class weights, and while the weights changed.
    validation_loss, validation_accuracy, validation_balanced_accuracy : float
        After the epoch, without any of those and without the factor of focal loss.
    """

    epoch: int
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_balanced_accuracy: float


def figures_of(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
    *,
    targets: NDArray[np.float32] | None = None,
    loss: str = "cross-entropy",
) -> Figures:
    """Return the loss, and accuracies of logits (N, outputs) for labels (N,).

    Parameters
    ----------
    logits, labels, weights
        Of the samples.
    targets, loss
        What the loss compares with and its name, as of `skysieve.training.vote_losses.target_losses`; focal
        loss is told as cross-entropy.

    Examples
    --------
    >>> figures_of(np.array([[-20.0], [20.0], [20.0]], np.float32), np.array([0, 0, 1])).balanced_accuracy
    0.75
    """
    counts = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
    of_samples = (
        sample_losses(torch.from_numpy(logits), torch.from_numpy(labels))
        if loss in LABEL_LOSSES or targets is None
        else target_losses(loss, torch.from_numpy(logits), torch.from_numpy(targets))
    )
    losses = of_samples.numpy().astype(np.float64)
    right = predicted_classes(logits) == labels
    total_of_class = np.bincount(labels, counts)
    right_of_class = np.bincount(labels, counts * right)
    present = total_of_class > 0
    return Figures(
        loss=float(losses @ counts / counts.sum()),
        accuracy=float(right @ counts / counts.sum()),
        balanced_accuracy=float((right_of_class[present] / total_of_class[present]).mean()),
    )


def predicted_classes(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the most probable class of each row of logits (N, outputs)."""
    single = logits.shape[1] == 1
    return (logits[:, 0] > 0).astype(np.int64) if single else logits.argmax(1).astype(np.int64)


def write_history(history: Sequence[EpochRecord], folder: Path) -> None:
    """Write ``history.csv`` and ``history.json``, a row an epoch."""
    rows = [asdict(record) for record in history]
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(folder / "history.csv") as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    with replacing(folder / "history.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
