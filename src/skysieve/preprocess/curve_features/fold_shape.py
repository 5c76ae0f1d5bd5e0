"""The shape of a folded light curve: minima, their depths and widths, rise, scatter about it: compiled.

Values grow towards faint: magnitudes as they are, fluxes with their sign turned. The fold at 2P begins at its
fainter minimum.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.best_fold import FOLD_HARMONICS
from skysieve.preprocess.curve_features.harmonic_fit import fit_series, series
from skysieve.preprocess.curve_features.ordered_values import percentile

__all__ = ["BINS", "SHAPE_NAMES", "fold_shape"]

#: Of phase, in the profiles.
BINS = 32

#: Points at least whose median is a bin's.
BIN_POINTS = 3

#: At which the fitted series is looked at.
PHASES = 128

#: Days without a point that part two seasons.
SEASON_GAP = 60.0

#: Days within which two points are of one night.
NIGHT = 0.5

_PROFILE = (
    "fold_depth_1",
    "fold_depth_2",
    "fold_depth_ratio",
    "fold_depth_difference",
    "fold_width_1",
    "fold_width_2",
    "fold_minimum_2_phase",
    "fold_median_level",
    "fold_maxima_difference",
    "fold_faint_share",
    "fold_skew",
    "fold_kurtosis",
    "fold_rise",
    "fold_bright_share",
)
_SCATTER = (
    "fold_neumann_half",
    "fold_neumann_p",
    "fold_neumann_2p",
    "fold_neumann_4p",
    "fold_left_p",
    "fold_left_2p",
    "fold_chi2",
    "fold_residual_mad",
    "fold_residual_skew",
    "fold_faint_scatter",
    "fold_night_correlation",
    "fold_season_level",
    "fold_season_amplitude",
    "fold_residual_trend",
)
_SERIES = tuple(
    f"fold_{part}_{number}"
    for number in range(1, FOLD_HARMONICS + 1)
    if number != 2
    for part in ("cosine", "sine")
)

SHAPE_NAMES = (*_PROFILE, *_SCATTER, *_SERIES)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fold_shape(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the features in the order of `SHAPE_NAMES`, and the residuals of the series.

    Parameters
    ----------
    time, value, weight : ndarray, shape (P,)
        Of the points, in the order of time; values without the means of their bands, larger is fainter.
    frequency : float
        1/(2P).
    """
    made = np.full(len(SHAPE_NAMES), np.nan)
    coefficients = fit_series(time, value, weight, frequency, FOLD_HARMONICS)
    model = series(time, time[0], frequency, coefficients)
    cycle = series(np.arange(PHASES) / PHASES, 0.0, 1.0, coefficients)
    deepest = np.argmax(cycle) / PHASES
    _shape(time, value, frequency, deepest, made)
    first = len(_PROFILE)
    _scatter(time, value, weight, frequency, model, made[first : first + len(_SCATTER)])
    _turned(coefficients, deepest, made[first + len(_SCATTER) :])
    return made, value - model


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _shape(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    frequency: float,
    deepest: float,
    made: NDArray[np.float64],
) -> None:
    """Fill in what the medians of phase bins show."""
    both = _profile(time, value, frequency, deepest)
    once = _profile(time, value, 2 * frequency, 2 * deepest)
    ordered = np.sort(both)
    bright = percentile(ordered, 10.0)
    # The series overshoots where points are few: minima are looked for in the medians near its own.
    first = _faintest(both, 0, 2)
    second = _faintest(both, BINS // 2, BINS // 8)
    depth, other = both[first] - bright, both[second] - bright
    made[0], made[1], made[3], made[6] = depth, other, depth - other, ((second - first) % BINS) / BINS
    reach = max(depth, other)
    if not reach > 0:
        return
    made[2] = min(depth, other) / reach
    made[4], made[5] = _width(both, first, bright), _width(both, second, bright)
    made[7] = (percentile(ordered, 50.0) - bright) / reach
    quarter = BINS // 8
    made[8] = (both[quarter : 3 * quarter + 1].min() - both[5 * quarter : 7 * quarter + 1].min()) / reach
    made[9] = (value > bright + 0.5 * reach).mean()
    away = once - once.mean()
    spread = (away * away).mean()
    if spread > 0:
        made[10], made[11] = (away**3).mean() / spread**1.5, (away**4).mean() / spread**2 - 3
    made[12] = ((np.argmin(once) - np.argmax(once)) % BINS) / BINS
    made[13] = (once < 0.5 * (once.min() + once.max())).mean()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _faintest(profile: NDArray[np.float64], centre: int, reach: int) -> int:
    """Return the number of the faintest bin near another."""
    found = centre
    for number in range(centre - reach, centre + reach + 1):
        if profile[number % BINS] > profile[found]:
            found = number % BINS
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _profile(
    time: NDArray[np.float64], value: NDArray[np.float64], frequency: float, begin: float
) -> NDArray[np.float64]:
    """Return the medians of phase bins; where points are few, of the bins beside too."""
    phase = (time - time[0]) * frequency - begin + 0.5 / BINS
    phase -= np.floor(phase)
    place = np.minimum((phase * BINS).astype(np.int64), BINS - 1)
    order = np.argsort(place)
    ordered = value[order]
    ends = np.cumsum(np.bincount(place, minlength=BINS))
    made = np.empty(BINS)
    needed = min(BIN_POINTS, len(value))
    gathered = np.empty(len(value))
    for number in range(BINS):
        count, reach = 0, 0
        while count < needed:
            count = 0
            for near in range(number - reach, min(number + reach, number - reach + BINS - 1) + 1):
                wrapped = near % BINS
                first = ends[wrapped - 1] if wrapped else 0
                for point in range(first, ends[wrapped]):
                    gathered[count] = ordered[point]
                    count += 1
            reach += 1
        made[number] = percentile(np.sort(gathered[:count]), 50.0)
    return made


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _width(profile: NDArray[np.float64], centre: int, bright: float) -> float:
    """Return the width of a minimum at half of its depth, in cycles."""
    level = bright + 0.5 * (profile[centre] - bright)
    width = 0.0
    for direction in (-1, 1):
        before = profile[centre]
        for number in range(1, BINS // 2 + 1):
            behind = profile[(centre + direction * number) % BINS]
            if behind <= level:
                width += (before - level) / (before - behind) if before > behind else 0.0
                break
            width += 1.0
            before = behind
    return min(width / BINS, 1.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _scatter(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    model: NDArray[np.float64],
    made: NDArray[np.float64],
) -> None:
    """Fill in how points scatter when folded at several periods, and about the series."""
    count = len(value)
    mean = (weight * value).sum() / weight.sum()
    squares = (weight * (value - mean) ** 2).sum()
    for number in range(4):
        made[number] = _neumann(time, value, frequency * (4.0, 2.0, 1.0, 0.5)[number])
    once = fit_series(time, value, weight, 2 * frequency, FOLD_HARMONICS // 2)
    away = value - series(time, time[0], 2 * frequency, once)
    residual = value - model
    left = (weight * residual * residual).sum()
    if not (squares > 0 and left > 0):
        return
    made[4], made[5] = (weight * away * away).sum() / squares, left / squares
    made[6] = left / max(count - 2 * FOLD_HARMONICS - 1, 1)
    made[7] = percentile(np.sort(np.abs(residual)), 50.0)
    mean_square = (residual * residual).mean()
    made[8] = (residual**3).mean() / mean_square**1.5
    middle = percentile(np.sort(model), 50.0)
    faint = model > middle
    if faint.any() and not faint.all():
        bright = np.abs(residual[~faint]).mean()
        made[9] = np.abs(residual[faint]).mean() / bright if bright > 0 else np.nan
    made[10] = _night_correlation(time, residual)
    made[11], made[12] = _seasons(time, residual, weight, model)
    late = time - time.mean()
    product = (late * residual).sum()
    if (late * late).sum() > 0:
        made[13] = product * product / ((late * late).sum() * (residual * residual).sum())


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _neumann(time: NDArray[np.float64], value: NDArray[np.float64], frequency: float) -> float:
    """Return von Neumann's ratio in the order of phase: 1 for noise, less for a curve that is smooth."""
    cycles = (time - time[0]) * frequency
    folded = value[np.argsort(cycles - np.floor(cycles))]
    away = folded - folded.mean()
    squares = (away * away).sum()
    steps = (folded[1:] - folded[:-1]) ** 2
    return (steps.sum() + (folded[0] - folded[-1]) ** 2) / (2 * squares) if squares > 0 else np.nan


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _night_correlation(time: NDArray[np.float64], residual: NDArray[np.float64]) -> float:
    """Return how alike residuals of one night are: 0 for noise, 1 where each night has a level."""
    product, square, pairs = 0.0, 0.0, 0
    for number in range(1, len(time)):
        if time[number] - time[number - 1] < NIGHT:
            product += residual[number] * residual[number - 1]
            square += 0.5 * (residual[number] ** 2 + residual[number - 1] ** 2)
            pairs += 1
    return product / square if pairs and square > 0 else np.nan


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _seasons(
    time: NDArray[np.float64],
    residual: NDArray[np.float64],
    weight: NDArray[np.float64],
    model: NDArray[np.float64],
) -> tuple[float, float]:
    """Return the shares of the residuals that a level, and an amplitude, for each season take away."""
    whole = (weight * residual * residual).sum()
    level, amplitude, first = 0.0, 0.0, 0
    for number in range(1, len(time) + 1):
        if number < len(time) and time[number] - time[number - 1] < SEASON_GAP:
            continue
        share, away, shape = weight[first:number], residual[first:number], model[first:number]
        level += (share * away).sum() ** 2 / share.sum()
        square = (share * shape * shape).sum()
        if square > 0:
            amplitude += (share * away * shape).sum() ** 2 / square
        first = number
    return level / whole, amplitude / whole


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _turned(coefficients: NDArray[np.float64], begin: float, made: NDArray[np.float64]) -> None:
    """Fill in cosines and sines from the faintest phase on, relative to the amplitude at P."""
    size = math.hypot(coefficients[3], coefficients[4])
    if not size > 0:
        return
    place = 0
    for number in range(1, FOLD_HARMONICS + 1):
        if number == 2:
            continue
        angle = 2 * math.pi * number * begin
        cosine, sine = coefficients[2 * number - 1], coefficients[2 * number]
        made[place] = (cosine * math.cos(angle) + sine * math.sin(angle)) / size
        made[place + 1] = (sine * math.cos(angle) - cosine * math.sin(angle)) / size
        place += 2
