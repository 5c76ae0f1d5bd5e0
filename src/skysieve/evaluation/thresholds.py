"""Where to cut, by which rule, and on which split the cut was chosen.

A score at or above the threshold is positive. Samples of equal score are
therefore always called alike, and a rule moves over the distinct scores only.
The value lies halfway between the lowest score that is accepted and the highest
that is not, so that the last digit of another runtime does not flip a sample;
where nothing is accepted it lies just above the highest score.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import check_fraction
from skysieve.evaluation.metrics import Curves, curves

__all__ = ["Threshold", "equal_error", "fixed", "max_f1", "max_fpr", "min_recall"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cut on the score, with the rule and the split that chose it.

    Parameters
    ----------
    value : float
        Scores at or above it are positive.
    rule : str
        How it was chosen, for people: ``FPR <= 0.01``.
    split : str
        Name of the split whose labels chose it; ``none`` if none did.
    """

    value: float
    rule: str
    split: str

    def to_json(self) -> dict[str, float | str]:
        """Return the fields as a dictionary; ``Threshold(**data)`` reads them back."""
        return asdict(self)

    def __str__(self) -> str:
        chosen = "" if self.split == "none" else f" on {self.split}"
        return f"{self.value:.4g} ({self.rule}{chosen})"


def fixed(value: float) -> Threshold:
    """Return a threshold that no data chose.

    Examples
    --------
    >>> print(fixed(0.5))
    0.5 (fixed)
    """
    if not np.isfinite(value):
        raise ConfigurationError(f"threshold {value}; expected a finite number")
    return Threshold(float(value), "fixed", "none")


def max_fpr(labels: npt.ArrayLike, scores: npt.ArrayLike, fpr: float, *, split: str) -> Threshold:
    """Return the loosest threshold whose false-positive rate is at most ``fpr``.

    It is the one of highest completeness under that bound.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        0 or 1, both present.
    scores : array_like of float, shape (N,)
        Finite scores.
    fpr : float
        Largest share of negatives that may be called positive, in [0, 1].
    split : str
        Name of the split that the arrays come from.

    Raises
    ------
    SampleSetError
        If only one class occurs, or the arrays do not fit together.
    ConfigurationError
        If ``fpr`` is no fraction.

    Examples
    --------
    >>> print(max_fpr([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], fpr=0.0, split="validation"))
    0.75 (FPR <= 0 on validation)
    """
    check_fraction("fpr", fpr, closed=True)
    table = curves(labels, scores)
    return _threshold(table, int(np.flatnonzero(table.fpr <= fpr)[-1]), f"FPR <= {fpr:g}", split)


def min_recall(labels: npt.ArrayLike, scores: npt.ArrayLike, recall: float, *, split: str) -> Threshold:
    """Return the strictest threshold whose recall (completeness) is at least ``recall``.

    Parameters and errors as in `max_fpr`.

    Examples
    --------
    >>> print(min_recall([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], recall=1.0, split="validation"))
    0.3 (recall >= 1 on validation)
    """
    check_fraction("recall", recall, closed=True)
    table = curves(labels, scores)
    return _threshold(table, int(np.flatnonzero(table.recall >= recall)[0]), f"recall >= {recall:g}", split)


def equal_error(labels: npt.ArrayLike, scores: npt.ArrayLike, *, split: str) -> Threshold:
    """Return the threshold where false-positive and false-negative rate differ least.

    Among equals the one of lower mean error. Parameters and errors as in `max_fpr`.

    Examples
    --------
    >>> print(equal_error([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], split="validation"))
    0.55 (equal error on validation)
    """
    table = curves(labels, scores)
    return _threshold(table, table.equal_error_index, "equal error", split)


def max_f1(labels: npt.ArrayLike, scores: npt.ArrayLike, *, split: str) -> Threshold:
    """Return the strictest threshold of greatest F1 (harmonic mean of purity and completeness).

    Parameters and errors as in `max_fpr`.

    Examples
    --------
    >>> print(max_f1([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], split="validation"))
    0.3 (greatest F1 on validation)
    """
    table = curves(labels, scores)
    total = table.precision + table.recall
    f1 = 2 * table.precision * table.recall / np.where(total > 0, total, 1)
    return _threshold(table, int(f1.argmax()), "greatest F1", split)


def _threshold(table: Curves, index: int, rule: str, split: str) -> Threshold:
    """Place the value between the score at ``index``, accepted, and the next, rejected."""
    scores = table.thresholds
    if index == 0:
        value = np.nextafter(scores[1], scores.dtype.type(np.inf))
    elif index == scores.size - 1:
        value = scores[index]
    else:
        middle = scores[index + 1] + (scores[index] - scores[index + 1]) / 2
        value = middle if middle > scores[index + 1] else scores[index]
    return Threshold(float(value), rule, split)
