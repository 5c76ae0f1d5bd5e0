"""Statistics of light curves that need no period: compiled, one pass over the curves.

Definitions are those of Richards et al. 2011 (ApJ 733, 10, table 5) as cesium has them, of Kim et al. 2014
(eta_e) and of Stetson 1996 (PASP 108, 851); where errors enter, points without one are left out.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.ordered_values import median_deviation, percentile
from skysieve.preprocess.curve_features.stable_mean import stable_mean

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
    ordered: NDArray[np.float64],
    magnitudes: bool,
    made: NDArray[np.float64],
) -> None:
    """Fill ``made``, shape (N, len(NAMES)), which comes full of NaN.

    Parameters
    ----------
    offsets, time, value, error : ndarray
        As of `LightCurves`.
    ordered : ndarray, shape (P,)
        The values of each curve, sorted.
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
            row[1] = time[last - 1] - time[first]
            _plain(value[first:last], ordered[first:last], magnitudes, row)
            _in_time(time[first:last], value[first:last], row)
            known = error[first:last] > 0
            if known.all():
                _weighted(value[first:last], error[first:last], row[3], row)
            elif known.any():
                left = value[first:last][known]
                _weighted(left, error[first:last][known], np.median(left), row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _plain(
    value: NDArray[np.float64], ordered: NDArray[np.float64], magnitudes: bool, row: NDArray[np.float64]
) -> None:
    """Fill in what does not depend on the order of points, nor on errors."""
    count = len(value)
    middle, low, high = percentile(ordered, 50.0), ordered[0], ordered[-1]
    mean = stable_mean(value)
    second, third, fourth, close = 0.0, 0.0, 0.0, 0
    for each in value:
        step = each - mean
        square = step * step
        second += square
        third += square * step
        fourth += square * square
        close += abs(each - middle) < 0.1 * (high - low)
    second, third, fourth = second / count, third / count, fourth / count
    row[2], row[3] = mean, middle
    row[7], row[8], row[9] = (high - low) / 2, low, high
    if count < 2:
        return
    row[4] = deviation = math.sqrt(second)
    row[10] = median_deviation(ordered, middle)
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
    middle = _flux(ordered, magnitudes, 50.0)
    width = _flux(ordered, magnitudes, 95.0) - _flux(ordered, magnitudes, 5.0)
    if middle > 0:
        brightest, faintest = _flux(ordered, magnitudes, 100.0), _flux(ordered, magnitudes, 0.0)
        row[16] = max(brightest - middle, middle - faintest) / middle
        row[17] = width / middle
    if width > 0:
        for number in range(len(MIDS)):
            half = MIDS[number] / 2
            between = _flux(ordered, magnitudes, 50 + half) - _flux(ordered, magnitudes, 50 - half)
            row[18 + number] = between / width


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _flux(ordered: NDArray[np.float64], magnitudes: bool, percent: float) -> float:
    """Return a percentile of flux; of magnitudes, two only are turned into fluxes."""
    if not magnitudes:
        return float(percentile(ordered, percent))
    last = len(ordered) - 1
    place = percent / 100 * last
    below = min(int(place), last)
    # Relative to the brightest, so that no magnitude overflows; only ratios are formed.
    fainter = 10 ** (-0.4 * (ordered[last - below] - ordered[0]))
    brighter = 10 ** (-0.4 * (ordered[max(last - below - 1, 0)] - ordered[0]))
    return float(fainter + (place - below) * (brighter - fainter))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _in_time(time: NDArray[np.float64], value: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what depends on the order of points."""
    count = len(value)
    if count < 2:
        return
    mean, mean_time = stable_mean(value), stable_mean(time)
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
def _weighted(
    value: NDArray[np.float64], error: NDArray[np.float64], middle: float, row: NDArray[np.float64]
) -> None:
    """Fill in what is weighted by errors, all of which are known; ``middle`` is the median."""
    count, zero = len(value), value[0]
    weights, mean, errors, noise, plain = 0.0, 0.0, 0.0, 0.0, 0.0
    for number in range(count):
        square = error[number] * error[number]
        weights += 1 / square
        mean += (value[number] - zero) / square
        errors += error[number]
        noise += square
        plain += value[number] - zero
    mean, plain = mean / weights + zero, plain / count + zero
    row[31], row[32] = errors / count, mean
    if count < 2:
        return
    chi2, squares = 0.0, 0.0
    for number in range(count):
        chi2 += ((value[number] - mean) / error[number]) ** 2
        squares += (value[number] - plain) ** 2
    row[33] = deviation = math.sqrt(chi2 / weights)
    beyond = 0
    for each in value:
        beyond += abs(each - mean) > deviation
    row[34], row[35] = beyond / count, chi2 / (count - 1)
    if plain != 0:
        row[36] = (squares / count - noise / count) / plain**2
    _stetson(value, error, _stetson_mean(value, error, middle), row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _stetson(
    value: NDArray[np.float64], error: NDArray[np.float64], mean: float, row: NDArray[np.float64]
) -> None:
    """Fill in the indices J and K."""
    count = len(value)
    scale = math.sqrt(count / (count - 1))
    index, sizes, squares = 0.0, 0.0, 0.0
    for number in range(count):
        away = scale * (value[number] - mean) / error[number]
        product = away * away - 1
        index += math.copysign(math.sqrt(abs(product)), product)
        sizes += abs(away)
        squares += away * away
    row[37] = index / count
    if squares > 0:
        row[38] = sizes / count / math.sqrt(squares / count) / 0.798


# Sums in any order, so that vector instructions can be used: this is the only function that goes over the
# points many times, and it ends where a change is too small to matter.
@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def _stetson_mean(value: NDArray[np.float64], error: NDArray[np.float64], middle: float) -> float:
    """Return the mean that outliers pull less on, by iteration from the median (Stetson 1987)."""
    mean = middle
    for _ in range(20):
        pulls, total = 0.0, 0.0
        for number in range(len(value)):
            square, away = error[number] * error[number], value[number] - mean
            pull = 1 / (square + away * away / 4)
            pulls += pull
            total += away * pull
        change = total / pulls
        mean += change
        if abs(change) < 1e-6 * max(abs(mean), 1.0):
            break
    return mean
