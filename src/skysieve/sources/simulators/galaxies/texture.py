"""Random textures: Gaussian fields with a power law for their power spectrum."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["power_law_field"]

Image = NDArray[np.float32]


def power_law_field(
    rng: np.random.Generator, cells: int, exponent: float, *, largest: float = 1.0, smallest: float = 0.0
) -> Image:
    """Return a Gaussian random field of mean 0 and standard deviation 1, periodic over the canvas.

    Parameters
    ----------
    rng : numpy.random.Generator
        Randomness.
    cells : int
        Side of the canvas, in cells.
    exponent : float
        Exponent of the power spectrum, such as -2.9 for cirrus (Miville-Deschênes et al. 2016, A&A 593, A4).
    largest : float
        Scale over which the field varies at most, as a share of the canvas.
    smallest : float
        Scale below which it is smooth, as a share of the canvas.

    Returns
    -------
    ndarray, shape (cells, cells), float32
        The field.
    """
    wave = _wave_numbers(cells)
    amplitude = (wave * wave + np.float32(0.25 / largest**2)) ** np.float32(0.25 * exponent)
    if smallest > 0.0:
        amplitude = amplitude * np.exp(np.float32(-2.0 * smallest**2) * wave * wave)
    spectrum = np.fft.rfft2(rng.standard_normal((cells, cells), dtype=np.float32)) * amplitude
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(cells, cells)).astype(np.float32)
    return np.asarray(field / np.float32(field.std()))


@lru_cache(maxsize=4)
def _wave_numbers(cells: int) -> Image:
    """Return the number of waves across the canvas of every frequency."""
    columns, rows = np.fft.rfftfreq(cells, 1.0 / cells), np.fft.fftfreq(cells, 1.0 / cells)
    wave = np.hypot(columns[None, :], rows[:, None]).astype(np.float32)
    wave.setflags(write=False)
    return np.asarray(wave, np.float32)
