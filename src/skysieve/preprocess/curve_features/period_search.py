"""Lomb-Scargle periodograms: grid, power, best peaks, false-alarm probability.

Power is computed by finufft, for several harmonics by nifty-ls (Garrison et al. 2024, arXiv:2409.08090),
with a floating mean, normalised so that 1 is a perfect fit. Several bands have one period and means and
amplitudes of their own: their powers are added, each weighted by its χ² about its mean (VanderPlas & Ivezić
2015, ApJ 812, 18). That is the least-squares fit of a sinusoid and an offset to every band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import PeriodOptions
from skysieve.samples.light_curves import LightCurves

__all__ = ["Peak", "Periodogram", "grid", "log_false_alarm", "periodogram", "point_weights"]

#: Cycles a day that are near enough to those of day and night, sidereal ones among them.
DAY_TOLERANCE = 0.003

#: By which factor one peak may be a better one's alias: cycles skipped, or every cycle counted twice.
MULTIPLES = (1 / 3, 1 / 2, 2 / 3, 3 / 2, 2.0, 3.0)


@dataclass(frozen=True)
class Peak:
    """One peak of a periodogram.

    Parameters
    ----------
    frequency : float
        Cycles a day, from a parabola through three steps of the grid.
    power : float
        0 to 1.
    near_day : bool
        Whether the frequency is a multiple of 1 a day, the rhythm of observing.
    day_alias : bool
        Whether it is a better peak's frequency plus or minus 1 or 2 a day, or that mirrored at 0.
    multiple : bool
        Whether it is 1/3, 1/2, 2/3, 3/2, 2 or 3 times a better peak's.
    """

    frequency: float
    power: float
    near_day: bool
    day_alias: bool
    multiple: bool

    @property
    def period(self) -> float:
        """In days."""
        return 1 / self.frequency


@dataclass(frozen=True, eq=False)
class Periodogram:
    """Power on an even grid of frequencies.

    Parameters
    ----------
    start, step : float
        Of the grid, cycles a day.
    power : ndarray, shape (F,), float64
        0 to 1.
    baseline : float
        Days from the first to the last point; a peak is about 1/baseline wide.
    """

    start: float
    step: float
    power: NDArray[np.float64]
    baseline: float

    @property
    def frequency(self) -> NDArray[np.float64]:
        """The grid, shape (F,), cycles a day."""
        return np.asarray(self.start + self.step * np.arange(len(self.power)), dtype=np.float64)

    def peaks(self, count: int) -> tuple[Peak, ...]:
        """Return the best peaks, each farther than 1/baseline from the better ones; there may be less."""
        left = self.power.copy()
        width = math.ceil(1 / (self.baseline * self.step))
        found: list[Peak] = []
        while len(found) < count:
            best = int(left.argmax())
            if not left[best] > 0:
                break
            inner = 0 < best < len(left) - 1
            # The flank of a better peak is no peak of its own.
            if not inner or self.power[best] >= self.power[best - 1 : best + 2].max():
                found.append(self._peak(best, inner, found))
            left[max(best - width, 0) : best + width + 1] = 0
        return tuple(found)

    def _peak(self, best: int, inner: bool, better: list[Peak]) -> Peak:
        offset, top = 0.0, float(self.power[best])
        if inner:
            before, middle, after = self.power[best - 1 : best + 2]
            bend = before - 2 * middle + after
            offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
            top = float(middle - 0.25 * (before - after) * offset)
        frequency = float(self.start + self.step * (best + offset))
        near = 1.5 / self.baseline
        shifts = [abs(peak.frequency + days) for peak in better for days in (-2, -1, 1, 2)]
        mirrored = [abs(days - peak.frequency) for peak in better for days in (1, 2)]
        times = [factor * peak.frequency for peak in better for factor in MULTIPLES]
        day = abs(frequency - round(frequency)) if frequency > 0.5 else 1.0
        return Peak(
            frequency,
            min(top, 1.0),
            near_day=day < max(near, DAY_TOLERANCE),
            day_alias=any(abs(frequency - other) < near for other in shifts + mirrored),
            multiple=any(abs(frequency - other) < near for other in times),
        )


def grid(baseline: float, options: PeriodOptions) -> tuple[float, float, int]:
    """Return start, step and number of the frequencies; no frequency where the baseline has no cycle.

    The number is rounded up to 4, 5, 6 or 7 times a power of 2, by up to a quarter, with finer steps.

    Examples
    --------
    >>> start, step, steps = grid(100.0, PeriodOptions())
    >>> start, round(start + step * (steps - 1), 6), steps
    (0.01, 20.0, 10240)
    """
    if not baseline > 0:
        return 0.0, 0.0, 0
    start = options.minimum_frequency or 1 / baseline
    step = 1 / (options.oversampling * baseline)
    # The allowance is for a range that is a whole number of steps up to rounding.
    steps = math.floor((options.maximum_frequency - start) / step + 1e-6) + 1
    steps = max(min(steps, options.maximum_steps), 0)
    if steps < 16:
        return start, step, steps
    # A few numbers of steps, so that curves share the plans of their transforms: the grid gets finer.
    whole = 1 << (steps.bit_length() - 3)
    rounded = -(-steps // whole) * whole
    return start, step * (steps - 1) / (rounded - 1), rounded


def periodogram(curve: LightCurves, options: PeriodOptions | None = None) -> Periodogram:
    """Return the periodogram of one curve, of all of its bands together.

    Parameters
    ----------
    curve : LightCurves
        One curve. Where any error is unknown all points of the curve weigh the same. Bands with less
        than 2 · harmonics + 2 points are left out.
    options : PeriodOptions, optional
        Harmonics and grid.

    Raises
    ------
    SampleSetError
        If there are several curves, or less points than ``minimum_points``, or the grid is empty.
    MissingExtraError
        If nifty-ls is not installed.

    Examples
    --------
    >>> time = np.sort(np.random.default_rng(1).uniform(0, 300, 150))
    >>> curve = LightCurves.from_lists([time], [15 + 0.3 * np.sin(2 * np.pi * time / 0.6177)])
    >>> round(periodogram(curve).peaks(1)[0].period, 4)
    0.6177
    """
    options = options or PeriodOptions()
    if len(curve) != 1 or len(curve.time) < options.minimum_points:
        raise SampleSetError(
            f"found {len(curve)} curves with {len(curve.time)} points, expected one curve with "
            f"{options.minimum_points} points or more"
        )
    steps = grid(float(curve.time[-1] - curve.time[0]), options)[-1]
    if steps < 3:
        raise SampleSetError(
            f"the curve {curve.ids[0]} spans {curve.time[-1] - curve.time[0]:.3g} d, not one cycle of "
            f"{options.maximum_frequency:g} a day: its grid of frequencies is empty"
        )
    return power(curve, curve.value, point_weights(curve), options)


def point_weights(curve: LightCurves) -> NDArray[np.float64]:
    """Return 1/σ², or ones where any error of the curve is unknown."""
    known = bool((curve.error > 0).all())
    return 1 / curve.error**2 if known else np.ones(len(curve.error))


def power(
    curve: LightCurves, value: NDArray[np.float64], weight: NDArray[np.float64], options: PeriodOptions
) -> Periodogram:
    """Return the periodogram of other values at the times of a curve, such as residuals."""
    baseline = float(curve.time[-1] - curve.time[0])
    start, step, steps = grid(baseline, options)
    time = curve.time - curve.time[0]
    found: list[tuple[float, NDArray[np.float64]]] = []
    for band in range(len(curve.bands)):
        rows = curve.band == band if len(curve.bands) > 1 else np.ones(len(time), dtype=np.bool_)
        if rows.sum() < 2 * options.harmonics + 2:
            continue
        mean = np.average(value[rows], weights=weight[rows])
        chi2 = float((weight[rows] * (value[rows] - mean) ** 2).sum())
        if chi2 > 0 and np.ptp(time[rows]) > 0:
            points = (time[rows], value[rows] - mean, weight[rows])
            found.append((chi2, _band_power(points, (start, step, steps), options.harmonics)))
    total = found[0][1] if len(found) == 1 else np.zeros(steps)
    if len(found) > 1:
        scale = sum(chi2 for chi2, _ in found)
        for chi2, of_band in found:
            total += chi2 / scale * of_band
    # Where too few points support a frequency, the fit is not determined, and its power not a number.
    np.fmax(total, 0, out=total)
    np.fmin(total, 1, out=total)
    return Periodogram(start, step, total, baseline)


def _band_power(
    points: tuple[NDArray[np.float64], ...], frequencies: tuple[float, float, int], harmonics: int
) -> NDArray[np.float64]:
    """Return the power of times, values about their mean and weights, on a grid as `grid` returns it."""
    # Transforms take doubles only, in memory of their own.
    time, value, weight = (np.ascontiguousarray(each, dtype=np.float64) for each in points)
    if harmonics == 1:
        from skysieve.preprocess.curve_features.sinusoid_power import sinusoid_power

        return sinusoid_power(time, value, weight, *frequencies)
    nifty = require("nifty_ls.finufft_chi2", extra="lightcurves", purpose="search for periods")
    more: dict[str, Any] = {"center_data": True, "fit_mean": True, "normalization": "standard"}
    found = nifty.lombscargle(
        time, value, *frequencies, dy=1 / np.sqrt(weight), nthreads=1, nterms=harmonics, **more
    )
    return np.asarray(found, dtype=np.float64)


def log_false_alarm(
    power: float, maximum_frequency: float, time: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    """Return log10 of the probability that noise has a peak as high (Baluev 2008, MNRAS 385, 1279).

    An upper bound for one band and one harmonic, on white noise; for several bands it only ranks. As a
    logarithm it does not underflow.

    Parameters
    ----------
    power : float
        Of the peak, 0 to 1.
    maximum_frequency : float
        Upper end of the grid, cycles a day.
    time, weight : ndarray, shape (P,)
        Of the points.
    """
    count = len(time)
    if count < 4:
        return float("nan")
    # The variance of times is weighted, as the fit is.
    spread = np.average((time - np.average(time, weights=weight)) ** 2, weights=weight)
    width = maximum_frequency * math.sqrt(4 * math.pi * spread)
    gamma = math.sqrt(2 / (count - 1)) * math.exp(math.lgamma((count - 1) / 2) - math.lgamma((count - 2) / 2))
    power = min(max(power, 0.0), 1 - 1e-15)
    if not width > 0 or not power > 0:
        return 0.0
    rest = math.log1p(-power)
    log_single = 0.5 * (count - 3) * rest
    log_tau = math.log(gamma * width) + 0.5 * (count - 4) * rest + 0.5 * math.log(0.5 * (count - 1) * power)
    log_any = log_tau if log_tau < -30 else math.log(-math.expm1(-math.exp(min(log_tau, 700.0))))
    # P = 1 - (1 - single)(1 - any), where both may be far below what a float can take from 1.
    both = np.logaddexp(log_single, log_any)
    if log_single + log_any > -60:
        both = math.log(max(math.exp(both) - math.exp(log_single + log_any), 1e-300))
    return float(min(both, 0.0) / math.log(10))
