"""Rates of a sieve with the interval that fits the samples, and what follows from them at night.

Where every group is one streak the trials are independent and a rate has Wilson's
interval. Where groups hold several streaks whole groups are drawn (bootstrap), and a
rate of exactly 0 or 1, from which a bootstrap cannot move, has Wilson's interval with
groups as trials. `Interval.method` says which. What follows from two rates (purity,
number of looks) takes their limits along: MOVER, the method of variance estimates
recovery (Zou & Donner 2008, Stat. Med. 27, 1693; for ratios Donner & Zou 2012, Stat.
Methods Med. Res. 21, 347), which treats the two as independent.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import IntArray, check_fraction
from skysieve.evaluation.intervals import Interval, bootstrap_interval, wilson_interval
from skysieve.evaluation.metrics import precision_at_prevalence
from skysieve.evaluation.sieve_scores import BoolArray

__all__ = ["Night", "ReviewerCost", "complement", "purity_interval", "rate_interval", "reviewer_cost"]


@dataclass(frozen=True, slots=True)
class Night:
    """The stream that a sieve faces in a night, for purity and for the reviewer's time.

    Parameters
    ----------
    streaks : int
        Streaks of a night; the default is near the mean of the seven million of the first
        ZTF nights of DeepStreaks.
    prevalence : float
        Share of them that is plausible.
    seconds_per_look : float
        What a person needs for one candidate; an assumption, to be measured where it matters.
    """

    streaks: int = 33_000
    prevalence: float = 1 / 200
    seconds_per_look: float = 3.0

    def __post_init__(self) -> None:
        check_fraction("prevalence", self.prevalence)
        if self.streaks < 1 or self.seconds_per_look <= 0:
            raise ConfigurationError(
                f"a night of {self.streaks} streaks, {self.seconds_per_look} s a look; expected more"
            )


@dataclass(frozen=True, slots=True)
class ReviewerCost:
    """What a night leaves to be looked at.

    Parameters
    ----------
    cut : str
        Which cut, for people.
    threshold : float
        On the joint score; NaN for a rule, which is no single cut.
    recall : float
        Share of the plausible streaks that is looked at.
    looks : Interval
        Candidates a night.
    minutes : Interval
        Time for them.
    """

    cut: str
    threshold: float
    recall: float
    looks: Interval
    minutes: Interval

    def to_json(self) -> dict[str, Any]:
        """Return the fields as nested dictionaries."""
        return asdict(self)


def rate_interval(
    hits: BoolArray, groups: IntArray, *, level: float = 0.95, replicates: int = 1000, seed: int = 0
) -> Interval:
    """Return the share of True with its interval.

    Parameters
    ----------
    hits : ndarray of bool, shape (N,)
        The outcome of each trial; without a trial the value is NaN, the interval [0, 1].
    groups : ndarray of int, shape (N,)
        Group of each trial.
    level, replicates, seed
        Of the interval; the last two of the bootstrap only.

    Examples
    --------
    >>> print(rate_interval(np.arange(10) > 0, np.arange(10)))
    0.9000 [0.5958, 0.9821]
    """
    n, found = hits.size, int(hits.sum())
    n_groups = np.unique(groups).size
    if n_groups == n:
        return wilson_interval(found, n, level=level)
    if found in (0, n):
        return wilson_interval(n_groups if found else 0, n_groups, level=level)
    return bootstrap_interval(
        np.mean, hits.astype(float), groups=groups, replicates=replicates, level=level, seed=seed
    )


def complement(rate: Interval) -> Interval:
    """Return 1 - rate: the false-negative rate from the true-positive rate.

    Examples
    --------
    >>> print(complement(wilson_interval(9, 10)))
    0.1000 [0.0179, 0.4042]
    """
    return Interval(
        1 - rate.value, 1 - rate.high, 1 - rate.low, rate.level, rate.replicates, rate.method, rate.undefined
    )


def purity_interval(tpr: Interval, fpr: Interval, prevalence: float) -> Interval:
    """Return the purity at a prevalence, with the interval that follows from those of the rates.

    The odds of a candidate being real are ``tpr / fpr`` times the odds of the
    prevalence, so the limits of the ratio (MOVER) give those of the purity.

    Parameters
    ----------
    tpr, fpr : Interval
        Of the plausible and of all others.
    prevalence : float
        Share of plausible ones where the sieve works.

    Returns
    -------
    Interval
        NaN where a rate is not defined, or nothing passes; the interval is then [0, 1].

    Examples
    --------
    >>> print(purity_interval(wilson_interval(267, 269), wilson_interval(4, 248), prevalence=1 / 200))
    0.2362 [0.1091, 0.4423]
    """
    if not (math.isfinite(tpr.value) and math.isfinite(fpr.value)) or tpr.value + fpr.value == 0:
        return Interval(float("nan"), 0.0, 1.0, tpr.level, 0, "mover")
    odds = prevalence / (1 - prevalence)
    product = tpr.value * fpr.value
    over, under = _stretch(tpr.value, tpr.low), _stretch(fpr.value, fpr.high)
    root = math.sqrt(max(product**2 - over * under, 0))
    lowest = over / (product + root) if product + root > 0 else 0.0
    over, under = _stretch(tpr.value, tpr.high), _stretch(fpr.value, fpr.low)
    root = math.sqrt(max(product**2 - over * under, 0))
    highest = (product + root) / under if under > 0 else math.inf
    return Interval(
        precision_at_prevalence(tpr.value, fpr.value, prevalence),
        _share(max(lowest, 0.0) * odds), _share(highest * odds), tpr.level, 0, "mover",
    )  # fmt: skip


def reviewer_cost(
    tpr: Interval, fpr: Interval, night: Night, *, cut: str, threshold: float = float("nan")
) -> ReviewerCost:
    """Return what a night leaves to be looked at, at these rates.

    Parameters
    ----------
    tpr, fpr : Interval
        Rates at the cut.
    night : Night
        The stream.
    cut : str
        Which cut, for people.
    threshold : float
        Of the joint score, if it is one.

    Examples
    --------
    >>> cost = reviewer_cost(wilson_interval(99, 100), wilson_interval(1, 100), Night(), cut="a cut")
    >>> print(f"{cost.looks.value:.0f} looks, {cost.minutes.value:.0f} minutes")
    492 looks, 25 minutes
    """
    real, other = night.streaks * night.prevalence, night.streaks * (1 - night.prevalence)
    if not (math.isfinite(tpr.value) and math.isfinite(fpr.value)):
        looks = (float("nan"), 0.0, float(night.streaks))
    else:
        value = real * tpr.value + other * fpr.value
        down = math.hypot(real * (tpr.value - tpr.low), other * (fpr.value - fpr.low))
        up = math.hypot(real * (tpr.high - tpr.value), other * (fpr.high - fpr.value))
        looks = (value, value - down, value + up)
    minutes = tuple(number * night.seconds_per_look / 60 for number in looks)
    return ReviewerCost(
        cut,
        float(threshold),
        tpr.value,
        Interval(*looks, tpr.level, 0, "mover"),
        Interval(minutes[0], minutes[1], minutes[2], tpr.level, 0, "mover"),
    )


def _stretch(value: float, limit: float) -> float:
    """Return the factor that a value and one of its limits bring into Donner & Zou's formula."""
    return limit * (2 * value - limit)


def _share(odds: float) -> float:
    return 1.0 if math.isinf(odds) else odds / (1 + odds)
