"""Sets of classes that hold the truth as often as was asked for: split conformal prediction.

The samples that set the threshold must be exchangeable with those it is used on. Samples of one object are
not independent, so the group is what counts: every group has the same weight however many samples it brings,
and the guarantee is for a sample of a new group (Lee, Barber & Willett 2023, arXiv:2306.06342). With one
sample a group this is the usual method.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import (
    FloatArray,
    IntArray,
    check_fraction,
    check_groups,
    check_labels,
    check_scores,
)

__all__ = ["ConformalSets", "fit_conformal", "least_groups", "nonconformity"]

Method = Literal["lac", "aps"]


@dataclass(frozen=True, slots=True)
class ConformalSets:
    """The map from probabilities to sets of classes.

    Parameters
    ----------
    method : {"lac", "aps"}
        As of `nonconformity`.
    coverage : float
        How often a set is to hold the truth.
    thresholds : tuple of float
        Largest nonconformity of a class that is in the set: one for all classes, or one a class.
        Infinite: the class is always in.
    groups : tuple of int
        How many groups each threshold rests on.
    """

    method: Method
    coverage: float
    thresholds: tuple[float, ...]
    groups: tuple[int, ...]

    def __call__(self, probabilities: npt.ArrayLike, *, seed: int = 1) -> npt.NDArray[np.bool_]:
        """Return which classes are in the set of each sample.

        Parameters
        ----------
        probabilities : array_like, shape (N,) or (N, K)
            Of the second of two classes, or of each.
        seed : int
            Of the random part of ``aps``; another than that of the samples that set the threshold.

        Returns
        -------
        ndarray of bool, shape (N, K)
            A row may be empty: no class is likely enough, as for a sample unlike all others.
        """
        scores = nonconformity(probabilities, self.method, seed=seed)
        inside: npt.NDArray[np.bool_] = scores <= np.asarray(self.thresholds)[None, :]
        return inside

    def to_json(self) -> dict[str, Any]:
        """Return the fields; an infinite threshold becomes None."""
        finite = [value if math.isfinite(value) else None for value in self.thresholds]
        return asdict(self) | {"thresholds": finite, "groups": list(self.groups)}


def fit_conformal(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    coverage: float,
    method: Method = "lac",
    class_conditional: bool = False,
    seed: int = 0,
) -> ConformalSets:
    """Choose thresholds on samples that the network did not learn from.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        True classes.
    probabilities : array_like, shape (N,) or (N, K)
        Of the second of two classes, or of each.
    groups : array_like, shape (N,)
        Object, night, patient: what is independent of the rest.
    coverage : float
        How often a set is to hold the truth, between 0 and 1.
    method : {"lac", "aps"}
        As of `nonconformity`.
    class_conditional : bool
        Ask the coverage of each class on its own (Vovk 2012), not on average over all samples. Needs
        enough groups of every class.
    seed : int
        Of the random part of ``aps``.

    Raises
    ------
    ConfigurationError
        If coverage or method do not exist.
    SampleSetError
        If there are too few groups for the coverage; the message says how many are needed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 500)
    >>> scores = 1 / (1 + np.exp(-rng.normal(3 * labels - 1.5, 1.5)))
    >>> sets = fit_conformal(labels, scores, np.arange(500), coverage=0.9)
    >>> sets([0.02, 0.5, 0.97]).tolist()
    [[True, False], [True, True], [False, True]]
    """
    check_fraction("coverage", coverage)
    columns = _columns(probabilities)
    known = check_labels(labels, classes=columns.shape[1])
    codes = check_groups(groups, known.size)
    of_truth = nonconformity(columns, method, seed=seed)[np.arange(known.size), known]
    if not class_conditional:
        _check_enough(codes, coverage, "")
        count = np.unique(codes).size
        threshold = _threshold(of_truth, codes, coverage)
        return ConformalSets(method, coverage, (threshold,), (count,))
    thresholds, counts = [], []
    for number in range(columns.shape[1]):
        rows = known == number
        _check_enough(codes[rows], coverage, f" of class {number}")
        thresholds.append(_threshold(of_truth[rows], codes[rows], coverage))
        counts.append(int(np.unique(codes[rows]).size))
    return ConformalSets(method, coverage, tuple(thresholds), tuple(counts))


def nonconformity(probabilities: npt.ArrayLike, method: Method, *, seed: int = 0) -> FloatArray:
    """Return how badly each class fits each sample, shape (N, K).

    Parameters
    ----------
    probabilities : array_like, shape (N,) or (N, K)
        Of the second of two classes, or of each.
    method : {"lac", "aps"}
        ``lac``: one minus the probability of the class; the smallest sets on average (Sadinle, Lei &
        Wasserman 2019). ``aps``: the probability of all classes that are likelier, and a random part of
        its own; larger sets that adapt to how hard a sample is (Romano, Sesia & Candes 2020).
    seed : int
        Of the random part; the same number of rows and seed give the same.

    Raises
    ------
    ConfigurationError
        If there is no such method.
    SampleSetError
        If probabilities are not finite.

    Examples
    --------
    >>> nonconformity([[0.5, 0.3, 0.2]], "lac").tolist()
    [[0.5, 0.7, 0.8]]
    """
    if method not in get_args(Method):
        raise ConfigurationError(f"conformal method {method!r}; expected {' or '.join(get_args(Method))}")
    columns = _columns(probabilities)
    if method == "lac":
        return 1 - columns
    order = np.argsort(-columns, axis=1, kind="stable")
    ranked = np.take_along_axis(columns, order, axis=1)
    part = np.random.default_rng(seed).random((len(columns), 1))
    scores = np.empty_like(columns)
    np.put_along_axis(scores, order, np.cumsum(ranked, axis=1) - ranked + part * ranked, axis=1)
    return scores


def least_groups(coverage: float) -> int:
    """Return how many groups a threshold of that coverage needs at least.

    Examples
    --------
    >>> least_groups(0.9), least_groups(0.95), least_groups(0.99)
    (9, 19, 99)
    """
    check_fraction("coverage", coverage)
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def _threshold(scores: FloatArray, codes: IntArray, coverage: float) -> float:
    """Return the quantile in which each group weighs 1 / (G + 1), and the group to come is infinite."""
    _, group, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    weights = 1 / (sizes[group] * (sizes.size + 1))
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order]) >= coverage - 1e-9
    return float(scores[order][reached.argmax()]) if reached.any() else math.inf


def _check_enough(codes: IntArray, coverage: float, of_what: str) -> None:
    found, needed = np.unique(codes).size, least_groups(coverage)
    if found < needed:
        raise SampleSetError(
            f"{found} groups{of_what} to calibrate on; a coverage of {coverage:g} needs at least {needed} "
            "(many more for sets of a stable size): add samples, or ask a coverage of at most "
            f"{found / (found + 1):.3g}"
        )


def _columns(probabilities: npt.ArrayLike) -> FloatArray:
    """Return probabilities as (N, K)."""
    given = np.asarray(probabilities, dtype=np.float64)
    array = check_scores(given, len(given))
    return np.stack([1 - array, array], axis=1) if array.ndim == 1 else array
