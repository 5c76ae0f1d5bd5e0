"""Weak labels: what several scores agree on, and what is known without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import SampleSetError

__all__ = ["agreeing_labels", "is_known"]

# How tables spell that a cell is empty.
_NOTHING = frozenset({"", "none", "nan", "null", "-"})


def agreeing_labels(scores: Sequence[ArrayLike], *, threshold: float = 0.5) -> NDArray[np.int64]:
    """Label what all scores agree on.

    A weak label is the opinion of earlier classifiers, not the truth: whatever is trained or
    judged with it must say so.

    Parameters
    ----------
    scores : sequence of array-like, shape (N,)
        Scores of independent classifiers; NaN where there is none.
    threshold : float
        At or above it a score votes for class 1.

    Returns
    -------
    ndarray of int64, shape (N,)
        1 where all scores are at or above the threshold, 0 where all are below, -1 where they
        disagree or one is missing.

    Raises
    ------
    SampleSetError
        If no score is given.

    Examples
    --------
    >>> agreeing_labels([[0.9, 0.1, 0.9, np.nan], [0.8, 0.2, 0.3, 0.9]]).tolist()
    [1, 0, -1, -1]
    """
    if not scores:
        raise SampleSetError("weak labels need at least one column of scores")
    votes = np.stack([np.asarray(column, dtype=np.float64) for column in scores])
    with np.errstate(invalid="ignore"):
        high = (votes >= threshold).all(axis=0)
        low = (votes < threshold).all(axis=0)
    return np.where(high, 1, np.where(low, 0, -1)).astype(np.int64)


def is_known(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where a column holds something: true, a word, a number that is not 0 and not NaN.

    Words by which tables spell that there is nothing (``none``, ``nan``, ``null``, ``-``, in any
    case) count as nothing. A flag of 0 and 1 so means what it says.

    Parameters
    ----------
    column : ndarray of str, bool, numbers or objects, shape (N,)
        One value a sample.

    Returns
    -------
    ndarray of bool, shape (N,)

    Examples
    --------
    >>> is_known(np.array(["SN Ia", "", "None"])).tolist(), is_known(np.array([0.0, 1.0, np.nan])).tolist()
    ([True, False, False], [False, True, False])
    """
    return np.array([_says_something(value) for value in column.tolist()], dtype=bool)


def _says_something(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    return bool(value) and value == value  # NaN is not itself
