"""Shares of the classes among all objects of the sky, as a user states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray

__all__ = ["check_shares", "complete_shares"]

ROUNDING = 0.01
"""How far shares of all classes may be from a sum of one."""


def check_shares(shares: Mapping[str, float], classes: Sequence[str]) -> None:
    """Check that stated shares are of these classes and make one whole.

    Raises
    ------
    ConfigurationError
        If they are not.

    Examples
    --------
    >>> check_shares({"merger": 0.01}, ("elliptical", "spiral", "merger"))
    """
    unknown = [name for name in shares if name not in classes]
    if unknown:
        raise ConfigurationError(
            f"a true share is stated of the class {unknown[0]!r}, which there is not; "
            f"the classes are {', '.join(classes)}"
        )
    total = sum(shares.values())
    if total > 1 + ROUNDING or (len(shares) == len(classes) and total < 1 - ROUNDING):
        raise ConfigurationError(
            f"the true shares {dict(shares)} sum to {total:g}; those of all classes sum to 1, "
            "those of some to less"
        )


def complete_shares(shares: Mapping[str, float], classes: Sequence[str], counts: npt.ArrayLike) -> FloatArray:
    """Return a share for each class; classes without one divide the rest as the judged samples do.

    Parameters
    ----------
    shares : mapping of str to float
        Stated shares by class.
    classes : sequence of str
        All classes.
    counts : array_like of int, shape (K,)
        Judged samples of each class.

    Raises
    ------
    ConfigurationError
        As `check_shares`.
    SampleSetError
        If a rest is left for classes that have no sample.

    Examples
    --------
    >>> complete_shares({"merger": 0.01}, ("elliptical", "spiral", "merger"), [20, 60, 20])
    array([0.2475, 0.7425, 0.01  ])
    """
    check_shares(shares, classes)
    stated = np.array([shares.get(name, np.nan) for name in classes], dtype=np.float64)
    open_, rest = np.isnan(stated), 1 - sum(shares.values())
    if not open_.any():
        scaled: FloatArray = stated / stated.sum()
        return scaled
    own = np.where(open_, np.asarray(counts, dtype=np.float64), 0.0)
    if not own.sum():
        names = ", ".join(name for name, free in zip(classes, open_, strict=True) if free)
        raise SampleSetError(
            f"the true shares leave {rest:.3g} for {names}, of which no sample is judged; "
            "state the shares of all classes, or judge samples of each"
        )
    completed: FloatArray = np.where(open_, max(rest, 0.0) * own / own.sum(), stated)
    return completed
