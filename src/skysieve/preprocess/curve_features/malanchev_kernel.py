"""Features of Malanchev et al. 2021 (MNRAS 502, 5147) that need no period: compiled, curve after curve.

Definitions are those that the package ``light-curve`` documents; nothing of its code is used, so that nothing
here is under its licence. Percentiles are those of Hazen. Where errors enter, points without one are left
out. Tests compare all features with those of the package.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.log_normal import log_normal
from skysieve.preprocess.curve_features.ordered_values import median_deviation
from skysieve.preprocess.curve_features.stable_mean import stable_mean

__all__ = ["NAMES", "features"]

NAMES = (
    "amplitude",
    "anderson_darling_normal",
    "beyond_1_std",
    "beyond_2_std",
    "cusum",
    "eta",
    "eta_e",
    "excess_variance",
    "inter_percentile_range_2",
    "inter_percentile_range_10",
    "inter_percentile_range_25",
    "kurtosis",
    "linear_fit_slope",
    "linear_fit_slope_sigma",
    "linear_fit_reduced_chi2",
    "linear_trend",
    "linear_trend_sigma",
    "linear_trend_noise",
    "magnitude_percentage_ratio_40_5",
    "magnitude_percentage_ratio_20_5",
    "maximum_slope",
    "mean",
    "median",
    "median_absolute_deviation",
    "median_buffer_range_percentage_10",
    "percent_amplitude",
    "percent_difference_magnitude_percentile_5",
    "chi2",
    "skew",
    "standard_deviation",
    "stetson_k",
    "weighted_mean",
)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def features(
    offsets: NDArray[np.int64],
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    error: NDArray[np.float64],
    ordered: NDArray[np.float64],
    made: NDArray[np.float64],
) -> None:
    """Fill ``made``, shape (N, len(NAMES)), which comes full of NaN; what is not determined may be infinite.

    Parameters
    ----------
    offsets, time, value, error : ndarray
        As of `LightCurves`.
    ordered : ndarray, shape (P,)
        The values of each curve, sorted.
    made : ndarray, shape (N, len(NAMES))
        Where the features go.
    """
    for curve in range(len(offsets) - 1):
        first, last = offsets[curve], offsets[curve + 1]
        if last == first:
            continue
        row, values = made[curve], value[first:last]
        _of_order(ordered[first:last], row)
        _moments(values, row)
        if last - first > 3:
            row[1] = _normality(ordered[first:last], row[21], row[29])
        _in_time(time[first:last], values, row)
        known = error[first:last] > 0
        if known.all():
            _weighted(time[first:last], values, error[first:last], row[21], row[29] ** 2, row)
        elif known.any():
            left = values[known]
            mean = stable_mean(left)
            variance = ((left - mean) ** 2).sum() / (len(left) - 1)
            _weighted(time[first:last][known], left, error[first:last][known], mean, variance, row)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _of_order(ordered: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what can be read off sorted values."""
    low, high = ordered[0], ordered[-1]
    row[0] = (high - low) / 2
    row[22] = middle = _hazen(ordered, 0.5)
    row[8], row[9], row[10] = _between(ordered, 0.02), _between(ordered, 0.1), _between(ordered, 0.25)
    wide = _between(ordered, 0.05)
    row[18], row[19] = _between(ordered, 0.4) / wide, _between(ordered, 0.2) / wide
    row[23] = median_deviation(ordered, middle)
    near = 0
    for each in ordered:
        near += abs(each - middle) < 0.1 * (high - low) / 2
    row[24] = near / len(ordered)
    row[25] = max(high - middle, middle - low)
    row[26] = wide / middle


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _hazen(ordered: NDArray[np.float64], share: float) -> float:
    place = share * len(ordered) - 0.5
    below = max(math.floor(place), 0)
    above = min(math.floor(place) + 1, len(ordered) - 1)
    return float(ordered[below] + (place - math.floor(place)) * (ordered[above] - ordered[below]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _between(ordered: NDArray[np.float64], share: float) -> float:
    return _hazen(ordered, 1 - share) - _hazen(ordered, share)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _moments(value: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what sums over values give, corrected for their number."""
    count = len(value)
    row[21] = mean = stable_mean(value)
    if count < 2:
        return
    second, third, fourth = 0.0, 0.0, 0.0
    for each in value:
        away = each - mean
        square = away * away
        second += square
        third += square * away
        fourth += square * square
    variance = second / (count - 1)
    row[29] = deviation = math.sqrt(variance)
    beyond, far = 0, 0
    for each in value:
        beyond += abs(each - mean) > deviation
        far += abs(each - mean) > 2 * deviation
    row[2], row[3] = beyond / count, far / count
    if count > 2:
        row[28] = count / ((count - 1) * (count - 2)) * third / (variance * deviation)
    if count > 3:
        rest = (count - 2) * (count - 3)
        row[11] = count * (count + 1) / ((count - 1) * rest) * fourth / (variance * variance)
        row[11] -= 3 * (count - 1) ** 2 / rest


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _normality(ordered: NDArray[np.float64], mean: float, deviation: float) -> float:
    """Return the statistic of Anderson and Darling for a normal distribution of unknown mean and width."""
    count = len(ordered)
    if not deviation > 0:
        return math.nan
    total = 0.0
    for number in range(count):
        place = (ordered[number] - mean) / deviation
        total += (2 * number + 1) * log_normal(place) + (2 * (count - number) - 1) * log_normal(-place)
    return (1 + 4 / count - 25 / count**2) * (-count - total / count)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _in_time(time: NDArray[np.float64], value: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Fill in what depends on the order of points; mean and deviation stand in the row."""
    count, mean, variance = len(value), row[21], row[29] ** 2
    if count < 2:
        return
    mean_time = stable_mean(time)
    total, lowest, highest, squares, products = 0.0, math.inf, -math.inf, 0.0, 0.0
    for number in range(count):
        away, late = value[number] - mean, time[number] - mean_time
        total += away
        lowest, highest = min(lowest, total), max(highest, total)
        squares += late * late
        products += late * away
    steps, slopes, steepest = 0.0, 0.0, -1.0
    for number in range(1, count):
        step, late = value[number] - value[number - 1], time[number] - time[number - 1]
        steps += step * step
        # Between points of one instant there is no slope, as in the package.
        if late > 0:
            slopes += (step / late) ** 2
            steepest = max(steepest, abs(step / late))
    row[4] = (highest - lowest) / (count * row[29])
    row[5] = steps / ((count - 1) * variance)
    if steepest >= 0:
        row[6] = (time[-1] - time[0]) ** 2 / (count - 1) ** 3 * slopes / variance
        row[20] = steepest
    if count > 2:
        row[15] = trend = products / squares
        left = max((count - 1) * variance - trend * products, 0.0) / (count - 2)
        row[16], row[17] = math.sqrt(left / squares), math.sqrt(left)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _weighted(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    error: NDArray[np.float64],
    plain: float,
    variance: float,
    row: NDArray[np.float64],
) -> None:
    """Fill in what errors enter, which are all known; ``plain`` and ``variance`` are without weights."""
    count, start, zero = len(value), time[0], value[0]
    weights, mean, mean_time, noise = 0.0, 0.0, 0.0, 0.0
    for number in range(count):
        square = error[number] * error[number]
        weight = 1 / square
        weights += weight
        mean += weight * (value[number] - zero)
        mean_time += weight * (time[number] - start)
        noise += square
    mean, mean_time = mean / weights + zero, mean_time / weights + start
    row[31] = mean
    if count < 2:
        return
    squares, products, chi2, sizes = 0.0, 0.0, 0.0, 0.0
    for number in range(count):
        away, late = (value[number] - mean) / error[number], (time[number] - mean_time) / error[number]
        squares += late * late
        products += late * away
        chi2 += away * away
        sizes += abs(away)
    row[7] = (variance - noise / count) / plain**2
    row[27] = chi2 / (count - 1)
    row[30] = sizes / math.sqrt(count * chi2)
    if count > 2:
        row[12] = slope = products / squares
        row[13] = 1 / math.sqrt(squares)
        row[14] = max(chi2 - slope * products, 0.0) / (count - 2)
