"""Two sources of spread in repeated runs: the seed of the training, and the split of the samples."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import check_fraction

__all__ = ["VarianceComponents", "variance_components"]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """How far a figure moves with the seed, and how far with the split besides.

    Parameters
    ----------
    mean : float
        Over all runs.
    seed : float
        Standard deviation of runs on one split that differ in their seed.
    seed_low, seed_high : float
        Interval of ``seed``, from the chi-squared distribution.
    split : float
        Standard deviation from split to split beyond what seeds explain; 0 where the splits differ by
        less than seeds alone would let them.
    total : float
        Standard deviation of a single run: both together.
    f, p : float
        F statistic of splits against seeds, and how often chance alone gives one as large; NaN where all
        runs on a split are the same.
    runs : int
        How many runs the figures rest on.
    """

    mean: float
    seed: float
    seed_low: float
    seed_high: float
    split: float
    total: float
    f: float
    p: float
    runs: int

    def to_json(self) -> dict[str, float | int]:
        """Return the fields."""
        return asdict(self)


def variance_components(values: npt.ArrayLike, *, level: float = 0.95) -> VarianceComponents:
    """Separate the spread of one figure, by a one-way analysis of variance with random effects.

    Parameters
    ----------
    values : array_like of float, shape (splits, seeds)
        The figure of each run; 2 or more of both. A NaN among them makes every result NaN.
    level : float
        Of the interval.

    Raises
    ------
    ConfigurationError
        If there are fewer than two splits or seeds.

    References
    ----------
    Searle, Casella & McCulloch 1992, "Variance Components", section 3.5.

    Examples
    --------
    >>> found = variance_components([[0.91, 0.92, 0.90], [0.95, 0.94, 0.96]])
    >>> round(found.seed, 4), round(found.split, 4)
    (0.01, 0.0277)
    """
    check_fraction("level", level)
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ConfigurationError(f"runs of shape {table.shape}; expected 2 or more splits and seeds of each")
    splits, seeds = table.shape
    within = float(table.var(axis=1, ddof=1).mean())
    between = float(seeds * table.mean(axis=1).var(ddof=1))
    freedom = splits * (seeds - 1)
    tails = stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], freedom)
    low, high = np.sqrt(freedom * within / tails)
    split = math.sqrt(max((between - within) / seeds, 0.0)) if math.isfinite(between) else math.nan
    f = between / within if within > 0 else math.nan
    return VarianceComponents(
        mean=float(table.mean()),
        seed=math.sqrt(within),
        seed_low=float(low),
        seed_high=float(high),
        split=split,
        total=math.hypot(math.sqrt(within), split),
        f=f,
        p=float(stats.f.sf(f, splits - 1, freedom)),
        runs=table.size,
    )
