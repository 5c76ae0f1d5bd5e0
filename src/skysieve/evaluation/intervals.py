"""How far a figure may move with other objects: intervals by resampling groups.

Alerts of one object are not independent. A bootstrap that draws samples treats
them as if they were and promises too much; here whole groups are drawn, with all
their samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_fraction, check_groups

__all__ = ["Interval", "bootstrap_interval", "bootstrap_intervals", "wilson_interval"]

Method = Literal["percentile", "bca"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval around it.

    Parameters
    ----------
    value, low, high : float
        The figure on all samples and the ends; NaN where undefined.
    level : float
        Confidence level, .95 for instance.
    replicates : int
        Bootstrap replicates drawn; 0 for a closed formula.
    method : str
        ``percentile``, ``bca`` or ``wilson``.
    undefined : int
        Replicates left out because the figure was not defined in them (one
        class only, nothing called positive).
    """

    value: float
    low: float
    high: float
    level: float
    replicates: int
    method: str
    undefined: int = 0

    def to_json(self) -> dict[str, float | int | str]:
        """Return the fields as a dictionary; ``Interval(**data)`` reads them back."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int,
    method: Method = "percentile",
) -> Interval:
    """Return a figure with its bootstrap interval over groups.

    Parameters
    ----------
    statistic : callable
        Takes the arrays, resampled along their first axis, returns a number;
        NaN where it is not defined.
    *arrays : array_like, shape (N, ...)
        What the statistic needs, row by row.
    groups : array_like, shape (N,)
        Id of the group of each row; groups are drawn with replacement.
    replicates : int
        Number of replicates.
    level : float
        Confidence level.
    seed : int
        Seed of the draw: same seed, same interval.
    method : {"percentile", "bca"}
        Quantiles of the replicates, or bias-corrected and accelerated (Efron
        1987), which leaves out each group in turn: G more evaluations.

    Raises
    ------
    SampleSetError
        If the arrays differ in length.
    ConfigurationError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.random.default_rng(0).normal(size=200)
    >>> print(bootstrap_interval(np.mean, values, groups=np.arange(200), seed=1))
    0.0153 [-0.1131, 0.1386]
    """

    def named(*resampled: npt.NDArray[Any]) -> dict[str, float]:
        return {"value": statistic(*resampled)}

    return bootstrap_intervals(
        named, *arrays, groups=groups, replicates=replicates, level=level, seed=seed, method=method
    )["value"]


def bootstrap_intervals(
    statistics: Callable[..., Mapping[str, float]],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int,
    method: Method = "percentile",
) -> dict[str, Interval]:
    """Return several figures with their intervals from the same replicates.

    As `bootstrap_interval`, for a callable that returns figures by name.
    """
    check_fraction("level", level)
    if replicates < 2 or method not in ("percentile", "bca"):
        raise ConfigurationError(
            f"{replicates} replicates, method {method!r}; expected >= 2, percentile or bca"
        )
    rows = [np.asarray(array) for array in arrays]
    n = len(rows[0])
    if any(len(row) != n for row in rows):
        raise SampleSetError(
            f"arrays of {', '.join(str(len(row)) for row in rows)} rows; expected equal lengths"
        )
    codes = check_groups(groups, n)
    whole = {name: float(value) for name, value in statistics(*rows).items()}

    def table(indices: Iterator[IntArray]) -> FloatArray:
        figures = (statistics(*(row[index] for row in rows)) for index in indices)
        return np.array([[each[name] for name in whole] for each in figures], dtype=np.float64)

    drawn = table(_draws(codes, replicates, np.random.default_rng(seed)))
    left_out = table(_leave_one_group_out(codes)) if method == "bca" else np.empty((0, len(whole)))
    return {
        name: _interval(value, drawn[:, i], left_out[:, i], level, method)
        for i, (name, value) in enumerate(whole.items())
    }


def wilson_interval(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Return a proportion with Wilson's score interval (1927) for independent trials.

    Parameters
    ----------
    successes, n : int
        Successes among n trials; without a trial the value is NaN, the interval
        [0, 1].
    level : float
        Confidence level.

    Raises
    ------
    ConfigurationError
        If the counts make no sense.

    Examples
    --------
    >>> print(wilson_interval(9, 10))
    0.9000 [0.5958, 0.9821]
    """
    check_fraction("level", level)
    if not 0 <= successes <= n:
        raise ConfigurationError(f"{successes} successes in {n} trials; expected 0 <= successes <= trials")
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0, level, 0, "wilson")
    found = stats.binomtest(int(successes), int(n)).proportion_ci(level, method="wilson")
    return Interval(successes / n, float(found.low), float(found.high), level, 0, "wilson")


def _draws(codes: IntArray, replicates: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """Yield the rows of each replicate: as many groups as there are, with replacement."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    for _ in range(replicates):
        picked = rng.integers(sizes.size, size=sizes.size)
        lengths = sizes[picked]
        first_row = np.repeat(starts[picked] - (np.cumsum(lengths) - lengths), lengths)
        yield order[first_row + np.arange(lengths.sum())]


def _leave_one_group_out(codes: IntArray) -> Iterator[IntArray]:
    for code in range(int(codes.max()) + 1):
        yield np.flatnonzero(codes != code)


def _interval(value: float, drawn: FloatArray, left_out: FloatArray, level: float, method: str) -> Interval:
    """Turn replicates of one figure into its interval."""
    defined = drawn[np.isfinite(drawn)]
    undefined = drawn.size - defined.size
    if defined.size == 0 or not np.isfinite(value):
        return Interval(value, float("nan"), float("nan"), level, drawn.size, method, undefined)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = _corrected_tails(tails, value, defined, left_out[np.isfinite(left_out)])
    low, high = np.quantile(defined, tails)
    return Interval(value, float(low), float(high), level, drawn.size, method, undefined)


def _corrected_tails(
    tails: FloatArray, value: float, defined: FloatArray, left_out: FloatArray
) -> FloatArray:
    """Shift the quantiles for bias and skewness (Efron & Tibshirani 1993, eq. 14.10)."""
    below = np.mean(defined < value) / 2 + np.mean(defined <= value) / 2
    pull = left_out.mean() - left_out
    spread = np.sum(pull**2) ** 1.5
    if not 0 < below < 1 or spread == 0:
        return tails
    bias, acceleration = stats.norm.ppf(below), np.sum(pull**3) / (6 * spread)
    shifted = bias + stats.norm.ppf(tails)
    corrected: FloatArray = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    return corrected
