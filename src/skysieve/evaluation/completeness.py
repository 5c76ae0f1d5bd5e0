"""What is found and how pure it is, as a function of magnitude (or any other column)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_binary, check_groups
from skysieve.evaluation.intervals import Interval, bootstrap_interval, wilson_interval

__all__ = ["CompletenessBin", "CompletenessPurity", "completeness_purity"]


@dataclass(frozen=True, slots=True)
class CompletenessBin:
    """One bin ``low <= column < high`` (the last bin holds its upper edge too).

    ``completeness`` is the share of the real samples that are called real,
    ``purity`` the share of real ones among those called real; NaN within [0, 1]
    where there are none.
    """

    low: float
    high: float
    n: int
    n_real: int
    n_called: int
    completeness: Interval
    purity: Interval


@dataclass(frozen=True, slots=True)
class CompletenessPurity:
    """Completeness and purity by bins of a column.

    Parameters
    ----------
    column : str
        What the bins divide, with its unit: ``magnitude``.
    bins : tuple of CompletenessBin
        In ascending order; empty where no sample had a value.
    n_missing : int
        Samples without a finite value, left out.
    n_outside : int
        Samples outside the given edges, left out.
    """

    column: str
    bins: tuple[CompletenessBin, ...]
    n_missing: int
    n_outside: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields as nested dictionaries and lists."""
        return asdict(self)


def completeness_purity(
    values: npt.ArrayLike,
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    *,
    bins: int | Sequence[float] = 8,
    column: str = "magnitude",
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
) -> CompletenessPurity:
    """Return completeness and purity in bins of a column, with intervals.

    Parameters
    ----------
    values : array_like of float, shape (N,)
        The column. Samples where it is NaN or infinite are counted and left out.
    labels : array_like of int, shape (N,)
        0 (bogus) or 1 (real).
    scores : array_like of float, shape (N,)
        A score at or above ``threshold`` is called real.
    threshold : float
        The cut.
    bins : int or sequence of float
        Number of bins holding about equally many samples, or ascending edges.
    column : str
        Name of the column, for tables and axes.
    groups : array_like, shape (N,), optional
        With groups the intervals are a bootstrap over them, without Wilson's,
        which also holds where everything or nothing was found.
    level, replicates, seed
        Of the intervals; the last two of the bootstrap only.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together.
    ConfigurationError
        If the bins are no bins.

    Examples
    --------
    >>> labels, scores = [1, 1, 1, 0], [0.9, 0.8, 0.3, 0.7]
    >>> found = completeness_purity([17, 18, 20, 21], labels, scores, 0.5, bins=[16, 19, 22])
    >>> [(each.completeness.value, each.purity.value) for each in found.bins]
    [(1.0, 1.0), (0.0, 0.0)]
    """
    known, array = check_binary(labels, scores)
    measured = np.asarray(values, dtype=np.float64)
    if measured.shape != known.shape:
        raise SampleSetError(f"{column} has the shape {measured.shape}; expected {known.shape}, one a sample")
    finite = np.isfinite(measured)
    edges = _edges(measured[finite], bins)
    which = np.searchsorted(edges, measured, side="right") - 1
    which[measured == edges[-1]] = edges.size - 2
    inside = finite & (which >= 0) & (which < edges.size - 1)
    called = (array >= threshold).astype(np.int64)
    codes = None if groups is None else check_groups(groups, known.size)

    def share(of: IntArray, among: npt.NDArray[np.bool_]) -> Interval:
        if codes is None or not among.any():
            return wilson_interval(int(of[among].sum()), int(among.sum()), level=level)
        return bootstrap_interval(
            np.mean, of[among], groups=codes[among], replicates=replicates, level=level, seed=seed
        )

    def one_bin(index: int) -> CompletenessBin:
        here = inside & (which == index)
        real, candidate = here & (known == 1), here & (called == 1)
        return CompletenessBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            n=int(here.sum()),
            n_real=int(real.sum()),
            n_called=int(candidate.sum()),
            completeness=share(called, real),
            purity=share(known, candidate),
        )

    return CompletenessPurity(
        column=column,
        bins=tuple(one_bin(index) for index in range(edges.size - 1)) if finite.any() else (),
        n_missing=int((~finite).sum()),
        n_outside=int((finite & ~inside).sum()),
    )


def _edges(finite: FloatArray, bins: int | Sequence[float]) -> FloatArray:
    """Return ascending edges, by quantiles if only a number was given."""
    if not isinstance(bins, int):
        edges = np.asarray(bins, dtype=np.float64)
        if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
            raise ConfigurationError(f"edges {list(bins)}; expected two or more in ascending order")
        return edges
    if bins < 1:
        raise ConfigurationError(f"{bins} bins; expected at least one")
    if finite.size == 0:
        return np.array([0.0, 1.0])
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, bins + 1)))
    return edges if edges.size > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])
