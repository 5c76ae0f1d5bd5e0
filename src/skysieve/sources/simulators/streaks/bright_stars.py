"""Bogus streaks around bright stars: masks and halos, dipoles, diffraction spikes, crowded fields."""

from __future__ import annotations

from math import cos, log10, pi, sin

import numpy as np

from skysieve.sources.simulators.streaks.canvas import Canvas, Image, pixel_grid
from skysieve.sources.simulators.streaks.kinds import Truth, streak_kind
from skysieve.sources.simulators.streaks.residuals import (
    Misfit,
    add_residuals,
    draw_field,
    draw_fluxes,
    draw_misfit,
)
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak

__all__ = ["add_halo", "add_spikes", "paint_crowded", "paint_masked_star", "paint_spike", "paint_yin_yang"]


def add_halo(canvas: Canvas, x: float, y: float, radius: float, level: float) -> None:
    """Add what is left around a saturated star: a halo that changes sign, with rings and a grain."""
    rng = canvas.rng
    reach = 4.0 * radius + 8.0
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, canvas.size)
    top, bottom = max(int(y - reach), 0), min(int(y + reach) + 1, canvas.size)
    if left >= right or top >= bottom:
        return
    axis_x, axis_y = pixel_grid(canvas.size)
    u, v = axis_x[:, left:right] - np.float32(x), axis_y[top:bottom] - np.float32(y)
    r2 = u * u + v * v
    profile = np.float32(level) / (1.0 + r2 / np.float32(radius * radius)) ** 2
    waves, phase = rng.uniform(0.15, 0.7), rng.uniform(0.0, 2.0 * pi)
    tilt_x, tilt_y = rng.normal(0.0, 0.5, 2) / radius
    # Rings are off centre and elliptical, as reflections and the errors of two halos are.
    away_x, away_y = rng.normal(0.0, 0.3 * radius, 2)
    squeeze = np.float32(rng.uniform(0.6, 1.5))
    r = np.sqrt((u - np.float32(away_x)) ** 2 + squeeze * (v - np.float32(away_y)) ** 2)
    sign = np.float32(rng.uniform(0.0, 0.6)) * np.cos(np.float32(waves) * r + np.float32(phase))
    sign += np.float32(tilt_x) * u + np.float32(tilt_y) * v + np.float32(rng.normal(0.0, 0.6))
    profile *= sign + np.float32(rng.uniform(0.2, 1.0)) * rng.standard_normal(profile.shape, dtype=np.float32)
    canvas.error[top:bottom, left:right] += profile
    canvas.variance[top:bottom, left:right] += np.abs(profile) * np.float32(0.5)


def add_spikes(canvas: Canvas, x: float, y: float, level: float, reach: float, first: float) -> None:
    """Add the four spikes of a star, fading outwards; subtraction leaves pairs of both signs."""
    rng = canvas.rng
    width = canvas.fwhm * rng.uniform(0.8, 1.6)
    double, apart = rng.uniform() < 0.5, rng.uniform(1.0, 2.5)
    for arm in range(4):
        angle = first + arm * pi / 2.0
        strength = level * float(np.exp(0.4 * rng.standard_normal()))
        for piece in range(6):
            a, b = reach * piece / 6.0, reach * (piece + 1) / 6.0
            ridge = strength * float(np.exp(-2.2 * piece / 6.0))
            flux = ridge * (b - a) / (1000.0 * trail_peak(1000.0, width))
            _add_piece(canvas, x, y, angle, (a, b), 0.0, flux, width)
            if double:
                _add_piece(canvas, x, y, angle, (a, b), apart, -0.8 * flux, width)


def _add_piece(
    canvas: Canvas,
    x: float,
    y: float,
    angle: float,
    span: tuple[float, float],
    aside: float,
    flux: float,
    width: float,
) -> None:
    along_x, along_y = cos(angle), sin(angle)
    x0, y0 = x - aside * along_y, y + aside * along_x
    ends = (x0 + span[0] * along_x, y0 + span[0] * along_y, x0 + span[1] * along_x, y0 + span[1] * along_y)
    target: Image = canvas.light if flux > 0.0 else canvas.error
    add_trail(target, *ends, flux, width, reach=3.0)


def _add_bleed(canvas: Canvas, x: float, y: float, level: float, reach: float) -> None:
    """Add the column that a saturated star spills its charge along."""
    rng = canvas.rng
    column, half = round(x), int(rng.integers(0, 2))
    top, bottom = max(int(y - reach * rng.uniform(0.3, 1.0)), 0), min(int(y + reach) + 1, canvas.size)
    left, right = max(column - half, 0), min(column + half + 1, canvas.size)
    if top < bottom and left < right:
        shape = (bottom - top, right - left)
        canvas.error[top:bottom, left:right] += np.float32(level) * rng.standard_normal(
            shape, dtype=np.float32
        )
        canvas.error[top:bottom, left:right] += np.float32(level * rng.normal(0.3, 0.5))


@streak_kind("masked-star")
def paint_masked_star(canvas: Canvas) -> Truth:
    """Paint a saturated star whose mask, a union of rectangles, leaves parts of its halo and spikes free."""
    rng = canvas.rng
    draw_field(canvas)
    radius = 6.0 * (7.0) ** rng.uniform()
    away = 0.5 * radius + rng.uniform(0.0, 16.0)
    angle = rng.uniform(0.0, 2.0 * pi)
    x, y = canvas.centre + away * cos(angle), canvas.centre + away * sin(angle)
    has_halo = rng.uniform() < 0.8
    if has_halo:
        add_halo(canvas, x, y, radius * rng.uniform(0.7, 1.3), 4.0 * 8.0 ** rng.uniform())
    if rng.uniform() < 0.45:
        add_spikes(
            canvas, x, y, 2.0 * 10.0 ** rng.uniform(), radius * rng.uniform(2.0, 5.0), _spike_angle(rng)
        )
    if rng.uniform() < 0.35:
        _add_bleed(canvas, x, y, 2.0 * 8.0 ** rng.uniform(), radius * rng.uniform(1.5, 4.0))
    _mask_star(canvas, x, y, radius)
    if not has_halo or rng.uniform() < 0.5:
        _add_rim(canvas)
    return Truth()


def _add_rim(canvas: Canvas) -> None:
    """Add an uneven line along one side of the largest mask, where interpolation met the step."""
    rng = canvas.rng
    if not canvas.masks:
        return
    top, bottom, left, right = max(canvas.masks, key=lambda mask: (mask[1] - mask[0]) * (mask[3] - mask[2]))
    level = float(2.0 * 10.0 ** rng.uniform() * (1.0 if rng.uniform() < 0.5 else -1.0))
    width, flipped = int(rng.integers(1, 4)), rng.uniform() < 0.5
    image = canvas.error
    if flipped:
        image, (top, bottom, left, right) = image.T, (left, right, top, bottom)
    first = bottom if rng.uniform() < 0.5 else max(top - width, 0)
    line = image[first : first + width, left : min(right, left + int(rng.uniform(8.0, 120.0)))]
    rough = rng.normal(1.0, 0.4, (1, line.shape[1])) * (1.0 + 0.3 * rng.standard_normal(line.shape))
    line += (level * rough).astype(np.float32)


def _spike_angle(rng: np.random.Generator) -> float:
    """Draw the direction of a spike: along rows and columns or between them, turned a little."""
    return float((pi / 4.0 if rng.uniform() < 0.35 else 0.0) + rng.normal(0.0, 0.04))


def _mask_star(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """Mask a core and the rectangles that the pipeline lays over the pixels flagged around it."""
    rng = canvas.rng
    canvas.mask(x, y, radius * rng.uniform(0.7, 1.2), radius * rng.uniform(0.7, 1.2))
    for _ in range(int(rng.integers(0, 6))):
        aside, along = rng.normal(0.0, radius, 2)
        half_x, half_y = rng.uniform(0.2, 0.9, 2) * radius
        canvas.mask(x + aside, y + along, half_x, half_y)
    if rng.uniform() < 0.3:
        canvas.mask(x, y + rng.normal(0.0, radius), rng.uniform(2.0, 0.4 * radius + 3.0), canvas.size)
    if rng.uniform() < 0.3:
        # Steps: a wide flat side whose border is uneven, as beside the brightest stars.
        for left in range(0, canvas.size, 24):
            depth = 2.0 * radius + rng.normal(0.0, 3.0)
            canvas.mask(left + 12.0, y + 1.5 * radius + depth, 12.0, depth)


@streak_kind("yin-yang")
def paint_yin_yang(canvas: Canvas) -> Truth:
    """Paint stars that were misplaced by a good part of a pixel, a bright one at the centre."""
    rng = canvas.rng
    draw_field(canvas)
    n = 1 + int(rng.poisson(2.5))
    x, y = rng.uniform(0.0, canvas.size, (2, n))
    x[0], y[0] = canvas.near_centre(3.0)
    if n > 1 and rng.uniform() < 0.5:
        # Two close stars make the elongated residual that a streak finder fits a line to.
        apart, angle = rng.uniform(4.0, 14.0), rng.uniform(0.0, 2.0 * pi)
        x[1], y[1] = x[0] + apart * cos(angle), y[0] + apart * sin(angle)
    flux = draw_fluxes(rng, n, 4.0e4) * 3.0
    flux[0] = max(float(flux[0]), 3500.0 * 25.0 ** rng.uniform())
    angle, shift = rng.uniform(0.0, 2.0 * pi), 0.1 * 12.0 ** rng.uniform()
    width = rng.normal(0.0, 0.06)
    misfit = Misfit(shift * cos(angle), shift * sin(angle), 0.1, width, 0.02, 0.02)
    for i in range(n):
        _add_displaced(canvas, float(x[i]), float(y[i]), float(flux[i]), misfit)
    if rng.uniform() < 0.3:
        half = rng.uniform(1.0, 4.0)
        canvas.mask(float(x[0]), float(y[0]), half, half * rng.uniform(0.7, 1.5))
    return Truth()


def _add_displaced(canvas: Canvas, x: float, y: float, flux: float, misfit: Misfit) -> None:
    """Add a star and subtract it where the template has it: no first order here, the shift is large."""
    rng = canvas.rng
    jitter_x, jitter_y = misfit.jitter * rng.standard_normal(2)
    fwhm, scale = canvas.fwhm * (1.0 + misfit.width), 1.0 + misfit.scale * rng.standard_normal()
    shift_x, shift_y = misfit.shift_x + jitter_x, misfit.shift_y + jitter_y
    star = np.zeros((41, 41), np.float32)
    left, top = round(x) - 20, round(y) - 20
    add_trail(star, x - left, y - top, x - left, y - top, flux, canvas.fwhm)
    residual = star * (1.0 + np.float32(misfit.grain) * rng.standard_normal(star.shape, dtype=np.float32))
    x_known, y_known = x + shift_x - left, y + shift_y - top
    add_trail(residual, x_known, y_known, x_known, y_known, -flux * scale, fwhm)
    # Where the star is saturated nothing can be matched: the sign is a matter of chance.
    core = star > canvas.camera.saturation / canvas.sigma * 0.4
    residual[core] *= rng.standard_normal(int(core.sum()), dtype=np.float32)
    rows, columns = slice(max(top, 0), top + 41), slice(max(left, 0), left + 41)
    inner = (slice(max(-top, 0), canvas.size - top), slice(max(-left, 0), canvas.size - left))
    if residual[inner].size:
        canvas.error[rows, columns] += residual[inner]
        canvas.variance[rows, columns] += star[inner] * np.float32(canvas.shot)


@streak_kind("spike")
def paint_spike(canvas: Canvas) -> Truth:
    """Paint a spike through the middle, its star in the cutout or beside it."""
    rng = canvas.rng
    draw_field(canvas)
    first = _spike_angle(rng) + int(rng.integers(4)) * pi / 2.0
    away = rng.uniform(5.0, 1.2 * canvas.size)
    aside_x, aside_y = canvas.near_centre(2.5)
    x, y = aside_x - away * cos(first), aside_y - away * sin(first)
    level = 2.5 * 14.0 ** rng.uniform() * float(np.exp(0.8 * away / canvas.size))
    add_spikes(canvas, x, y, level, away + rng.uniform(0.2, 1.0) * canvas.size, first)
    if away < 0.75 * canvas.size:
        radius = 6.0 + 5.0 * rng.uniform() * log10(10.0 + level)
        add_halo(canvas, x, y, radius, 5.0 * 8.0 ** rng.uniform())
        if rng.uniform() < 0.7:
            _mask_star(canvas, x, y, radius)
    return Truth()


@streak_kind("crowded")
def paint_crowded(canvas: Canvas) -> Truth:
    """Paint a crowded field: among so many residuals some stand in a line."""
    rng = canvas.rng
    draw_field(canvas)
    n = int(rng.integers(40, 180))
    x, y = rng.uniform(-3.0, canvas.size + 2.0, (2, n))
    line = int(rng.integers(0, 6))
    angle, at = rng.uniform(0.0, pi), rng.uniform(-20.0, 20.0, line)
    x[:line] = canvas.centre + at * cos(angle) + rng.normal(0.0, 0.8, line)
    y[:line] = canvas.centre + at * sin(angle) + rng.normal(0.0, 0.8, line)
    misfit = draw_misfit(rng)
    shift_x, shift_y = rng.normal(0.0, 0.05, 2)
    poor = Misfit(float(shift_x), float(shift_y), 0.05, misfit.width * 2.0, 0.015, misfit.grain)
    add_residuals(canvas, x, y, draw_fluxes(rng, n, 1.2e4), poor)
    return Truth()
