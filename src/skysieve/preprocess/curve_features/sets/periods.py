"""Features that need a period: best peaks, Fourier series, and what the folds at P and 2P show."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import HARMONICS, FeatureConfiguration, PeriodOptions
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.preprocess.curve_features.period_search import (
    Periodogram,
    grid,
    log_false_alarm,
    point_weights,
    power,
)
from skysieve.samples.light_curves import LightCurves

__all__ = ["Periods"]


@dataclass(frozen=True)
class Periods:
    """Lomb-Scargle periods and Fourier series of all bands of a curve together.

    Parameters
    ----------
    options : PeriodOptions
        Grid, harmonics, peaks.
    """

    options: PeriodOptions = field(default_factory=PeriodOptions)
    joint: bool = True

    @property
    def minimum_points(self) -> int:
        """Curves with less have no period."""
        return self.options.minimum_points

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        require("numba", extra="lightcurves", purpose="measure features of light curves")
        from skysieve.preprocess.curve_features.harmonic_fit import FOLD_NAMES

        peaks = [name for number in range(self.options.peaks) for name in self._peak_names(number)]
        further = [f"{name}_2" for name in ("frequency_ratio", "amplitude_ratio", "power_ratio")]
        more = [
            name
            for number in range(2, self.options.frequencies + 1)
            for name in (
                *(f"{each[:-2]}_{number}" for each in further),
                *(f"frequency_{number}_{each}" for each in ("frequency", *_series_names())),
            )
        ]
        return (*peaks, "period_double", *_series_names(), *FOLD_NAMES, *more)

    def _peak_names(self, number: int) -> tuple[str, ...]:
        names = ["period", "power", *(["log_fap"] if self.options.harmonics == 1 else []), "near_day"]
        names += ["day_alias", "multiple"] if number else []
        return tuple(f"{name}_{number + 1}" for name in names)

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return the features, shape (N, F)."""
        made = np.full((len(curves), len(self.names)), np.nan)
        for row, curve in zip(made, curves, strict=True):
            self._measure_one(curve, row)
        return made

    def _measure_one(self, curve: LightCurves, row: NDArray[np.float64]) -> None:
        from skysieve.preprocess.curve_features.harmonic_fit import (
            fit_series,
            fold_features,
            refined_frequency,
        )

        if len(curve.time) < self.options.minimum_points:
            return
        value, weight = _centred(curve)
        _, step, steps = grid(float(curve.time[-1] - curve.time[0]), self.options)
        if steps < 3 or not np.ptp(value) > 0:
            return
        time = np.ascontiguousarray(curve.time)
        found = power(curve, value, weight, self.options)
        peaks = self._peaks(found, time, weight)
        if not len(peaks):
            return
        frequency = refined_frequency(time, value, weight, 1 / peaks[0], step / 2, HARMONICS)
        peaks[0] = 1 / frequency
        coefficients = fit_series(time, value, weight, frequency, HARMONICS)
        folded = fold_features(time, value, weight, frequency, coefficients, curve.quantity == "magnitude")
        parts = [peaks, np.array([2 / frequency]), _series_features(coefficients), folded]
        first = (frequency, float(np.hypot(*coefficients[1:3])), float(found.power.max()))
        parts += self._further(curve, value, weight, first, coefficients)
        row[:] = np.concatenate(parts)

    def _peaks(
        self, found: Periodogram, time: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the features of all peaks, NaN for those that are not there; none without any peak."""
        peaks = found.peaks(self.options.peaks)
        top = found.start + found.step * (len(found.power) - 1)
        made: list[float] = []
        for number in range(self.options.peaks if peaks else 0):
            if number >= len(peaks):
                made += [math.nan] * len(self._peak_names(number))
                continue
            peak = peaks[number]
            made += [peak.period, peak.power]
            if self.options.harmonics == 1:
                made.append(log_false_alarm(peak.power, top, time, weight))
            made.append(peak.near_day)
            made += [peak.day_alias, peak.multiple] if number else []
        return np.array(made)

    def _further(
        self,
        curve: LightCurves,
        value: NDArray[np.float64],
        weight: NDArray[np.float64],
        first: tuple[float, float, float],
        coefficients: NDArray[np.float64],
    ) -> list[NDArray[np.float64]]:
        """Fit and remove one frequency after the other, as Richards et al. 2011 do."""
        from skysieve.preprocess.curve_features.harmonic_fit import fit_series, refined_frequency, series

        parts, frequency = [], first[0]
        time = np.ascontiguousarray(curve.time)
        for _ in range(1, self.options.frequencies):
            value = value - series(time, time[0], frequency, coefficients)
            found = power(curve, value, weight, self.options)
            peaks = found.peaks(1)
            if not peaks:
                parts.append(np.full(4 + len(_series_names()), np.nan))
                continue
            frequency = refined_frequency(time, value, weight, peaks[0].frequency, found.step / 2, HARMONICS)
            coefficients = fit_series(time, value, weight, frequency, HARMONICS)
            amplitude = float(np.hypot(*coefficients[1:3]))
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = np.array([frequency, amplitude, peaks[0].power]) / first
            parts.append(np.concatenate([ratios, [frequency], _series_features(coefficients)]))
        return parts


def _series_names() -> tuple[str, ...]:
    numbers = range(2, HARMONICS + 1)
    amplitudes = (f"fourier_amplitude_{number}" for number in range(1, HARMONICS + 1))
    return (*amplitudes, *(f"fourier_r{n}1" for n in numbers), *(f"fourier_phi{n}1" for n in numbers))


def _series_features(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return A_k, A_k/A_1 and φ_k - k φ_1, which do not depend on where phases are counted from."""
    cosine, sine = coefficients[1::2], coefficients[2::2]
    amplitude, phase = np.hypot(cosine, sine), np.arctan2(-sine, cosine)
    relative = (phase - np.arange(1, len(phase) + 1) * phase[0]) % (2 * np.pi)
    ratio = amplitude / amplitude[0] if amplitude[0] > 0 else np.full_like(amplitude, np.nan)
    return np.concatenate([amplitude, ratio[1:], relative[1:]])


def _centred(curve: LightCurves) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values without the weighted mean of their band, and weights."""
    weight = point_weights(curve)
    sums = np.bincount(curve.band, weight * curve.value, len(curve.bands))
    whole = np.bincount(curve.band, weight, len(curve.bands))
    means = sums / np.where(whole > 0, whole, 1)
    return curve.value - means[curve.band], weight


@FEATURE_SETS.register("periods")
def periods(configuration: FeatureConfiguration) -> Periods:
    """Best Lomb-Scargle peaks with alias flags, P and 2P, Fourier series, folds at P and 2P."""
    return Periods(configuration.periods)
