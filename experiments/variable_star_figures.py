"""How well classes of variable stars are told apart, rules that give a class, and probabilities on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, matthews_corrcoef

from skysieve.atomic_file import replacing

__all__ = [
    "balancing",
    "by_class",
    "figures",
    "load_probabilities",
    "save_probabilities",
    "spread",
    "summary",
]

#: Powers of the classes' shares by which probabilities may be divided.
POWERS = np.linspace(0, 1, 21)


def figures(labels: NDArray[np.int64], called: NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy, balanced accuracy, macro-F1 and Matthews' correlation."""
    return {
        "accuracy": float(accuracy_score(labels, called)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, called)),
        "macro_f1": float(f1_score(labels, called, average="macro")),
        "mcc": float(matthews_corrcoef(labels, called)),
    }


def balancing(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights of the classes for which accuracy + balanced accuracy of the given samples is highest.

    They are powers of one over the share of each class: one number to choose, where a weight for each class
    would follow the few samples of the rare ones.
    """
    shares = np.bincount(labels, minlength=probabilities.shape[1]) / len(labels)
    weights = [np.maximum(shares, 1 / len(labels)) ** -power for power in POWERS]
    sums = []
    for each in weights:
        found = figures(labels, (probabilities * each).argmax(1))
        sums.append(found["accuracy"] + found["balanced_accuracy"])
    return np.asarray(weights[int(np.argmax(sums))])


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return values of the folds with their mean and standard deviation (of the population)."""
    return {
        "by_fold": [round(value, 4) for value in values],
        "mean": float(np.mean(values)),
        "sd": float(np.std(values)),
    }


def summary(by_fold: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return the spread of every figure over the folds."""
    return {name: spread([each[name] for each in by_fold]) for name in by_fold[0]}


def by_class(
    labels: NDArray[np.int64], called: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return purity and completeness of every class, and what its samples were called."""
    told = {}
    for number, name in enumerate(classes):
        own, given = labels == number, called == number
        told[name] = {
            "count": int(own.sum()),
            "purity": float((own & given).sum() / max(given.sum(), 1)),
            "completeness": float((own & given).sum() / max(own.sum(), 1)),
            "called": np.bincount(called[own], minlength=len(classes)).tolist(),
        }
    return told


def save_probabilities(folder: Path, fold: int, parts: Mapping[str, NDArray[np.float64]]) -> None:
    """Write the probabilities of the ``validation`` and ``test`` rows of one fold, and other numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"fold_{fold}.npz") as partial, partial.open("wb") as stream:
        arrays: dict[str, Any] = {name: np.asarray(each, dtype=np.float32) for name, each in parts.items()}
        np.savez(stream, **arrays)


def load_probabilities(folder: Path, fold: int) -> dict[str, NDArray[np.float64]]:
    """Read what `save_probabilities` wrote."""
    with np.load(folder / f"fold_{fold}.npz") as file:
        return {name: file[name].astype(np.float64) for name in file.files}
