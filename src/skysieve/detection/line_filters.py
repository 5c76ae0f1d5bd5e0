"""The search: matched filters of several lengths and directions, by tiled Fourier transforms.

Filters are rendered in Fourier space, where the Moffat of exponent 5/2, the pixel and the segment all
have closed forms; their transforms are real, as a trail is symmetric about its middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.options import DetectionOptions
from skysieve.detection.trail_model import CORE_PER_FWHM
from skysieve.extras import require

__all__ = ["FilterBank", "Peaks", "make_bank", "search"]

#: Angle between neighbouring filters times their length, in FWHM: the ends then miss by 0.65 FWHM at most.
_SPREAD = 2.6
#: Side of the square in which only the highest pixel is kept.
_NEIGHBOURHOOD = 5
#: One pixel in so many, along each axis, tells how much a filter scatters on a tile.
_SAMPLING = 8

Frame = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Line filters of unit norm.

    Parameters
    ----------
    lengths, angles : ndarray, shape (n,), float64
        Length in pixels and direction in radians of each.
    transforms : ndarray, shape (n, side, side // 2 + 1), float32
        Their Fourier transforms.
    side : int
        Side of the tiles, in pixels.
    """

    lengths: NDArray[np.float64]
    angles: NDArray[np.float64]
    transforms: NDArray[np.float32]
    side: int


@dataclass(frozen=True, eq=False)
class Peaks:
    """Places where a filter stands out, the highest first.

    Parameters
    ----------
    x, y : ndarray, shape (n,), int64
        Pixel.
    snr : ndarray, shape (n,), float32
        Response of the best filter there, in units of its noise.
    filters : ndarray, shape (n,), int64
        Number of the filter in its bank.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    snr: NDArray[np.float32]
    filters: NDArray[np.int64]


def make_bank(fwhm: float, options: DetectionOptions) -> FilterBank:
    """Return the filters for a PSF of ``fwhm`` pixels."""
    side = options.search_tile
    ky = np.fft.fftfreq(side)[:, None]
    kx = np.fft.rfftfreq(side)[None, :]
    z = 2.0 * np.pi * fwhm * CORE_PER_FWHM * np.hypot(kx, ky)
    psf = (1.0 + z) * np.exp(-z)
    # Columns between the first and the last stand for their mirror images, too.
    twice = np.full(kx.shape, 2.0)
    twice[0, 0] = 1.0
    if side % 2 == 0:
        twice[0, -1] = 1.0
    lengths, angles, transforms = [], [], []
    for length in options.filter_lengths:
        directions = max(4, math.ceil(math.pi * length / (_SPREAD * fwhm)))
        for angle in np.arange(directions) * math.pi / directions:
            transform = psf * np.sinc(length * (kx * math.cos(angle) + ky * math.sin(angle)))
            norm = math.sqrt(float((transform**2 * twice).sum()) / side**2)
            lengths.append(length)
            angles.append(float(angle))
            transforms.append((transform / norm).astype(np.float32))
    return FilterBank(np.array(lengths), np.array(angles), np.array(transforms), side)


def search(
    signal: Frame,
    bank: FilterBank,
    options: DetectionOptions,
    *,
    workers: int = 1,
    advance: Callable[[], None] = lambda: None,
) -> Peaks:
    """Filter a frame tile by tile and return where the best response exceeds the threshold.

    Parameters
    ----------
    signal : ndarray, shape (height, width), float32
        Weighted deviations; 0 where there is no data.
    bank : FilterBank
        The filters.
    options : DetectionOptions
        Threshold and overlap.
    workers : int
        Threads.
    advance : callable
        Called after each tile.
    """
    tiles = list(_tiles((signal.shape[0], signal.shape[1]), bank.side, options.margin))

    def one(tile: tuple[int, int, int, int]) -> Peaks:
        found = _search_tile(signal, tile, bank, options)
        advance()
        return found

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(one, tiles))
    else:
        parts = [one(tile) for tile in tiles]
    x, y, snr, filters = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "snr", "filters")
    )
    order = np.lexsort((x, y, -snr))
    return Peaks(x[order], y[order], snr[order], filters[order])


def _tiles(shape: tuple[int, int], side: int, margin: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield first row, rows, first column, columns of the cores of tiles that cover a frame."""
    largest = side - 2 * margin
    counts = [-(-size // largest) for size in shape]
    rows, columns = (np.linspace(0, size, n + 1).astype(int) for size, n in zip(shape, counts, strict=True))
    for top, bottom in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True):
        for left, right in zip(columns[:-1].tolist(), columns[1:].tolist(), strict=True):
            yield top, bottom - top, left, right - left


def _search_tile(
    signal: Frame, tile: tuple[int, int, int, int], bank: FilterBank, options: DetectionOptions
) -> Peaks:
    top, height, left, width = tile
    pixels = _cut(signal, top - options.margin, left - options.margin, bank.side)
    core = (slice(options.margin, options.margin + height), slice(options.margin, options.margin + width))
    best, which = _best_filter(pixels, bank, core)
    ndimage = require("scipy.ndimage", extra="report", purpose="detect streaks")
    high = best >= options.threshold
    high &= best == ndimage.maximum_filter(best, size=_NEIGHBOURHOOD)
    rows, columns = np.nonzero(high)
    return Peaks(columns + left, rows + top, best[rows, columns], which[rows, columns].astype(np.int64))


def _best_filter(
    pixels: Frame, bank: FilterBank, core: tuple[slice, slice]
) -> tuple[Frame, NDArray[np.int16]]:
    """Return the highest response of all filters and the number of the filter."""
    fft = require("scipy.fft", extra="report", purpose="detect streaks")
    shape = pixels[core].shape
    best, which = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.int16)
    if not pixels.any():
        return best, which
    spectrum = fft.rfft2(pixels)
    product, higher = np.empty_like(spectrum), np.empty(shape, dtype=bool)
    for number, transform in enumerate(bank.transforms):
        np.multiply(spectrum, transform, out=product)
        response = fft.irfft2(product, s=pixels.shape, overwrite_x=True)[core]
        response /= max(_scatter(response), 1.0)
        np.greater(response, best, out=higher)
        np.copyto(best, response, where=higher)
        np.copyto(which, np.int16(number), where=higher)
    return best, which


def _scatter(response: Frame) -> float:
    """Return the noise of a response, from the quartiles of some of its pixels."""
    some = response[::_SAMPLING, ::_SAMPLING].ravel()
    quarter = some.size // 4
    ordered = np.partition(some, (quarter, some.size - 1 - quarter))
    return float(ordered[some.size - 1 - quarter] - ordered[quarter]) / 1.349


def _cut(image: Frame, top: int, left: int, side: int) -> Frame:
    """Return a square of the frame; outside of it are zeros."""
    square = np.zeros((side, side), dtype=np.float32)
    rows = slice(max(top, 0), min(top + side, image.shape[0]))
    columns = slice(max(left, 0), min(left + side, image.shape[1]))
    square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = image[
        rows, columns
    ]
    return square
