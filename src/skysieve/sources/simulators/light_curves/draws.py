"""Random numbers and periodic shapes that several kinds of variables are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fold", "log_normal_between", "normal_between", "rounded_sawtooth"]

_GRID = 256


def normal_between(
    rng: np.random.Generator, mean: float, scatter: float, limits: tuple[float, float]
) -> float:
    """Draw from a normal distribution cut off at limits."""
    while not limits[0] <= (value := float(rng.normal(mean, scatter))) <= limits[1]:
        pass
    return value


def log_normal_between(
    rng: np.random.Generator, median: float, scatter: float, limits: tuple[float, float]
) -> float:
    """Draw a number whose logarithm (base e) is normal, cut off at limits."""
    inside = (float(np.log(limits[0])), float(np.log(limits[1])))
    return float(np.exp(normal_between(rng, float(np.log(median)), scatter, inside)))


def fold(time: NDArray[np.float64], period: float, epoch: float) -> NDArray[np.float64]:
    """Return phases from 0 to 1; 0 is the epoch."""
    return np.asarray(((time - epoch) / period) % 1.0)


def rounded_sawtooth(
    rise: float, decay: float, harmonics: int, bump: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return phases and magnitudes of a periodic shape that rises fast and fades slowly.

    Parameters
    ----------
    rise : float
        Share of the period in which it brightens.
    decay : float
        How much faster it fades at first than at last; 0 is a straight line.
    harmonics : int
        Harmonics of its Fourier series; the highest are damped, so that it does not ring.
    bump : float
        Height of a hump before the rise, as a share of the amplitude.

    Returns
    -------
    phase, magnitude : ndarray
        Brightest, at 0, is magnitude -0.5; faintest is 0.5. For `numpy.interp` with ``period=1``.
    """
    phase = np.arange(_GRID) / _GRID
    fading = np.minimum(phase / (1.0 - rise), 1.0)
    faded = fading if decay <= 0 else -np.expm1(-decay * fading) / -np.expm1(-decay)
    rising = np.maximum(phase - (1.0 - rise), 0.0) / rise
    shape = faded * 0.5 * (1.0 + np.cos(np.pi * rising))
    shape -= bump * np.exp(-0.5 * ((phase - (1.0 - 1.6 * rise)) / 0.035) ** 2)
    waves = np.fft.rfft(shape)
    order = np.arange(len(waves))
    waves *= np.exp(-0.5 * (2.0 * order / harmonics) ** 2) * (order <= harmonics)
    smooth = np.fft.irfft(waves, _GRID)
    smooth = np.roll(smooth, -int(np.argmin(smooth)))
    low, high = float(smooth.min()), float(smooth.max())
    return phase, (smooth - low) / (high - low) - 0.5
