"""How good a classifier is before a light curve is complete: by points seen, and by days seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_labels, check_scores
from skysieve.evaluation.intervals import Interval, bootstrap_interval, bootstrap_intervals

__all__ = ["Bin", "EarlyClassification", "Truncation", "accuracy_by_seen", "early_classification"]


@dataclass(frozen=True, slots=True)
class Truncation:
    """What is right when all curves are cut in one way.

    Parameters
    ----------
    name : str
        How they are cut: ``20 %``, ``30 d`` ...
    points, days : float
        Median of the points and of the days that are left of a curve.
    accuracy, balanced_accuracy : Interval
        Share of right classes; mean of the shares of each class. Intervals by bootstrap over groups.
    settled : Interval
        Share of the curves that are named as they are at this truncation and every later one.
    """

    name: str
    points: float
    days: float
    accuracy: Interval
    balanced_accuracy: Interval
    settled: Interval


@dataclass(frozen=True, slots=True)
class EarlyClassification:
    """Truncations from the shortest to the longest.

    Parameters
    ----------
    truncations : tuple of Truncation
        In the order in which they were given.
    gain : Interval
        Accuracy at the last truncation less that at the first, on the same curves.
    """

    truncations: tuple[Truncation, ...]
    gain: Interval

    def to_json(self) -> dict[str, Any]:
        """Return the fields as nested dictionaries."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bin:
    """Accuracy where so much of a curve was seen.

    Parameters
    ----------
    low, high : float
        Points or days from ``low`` to below ``high``; the last bin holds its upper edge.
    curves : int
        Predictions in it.
    accuracy : Interval
        NaN where there are none.
    """

    low: float
    high: float
    curves: int
    accuracy: Interval


def early_classification(
    labels: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike],
    *,
    points: Sequence[npt.ArrayLike],
    days: Sequence[npt.ArrayLike],
    groups: npt.ArrayLike,
    seed: int,
    level: float = 0.95,
    replicates: int = 1000,
) -> EarlyClassification:
    """Judge the predictions of one classifier on the same curves, cut earlier and later.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        True classes.
    scores : mapping of str to array_like, shape (N, K)
        Probabilities or logits of the K classes by the name of the truncation, the shortest first. The class
        of the largest is the prediction. Two classes have two columns.
    points, days : sequence of array_like, shape (N,)
        Points of each curve that were seen at each truncation, and days from the first to the last of them.
    groups : array_like, shape (N,)
        What must not be resampled apart.
    seed, level, replicates
        Of the bootstrap; all truncations are resampled together.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together, or a later truncation has seen fewer points of a curve.
    ConfigurationError
        If there is no truncation.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1])
    >>> early, late = np.array([[2, 1], [1, 2], [2, 1], [1, 2]]), np.array([[2, 1], [2, 1], [1, 2], [1, 2]])
    >>> found = early_classification(
    ...     labels,
    ...     {"10 %": early, "100 %": late},
    ...     points=[np.full(4, 5), np.full(4, 50)],
    ...     days=[np.full(4, 30.0), np.full(4, 2000.0)],
    ...     groups=np.arange(4),
    ...     seed=1,
    ... )
    >>> [(cut.name, cut.points, cut.accuracy.value, cut.settled.value) for cut in found.truncations]
    [('10 %', 5.0, 0.5, 0.5), ('100 %', 50.0, 1.0, 1.0)]
    """
    if not scores or len({len(scores), len(points), len(days)}) > 1:
        raise ConfigurationError(
            f"scores of {len(scores)} truncations, points of {len(points)}, days of {len(days)}; give one "
            "array of each for every truncation, and at least one"
        )
    named = _named(scores, np.asarray(labels).size)
    known = check_labels(labels, classes=named[1])
    codes = check_groups(groups, known.size)
    _check_seen(points, known.size, tuple(scores))
    found = _figures(known, named[0], codes, seed=seed, level=level, replicates=replicates)
    truncations = tuple(
        Truncation(
            name=name,
            points=float(np.median(np.asarray(points[number]))),
            days=float(np.median(np.asarray(days[number]))),
            accuracy=found[f"accuracy {number}"],
            balanced_accuracy=found[f"balanced {number}"],
            settled=found[f"settled {number}"],
        )
        for number, name in enumerate(scores)
    )
    return EarlyClassification(truncations, found["gain"])


def accuracy_by_seen(
    right: npt.ArrayLike,
    seen: npt.ArrayLike,
    edges: Sequence[float],
    *,
    groups: npt.ArrayLike,
    seed: int,
    level: float = 0.95,
    replicates: int = 1000,
) -> tuple[Bin, ...]:
    """Return accuracy against the number of points, or of days, that were seen.

    Parameters
    ----------
    right : array_like of bool, shape (M,)
        Whether each prediction is right. A curve may be there several times, cut at different points.
    seen : array_like, shape (M,)
        Points or days behind each prediction.
    edges : sequence of float
        Of the bins, increasing. Predictions outside are left out.
    groups : array_like, shape (M,)
        What must not be resampled apart: at least all predictions of one curve.
    seed, level, replicates
        Of the bootstrap.

    Raises
    ------
    SampleSetError
        If the arrays differ in length.
    ConfigurationError
        If the edges do not increase.

    Examples
    --------
    >>> bins = accuracy_by_seen([0, 1, 1, 1], [3, 8, 12, 50], (0, 10, 50), groups=[0, 1, 0, 1], seed=1)
    >>> [(each.curves, each.accuracy.value) for each in bins]
    [(2, 0.5), (2, 1.0)]
    """
    bounds = np.asarray(edges, dtype=np.float64)
    if bounds.ndim != 1 or bounds.size < 2 or not (np.diff(bounds) > 0).all():
        raise ConfigurationError(f"edges of bins increase, at least two; found {list(edges)}")
    correct, amount = np.asarray(right, dtype=np.float64), np.asarray(seen, dtype=np.float64)
    if correct.shape != amount.shape or correct.ndim != 1:
        raise SampleSetError(
            f"{correct.shape} predictions have {amount.shape} amounts seen; give one for each"
        )
    codes = check_groups(groups, correct.size)
    last = bounds.size - 2
    bins = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        inside = (amount >= low) & ((amount <= high) if number == last else (amount < high))
        nothing = Interval(float("nan"), float("nan"), float("nan"), level, 0, "percentile")
        accuracy = nothing
        if inside.any():
            accuracy = bootstrap_interval(
                np.mean,
                correct[inside],
                groups=codes[inside],
                replicates=replicates,
                level=level,
                seed=seed,
            )
        bins.append(Bin(float(low), float(high), int(inside.sum()), accuracy))
    return tuple(bins)


def _named(scores: Mapping[str, npt.ArrayLike], n: int) -> tuple[IntArray, int]:
    """Return the predicted class of each curve at each truncation, (N, truncations), and the classes."""
    columns, classes = [], set()
    for name, of_truncation in scores.items():
        array = check_scores(of_truncation, n)
        if array.ndim != 2 or array.shape[1] < 2:
            raise SampleSetError(
                f"scores of truncation {name!r} have the shape {array.shape}; expected a column for each of "
                "at least two classes"
            )
        columns.append(array.argmax(axis=1))
        classes.add(array.shape[1])
    if len(classes) > 1:
        raise SampleSetError(f"truncations have scores of {sorted(classes)} classes; expected one number")
    return np.stack(columns, axis=1).astype(np.int64), classes.pop()


def _check_seen(points: Sequence[npt.ArrayLike], n: int, names: tuple[str, ...]) -> None:
    arrays = [np.asarray(of_truncation) for of_truncation in points]
    wrong = [array.shape for array in arrays if array.shape != (n,)]
    if wrong:
        raise SampleSetError(f"{n} curves have points seen of shape {wrong[0]}; give one number for each")
    for number in range(1, len(arrays)):
        fewer = np.flatnonzero(arrays[number] < arrays[number - 1])
        if fewer.size:
            raise SampleSetError(
                f"of curve {fewer[0]} truncation {names[number]!r} has seen fewer points than "
                f"{names[number - 1]!r}; give the shortest truncation first"
            )


def _figures(
    known: IntArray, named: IntArray, codes: IntArray, *, seed: int, level: float, replicates: int
) -> dict[str, Interval]:
    right = named == known[:, None]
    # Settled: equal to the last prediction from here on.
    same = named == named[:, -1:]
    settled = np.logical_and.accumulate(same[:, ::-1], axis=1)[:, ::-1]
    indicator = known[:, None] == np.unique(known)

    def figures(right: FloatArray, settled: FloatArray, indicator: FloatArray) -> dict[str, float]:
        of_class = indicator.sum(axis=0)
        # A class of which no member was drawn is left out of the mean.
        recall = (indicator.T @ right)[of_class > 0] / of_class[of_class > 0, None]
        accuracy = right.mean(axis=0)
        found = {"gain": float(accuracy[-1] - accuracy[0])}
        for number in range(right.shape[1]):
            found[f"accuracy {number}"] = float(accuracy[number])
            found[f"balanced {number}"] = float(recall[:, number].mean())
            found[f"settled {number}"] = float(settled[:, number].mean())
        return found

    return bootstrap_intervals(
        figures,
        right.astype(np.float64),
        settled.astype(np.float64),
        indicator.astype(np.float64),
        groups=codes,
        replicates=replicates,
        level=level,
        seed=seed,
    )
