"""Judge the scores of one split: every figure with its interval, in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_labels, check_scores
from skysieve.evaluation.calibration import Sigmoid, Softmax
from skysieve.evaluation.completeness import CompletenessPurity, completeness_purity
from skysieve.evaluation.intervals import Interval, bootstrap_intervals, wilson_interval
from skysieve.evaluation.metrics import (
    BinaryMetrics,
    Curves,
    MulticlassMetrics,
    binary_metrics,
    curves,
    multiclass_metrics,
)
from skysieve.evaluation.prevalence import PrecisionByShare, precision_by_share
from skysieve.evaluation.reliability import ReliabilityCurve, reliability
from skysieve.evaluation.thresholds import Threshold, fixed

__all__ = ["Evaluation", "evaluate", "json_ready"]

BINARY_FIGURES = (
    "roc_auc", "average_precision", "accuracy", "balanced_accuracy", "precision", "recall", "fpr", "fnr",
    "f1", "mcc", "brier", "log_loss", "ece",
)  # fmt: skip
CLASS_FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc", "log_loss", "ece")
OF_EACH_CLASS = {"recall": "recall", "precision": "precision", "f1": "f1", "ece": "class_ece"}
POINTS_IN_JSON = 200


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What `evaluate` found on one split.

    Parameters
    ----------
    split : str
        Name of the split.
    classes : tuple of str
        Names of the classes; of two, the second is the positive one.
    threshold : Threshold or None
        The cut behind the figures; None for more than two classes, where the
        most probable class is called.
    n_groups : int
        Number of groups, the units of the bootstrap.
    metrics : BinaryMetrics or MulticlassMetrics
        The figures.
    intervals : dict of str to Interval
        The figures by name with their intervals; for more than two classes also
        ``recall: <class>``, ``precision: <class>``, ``f1: <class>`` and ``ece: <class>``. Where true
        shares are known, also ``precision_at_prevalence``, for more than two classes
        ``precision_at_prevalence: <class>``.
    precision : PrecisionByShare
        How the precision depends on the shares of the classes, in figures and in words.
    curves : Curves or None
        None unless both of two classes occur.
    reliability : ReliabilityCurve
        Of the positive class, or of the called class among more than two.
    uncalibrated : ReliabilityCurve or None
        The same before calibration, if logits were given.
    completeness : CompletenessPurity or None
        If magnitudes were given.
    labels, scores, ids : ndarray
        What was judged, row by row.
    """

    split: str
    classes: tuple[str, ...]
    threshold: Threshold | None
    n_groups: int
    metrics: BinaryMetrics | MulticlassMetrics
    intervals: dict[str, Interval]
    precision: PrecisionByShare
    curves: Curves | None
    reliability: ReliabilityCurve
    uncalibrated: ReliabilityCurve | None
    completeness: CompletenessPurity | None
    labels: IntArray = field(repr=False)
    scores: FloatArray = field(repr=False)
    ids: npt.NDArray[Any] = field(repr=False)

    @property
    def called(self) -> IntArray:
        """Class that each sample is called, int64 of shape (N,)."""
        if self.threshold is None:
            return np.asarray(self.scores.argmax(axis=1), dtype=np.int64)
        return np.asarray(self.scores >= self.threshold.value, dtype=np.int64)

    @property
    def threshold_saw_split(self) -> bool:
        """Whether the threshold was chosen on these very labels, which flatters the figures."""
        return self.threshold is not None and self.threshold.split == self.split

    def worst_mistakes(self, truth: int, limit: int) -> IntArray:
        """Return the rows of class ``truth`` that are called another, the surest mistake first."""
        wrong = np.flatnonzero((self.labels == truth) & (self.called != truth))
        of_truth = self.scores[wrong, truth] if self.threshold is None else self._of_truth(wrong, truth)
        return wrong[np.argsort(of_truth, kind="stable")][:limit]

    def surest_mistakes(self, limit: int) -> IntArray:
        """Return the rows that are called another class than theirs, the most probable wrong call first."""
        called = self.called
        wrong = np.flatnonzero(called != self.labels)
        of_called = self.scores[wrong, called[wrong]] if self.threshold is None else self._of_call(wrong)
        return wrong[np.argsort(-of_called, kind="stable")][:limit]

    def to_json(self) -> dict[str, Any]:
        """Return figures, intervals and curves (200 points each) as plain JSON; undefined is null."""
        found = {
            "split": self.split,
            "classes": list(self.classes),
            "threshold": self.threshold.to_json() if self.threshold else None,
            "n_groups": self.n_groups,
            "metrics": asdict(self.metrics),
            "intervals": {name: interval.to_json() for name, interval in self.intervals.items()},
            "precision_by_share": self.precision.to_json(),
            "curves": _thinned(self.curves) if self.curves else None,
            "reliability": asdict(self.reliability),
            "uncalibrated": asdict(self.uncalibrated) if self.uncalibrated else None,
            "completeness": self.completeness.to_json() if self.completeness else None,
        }
        ready: dict[str, Any] = json_ready(found)
        return ready

    def _of_call(self, rows: IntArray) -> FloatArray:
        of_call: FloatArray = np.where(self.called[rows] == 1, self.scores[rows], 1 - self.scores[rows])
        return of_call

    def _of_truth(self, rows: IntArray, truth: int) -> FloatArray:
        return self.scores[rows] if truth == 1 else 1 - self.scores[rows]


def evaluate(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    groups: npt.ArrayLike,
    split: str,
    seed: int,
    threshold: Threshold | None = None,
    classes: Sequence[str] = ("bogus", "real"),
    logits: npt.ArrayLike | None = None,
    magnitudes: npt.ArrayLike | None = None,
    magnitude_name: str = "magnitude",
    ids: npt.ArrayLike | None = None,
    shares: Mapping[str, float] | None = None,
    level: float = 0.95,
    replicates: int = 1000,
) -> Evaluation:
    """Judge scores against labels, with intervals from a bootstrap over groups.

    A rate of exactly 0 or 1 has no spread in a bootstrap; it gets Wilson's
    interval instead, with groups as trials. The calibration error of a resample
    is biased upwards, so that the interval of ``ece`` lies high.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Class of every sample; leave unlabelled ones out.
    scores : array_like of float, shape (N,) or (N, K)
        Probability of class 1, or of each of K classes.
    groups : array_like, shape (N,)
        What must not be resampled apart: object, patient, night.
    split : str
        Name of the split: ``test``.
    seed : int
        Seed of the bootstrap.
    threshold : Threshold, optional
        For scores (N,): the cut, chosen on another split; 0.5 if left out.
    classes : sequence of str
        Names of the classes, in the order of the labels.
    logits : array_like, shape of the scores or (N, 1), optional
        Raw network output, to show reliability before calibration.
    magnitudes : array_like of float, shape (N,), optional
        Column for completeness and purity, for two classes; NaN is left out and counted.
    magnitude_name : str
        Its name.
    ids : array_like, shape (N,), optional
        Names of the samples; their positions if left out.
    shares : mapping of str to float, optional
        True shares of the classes where the model will be used, or of some of them: the others divide
        the rest as they do among these samples.
    level, replicates
        Of the intervals.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together or hold unlabelled samples.
    ConfigurationError
        If classes or threshold do not fit the scores, or shares not the classes.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 400)
    >>> scores = 1 / (1 + np.exp(-rng.normal(4 * labels - 2, 1.5)))
    >>> found = evaluate(labels, scores, groups=np.arange(400), split="test", seed=1)
    >>> print(found.intervals["roc_auc"])
    0.9727 [0.9579, 0.9861]
    """
    array = np.asarray(scores)
    known = check_labels(labels, classes=len(classes))
    array = check_scores(array, known.size)
    _check_classes(array, classes, threshold)
    codes = check_groups(groups, known.size)
    cut = (threshold or fixed(0.5)) if array.ndim == 1 else None
    draw = partial(bootstrap_intervals, groups=codes, level=level, replicates=replicates, seed=seed)
    if cut is not None:
        metrics: BinaryMetrics | MulticlassMetrics = binary_metrics(known, array, cut.value)
        intervals = draw(_binary_figures(cut.value), known, array)
        called = (array >= cut.value).astype(np.int64)
        intervals |= _wilson_at_the_ends(intervals, known, called == 1, codes, level)
    else:
        metrics = multiclass_metrics(known, array)
        intervals = draw(_class_figures(tuple(classes)), known, array)
        called = array.argmax(axis=1)
        intervals |= _wilson_of_classes(intervals, known, called, classes, codes, level)
    by_share = precision_by_share(
        known, called, classes, codes, shares=shares, level=level, replicates=replicates, seed=seed
    )
    both = cut is not None and known.min() != known.max()
    return Evaluation(
        split=split,
        classes=tuple(classes),
        threshold=cut,
        n_groups=int(codes.max()) + 1,
        metrics=metrics,
        intervals=intervals | _at_prevalence(by_share),
        precision=by_share,
        curves=curves(known, array) if both else None,
        reliability=_reliability(known, array),
        uncalibrated=None if logits is None else _reliability(known, _uncalibrated(logits, array)),
        completeness=None
        if magnitudes is None or cut is None
        else completeness_purity(magnitudes, known, array, cut.value, column=magnitude_name, level=level),
        labels=known,
        scores=array,
        ids=_ids(ids, known.size),
    )


def json_ready(value: Any) -> Any:
    """Return ``value`` with arrays as lists, NumPy scalars as numbers and what is not finite as None.

    Examples
    --------
    >>> json_ready({"auc": float("nan"), "confusion": ((1, 2), (3, 4))})
    {'auc': None, 'confusion': [[1, 2], [3, 4]]}
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return json_ready(value.tolist())
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _binary_figures(threshold: float) -> Any:
    def figures(labels: IntArray, scores: FloatArray) -> dict[str, float]:
        found = binary_metrics(labels, scores, threshold)
        return {name: getattr(found, name) for name in BINARY_FIGURES}

    return figures


def _class_figures(classes: tuple[str, ...]) -> Any:
    def figures(labels: IntArray, scores: FloatArray) -> dict[str, float]:
        found = multiclass_metrics(labels, scores)
        by_class = {
            f"{figure}: {name}": value
            for figure, field_name in OF_EACH_CLASS.items()
            for name, value in zip(classes, getattr(found, field_name), strict=True)
        }
        return {name: getattr(found, name) for name in CLASS_FIGURES} | by_class

    return figures


def _at_prevalence(found: PrecisionByShare) -> dict[str, Interval]:
    """Return the precisions on the sky, where it is known, under the names of figures."""
    name = "precision_at_prevalence"
    if len(found.classes) == 2:
        return {} if found.main.sky is None else {name: found.main.sky.precision}
    return {f"{name}: {each.name}": each.sky.precision for each in found.classes if each.sky is not None}


def _wilson_at_the_ends(
    intervals: Mapping[str, Interval],
    labels: IntArray,
    called: npt.NDArray[np.bool_],
    codes: IntArray,
    level: float,
) -> dict[str, Interval]:
    """Return Wilson's interval for each rate of two classes that is exactly 0 or 1."""
    among = {
        "accuracy": np.ones(labels.shape, dtype=bool),
        "precision": called,
        "recall": labels == 1,
        "fnr": labels == 1,
        "fpr": labels == 0,
    }
    return _wilson(intervals, among, codes, level)


def _wilson_of_classes(
    intervals: Mapping[str, Interval],
    labels: IntArray,
    called: IntArray,
    classes: Sequence[str],
    codes: IntArray,
    level: float,
) -> dict[str, Interval]:
    """Return Wilson's interval for accuracy, recalls and precisions that are exactly 0 or 1."""
    among = {"accuracy": np.ones(labels.shape, dtype=bool)}
    for k, name in enumerate(classes):
        among |= {f"recall: {name}": labels == k, f"precision: {name}": called == k}
    return _wilson(intervals, among, codes, level)


def _wilson(
    intervals: Mapping[str, Interval],
    among: Mapping[str, npt.NDArray[np.bool_]],
    codes: IntArray,
    level: float,
) -> dict[str, Interval]:
    """Return intervals with groups as trials: a bootstrap has no spread where all are right, or none."""
    trials = {name: np.unique(codes[rows]).size for name, rows in among.items()}
    return {
        name: wilson_interval(round(intervals[name].value * n), n, level=level)
        for name, n in trials.items()
        if intervals[name].value in (0.0, 1.0)
    }


def _check_classes(scores: FloatArray, classes: Sequence[str], threshold: Threshold | None) -> None:
    expected = 2 if scores.ndim == 1 else scores.shape[-1]
    if scores.ndim > 2 or len(classes) != expected:
        raise ConfigurationError(
            f"{len(classes)} classes ({', '.join(classes)}) and scores of shape {scores.shape}; "
            "expected two classes for (N,), K classes for (N, K)"
        )
    if threshold is not None and scores.ndim == 2:
        raise ConfigurationError(
            f"a threshold ({threshold}) has no meaning for scores of shape {scores.shape}: "
            "the most probable class is called; leave it out"
        )


def _reliability(labels: IntArray, scores: FloatArray) -> ReliabilityCurve:
    if scores.ndim == 1:
        return reliability(labels, scores)
    return reliability(scores.argmax(axis=1) == labels, scores.max(axis=1))


def _uncalibrated(logits: npt.ArrayLike, scores: FloatArray) -> FloatArray:
    array = np.asarray(logits, dtype=np.float64)
    found: FloatArray = Sigmoid()(array) if scores.ndim == 1 else Softmax()(array)
    if found.shape != scores.shape:
        raise SampleSetError(f"logits of shape {array.shape} beside scores of shape {scores.shape}")
    return found


def _ids(ids: npt.ArrayLike | None, n: int) -> npt.NDArray[Any]:
    if ids is None:
        return np.arange(n).astype(str)
    names = np.asarray(ids)
    if names.shape != (n,):
        raise SampleSetError(f"ids have the shape {names.shape}; expected ({n},), one a sample")
    return names.astype(str)


def _thinned(table: Curves) -> dict[str, FloatArray]:
    at = np.unique(np.linspace(0, table.thresholds.size - 1, POINTS_IN_JSON).astype(np.int64))
    return {name: getattr(table, name)[at] for name in ("thresholds", "fpr", "recall", "precision")}
