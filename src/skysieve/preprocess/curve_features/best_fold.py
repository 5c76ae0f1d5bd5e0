"""Which period a light curve is folded at: peaks of the periodogram, judged by Fourier series: compiled.

The best Lomb-Scargle peak is that of the sinusoid that fits best. Narrow eclipses and steep rises spread
their power over harmonics, and their best peak may be an alias. So each peak is judged by what series of six
harmonics leave, at its period P, which pulsation needs, and at 2P, which binaries with two minima need.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.harmonic_fit import factorise, fit_series

__all__ = ["FOLD_HARMONICS", "best_fold"]

#: Of the series at P and at 2P.
FOLD_HARMONICS = 6

#: Frequencies that are tried on either side of a candidate.
TRIALS = 4

#: A better peak is kept unless a lesser one leaves less by this factor.
PREFERENCE = 1.05

#: Least share of the squares that is told from nothing.
FLOOR = 1e-9

#: As of the Fourier fit: keeps it finite where a gap in phase leaves it open.
RIDGE = 1e-4


@numba.njit(cache=True, nogil=True, error_model="numpy")
def best_fold(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    peaks: NDArray[np.float64],
    width: float,
) -> tuple[float, int, NDArray[np.float64]]:
    """Choose among peaks by the product of the shares of squares that series at P and at 2P leave.

    Parameters
    ----------
    time, value, weight : ndarray, shape (N,)
        Of the points; values about their weighted mean.
    peaks : ndarray, shape (C,)
        Frequencies, the best peak first.
    width : float
        How far on either side of a peak frequencies are tried.

    Returns
    -------
    frequency : float
        1/P, twice that of the peak where the light curve has two cycles in one of the peak's.
    chosen : int
        Number of the peak.
    left : ndarray, shape (C,)
        The product for each peak, 0 to 1.
    """
    left, places = np.empty(len(peaks)), np.empty(len(peaks))
    sums = np.empty(2 * TRIALS + 1)
    for number in range(len(peaks)):
        for trial in range(2 * TRIALS + 1):
            frequency = peaks[number] + (trial - TRIALS) * width / TRIALS
            sums[trial] = _left(time, value, weight, frequency) * _left(time, value, weight, frequency / 2)
        best = int(np.argmin(sums))
        left[number], places[number] = sums[best], best
        if 0 < best < 2 * TRIALS:
            bend = sums[best - 1] - 2 * sums[best] + sums[best + 1]
            if bend > 0:
                places[number] += 0.5 * (sums[best - 1] - sums[best + 1]) / bend
    chosen = 0
    while left[chosen] > PREFERENCE * left.min():
        chosen += 1
    frequency = peaks[chosen] + (places[chosen] - TRIALS) * width / TRIALS
    # Two minima a cycle: what was found is 2P, as it is for contact binaries whose best peak is 1/P.
    series = fit_series(time, value, weight, frequency, 2)
    if math.hypot(series[3], series[4]) > math.hypot(series[1], series[2]):
        frequency *= 2
    return frequency, chosen, left


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _left(
    time: NDArray[np.float64], value: NDArray[np.float64], weight: NDArray[np.float64], frequency: float
) -> float:
    """Return the share of the weighted squares that a series of this frequency leaves.

    Products of two harmonics are sums of others (2 cos a cos b = cos(a - b) + cos(a + b)), so that the
    normal equations take 6 K sums over the points rather than 2 K².
    """
    size = 2 * FOLD_HARMONICS
    cosines, sines = np.zeros(size + 1), np.zeros(size + 1)
    right = np.zeros(size + 1)
    squares = 0.0
    for point in range(len(time)):
        cycles = (time[point] - time[0]) * frequency
        angle = 2 * math.pi * (cycles - math.floor(cycles))
        cosine, sine = math.cos(angle), math.sin(angle)
        share, product = weight[point], weight[point] * value[point]
        squares += product * value[point]
        real, imaginary = 1.0, 0.0
        right[0] += product
        for harmonic in range(1, size + 1):
            real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine
            cosines[harmonic] += share * real
            sines[harmonic] += share * imaginary
            if harmonic <= FOLD_HARMONICS:
                right[2 * harmonic - 1] += product * real
                right[2 * harmonic] += product * imaginary
    whole = weight.sum()
    if not squares > 0:
        return 1.0
    cosines[0] = whole
    matrix = _normal(cosines / whole, sines / whole)
    return float(max(FLOOR, 1 - _explained(matrix, right / whole) * whole / squares))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _normal(cosines: NDArray[np.float64], sines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal equations' lower triangle, from means of cosines and sines of multiples."""
    size = len(cosines)
    matrix = np.zeros((size, size))
    matrix[0, 0] = 1.0
    for first in range(1, FOLD_HARMONICS + 1):
        even, odd = 2 * first - 1, 2 * first
        matrix[even, 0], matrix[odd, 0] = cosines[first], sines[first]
        for second in range(1, first + 1):
            apart, together = first - second, first + second
            matrix[even, 2 * second - 1] = 0.5 * (cosines[apart] + cosines[together])
            matrix[odd, 2 * second] = 0.5 * (cosines[apart] - cosines[together])
            matrix[odd, 2 * second - 1] = 0.5 * (sines[together] + sines[apart])
            if second < first:
                matrix[even, 2 * second] = 0.5 * (sines[together] - sines[apart])
        matrix[even, even] += RIDGE
        matrix[odd, odd] += RIDGE
    return matrix


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _explained(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return what the solution of the normal equations explains: the square of L⁻¹ b, of Cholesky's L."""
    factorise(matrix)
    found = 0.0
    half = right.copy()
    for first in range(len(right)):
        for inner in range(first):
            half[first] -= matrix[first, inner] * half[inner]
        half[first] /= matrix[first, first]
        found += half[first] * half[first]
    return found
