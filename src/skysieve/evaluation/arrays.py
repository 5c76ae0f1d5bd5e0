"""Check that labels, scores and groups fit together before anything is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError

__all__ = [
    "FloatArray",
    "IntArray",
    "check_binary",
    "check_fraction",
    "check_groups",
    "check_labels",
    "check_scores",
]

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]


def check_labels(labels: npt.ArrayLike, classes: int | None = None) -> IntArray:
    """Return labels as int64 of shape (N,), all of them known.

    Parameters
    ----------
    labels : array_like, shape (N,)
        Integer class of each sample; floats that are whole numbers are taken.
    classes : int, optional
        Labels must be below it.

    Raises
    ------
    SampleSetError
        If there is no sample, a label is NaN or negative (unlabelled samples
        are for the caller to leave out), or is no class.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or array.size == 0:
        raise SampleSetError(f"labels have the shape {array.shape}; expected (N,) with at least one sample")
    if array.dtype.kind not in "biuf":
        raise SampleSetError(f"labels are of type {array.dtype}; expected the integer index of the class")
    unlabelled = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)
    unlabelled |= np.where(unlabelled, 0, array) < 0
    if unlabelled.any():
        raise SampleSetError(
            f"{unlabelled.sum()} of {array.size} samples are unlabelled (NaN or negative), "
            f"the first at position {unlabelled.argmax()}; leave them out before evaluating"
        )
    whole = array.astype(np.int64)
    wrong = whole != array
    if classes is not None:
        wrong |= whole >= classes
    if wrong.any():
        first = int(wrong.argmax())
        expected = f"one of 0 ... {classes - 1}" if classes else "a whole number"
        raise SampleSetError(f"label at position {first} is {array[first]}; expected {expected}")
    return whole


def check_scores(scores: npt.ArrayLike, n: int) -> FloatArray:
    """Return scores as a floating array of n rows without NaN, in their own precision.

    Raises
    ------
    SampleSetError
        If the number of rows differs from ``n`` or a score is not finite.
    """
    array = np.asarray(scores)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if array.ndim == 0 or array.shape[0] != n:
        raise SampleSetError(f"{n} labels but scores of shape {array.shape}; expected one row a label")
    finite = np.isfinite(array).reshape(n, -1).all(axis=1)
    if not finite.all():
        raise SampleSetError(
            f"{n - finite.sum()} of {n} scores are not finite, the first at position {(~finite).argmax()}; "
            "leave these samples out and report them as findings"
        )
    return array


def check_binary(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """Return labels in {0, 1} and scores, both of shape (N,).

    Raises
    ------
    SampleSetError
        As `check_labels` and `check_scores`, or if scores are not (N,).
    """
    known = check_labels(labels, classes=2)
    array = check_scores(scores, known.size)
    if array.ndim != 1:
        raise SampleSetError(f"scores have the shape {array.shape}; expected (N,), the positive class only")
    return known, array


def check_groups(groups: npt.ArrayLike, n: int) -> IntArray:
    """Return group ids of any type as codes 0 ... G-1, int64 of shape (N,).

    Raises
    ------
    SampleSetError
        If there is not one group a sample, or one is missing (None, NaN).
    """
    array = np.asarray(groups)
    if array.shape != (n,):
        raise SampleSetError(f"groups have the shape {array.shape}; expected ({n},), one id a sample")
    if any(item is None or item != item for item in array.tolist()):
        raise SampleSetError("a group is missing (None or NaN); give a sample without companions its own id")
    codes = np.unique(array.astype(str) if array.dtype == object else array, return_inverse=True)[1]
    return codes.astype(np.int64)


def check_fraction(name: str, value: float, *, closed: bool = False) -> float:
    """Return ``value`` if it lies between 0 and 1.

    Parameters
    ----------
    name : str
        What the value is, for the message.
    value : float
        The value.
    closed : bool
        Whether 0 and 1 themselves are allowed.

    Raises
    ------
    ConfigurationError
        If it does not.
    """
    inside = 0 <= value <= 1 if closed else 0 < value < 1
    if not inside:
        expected = "from 0 to 1" if closed else "between 0 and 1"
        raise ConfigurationError(f"{name} is {value}; expected a fraction {expected}")
    return float(value)
