"""The shape of the folded light curve, at a period that a Fourier series chooses among several peaks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration, PeriodOptions
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.preprocess.curve_features.period_search import Periodogram, grid, point_weights, power
from skysieve.samples.light_curves import LightCurves

__all__ = ["FoldedShape"]

#: Peaks of the periodogram that are tried as the period.
CANDIDATES = 8

#: Ratio of the periods of the first overtone and the fundamental mode of RR Lyrae stars (Petersen's diagram).
OVERTONE = (0.738, 0.752)

_PERIODS = ("fold_period", "fold_candidate", "fold_gain_first", "fold_gain_next")
_RESIDUALS = ("residual_ratio", "residual_power", "residual_power_2", "overtone_power", "overtone_ratio")


@dataclass(frozen=True)
class FoldedShape:
    """Folds at P and at 2P of all bands of a curve together.

    Parameters
    ----------
    options : PeriodOptions
        Grid of the periodogram, always of one harmonic.
    """

    options: PeriodOptions = field(default_factory=PeriodOptions)
    joint: bool = True

    @property
    def minimum_points(self) -> int:
        """Curves with less are not folded."""
        return self.options.minimum_points

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        require("numba", extra="lightcurves", purpose="measure features of light curves")
        from skysieve.preprocess.curve_features.fold_shape import SHAPE_NAMES

        return (*_PERIODS, *SHAPE_NAMES, *_RESIDUALS)

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return the features, shape (N, F)."""
        made = np.full((len(curves), len(self.names)), np.nan)
        for row, curve in zip(made, curves, strict=True):
            self._measure_one(curve, row)
        return made

    def _measure_one(self, curve: LightCurves, row: NDArray[np.float64]) -> None:
        from skysieve.preprocess.curve_features.best_fold import best_fold
        from skysieve.preprocess.curve_features.fold_shape import SHAPE_NAMES, fold_shape

        if len(curve.time) < self.options.minimum_points:
            return
        value, weight = _faint(curve)
        _, step, steps = grid(float(curve.time[-1] - curve.time[0]), self.options)
        if steps < 3 or not np.ptp(value) > 0:
            return
        time = np.ascontiguousarray(curve.time)
        found = power(curve, value, weight, self.options)
        peaks = np.array([peak.frequency for peak in found.peaks(CANDIDATES)])
        if not peaks.size:
            return
        frequency, chosen, left = best_fold(time, value, weight, peaks, step / 2)
        others = np.delete(left, chosen)
        rivals = (left[0], others.min() if others.size else np.nan)
        periods = [1 / frequency, chosen, *(math.log10(left[chosen] / each) for each in rivals)]
        shape, residual = fold_shape(time, value, weight, frequency / 2)
        if not (curve.error > 0).all():
            shape[SHAPE_NAMES.index("fold_chi2")] = math.nan
        again = power(curve, residual, weight, self.options)
        row[:] = np.concatenate([periods, shape, _of_residuals(again, frequency)])


def _faint(curve: LightCurves) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values that grow towards faint, without the weighted mean of their band, and weights."""
    weight = point_weights(curve)
    sums = np.bincount(curve.band, weight * curve.value, len(curve.bands))
    whole = np.bincount(curve.band, weight, len(curve.bands))
    away = curve.value - (sums / np.where(whole > 0, whole, 1))[curve.band]
    return away if curve.quantity == "magnitude" else -away, weight


def _of_residuals(found: Periodogram, frequency: float) -> NDArray[np.float64]:
    """Return the best peaks of what the series leaves, and the power where a second radial mode would be."""
    made = np.full(len(_RESIDUALS), np.nan)
    peaks = found.peaks(2)
    if not peaks:
        return made
    made[:2] = peaks[0].frequency / frequency, peaks[0].power
    made[2] = peaks[-1].power
    low, high = OVERTONE
    best = (0.0, np.nan)
    for first, last in ((low, high), (1 / high, 1 / low)):
        begin, end = (round((frequency * each - found.start) / found.step) for each in (first, last))
        part = found.power[max(begin, 0) : max(end + 1, 0)]
        if part.size:
            place = int(part.argmax())
            best = max(best, (float(part[place]), found.start + found.step * (max(begin, 0) + place)))
    made[3], made[4] = best[0] / peaks[0].power, best[1] / frequency
    return made


@FEATURE_SETS.register("folded-shape")
def folded_shape(configuration: FeatureConfiguration) -> FoldedShape:
    """Depths and widths of minima, profile, scatter of the fold at P and 2P, second modes."""
    return FoldedShape(configuration.periods)
