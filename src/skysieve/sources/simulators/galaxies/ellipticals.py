"""Elliptical galaxies: one Sérsic profile, red and smooth, with small companions around it."""

from __future__ import annotations

from math import pi

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import add_compact_galaxies, draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import mean_surface_brightness
from skysieve.sources.simulators.galaxies.sersic_galaxy import SersicGalaxy

__all__ = ["paint_elliptical"]


@galaxy_kind("elliptical")
def paint_elliptical(canvas: Canvas) -> Truth:
    """Paint an elliptical galaxy; one in five is a dwarf, bluer and of a flatter profile."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=6.0)
    dwarf = rng.uniform() < 0.2
    n = float(rng.uniform(0.8, 1.6) if dwarf else np.clip(rng.normal(3.8, 1.0), 2.0, 6.0))
    r_e = canvas.width * float(np.exp(rng.uniform(np.log(0.05), np.log(0.16))))
    # Bright ellipticals are compact for their brightness; the Kormendy relation tilts it.
    mean_r = float(rng.normal(22.6 if dwarf else 20.6, 0.5))
    axis_ratio = float(np.clip(rng.normal(0.78, 0.14), 0.4, 1.0))
    angle = float(rng.uniform(0.0, pi))
    g_r = float(rng.normal(0.62, 0.05) if dwarf else rng.normal(0.85, 0.07))
    r_z = float(rng.normal(0.50, 0.05) if dwarf else rng.normal(0.72, 0.06))
    mag_r = mean_r - mean_surface_brightness(0.0, r_e, axis_ratio)
    x, y = (float(place) for place in rng.normal(0.0, 0.4 * canvas.pixel, 2))
    galaxy = SersicGalaxy(x, y, mag_r, g_r, r_z, r_e, n, axis_ratio, angle)
    canvas.subject.add(galaxy.light(canvas), galaxy.fluxes(canvas))
    _add_satellites(canvas, r_e, mag_r)
    return galaxy.truth(mean_surface_brightness(mag_r + g_r, r_e, axis_ratio))


def _add_satellites(canvas: Canvas, r_e: float, magnitude: float) -> None:
    """Add small red companions: ellipticals live where galaxies are many."""
    rng = canvas.rng
    number = int(rng.poisson(1.5))
    away, angle = r_e * rng.uniform(1.5, 6.0, number), rng.uniform(0.0, 2.0 * pi, number)
    fainter = magnitude + rng.uniform(3.0, 6.5, number)
    fluxes = np.array([canvas.fluxes(float(each), 0.8, 0.65) for each in fainter]).reshape(number, 3)
    sizes = np.clip(0.25 * r_e * 10.0 ** (-0.1 * (fainter - magnitude - 2.0)), 0.15, 1.0)
    add_compact_galaxies(canvas, canvas.field, away * np.cos(angle), away * np.sin(angle), fluxes, sizes, rng)
