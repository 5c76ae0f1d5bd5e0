"""What a subtraction leaves of the stars of the field, and the masks of the saturated ones.

A matched template differs from the science exposure by errors of registration, width and scale, all small,
so their first order is rendered: the derivatives of the profile. Interpolation between coarse pixels leaves
a grain from pixel to pixel, the photons of the star their noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.streaks.canvas import Canvas

__all__ = ["FAINTEST", "Misfit", "add_residuals", "draw_field", "draw_fluxes", "draw_misfit"]

#: Stars fainter than this, in sigma, leave nothing that is seen.
FAINTEST = 300.0
#: Counts of stars brighter than F go as F to this power.
_SLOPE = -0.6
#: Half a side of the square that a residual is rendered in, in pixels.
_HALF = 8

_CORE_PER_FWHM = 0.5 / (2.0**0.4 - 1.0) ** 0.5


@dataclass(frozen=True, slots=True)
class Misfit:
    """Errors of a subtraction.

    Parameters
    ----------
    shift_x, shift_y : float
        Error of the registration, in pixels.
    jitter : float
        Its scatter from star to star, in pixels.
    width : float
        Relative error of the matched FWHM.
    scale : float
        Scatter of the relative error of the flux.
    grain : float
        Relative error from pixel to pixel.
    """

    shift_x: float
    shift_y: float
    jitter: float
    width: float
    scale: float
    grain: float


def draw_misfit(rng: np.random.Generator) -> Misfit:
    """Draw the errors of an ordinary subtraction; one in eight is poor."""
    x, y, width, grain = rng.standard_normal(4).tolist()
    poor = rng.uniform(3.0, 8.0) if rng.uniform() < 0.12 else 1.0
    shift = 0.02 * poor
    return Misfit(
        shift * x, shift * y, 0.02 * poor**0.5, 0.012 * width, 0.005, 0.03 * float(np.exp(0.4 * grain))
    )


def draw_fluxes(rng: np.random.Generator, n: int, brightest: float) -> NDArray[np.float32]:
    """Draw fluxes of stars, in sigma, from `FAINTEST` to ``brightest``."""
    least = (brightest / FAINTEST) ** _SLOPE
    return np.asarray(FAINTEST * rng.uniform(least, 1.0, n) ** (1.0 / _SLOPE), np.float32)


def add_residuals(
    canvas: Canvas,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    flux: NDArray[np.floating],
    misfit: Misfit,
) -> None:
    """Add what is left of stars at ``x``, ``y`` (pixels) of ``flux`` (sigma) to the errors of a canvas."""
    n, rng = len(x), canvas.rng
    if n == 0:
        return
    core = canvas.fwhm * _CORE_PER_FWHM
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    offset = np.arange(-_HALF, _HALF + 1)
    u = ((offset - (x - column)[:, None]) / core).astype(np.float32)[:, None, :]
    v = ((offset - (y - row)[:, None]) / core).astype(np.float32)[:, :, None]
    r2 = 1.0 + u * u + v * v
    star = (1.5 / (pi * core * core)) * flux.astype(np.float32)[:, None, None] / (r2 * r2 * np.sqrt(r2))
    drawn = rng.standard_normal((4, n, 1, 1), dtype=np.float32)
    # A few stars in a hundred are variable, or moved since the template was taken.
    scale = misfit.scale * drawn[0] * np.where(rng.uniform(size=(n, 1, 1)) < 0.05, 8.0, 1.0)
    shift_x = (misfit.shift_x + misfit.jitter * drawn[1]) / core
    shift_y = (misfit.shift_y + misfit.jitter * drawn[2]) / core
    width = misfit.width + 0.004 * drawn[3]
    relative = scale - 2.0 * width + 5.0 * ((shift_x * u + shift_y * v) + width * (r2 - 1.0)) / r2
    relative += np.float32(misfit.grain) * rng.standard_normal(star.shape, dtype=np.float32)
    rows, columns = row[:, None, None] + offset[:, None], column[:, None, None] + offset
    inside = (rows >= 0) & (rows < canvas.size) & (columns >= 0) & (columns < canvas.size)
    where = (rows * canvas.size + columns)[inside]
    np.add.at(canvas.error.reshape(-1), where, (star * relative).astype(np.float32)[inside])
    np.add.at(canvas.variance.reshape(-1), where, (star * np.float32(canvas.shot))[inside])


def draw_field(canvas: Canvas) -> None:
    """Paint the ordinary background: residuals and masks of field stars, hot pixels, a gradient."""
    rng = canvas.rng
    # Stars above the faintest in a cutout of 157 pixels, of which a part leaves visible residuals.
    expected = 4.5 * float(np.exp(0.9 * rng.standard_normal())) * (canvas.size / 157.0) ** 2
    n = int(rng.poisson(min(expected, 80.0)))
    # A pixel at the centre of a star holds a fifth of its light or less; pipelines mask before saturation.
    saturated = 0.7 * canvas.camera.saturation / canvas.sigma * canvas.fwhm**2
    fluxes = draw_fluxes(rng, n, 40.0 * saturated)
    x, y = rng.uniform(-4.0, canvas.size + 3.0, (2, n))
    kept = fluxes < saturated
    add_residuals(canvas, x[kept], y[kept], fluxes[kept], draw_misfit(rng))
    for star_x, star_y, flux in zip(x[~kept], y[~kept], fluxes[~kept], strict=True):
        half = 8.0 + 7.0 * float(np.log10(flux / saturated)) + 6.0 * rng.uniform()
        canvas.mask(star_x, star_y, half * rng.uniform(0.7, 1.1), half * rng.uniform(0.8, 1.4))
    if rng.uniform() < 0.05:
        _mask_side(canvas)
    if rng.uniform() < 0.3:
        _add_hot_pixels(canvas)
    if rng.uniform() < 0.15:
        slope_x, slope_y = rng.normal(0.0, 0.25, 2) / canvas.size
        axis = np.arange(canvas.size, dtype=np.float32) - np.float32(canvas.centre)
        canvas.error += np.float32(slope_x) * axis + np.float32(slope_y) * axis[:, None]


def _mask_side(canvas: Canvas) -> None:
    """Mask a side with an uneven border, as near the brightest stars."""
    rng, size = canvas.rng, canvas.size
    side, depth = int(rng.integers(4)), 0.08 * 5.0 ** rng.uniform() * size
    for at in range(0, size + 12, 24):
        half = 0.5 * depth + rng.uniform(0.0, 0.03) * size
        outer = half if side % 2 == 0 else size - 1 - half
        if side < 2:
            canvas.mask(at, outer, 12.0, half)
        else:
            canvas.mask(outer, at, half, 12.0)


def _add_hot_pixels(canvas: Canvas) -> None:
    rng = canvas.rng
    n = 1 + int(rng.poisson(0.8))
    rows, columns = rng.integers(0, canvas.size, (2, n))
    canvas.error[rows, columns] += rng.normal(3.0, 6.0, n).astype(np.float32)
