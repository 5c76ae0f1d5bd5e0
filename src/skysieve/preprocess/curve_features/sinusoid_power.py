"""Lomb-Scargle power with a floating mean on an even grid, by nonuniform FFTs whose plans are kept.

The sums over sines and cosines are three nonuniform FFTs (Press & Rybicki 1989; Garrison et al. 2024), the
power from them is that of Zechmeister & Kürster 2009 (A&A 496, 577). Making a plan of finufft takes as long
as using it, which is why nifty-ls, that makes two a curve, is used for more harmonics only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require

__all__ = ["sinusoid_power"]

#: Of the sums, relative to that of the absolute values.
PRECISION = 1e-9


def sinusoid_power(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    start: float,
    step: float,
    steps: int,
) -> NDArray[np.float64]:
    """Return the power at ``start + step · k``, shape (steps,); 1 is a perfect fit.

    Not for several threads of one process: plans are shared.

    Parameters
    ----------
    time, value, weight : ndarray, shape (P,), float64
        Of the points; values about their weighted mean.
    start, step, steps : float, float, int
        Of the grid, cycles a unit of time.
    """
    share = weight / weight.sum()
    angle = 2 * np.pi * step * time
    # finufft counts frequencies from the middle.
    shift = np.exp(1j * (start / step + steps // 2) * angle)
    pair, single = _plan(steps, 2), _plan(steps, 1)
    pair.setpts(_wrapped(angle))
    sums = pair.execute(np.stack([share * value * shift, share * shift]))
    single.setpts(_wrapped(2 * angle))
    twice = single.execute(share * shift**2)
    made: NDArray[np.float64] = _power(sums[0], sums[1], twice, float((share * value**2).sum()))
    return made


@lru_cache(maxsize=6)
def _plan(steps: int, transforms: int) -> Any:
    finufft = require("finufft", extra="lightcurves", purpose="search for periods")
    return finufft.Plan(1, (steps,), n_trans=transforms, eps=PRECISION, nthreads=1, upsampfac=1.25)


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ascontiguousarray((angle + np.pi) % (2 * np.pi) - np.pi)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _power(
    values: NDArray[np.complex128],
    weights: NDArray[np.complex128],
    twice: NDArray[np.complex128],
    square: float,
) -> NDArray[np.float64]:
    """Return the share of the squares that a sinusoid and a mean take away."""
    made = np.zeros(len(values))
    for number in range(len(values)):
        cosine, sine = values[number].real, values[number].imag
        mean_cosine, mean_sine = weights[number].real, weights[number].imag
        cosines = 0.5 * (1 + twice[number].real) - mean_cosine * mean_cosine
        sines = 0.5 * (1 - twice[number].real) - mean_sine * mean_sine
        mixed = 0.5 * twice[number].imag - mean_cosine * mean_sine
        size = cosines * sines - mixed * mixed
        # Where all points have one phase, nothing tells the sinusoid from the mean.
        if size > 1e-8:
            fitted = sines * cosine * cosine + cosines * sine * sine - 2 * mixed * cosine * sine
            made[number] = fitted / (size * square)
    return made
