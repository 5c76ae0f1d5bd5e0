"""The figures of a classifier as one function, for resampling them in other ways than one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from skysieve.evaluation.evaluate import BINARY_FIGURES, CLASS_FIGURES
from skysieve.evaluation.metrics import binary_metrics, multiclass_metrics
from skysieve.evaluation.thresholds import Threshold

__all__ = ["HEADLINES", "figure_function", "headlines"]

#: What is drawn and printed first, as far as a classifier has it.
HEADLINES = (
    "roc_auc", "accuracy", "precision", "recall", "fpr", "balanced_accuracy", "macro_f1", "macro_roc_auc",
)  # fmt: skip


def figure_function(
    classes: tuple[str, ...], threshold: Threshold | None
) -> Callable[[NDArray[Any], NDArray[Any]], dict[str, float]]:
    """Return the function from labels and scores to the figures that `skysieve.evaluation.evaluate` has.

    Examples
    --------
    >>> import numpy as np
    >>> figures = figure_function(("bogus", "real"), None)(np.array([0, 1, 1]), np.array([0.2, 0.4, 0.9]))
    >>> figures["roc_auc"], figures["recall"]
    (1.0, 0.5)
    """
    cut = 0.5 if threshold is None else threshold.value

    def binary(labels: NDArray[Any], scores: NDArray[Any]) -> dict[str, float]:
        found = binary_metrics(labels, scores, cut)
        return {name: float(getattr(found, name)) for name in BINARY_FIGURES}

    def multiclass(labels: NDArray[Any], scores: NDArray[Any]) -> dict[str, float]:
        found = multiclass_metrics(labels, scores)
        by_class = {
            f"{figure}: {name}": float(value)
            for figure in ("recall", "precision")
            for name, value in zip(classes, getattr(found, figure), strict=True)
        }
        return {name: float(getattr(found, name)) for name in CLASS_FIGURES} | by_class

    return binary if len(classes) == 2 else multiclass


def headlines(names: list[str]) -> list[str]:
    """Return those of some figures that are told first, at most five.

    Examples
    --------
    >>> headlines(["log_loss", "recall: b", "accuracy", "roc_auc"])
    ['roc_auc', 'accuracy']
    """
    return [name for name in HEADLINES if name in names][:5]
