"""Figures of merit of a classifier, at one threshold and over all of them.

Whatever needs the order of the scores comes from scikit-learn; ratios of the
four counts of a confusion matrix are taken here from one count, because a
bootstrap asks for them a thousand times. A figure that the data do not define
(purity without a candidate, ROC without a bogus sample) is NaN, never 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from skysieve.errors import SampleSetError
from skysieve.evaluation.arrays import (
    FloatArray,
    IntArray,
    check_binary,
    check_fraction,
    check_labels,
    check_scores,
)
from skysieve.evaluation.reliability import expected_calibration_error

__all__ = [
    "BinaryMetrics",
    "Curves",
    "EqualError",
    "MulticlassMetrics",
    "binary_metrics",
    "curves",
    "multiclass_metrics",
    "precision_at_prevalence",
]


@dataclass(frozen=True, slots=True)
class BinaryMetrics:
    """Figures of a two-class classifier at one threshold; a score >= threshold is positive.

    ``precision`` is what astronomers call purity, ``recall`` completeness.
    ``fpr`` and ``fnr`` are the fractions of negatives called positive and of
    positives called negative; ``mcc`` is Matthews' correlation; ``brier``,
    ``log_loss`` (nats a sample) and ``ece`` (`expected_calibration_error`, 10
    equal-width bins) judge the probabilities themselves. ``confusion`` is
    ((true negatives, false positives), (false negatives, true positives)).
    Undefined figures are NaN.
    """

    n: int
    n_positive: int
    threshold: float
    roc_auc: float
    average_precision: float
    accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    fpr: float
    fnr: float
    f1: float
    mcc: float
    brier: float
    log_loss: float
    ece: float
    confusion: tuple[tuple[int, int], tuple[int, int]]


def binary_metrics(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> BinaryMetrics:
    """Judge probabilities of the positive class.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        0 (bogus) or 1 (real); every sample labelled.
    scores : array_like of float, shape (N,)
        Probability of class 1, finite, in [0, 1].
    threshold : float
        A score at or above it counts as positive.

    Raises
    ------
    SampleSetError
        If labels or scores break the rules above.

    Examples
    --------
    >>> figures = binary_metrics([0, 0, 1, 1, 1], [0.1, 0.6, 0.4, 0.7, 0.9], threshold=0.5)
    >>> round(figures.recall, 3), figures.fpr, figures.confusion
    (0.667, 0.5, ((1, 1), (1, 2)))
    """
    known, probabilities = check_binary(labels, scores)
    _require_probabilities(probabilities)
    called = probabilities >= threshold
    counts = np.bincount(2 * known + called, minlength=4)
    tn, fp, fn, tp = (int(count) for count in counts)
    return BinaryMetrics(
        n=known.size,
        n_positive=fn + tp,
        threshold=float(threshold),
        **_ranking_figures(known, probabilities),
        **_count_figures(tn, fp, fn, tp),
        **_probability_figures(known, probabilities),
        confusion=((tn, fp), (fn, tp)),
    )


@dataclass(frozen=True, slots=True)
class MulticlassMetrics:
    """Figures of a classifier of K classes that calls the most probable one.

    Tuples hold one figure a class, against all others, in the order of the
    classes. ``balanced_accuracy`` is the mean recall of the classes present,
    ``macro_roc_auc`` the mean of the defined ``roc_auc``; ``ece`` compares the
    probability of the called class with how often it is right, ``class_ece`` the
    probability of each class with how often a sample is of it.
    ``confusion[i][j]`` counts samples of class i called j.
    """

    n: int
    counts: tuple[int, ...]
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    macro_roc_auc: float
    roc_auc: tuple[float, ...]
    average_precision: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    class_ece: tuple[float, ...]
    log_loss: float
    ece: float
    confusion: tuple[tuple[int, ...], ...]


def multiclass_metrics(labels: npt.ArrayLike, scores: npt.ArrayLike) -> MulticlassMetrics:
    """Judge probabilities of K classes.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Class 0 ... K-1 of every sample.
    scores : array_like of float, shape (N, K)
        Probabilities, rows that sum to 1.

    Raises
    ------
    SampleSetError
        If labels or scores break the rules above.

    Examples
    --------
    >>> figures = multiclass_metrics([0, 1, 2], [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.5, 0.2, 0.3]])
    >>> round(figures.accuracy, 3), figures.recall
    (0.667, (1.0, 1.0, 0.0))
    """
    known, probabilities = _check_multiclass(labels, scores)
    k = probabilities.shape[1]
    called = probabilities.argmax(axis=1)
    confusion = np.bincount(k * known + called, minlength=k * k).reshape(k, k)
    recall, precision, f1 = _class_figures(confusion)
    ranking = [_ranking_figures((known == i).astype(np.int64), probabilities[:, i]) for i in range(k)]
    roc_auc = tuple(each["roc_auc"] for each in ranking)
    of_truth = probabilities[np.arange(known.size), known]
    return MulticlassMetrics(
        n=known.size,
        counts=tuple(int(count) for count in confusion.sum(axis=1)),
        accuracy=float((called == known).mean()),
        balanced_accuracy=_mean_of_defined(recall),
        macro_f1=_mean_of_defined(f1),
        macro_roc_auc=_mean_of_defined(roc_auc),
        roc_auc=roc_auc,
        average_precision=tuple(each["average_precision"] for each in ranking),
        precision=precision,
        recall=recall,
        f1=f1,
        class_ece=tuple(expected_calibration_error(known == i, probabilities[:, i]) for i in range(k)),
        log_loss=_mean_surprise(of_truth),
        ece=expected_calibration_error(called == known, probabilities.max(axis=1)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


class EqualError(NamedTuple):
    """Where the false-positive and false-negative rates meet, and their mean there."""

    threshold: float
    rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Rates at every distinct score, from the strictest threshold to the loosest.

    All arrays have the shape (M + 1,) for M distinct scores. The first
    threshold is infinity (nothing is called positive, and the precision is 1 by
    convention).
    """

    thresholds: FloatArray
    fpr: FloatArray
    recall: FloatArray
    precision: FloatArray

    @property
    def fnr(self) -> FloatArray:
        """False-negative rate, 1 - recall."""
        return 1 - self.recall

    @property
    def equal_error(self) -> EqualError:
        """The threshold where the two error rates differ least; ties go to the lower mean."""
        at = self.equal_error_index
        return EqualError(float(self.thresholds[at]), float(self.fpr[at] + self.fnr[at]) / 2)

    @property
    def equal_error_index(self) -> int:
        """Position of `equal_error` in the arrays; never the infinite threshold."""
        gap, mean = np.abs(self.fpr - self.fnr)[1:], (self.fpr + self.fnr)[1:]
        return 1 + int(np.lexsort((mean, gap))[0])


def curves(labels: npt.ArrayLike, scores: npt.ArrayLike) -> Curves:
    """Return the ROC, precision-recall and error-rate curves in one table.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        0 or 1; both must occur.
    scores : array_like of float, shape (N,)
        Any finite score that grows with the probability of class 1.

    Raises
    ------
    SampleSetError
        If only one class occurs, or the arrays do not fit together.

    Examples
    --------
    >>> curves([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]).recall
    array([0. , 0.5, 1. , 1. ])
    """
    known, array = check_binary(labels, scores)
    if known.min() == known.max():
        raise SampleSetError(f"all {known.size} samples are of class {known[0]}; curves need both classes")
    fpr, recall, thresholds = sk.roc_curve(known, array, drop_intermediate=False)
    precision = sk.precision_recall_curve(known, array)[0][::-1]
    # A threshold must compare with scores as they are stored, float32 mostly.
    return Curves(thresholds.astype(array.dtype), fpr, recall, precision)


def precision_at_prevalence(recall: float, fpr: float, prevalence: float) -> float:
    """Return the purity that these rates give where real objects have another share.

    A test set of half bogus flatters the purity of a survey in which one
    candidate in a hundred is real.

    Parameters
    ----------
    recall, fpr : float
        Rates in [0, 1], which do not depend on the share.
    prevalence : float
        Share of the positive class where the classifier will be used.

    Returns
    -------
    float
        Purity; NaN if nothing would be called positive.

    Examples
    --------
    >>> round(precision_at_prevalence(recall=0.99, fpr=0.01, prevalence=0.01), 3)
    0.5
    """
    for name, value in (("recall", recall), ("fpr", fpr), ("prevalence", prevalence)):
        check_fraction(name, value, closed=True)
    true, false = recall * prevalence, fpr * (1 - prevalence)
    return _ratio(true, true + false)


def _count_figures(tn: int, fp: int, fn: int, tp: int) -> dict[str, float]:
    """Return every figure that four counts define."""
    recall, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
    spread = float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return {
        "accuracy": _ratio(tp + tn, tn + fp + fn + tp),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": _ratio(tp, tp + fp),
        "recall": recall,
        "fpr": _ratio(fp, tn + fp),
        "fnr": _ratio(fn, tp + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "mcc": _ratio(float(tp) * tn - float(fp) * fn, spread**0.5),
    }


def _ranking_figures(labels: IntArray, scores: FloatArray) -> dict[str, float]:
    """Return what depends on the order of the scores only; NaN with one class."""
    if labels.min() == labels.max():
        return {"roc_auc": float("nan"), "average_precision": float("nan")}
    return {
        "roc_auc": float(sk.roc_auc_score(labels, scores)),
        "average_precision": float(sk.average_precision_score(labels, scores)),
    }


def _probability_figures(labels: IntArray, scores: FloatArray) -> dict[str, float]:
    """Return what judges the probabilities themselves."""
    probabilities = scores.astype(np.float64)
    return {
        "brier": float(np.mean((probabilities - labels) ** 2)),
        "log_loss": _mean_surprise(np.where(labels == 1, probabilities, 1 - probabilities)),
        "ece": expected_calibration_error(labels, probabilities),
    }


def _class_figures(confusion: IntArray) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return recall, precision and F1 of each class."""
    right, true, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    recall = tuple(_ratio(*pair) for pair in zip(right, true, strict=True))
    precision = tuple(_ratio(*pair) for pair in zip(right, called, strict=True))
    f1 = tuple(_ratio(2 * r, t + c) for r, t, c in zip(right, true, called, strict=True))
    return recall, precision, f1


def _mean_surprise(of_truth: FloatArray) -> float:
    """Mean of -log p of what was true; certainty in a mistake costs 36 nats, not infinity."""
    floor = np.finfo(np.float64).eps
    return float(-np.log(np.clip(of_truth.astype(np.float64), floor, 1)).mean())


def _mean_of_defined(values: tuple[float, ...]) -> float:
    defined = [value for value in values if value == value]
    return float(np.mean(defined)) if defined else float("nan")


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _require_probabilities(scores: FloatArray) -> None:
    outside = (scores < 0) | (scores > 1)
    if outside.any():
        first = int(outside.argmax())
        raise SampleSetError(
            f"score at position {first} is {scores.flat[first]}; expected probabilities in [0, 1] "
            "(are these logits? apply the calibration first)"
        )


def _check_multiclass(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[IntArray, npt.NDArray[Any]]:
    array = np.asarray(scores)
    if array.ndim != 2 or array.shape[1] < 2:
        raise SampleSetError(f"scores have the shape {array.shape}; expected (N, K) with K >= 2")
    known = check_labels(labels, classes=array.shape[1])
    probabilities = check_scores(array, known.size)
    _require_probabilities(probabilities)
    off = np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1)
    if off.max() > 1e-3:
        row = int(off.argmax())
        raise SampleSetError(f"the scores of row {row} sum to {probabilities[row].sum()}; expected 1")
    return known, probabilities
