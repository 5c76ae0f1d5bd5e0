"""Satellites: tracks through the whole cutout, and the flashes of tumbling ones."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, pi, sin

import numpy as np

from skysieve.sources.simulators.streaks.canvas import Canvas
from skysieve.sources.simulators.streaks.kinds import Truth, streak_kind
from skysieve.sources.simulators.streaks.residuals import draw_field
from skysieve.sources.simulators.streaks.tracks import Ends, chord, describe, flagged_flux, segment
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak

__all__ = ["paint_flashes", "paint_satellite"]

#: How far beyond the cutout a track is drawn, in pixels.
_BEYOND = 25.0


def _draw_ridge(rng: np.random.Generator, brightest: float = 80.0) -> float:
    """Draw the brightness of a ridge in sigma, uniform in the logarithm from 1.2."""
    return float(1.2 * (brightest / 1.2) ** rng.uniform())


def _crossing(canvas: Canvas, angle: float, scatter: float) -> Ends:
    low, high = 0.1 * canvas.size, 0.9 * canvas.size
    x, y = (min(max(value, low), high) for value in canvas.near_centre(scatter))
    return chord(x, y, angle, canvas.size)


def _paint_crossing(canvas: Canvas, ends: Ends, ridge: float, fwhm: float) -> float:
    """Paint a track through a cutout and beyond; return its flux in the cutout, in sigma."""
    rng, (x1, y1, x2, y2) = canvas.rng, ends
    length = hypot(x2 - x1, y2 - y1)
    along_x, along_y = (x2 - x1) / length, (y2 - y1) / length
    # One pixel of an endless track holds this share of the peak: the peak of a unit density is known.
    density = ridge / (trail_peak(1000.0, fwhm) * 1000.0)
    varies = rng.uniform() < 0.45
    pieces = 12 if varies else 1
    step = (length + 2.0 * _BEYOND) / pieces
    phase, waves = rng.uniform(0.0, 2.0 * pi), rng.uniform(0.2, 3.0)
    depth, tilt = (rng.uniform(0.0, 0.7), rng.uniform(-0.8, 0.8)) if varies else (0.0, 0.0)
    flux = 0.0
    for piece in range(pieces):
        t = (piece + 0.5) / pieces
        factor = (1.0 + depth * sin(2.0 * pi * waves * t + phase)) * (1.0 + tilt * (2.0 * t - 1.0))
        at = -_BEYOND + piece * step
        add_trail(
            canvas.light,
            x1 + at * along_x,
            y1 + at * along_y,
            x1 + (at + step) * along_x,
            y1 + (at + step) * along_y,
            density * factor * step,
            fwhm,
            reach=5.0,
        )
        flux += density * factor * max(min(at + step, length) - max(at, 0.0), 0.0)
    return flux


@streak_kind("satellite")
def paint_satellite(canvas: Canvas) -> Truth:
    """Paint a satellite, now and then two: orbits are near enough for the optics to be out of focus."""
    rng = canvas.rng
    draw_field(canvas)
    angle, ridge = rng.uniform(0.0, pi), _draw_ridge(rng)
    fwhm = canvas.fwhm * (1.0 + rng.exponential(0.35))
    ends = _crossing(canvas, angle, 0.07 * canvas.size)
    flux = _paint_crossing(canvas, ends, ridge, fwhm)
    if rng.uniform() < 0.1:
        second = angle + (rng.normal(0.0, 0.03) if rng.uniform() < 0.5 else rng.uniform(0.0, pi))
        other = _crossing(canvas, second, 0.2 * canvas.size)
        _paint_crossing(canvas, other, ridge * rng.uniform(0.3, 1.2), fwhm)
    canvas.uncover(ends, 0.5)
    return describe(canvas, ends, flux, fwhm)


@streak_kind("satellite-flashes")
def paint_flashes(canvas: Canvas) -> Truth:
    """Paint glints along a line: periodic ones of a tumbling satellite, single ones, fading ones."""
    rng = canvas.rng
    draw_field(canvas)
    angle, crosses = rng.uniform(0.0, 2.0 * pi), rng.uniform() < 0.5
    fwhm = canvas.fwhm * (1.0 + rng.exponential(0.2))
    if crosses:
        ends = _crossing(canvas, angle, 0.06 * canvas.size)
    else:
        length = rng.uniform(0.12, 0.75) * canvas.size
        room = max(0.5 * (canvas.size - length) - 4.0, 0.0)
        x, y = (min(max(v, canvas.centre - room), canvas.centre + room) for v in canvas.near_centre(3.0))
        ends = segment(x, y, length, angle)
    if rng.uniform() < 0.4:
        flux = _paint_fading(canvas, ends, fwhm, crosses=crosses)
    else:
        flux = _paint_glints(canvas, ends, fwhm)
    canvas.uncover(ends, 0.4)
    return replace(describe(canvas, ends, flux, fwhm), sl=int(not crosses))


def _paint_glints(canvas: Canvas, ends: Ends, fwhm: float) -> float:
    """Paint dots or dashes at regular distances, main and secondary ones in turn."""
    rng, (x1, y1, x2, y2) = canvas.rng, ends
    length = hypot(x2 - x1, y2 - y1)
    along_x, along_y = (x2 - x1) / length, (y2 - y1) / length
    # At least three, or nothing says that they belong together.
    period = min(max(rng.uniform(5.0, 45.0), length / 30.0), length / 3.2)
    dash = rng.uniform(0.02, 0.45) * period
    ridge, second = 3.0 * _draw_ridge(rng, 40.0), rng.uniform(0.1, 1.0)
    at = np.arange(rng.uniform(0.0, 0.7) * period, length, period)
    factors = np.exp(0.3 * rng.standard_normal(len(at))) * np.where(np.arange(len(at)) % 2, second, 1.0)
    fluxes = factors * max(
        ridge / trail_peak(dash, fwhm), 1.1 * flagged_flux(length, fwhm, canvas.shot) / factors.sum()
    )
    for place, flux in zip(at.tolist(), fluxes.tolist(), strict=True):
        half = min(0.5 * dash, max(place, 0.1), max(length - place, 0.1))
        x, y = x1 + place * along_x, y1 + place * along_y
        ends = (x - half * along_x, y - half * along_y, x + half * along_x, y + half * along_y)
        add_trail(canvas.light, *ends, flux, fwhm, reach=5.0)
    return float(fluxes.sum())


def _paint_fading(canvas: Canvas, ends: Ends, fwhm: float, *, crosses: bool) -> float:
    """Paint a track that brightens and fades: one broad flash, often with one end sharper.

    A satellite moves farther in an exposure than a cutout is wide. A track that lies within the cutout
    has therefore not begun and ended with the exposure: it fades into darkness on both sides, which is
    what tells it from an asteroid.
    """
    rng, (x1, y1, x2, y2) = canvas.rng, ends
    pieces = 16
    length = hypot(x2 - x1, y2 - y1)
    t = (np.arange(pieces) + 0.5) / pieces
    if crosses:
        middle, before, after = rng.uniform(-0.1, 1.1), rng.uniform(0.05, 0.6), rng.uniform(0.05, 0.6)
    else:
        middle = rng.uniform(0.3, 0.7)
        # At either end 1 to 4 % of the light of the middle is left.
        before, after = middle / rng.uniform(2.5, 3.0), (1.0 - middle) / rng.uniform(2.5, 3.0)
    shape = np.exp(-0.5 * ((t - middle) / np.where(t < middle, before, after)) ** 2)
    density = 2.5 * _draw_ridge(rng) / (trail_peak(1000.0, fwhm) * 1000.0) / shape.max()
    fluxes = shape * max(
        density * length / pieces, 1.1 * flagged_flux(length, fwhm, canvas.shot) / float(shape.sum())
    )
    for piece, flux in enumerate(fluxes.tolist()):
        a, b = piece / pieces, (piece + 1) / pieces
        place = (x1 + a * (x2 - x1), y1 + a * (y2 - y1), x1 + b * (x2 - x1), y1 + b * (y2 - y1))
        add_trail(canvas.light, *place, flux, fwhm, reach=5.0)
    return float(fluxes.sum())
