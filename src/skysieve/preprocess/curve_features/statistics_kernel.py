"""Statistics of light curves that need no period: compiled, one pass over the curves.

Definitions are those of Richards et al. 2011 (ApJ 733, 10, table 5) as cesium has them, of Kim et al. 2014
(eta_e) and of Stetson 1996 (PASP 108, 851); where errors enter, points without one are left out.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["NAMES", "statistics"]

#: Widths in percent of the flux percentile ratios.
MIDS = (20, 35, 50, 65, 80)

#: Points whose steps up and down are compared.
TREND_POINTS = 30

NAMES = (
    "n_points",
    "duration",
    "mean",
    "median",
    "std",
    "skew",
    "kurtosis",
    "amplitude",
    "minimum",
    "maximum",
    "median_absolute_deviation",
    "beyond_1_std",
    "beyond_2_std",
    "percent_close_to_median",
    "interpercentile_10",
    "interpercentile_25",
    "percent_amplitude",
    "percent_difference_flux_percentile",
    *(f"flux_percentile_ratio_mid{width}" for width in MIDS),
    "linear_trend",
    "linear_trend_noise",
    "max_slope",
    "pair_slope_trend",
    "eta",
    "eta_e",
    "autocorrelation",
    "cusum",
    "mean_error",
    "weighted_mean",
    "weighted_std",
    "beyond_1_std_weighted",
    "reduced_chi2",
    "excess_variance",
    "stetson_j",
    "stetson_k",
)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def statistics(
    offsets: NDArray[np.int64],
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    error: NDArray[np.float64],
    magnitudes: bool,
    made: NDArray[np.float64],
) -> None:
    """Fill ``made``, shape (N, len(NAMES)), which comes full of NaN.

    Parameters
    ----------
    offsets, time, value, error : ndarray
        As of `LightCurves`.
    magnitudes : bool
        Whether fluxes are 10^(-0.4 value), or the values themselves.
    made : ndarray, shape (N, len(NAMES))
        Where the features go.
    """
    for curve in range(len(offsets) - 1):
        first, last = offsets[curve], offsets[curve + 1]
        row = made[curve]
        row[0] = last - first
        if last > first:
            _plain(time[first:last], value[first:last], magnitudes, row)
            _in_time(time[first:last], value[first:last], row)
            _weighted(value[first:last], error[first:last], row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _plain(
    time: NDArray[np.float64], value: NDArray[np.float64], magnitudes: bool, row: NDArray[np.float64]
) -> None:
    """Fill in what does not depend on the order of points, nor on errors."""
    count = len(value)
    ordered = np.sort(value)
    middle, low, high = percentile(ordered, 50.0), ordered[0], ordered[-1]
    mean = 0.0
    for each in value:
        mean += each
    mean /= count
    second, third, fourth, close = 0.0, 0.0, 0.0, 0
    for each in value:
        step = each - mean
        square = step * step
        second += square
        third += square * step
        fourth += square * square
        close += abs(each - middle) < 0.1 * (high - low)
    second, third, fourth = second / count, third / count, fourth / count
    row[1], row[2], row[3] = time[-1] - time[0], mean, middle
    row[7], row[8], row[9] = (high - low) / 2, low, high
    if count < 2:
        return
    row[4] = deviation = math.sqrt(second)
    row[10] = percentile(np.sort(np.abs(value - middle)), 50.0)
    row[14] = percentile(ordered, 90.0) - percentile(ordered, 10.0)
    row[15] = percentile(ordered, 75.0) - percentile(ordered, 25.0)
    if high > low and second > 0:
        row[5], row[6] = third / second**1.5, fourth / second**2 - 3
        beyond, far = 0, 0
        for each in value:
            beyond += abs(each - mean) > deviation
            far += abs(each - mean) > 2 * deviation
        row[11], row[12], row[13] = beyond / count, far / count, close / count
    _of_flux(ordered, magnitudes, row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _of_flux(ordered: NDArray[np.float64], magnitudes: bool, row: NDArray[np.float64]) -> None:
    """Fill in percentiles of flux, from sorted values."""
    # Relative to the brightest, so that no magnitude overflows; only ratios are formed.
    flux = 10 ** (-0.4 * (ordered[::-1] - ordered[0])) if magnitudes else ordered
    middle = percentile(flux, 50.0)
    width = percentile(flux, 95.0) - percentile(flux, 5.0)
    if middle > 0:
        row[16] = max(flux[-1] - middle, middle - flux[0]) / middle
        row[17] = width / middle
    if width > 0:
        for number in range(len(MIDS)):
            half = MIDS[number] / 2
            row[18 + number] = (percentile(flux, 50 + half) - percentile(flux, 50 - half)) / width


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _in_time(time: NDArray[np.float64], value: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what depends on the order of points."""
    count = len(value)
    if count < 2:
        return
    mean, mean_time = value.mean(), time.mean()
    square, square_time, product = 0.0, 0.0, 0.0
    total, lowest, highest = 0.0, math.inf, -math.inf
    for number in range(count):
        step, late = value[number] - mean, time[number] - mean_time
        square += step * step
        square_time += late * late
        product += step * late
        total += step
        lowest, highest = min(lowest, total), max(highest, total)
    if square_time > 0:
        slope = product / square_time
        row[23] = slope
        if count > 2:
            row[24] = math.sqrt(max(square - slope * product, 0.0) / (count - 2))
    steps, slopes, weights, lagged, steepest, rising, falling = 0.0, 0.0, 0.0, 0.0, -1.0, 0, 0
    for number in range(1, count):
        step, late = value[number] - value[number - 1], time[number] - time[number - 1]
        steps += step * step
        lagged += (value[number] - mean) * (value[number - 1] - mean)
        if number > count - TREND_POINTS:
            rising += step > 0
            falling += step < 0
        if late > 0:
            steepest = max(steepest, abs(step / late))
            weight = 1 / (late * late)
            weights += weight
            slopes += step * step * weight
    if steepest >= 0:
        row[25] = steepest
    row[26] = (rising - falling) / min(count - 1, TREND_POINTS - 1)
    if square > 0:
        row[27] = steps / square
        if weights > 0:
            # Steps within the shortest gaps count most; 1 for noise that does not depend on time.
            row[28] = slopes / weights / (2 * square / (count - 1))
        row[29] = lagged / square
        row[30] = (highest - lowest) / (count * math.sqrt(square / count))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _weighted(value: NDArray[np.float64], error: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what is weighted by errors."""
    known = error > 0
    value, error = value[known], error[known]
    count = len(value)
    if not count:
        return
    weight = 1 / (error * error)
    mean = (weight * value).sum() / weight.sum()
    row[31], row[32] = error.mean(), mean
    if count < 2:
        return
    squares = (value - mean) ** 2
    deviation = math.sqrt((weight * squares).sum() / weight.sum())
    row[33] = deviation
    row[34] = (np.abs(value - mean) > deviation).mean()
    row[35] = (weight * squares).sum() / (count - 1)
    if value.mean() != 0:
        row[36] = (value.var() - (error * error).mean()) / value.mean() ** 2
    away = math.sqrt(count / (count - 1)) * (value - _stetson_mean(value, weight)) / error
    product = away * away - 1
    row[37] = (np.sign(product) * np.sqrt(np.abs(product))).mean()
    size = math.sqrt((away * away).mean())
    if size > 0:
        row[38] = np.abs(away).mean() / size / 0.798


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _stetson_mean(value: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the mean that outliers pull less on, by iteration from the median (Stetson 1987)."""
    mean: float = np.median(value)
    for _ in range(20):
        away = np.abs(value - mean) * np.sqrt(weight)
        pull = weight / (1 + (away / 2) ** 2)
        change = (value * pull).sum() / pull.sum() - mean
        mean += change
        if abs(change) < 1e-6 * max(abs(mean), 1.0):
            break
    return mean


@numba.njit(cache=True, nogil=True, error_model="numpy")
def percentile(ordered: NDArray[np.float64], percent: float) -> float:
    """Return a percentile of sorted numbers, linear between them as numpy's."""
    place = percent / 100 * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
