"""Does a score of .8 mean that eight in ten are real? Reliability curve and calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_binary

__all__ = ["Binning", "ReliabilityCurve", "expected_calibration_error", "reliability"]

Binning = Literal["equal-width", "equal-mass"]


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityCurve:
    """Observed frequency of the positive class against the mean score, in bins of the score.

    Parameters
    ----------
    edges : ndarray, shape (B + 1,)
        Edges of the bins; a bin holds its lower edge, the last bin both.
    count : ndarray of int, shape (B,)
        Samples in each bin.
    mean_score, frequency : ndarray, shape (B,)
        Mean score and share of positives; NaN in an empty bin.
    """

    edges: FloatArray
    count: IntArray
    mean_score: FloatArray
    frequency: FloatArray

    @property
    def error(self) -> float:
        """Expected calibration error over these bins."""
        filled = self.count > 0
        gap = np.abs(self.frequency[filled] - self.mean_score[filled])
        return float(np.average(gap, weights=self.count[filled]))


def reliability(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, bins: int = 10, binning: Binning = "equal-width"
) -> ReliabilityCurve:
    """Bin samples by score and compare mean score with the share of positives.

    Parameters
    ----------
    labels : array_like of int or bool, shape (N,)
        0 or 1; for more than two classes: whether the call was right.
    scores : array_like of float, shape (N,)
        Probability in [0, 1] of label 1.
    bins : int
        Number of bins.
    binning : {"equal-width", "equal-mass"}
        Edges at equal steps of the score, or at its quantiles (fewer bins than
        asked for where many scores are equal).

    Raises
    ------
    SampleSetError
        If a score is no probability or the arrays do not fit together.
    ConfigurationError
        If ``bins`` is not positive or the binning is unknown.

    Examples
    --------
    >>> curve = reliability([0, 0, 1, 1], [0.2, 0.3, 0.7, 0.9], bins=2)
    >>> curve.mean_score.round(2), curve.frequency
    (array([0.25, 0.8 ]), array([0., 1.]))
    """
    known, raw = check_binary(labels, scores)
    probabilities = raw.astype(np.float64)
    if probabilities.min() < 0 or probabilities.max() > 1:
        ends = f"{probabilities.min()} to {probabilities.max()}"
        raise SampleSetError(f"scores reach from {ends}; expected probabilities in [0, 1]")
    edges = _edges(probabilities, bins, binning)
    which = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, edges.size - 2)
    count = np.bincount(which, minlength=edges.size - 1)
    weight = np.where(count > 0, count, np.nan)
    return ReliabilityCurve(
        edges=edges,
        count=count.astype(np.int64),
        mean_score=np.bincount(which, weights=probabilities, minlength=count.size) / weight,
        frequency=np.bincount(which, weights=known, minlength=count.size) / weight,
    )


def expected_calibration_error(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, bins: int = 10, binning: Binning = "equal-width"
) -> float:
    """Return the mean gap between score and frequency, each bin weighted by its samples.

    ``ECE = sum_b n_b / N |frequency_b - mean score_b|`` (Naeini et al. 2015; Guo
    et al. 2017). It depends on the binning and is biased upwards in small
    samples; compare only values of equal binning and similar N. For more than
    two classes give whether the call was right and the highest probability.

    Examples
    --------
    >>> round(expected_calibration_error([0, 0, 1, 1], [0.2, 0.3, 0.7, 0.9], bins=2), 3)
    0.225
    """
    return reliability(labels, scores, bins=bins, binning=binning).error


def _edges(probabilities: FloatArray, bins: int, binning: str) -> FloatArray:
    if bins < 1:
        raise ConfigurationError(f"{bins} bins; expected at least one")
    if binning == "equal-width":
        return np.linspace(0, 1, bins + 1)
    if binning == "equal-mass":
        inner = np.unique(np.quantile(probabilities, np.arange(1, bins) / bins))
        return np.unique(np.concatenate(([0.0], inner, [1.0])))
    raise ConfigurationError(f"binning {binning!r}; expected 'equal-width' or 'equal-mass'")
