"""Fourier series fitted to folded light curves, and what the fold shows: compiled.

A series is c + Σ A_k cos(2π k f (t - t₀) + φ_k), k from 1 to 4, t₀ the first point. Every band has a mean of
its own, which is taken off before; the shape is common to all.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.ordered_values import percentile

__all__ = ["FOLD_NAMES", "factorise", "fit_series", "fold_features", "refined_frequency", "series"]

RIDGE = 1e-4
"""Added to the diagonal of the normal equations, whose own entries are about 1/2: amplitudes become smaller
by 2e-4 of themselves where phases are covered, and stay small where a gap leaves them undetermined."""

PHASES = 128
"""At which the fitted series is looked at."""

FOLD_NAMES = (
    "freq_varrat",
    "scatter_res_raw",
    "fold2p_slope_10",
    "fold2p_slope_90",
    "medperc90_2p_p",
    "p2p_scatter_2praw",
    "p2p_scatter_over_mad",
    "p2p_scatter_pfold_over_mad",
    "p2p_ssqr_diff_over_var",
    "model_max_delta",
    "model_min_delta",
    "model_rise",
    "gain_2p",
    "depth_difference_2p",
)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fit_series(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    harmonics: int,
) -> NDArray[np.float64]:
    """Fit by weighted least squares; return c, then cosine and sine of each harmonic, shape (1 + 2 K,)."""
    size = 2 * harmonics + 1
    matrix, right = np.zeros((size, size)), np.zeros(size)
    row = np.ones(size)
    whole = weight.sum()
    for point in range(len(time)):
        _basis(time[point] - time[0], frequency, harmonics, row)
        share = weight[point] / whole
        for first in range(size):
            scaled = share * row[first]
            right[first] += scaled * value[point]
            for second in range(first + 1):
                matrix[first, second] += scaled * row[second]
    for number in range(1, size):
        matrix[number, number] += RIDGE
    return _solved(matrix, right)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def series(
    time: NDArray[np.float64], start: float, frequency: float, coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the fitted series at other times, with phases counted from ``start``."""
    row = np.ones(len(coefficients))
    made = np.empty(len(time))
    for point in range(len(time)):
        _basis(time[point] - start, frequency, len(coefficients) // 2, row)
        made[point] = (row * coefficients).sum()
    return made


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _basis(late: float, frequency: float, harmonics: int, row: NDArray[np.float64]) -> None:
    """Fill in cosines and sines of all harmonics, behind the 1 in the first place."""
    cycles = late * frequency
    angle = 2 * math.pi * (cycles - math.floor(cycles))
    cosine, sine = math.cos(angle), math.sin(angle)
    row[1], row[2] = cosine, sine
    for harmonic in range(1, harmonics):
        before, behind = row[2 * harmonic - 1], row[2 * harmonic]
        row[2 * harmonic + 1] = before * cosine - behind * sine
        row[2 * harmonic + 2] = before * sine + behind * cosine


@numba.njit(cache=True, nogil=True, error_model="numpy")
def factorise(matrix: NDArray[np.float64]) -> None:
    """Replace the lower triangle of a symmetric matrix, positive but for rounding, by Cholesky's factor."""
    for first in range(len(matrix)):
        for second in range(first + 1):
            rest = matrix[first, second]
            for inner in range(second):
                rest -= matrix[first, inner] * matrix[second, inner]
            if first == second:
                matrix[first, first] = math.sqrt(max(rest, 1e-12))
            else:
                matrix[first, second] = rest / matrix[second, second]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _solved(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve normal equations, of which the lower triangle is given and lost."""
    size = len(right)
    factorise(matrix)
    found = right.copy()
    for first in range(size):
        for inner in range(first):
            found[first] -= matrix[first, inner] * found[inner]
        found[first] /= matrix[first, first]
    for first in range(size - 1, -1, -1):
        for inner in range(first + 1, size):
            found[first] -= matrix[inner, first] * found[inner]
        found[first] /= matrix[first, first]
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _left(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    harmonics: int,
) -> float:
    """Return the weighted sum of squares that a fit leaves."""
    coefficients = fit_series(time, value, weight, frequency, harmonics)
    away = value - series(time, time[0], frequency, coefficients)
    return float((weight * away * away).sum())


@numba.njit(cache=True, nogil=True, error_model="numpy")
def refined_frequency(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    step: float,
    harmonics: int,
) -> float:
    """Return the frequency within ``step`` of that of a peak at which the series fits best.

    The fourth harmonic needs a frequency four times as exact as the periodogram's one.
    """
    trials = 8
    best, least = 0, math.inf
    sums = np.empty(2 * trials + 1)
    for number in range(2 * trials + 1):
        sums[number] = _left(time, value, weight, frequency + (number - trials) * step / trials, harmonics)
        if sums[number] < least:
            best, least = number, sums[number]
    place = float(best)
    if 0 < best < 2 * trials:
        bend = sums[best - 1] - 2 * sums[best] + sums[best + 1]
        if bend > 0:
            place += 0.5 * (sums[best - 1] - sums[best + 1]) / bend
    return frequency + (place - trials) * step / trials


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fold_features(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    coefficients: NDArray[np.float64],
    magnitudes: bool,
) -> NDArray[np.float64]:
    """Return what folding at the period P and at 2P shows, in the order of `FOLD_NAMES`.

    Parameters
    ----------
    time, value, weight : ndarray, shape (P,)
        Of the points, in the order of time; values without the means of their bands.
    frequency : float
        1/P.
    coefficients : ndarray
        Of the series of four harmonics at this frequency.
    magnitudes : bool
        Whether large values are faint.
    """
    made = np.full(len(FOLD_NAMES), np.nan)
    harmonics = len(coefficients) // 2
    twice = fit_series(time, value, weight, frequency / 2, harmonics)
    model, model_2p = (
        series(time, time[0], frequency, coefficients),
        series(time, time[0], frequency / 2, twice),
    )
    away, away_2p = value - model, value - model_2p
    mean = (weight * value).sum() / weight.sum()
    before = (weight * (value - mean) ** 2).sum()
    spread = _median(np.abs(value - _median(value)))
    if not before > 0:
        return made
    made[0] = (weight * away * away).sum() / before
    steps = np.diff(value)
    squares = (steps * steps).sum()
    by_p, by_2p = _folded(time, frequency), _folded(time, frequency / 2)
    ordered, ordered_2p = np.argsort(by_p), np.argsort(by_2p)
    made[2], made[3] = _slopes(by_2p[ordered_2p], model_2p[ordered_2p])
    nine = percentile(np.sort(np.abs(away)), 90.0)
    if nine > 0:
        made[4] = percentile(np.sort(np.abs(away_2p)), 90.0) / nine
    if squares > 0:
        made[5] = (np.diff(value[ordered_2p]) ** 2).sum() / squares
    if spread > 0:
        made[1] = _median(np.abs(away - _median(away))) / spread
        made[6] = _median(np.abs(steps)) / spread
        made[7] = _median(np.abs(np.diff(value[ordered]))) / spread
    if value.var() > 0:
        made[8] = squares / ((len(value) - 1) * value.var())
    faint = 1.0 if magnitudes else -1.0
    _extrema(faint * _one_cycle(coefficients), made)
    # Harmonics 1 and 2 at P are 2 and 4 at 2P: what 1 and 3 add there is what P cannot fit.
    half = _left(time, value, weight, frequency, harmonics // 2)
    if half > 0:
        made[12] = 1 - (weight * away_2p * away_2p).sum() / half
    made[13] = _depths(faint * _one_cycle(twice))
    return made


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _median(value: NDArray[np.float64]) -> float:
    return percentile(np.sort(value), 50.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _folded(time: NDArray[np.float64], frequency: float) -> NDArray[np.float64]:
    """Return the days since the last full cycle, counted from the first point."""
    cycles = (time - time[0]) * frequency
    late: NDArray[np.float64] = (cycles - np.floor(cycles)) / frequency
    return late


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _slopes(late: NDArray[np.float64], model: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 10th and 90th percentile of the slopes between points of different phase."""
    slopes = np.empty(len(late))
    count = 0
    for number in range(1, len(late)):
        if late[number] > late[number - 1]:
            slopes[count] = (model[number] - model[number - 1]) / (late[number] - late[number - 1])
            count += 1
    if not count:
        return np.nan, np.nan
    ordered = np.sort(slopes[:count])
    return percentile(ordered, 10.0), percentile(ordered, 90.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _one_cycle(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    cycle: NDArray[np.float64] = series(np.arange(PHASES) / PHASES, 0.0, 1.0, coefficients)
    return cycle


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _extrema(cycle: NDArray[np.float64], made: NDArray[np.float64]) -> None:
    """Fill in how far the two brightest maxima, and the two faintest minima, are from one another."""
    bright, second_bright, faint, second_faint = np.inf, np.inf, -np.inf, -np.inf
    for number in range(PHASES):
        each, before, behind = cycle[number], cycle[number - 1], cycle[(number + 1) % PHASES]
        if each < before and each <= behind:
            second_bright, bright = min(second_bright, max(bright, each)), min(bright, each)
        if each > before and each >= behind:
            second_faint, faint = max(second_faint, min(faint, each)), max(faint, each)
    made[9] = second_bright - bright if second_bright < np.inf else 0.0
    made[10] = faint - second_faint if second_faint > -np.inf else 0.0
    # From the faintest to the brightest: short for pulsation of the fundamental mode.
    made[11] = ((np.argmin(cycle) - np.argmax(cycle)) % PHASES) / PHASES


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _depths(cycle: NDArray[np.float64]) -> float:
    """Return by how much the faintest phase of 2P is fainter than that half a cycle away, of the range."""
    width = cycle.max() - cycle.min()
    if not width > 0:
        return np.nan
    deepest = int(np.argmax(cycle))
    other = -np.inf
    for shift in range(-(PHASES // 8), PHASES // 8 + 1):
        other = max(other, cycle[(deepest + PHASES // 2 + shift) % PHASES])
    return float((cycle[deepest] - other) / width)
