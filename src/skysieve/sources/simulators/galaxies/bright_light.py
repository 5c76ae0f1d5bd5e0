"""Artefacts of what is bright: the halo of a star, and the outskirts of a galaxy beside the cutout.

A search for diffuse objects finds whatever lies on a slope of scattered light, such as a faint galaxy, and
takes both for one.
"""

from __future__ import annotations

from math import cos, exp, hypot, log, log10, pi, sin

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Layer
from skysieve.sources.simulators.galaxies.compact_groups import add_blend
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import (
    central_surface_brightness,
    magnitude_of_surface_brightness,
    sersic_b,
)
from skysieve.sources.simulators.galaxies.sersic_galaxy import SersicGalaxy

__all__ = ["add_bright_star", "paint_diffuse_light", "paint_star_halo"]

#: Surface brightness of the aureole at 10 arcsec from a star, less the star's magnitude. From there it falls
#: with the square of the distance (King 1971, PASP 83, 199; Bernstein 2007, ApJ 666, 663).
_AUREOLE, _AUREOLE_AT = 9.3, 10.0
#: Distances in units of the cutout's side: a star in it or near it, a galaxy always beside it.
_STAR_AWAY, _GALAXY_AWAY = (0.2, 0.85), (0.62, 1.2)


@galaxy_kind("star-halo")
def paint_star_halo(canvas: Canvas) -> Truth:
    """Paint a bright star whose halo has the surface brightness of a diffuse galaxy at the centre."""
    rng = canvas.rng
    draw_neighbours(canvas)
    x, y, away = _draw_place(canvas, _STAR_AWAY)
    canvas.sky_share = float(rng.uniform(0.3, 0.9))
    wanted = float(rng.uniform(24.3, 26.6))
    magnitude = max(wanted - _AUREOLE - 5.0 * log10(away / _AUREOLE_AT), 8.0)
    add_bright_star(canvas, canvas.subject, x, y, magnitude)
    if rng.uniform() < 0.75:
        add_blend(canvas, canvas.field, int(rng.integers(1, 4)), spread=1.0)
    return Truth(x=x, y=y, separation=away, bright_magnitude=magnitude)


@galaxy_kind("diffuse-light")
def paint_diffuse_light(canvas: Canvas) -> Truth:
    """Paint faint galaxies on the light of a bright galaxy or star that lies beside the cutout."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=2.5)
    x, y, away = _draw_place(canvas, _GALAXY_AWAY)
    canvas.sky_share = float(rng.uniform(0.4, 0.95))
    wanted = float(rng.uniform(25.2, 27.2))
    if rng.uniform() < 0.25:
        magnitude = max(wanted - _AUREOLE - 5.0 * log10(away / _AUREOLE_AT), 5.0)
        add_bright_star(canvas, canvas.subject, x, y, magnitude)
    else:
        magnitude = _add_bright_galaxy(canvas, (x, y, away), wanted)
    add_blend(canvas, canvas.subject, int(rng.integers(3, 8)), spread=float(rng.uniform(1.2, 2.8)))
    return Truth(x=x, y=y, separation=away, bright_magnitude=magnitude)


def add_bright_star(canvas: Canvas, layer: Layer, x: float, y: float, magnitude: float) -> None:
    """Add a star with its aureole and, if it is bright, the four spikes of the secondary's vanes."""
    rng = canvas.rng
    g_r = float(rng.uniform(0.2, 1.3))
    fluxes = canvas.fluxes(magnitude, g_r, 0.55 * g_r)
    layer.add_star(x, y, fluxes)
    u, v = canvas.x - np.float32(x), canvas.y - np.float32(y)
    square = u * u + v * v
    core = 2.0 * canvas.survey.seeing[1]
    level = 10.0 ** (-0.4 * _AUREOLE) * _AUREOLE_AT**2 * canvas.cell**2
    aureole = np.float32(level) / (square + np.float32(core**2))
    # Light that is scattered far is redder in CCDs that are transparent to it.
    layer.add(aureole, fluxes * np.array([0.95, 1.0, 1.15]))
    if magnitude < 15.5:
        angle = float(rng.normal(0.0, 0.05)) + float(rng.choice((0.0, pi / 4.0)))
        _add_spikes(canvas, layer, (x, y), angle, fluxes * level)


def _add_spikes(
    canvas: Canvas, layer: Layer, place: tuple[float, float], angle: float, fluxes: np.ndarray
) -> None:
    u, v = canvas.x - np.float32(place[0]), canvas.y - np.float32(place[1])
    width = np.float32(0.35 * canvas.survey.seeing[1] + 0.5 * canvas.cell)
    for turn in (angle, angle + pi / 2.0):
        along = np.float32(cos(turn)) * u + np.float32(sin(turn)) * v
        across = np.float32(cos(turn)) * v - np.float32(sin(turn)) * u
        spike = np.exp(-((across / width) ** 2)) / (np.abs(along) + np.float32(2.0)) ** np.float32(1.5)
        layer.add(spike * np.float32(3.0), fluxes)


def _add_bright_galaxy(canvas: Canvas, place: tuple[float, float, float], wanted: float) -> float:
    """Add a galaxy with a surface brightness of ``wanted`` in g at the centre of the cutout."""
    rng = canvas.rng
    x, y, away = place
    n, axis_ratio = float(rng.uniform(1.0, 4.0)), float(rng.uniform(0.55, 1.0))
    r_e, angle = away * float(rng.uniform(0.25, 0.7)), float(rng.uniform(0.0, pi))
    along, across = x * cos(angle) + y * sin(angle), (y * cos(angle) - x * sin(angle)) / axis_ratio
    fainter = 2.5 / log(10.0) * sersic_b(n) * (hypot(along, across) / r_e) ** (1.0 / n)
    mean = wanted - fainter - central_surface_brightness(0.0, n)
    g_r = float(rng.normal(0.8, 0.06) if n > 2.0 else rng.normal(0.55, 0.1))
    magnitude = magnitude_of_surface_brightness(mean, r_e, axis_ratio) - g_r
    galaxy = SersicGalaxy(x, y, magnitude, g_r, 0.85 * g_r, r_e, n, axis_ratio, angle)
    canvas.subject.add(galaxy.light(canvas), galaxy.fluxes(canvas))
    return magnitude


def _draw_place(canvas: Canvas, away: tuple[float, float]) -> tuple[float, float, float]:
    """Draw a place at a distance given in sides of the cutout; return it with the distance in arcsec."""
    rng = canvas.rng
    distance = canvas.width * exp(float(rng.uniform(log(away[0]), log(away[1]))))
    angle = float(rng.uniform(0.0, 2.0 * pi))
    x, y = distance * cos(angle), distance * sin(angle)
    if away[0] > 0.5 and max(abs(x), abs(y)) < 0.56 * canvas.width:
        # Beside the cutout also towards its sides, which are nearer than its corners.
        stretch = 0.56 * canvas.width / max(abs(x), abs(y))
        x, y, distance = x * stretch, y * stretch, distance * stretch
    return x, y, distance
