"""What a difference frame scatters by: background, sky noise, and the residuals of stars.

Sky noise is measured on tiles. Around stars a difference scatters by more than its photons, as
registration and PSF matching are never perfect; how much more is measured on the frame itself, as a
function of the reference's light. A streak that crosses a star so loses the star's pixels and no more,
and the residuals of ordinary subtractions stay below the threshold without any catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require

__all__ = ["Whitened", "tile_statistics", "whiten"]

#: Quartiles of a Gaussian are this many sigma apart; its 80 % of the smallest deviations end at this one.
_QUARTILES, _EIGHTY_PERCENT = 1.349, 1.2816
#: Pixels of a tile below which its statistics are those of its neighbours.
_FEWEST = 40
#: Reference light, in sigma, that star noise is measured at; pixels below the first are sky.
_LIGHT = 4.0 * 2.0 ** np.arange(16)
_FEWEST_IN_BIN = 60
#: Deviations beyond these are cut for the search: one hot pixel must not look like a line.
_LOWEST, _HIGHEST = -6.0, 8.0

Frame = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Whitened:
    """A difference frame in units of its own noise.

    Parameters
    ----------
    flat : ndarray, shape (height, width), float32
        Difference without background, in counts; 0 where there is no data.
    sky_sigma : ndarray, shape (height, width), float32
        Noise of empty sky.
    weight : ndarray, shape (height, width), float32
        Sky noise over noise: 1 on sky, less on stars, 0 where there is no data.
    signal : ndarray, shape (height, width), float32
        Difference over noise, cut to -6 to 8, times weight: what matched filters sum.
    light : ndarray, shape (height, width), float32
        Light of the reference above its background, in units of the difference's sky noise.
    """

    flat: Frame
    sky_sigma: Frame
    weight: Frame
    signal: Frame
    light: Frame


def whiten(difference: Frame, reference: Frame, valid: NDArray[np.bool_], *, tile: int = 64) -> Whitened:
    """Measure background and noise, and divide by it.

    Parameters
    ----------
    difference, reference : ndarray, shape (height, width), float32
        In the same counts, or not: only the difference's noise matters.
    valid : ndarray, shape (height, width), bool
        Where both hold data.
    tile : int
        Side of the tiles, in pixels.
    """
    ndimage = require("scipy.ndimage", extra="report", purpose="detect streaks")
    background, sigma = _maps(difference, valid, tile)
    flat = np.where(valid, difference - background, np.float32(0.0)).astype(np.float32)
    light = np.where(valid, reference - _maps(reference, valid, tile)[0], np.float32(0.0)).astype(np.float32)
    light = np.maximum(light / sigma, np.float32(0.0))
    # A dipole reaches beyond its star's own brightest pixels.
    reach = ndimage.maximum_filter(light, size=3)
    excess = _star_noise(np.asarray(flat / sigma, np.float32), reach, valid)
    weight = np.where(valid, 1.0 / excess, 0.0).astype(np.float32)
    deviation = np.clip(flat / sigma * weight, _LOWEST, _HIGHEST)
    return Whitened(flat, sigma, weight, np.asarray(deviation * weight, np.float32), light)


def tile_statistics(
    image: Frame, valid: NDArray[np.bool_], tile: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return median and sigma of every tile, shape (rows, columns); NaN where it holds too few pixels.

    Both from quartiles, so that a trail through a tile does not move them. Every second row and column
    is used.
    """
    rows, columns = -(-image.shape[0] // tile), -(-image.shape[1] // tile)
    padded = np.full((rows * tile, columns * tile), np.nan, dtype=np.float32)
    padded[: image.shape[0], : image.shape[1]] = np.where(valid, image, np.float32(np.nan))
    step = 2 if tile >= 32 else 1
    blocks = padded.reshape(rows, tile, columns, tile)[:, ::step, :, ::step].transpose(0, 2, 1, 3)
    ordered = np.sort(blocks.reshape(rows, columns, -1), axis=2)
    count = np.isfinite(ordered).sum(axis=2)
    low, middle, high = (_take(ordered, count, share) for share in (0.25, 0.5, 0.75))
    empty = count < _FEWEST
    return np.where(empty, np.nan, middle), np.where(empty, np.nan, (high - low) / _QUARTILES)


def _take(ordered: NDArray[np.float32], count: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    index = np.minimum((share * count).astype(np.int64), ordered.shape[2] - 1)
    return np.take_along_axis(ordered, index[:, :, None], axis=2)[:, :, 0].astype(np.float64)


def _maps(image: Frame, valid: NDArray[np.bool_], tile: int) -> tuple[Frame, Frame]:
    """Return background and sigma of every pixel, linear between the centres of tiles."""
    ndimage = require("scipy.ndimage", extra="report", purpose="detect streaks")
    maps = []
    for statistic in tile_statistics(image, valid, tile):
        filled = np.where(np.isnan(statistic), np.nanmedian(statistic), statistic)
        smooth = ndimage.median_filter(filled, size=3, mode="nearest")
        maps.append(_stretch(smooth, image.shape, tile))
    background, sigma = maps
    lowest = np.float32(max(1e-3 * float(np.median(sigma)), 1e-30))
    return background, np.maximum(sigma, lowest)


def _stretch(tiles: NDArray[np.float64], shape: tuple[int, ...], tile: int) -> Frame:
    rows, columns = (_hats(size, count, tile) for size, count in zip(shape, tiles.shape, strict=True))
    return np.asarray(rows @ tiles.astype(np.float32) @ columns.T, dtype=np.float32)


def _hats(size: int, count: int, tile: int) -> Frame:
    """Return the weights of linear interpolation between tile centres, shape (size, count)."""
    place = np.clip((np.arange(size) + 0.5) / tile - 0.5, 0.0, count - 1.0)
    return np.maximum(1.0 - np.abs(place[:, None] - np.arange(count)[None, :]), 0.0).astype(np.float32)


def _star_noise(deviation: Frame, light: Frame, valid: NDArray[np.bool_]) -> Frame:
    """Return the noise in units of sky noise, from the scatter among pixels of equal reference light."""
    stars = valid & (light > _LIGHT[0])
    excess = np.ones(deviation.shape, dtype=np.float32)
    if stars.sum() < _FEWEST_IN_BIN:
        return excess
    scatter, brightness = np.abs(deviation[stars]), light[stars]
    curve_light, curve = [float(_LIGHT[0])], [1.0]
    number = np.searchsorted(_LIGHT, brightness)
    for bin_ in range(1, len(_LIGHT) + 1):
        inside = number == bin_
        if inside.sum() >= _FEWEST_IN_BIN:
            curve_light.append(float(np.median(brightness[inside])))
            curve.append(float(np.quantile(scatter[inside], 0.8)) / _EIGHTY_PERCENT)
    curve_excess = np.maximum.accumulate(np.maximum(curve, 1.0))
    within = np.interp(np.log(brightness), np.log(curve_light), curve_excess)
    # Residuals grow in proportion to the light beyond the brightest stars that could be measured.
    beyond = np.maximum(brightness / curve_light[-1], 1.0)
    excess[stars] = within * beyond
    return excess
