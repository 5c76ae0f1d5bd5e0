"""Point-spread functions and the rendering of sources, both in Fourier space.

An image is the Fourier transform of the sky times that of the point-spread function (PSF) times
that of a pixel. All three have closed forms here: a point source is a phase, a Moffat PSF with
beta = 5/2 is ``(1 + z) exp(-z)``, a pixel is a sinc. So flux is conserved by construction, a
centre may lie anywhere between pixels, any number of stars costs one matrix product, and an
undersampled PSF is aliased exactly as a detector aliases it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BETA", "Grid", "MoffatPsf", "displacement", "grid_of", "points", "to_image", "trail"]

#: Moffat exponent. Fits to isolated stars of ZTF cutouts give 2.2 to 2.7; 5/2 has a closed transform.
BETA = 2.5

_FWHM_PER_CORE = 2.0 * np.sqrt(2.0 ** (1.0 / BETA) - 1.0)

# OpenBLAS keeps complex products of up to 32 768 multiplications to one thread. Its other threads gain
# nothing on matrices as small as these, and cost much where cores are shared.
_SOURCES_AT_ONCE, _ROWS_AT_ONCE = 80, 4

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Grid:
    """The frequencies that an image of ``size`` pixels is rendered from.

    The period is half as long again as the image, so that what wraps around stays outside, and the
    frequencies reach twice the pixel's Nyquist frequency, so that aliasing can be reproduced.

    Parameters
    ----------
    size : int
        Side of the image, in pixels.
    period : int
        Period of the Fourier series, in pixels.
    kx : ndarray, shape (1, period + 1), float64
        Frequencies along a row, in cycles per pixel, from 0 to 1.
    ky : ndarray, shape (2 * period, 1), float64
        Frequencies along a column, in the order of `numpy.fft.fftfreq`.
    pixel : ndarray, shape (2 * period, period + 1), float64
        Transform of a square pixel of unit area.
    """

    size: int
    period: int
    kx: NDArray[np.float64]
    ky: NDArray[np.float64]
    pixel: NDArray[np.float64]


@lru_cache(maxsize=8)
def grid_of(size: int) -> Grid:
    """Return the grid for images of ``size`` by ``size`` pixels."""
    period = 16 * -(-3 * size // 32)
    kx = np.asarray(np.fft.rfftfreq(2 * period, d=0.5), np.float64)[None, :]
    ky = np.asarray(np.fft.fftfreq(2 * period, d=0.5), np.float64)[:, None]
    return Grid(size, period, kx, ky, np.sinc(kx) * np.sinc(ky))


@dataclass(frozen=True, slots=True)
class MoffatPsf:
    """An elliptical Moffat profile of unit flux with exponent `BETA`.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum before integration over the pixel, geometric mean of both axes,
        in pixels.
    stretch_plus, stretch_cross : float
        Ellipticity: positive ``stretch_plus`` stretches along the rows, positive ``stretch_cross``
        along the main diagonal; the squares sum to less than one.

    Examples
    --------
    >>> psf = MoffatPsf(fwhm=1.5)
    >>> image = to_image(grid_of(63), points(grid_of(63), 31, 31, 100.0) * psf.spectrum(grid_of(63)))
    >>> int(image.argmax()) == 31 * 63 + 31
    True
    """

    fwhm: float
    stretch_plus: float = 0.0
    stretch_cross: float = 0.0

    def spectrum(self, grid: Grid) -> NDArray[np.float64]:
        """Return the transform of PSF and pixel together, shape (2 * period, period + 1)."""
        plus, cross = self.stretch_plus, self.stretch_cross
        area = np.sqrt(1.0 - plus * plus - cross * cross)
        square = ((1.0 + plus) * grid.kx**2 + (1.0 - plus) * grid.ky**2) / area
        if cross:
            square += (2.0 * cross / area) * (grid.kx * grid.ky)
        # Moffat transforms are Bessel functions of order beta - 1; order 3/2 is elementary.
        z = np.sqrt(square)
        z *= 2.0 * np.pi * self.fwhm / _FWHM_PER_CORE
        return np.asarray((1.0 + z) * np.exp(-z) * grid.pixel)

    def noise_pixels(self, grid: Grid) -> float:
        """Return the noise-equivalent area in pixels, averaged over positions within a pixel.

        A PSF fit on uniform noise of sigma per pixel measures flux to ``sigma * sqrt(area)``.
        """
        power = self.spectrum(grid) ** 2
        return float(grid.period**2 / (2.0 * power.sum() - power[:, 0].sum() - power[:, -1].sum()))


def points(grid: Grid, x: ArrayLike, y: ArrayLike, flux: ArrayLike) -> Spectrum:
    """Return the transform of point sources.

    Parameters
    ----------
    grid : Grid
        Frequencies.
    x, y : array_like, shape (n,)
        Centres in pixels; 0 is the centre of the first pixel. Up to a quarter of the image outside.
    flux : array_like, shape (n,)
        Fluxes, in counts; may be negative.

    Returns
    -------
    ndarray, shape (2 * period, period + 1), complex128
        To be multiplied with a PSF and given to `to_image`.
    """
    x, y, flux = np.atleast_1d(x), np.atleast_1d(y), np.atleast_1d(flux)
    total = np.zeros(grid.pixel.shape, dtype=np.complex128)
    for first in range(0, x.size, _SOURCES_AT_ONCE):
        some = slice(first, first + _SOURCES_AT_ONCE)
        across = np.exp(-2j * np.pi * x[some, None] * grid.kx)
        along = np.exp(-2j * np.pi * grid.ky * y[None, some]) * flux[some]
        total += np.matmul(along.reshape(-1, _ROWS_AT_ONCE, along.shape[1]), across).reshape(total.shape)
    return total


def displacement(grid: Grid, dx: float, dy: float) -> Spectrum:
    """Return the factor that moves everything by ``dx`` and ``dy`` pixels."""
    return np.asarray(np.exp(-2j * np.pi * grid.kx * dx) * np.exp(-2j * np.pi * grid.ky * dy))


def trail(grid: Grid, length_x: float, length_y: float) -> NDArray[np.float64]:
    """Return the factor that draws a source out over a straight line centred on its position."""
    return np.asarray(np.sinc(grid.kx * length_x + grid.ky * length_y))


def to_image(grid: Grid, spectrum: Spectrum) -> NDArray[np.float64]:
    """Sample a spectrum at the pixels' centres.

    Returns
    -------
    ndarray, shape (size, size), float64
        Row is y, column is x.
    """
    period, half = grid.period, grid.period // 2
    # Sampling at whole pixels folds all frequencies a whole cycle apart onto each other.
    rows = spectrum[:period] + spectrum[period:]
    mirrored = np.roll(rows[::-1, period : half - 1 : -1], 1, axis=0).conj()
    folded = rows[:, : half + 1] + mirrored
    return np.asarray(np.fft.irfft2(folded, s=(period, period))[: grid.size, : grid.size])
