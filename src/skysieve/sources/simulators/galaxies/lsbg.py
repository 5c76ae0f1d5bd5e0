"""Low-surface-brightness galaxies as the catalogue of DES has them.

Sizes from 2.5 arcsec on and mean surface brightness below 24.2 mag/arcsec2 in g are its definition
(Tanoglidis et al. 2021, ApJS 252, 18), as are two populations: a third is red, smooth and often nucleated,
the others are blue, lumpy and less regular.
"""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Fluxes, Image
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import magnitude_of_surface_brightness
from skysieve.sources.simulators.galaxies.sersic_galaxy import SersicGalaxy
from skysieve.sources.simulators.galaxies.texture import power_law_field

__all__ = ["paint_lsbg"]

#: Half-light radii in arcsec, mean surface brightness in g, and Sérsic indices between which galaxies lie.
_SIZES, _MEANS, _INDICES = (2.5, 12.0), (24.2, 26.5), (0.5, 1.5)
_RED = 0.34


@galaxy_kind("lsbg")
def paint_lsbg(canvas: Canvas) -> Truth:
    """Paint a galaxy of low surface brightness among those of the field."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=3.0)
    red = rng.uniform() < _RED
    r_e = min(_SIZES[0] + float(rng.exponential(1.7)), _SIZES[1])
    # Nearly all of the catalogue lies within a magnitude of its limit.
    mean = _within(rng, _MEANS[0], 0.75, _MEANS)
    n = _within(rng, 0.95, 0.25, _INDICES)
    axis_ratio = _within(rng, 0.72, 0.15, (0.35, 1.0))
    angle = float(rng.uniform(0.0, pi))
    g_r = float(rng.normal(0.58, 0.05) if red else rng.normal(0.30, 0.09))
    r_z = float(rng.normal(0.48, 0.08) if red else rng.normal(0.18, 0.14))
    mag_r = magnitude_of_surface_brightness(mean, r_e, axis_ratio) - g_r
    x, y = (float(place) for place in rng.normal(0.0, 0.6, 2))
    galaxy = SersicGalaxy(x, y, mag_r, g_r, r_z, r_e, n, axis_ratio, angle)
    light, fluxes = galaxy.light(canvas), galaxy.fluxes(canvas)
    if red:
        canvas.subject.add(light, fluxes)
        if rng.uniform() < 0.3:
            nucleus = float(rng.uniform(22.0, 24.5))
            canvas.field.add_star(x, y, canvas.fluxes(nucleus, g_r + 0.05, r_z))
    else:
        _add_lumps(canvas, light, fluxes, (x, y), r_e)
    return galaxy.truth(mean)


def _add_lumps(canvas: Canvas, light: Image, fluxes: Fluxes, centre: tuple[float, float], r_e: float) -> None:
    """Add the galaxy with the unevenness of young stars, as much of it as before: flux and size are kept."""
    rng = canvas.rng
    strength = float(rng.uniform(0.1, 0.55))
    size = min(0.5 * r_e / (canvas.cell * canvas.x.shape[1]), 1.0)
    texture = power_law_field(rng, canvas.x.shape[1], -2.6, largest=2.0 * size, smallest=0.1 * size)
    uneven = light * np.exp(np.float32(strength) * texture)
    uneven *= np.float32(light.sum() / uneven.sum())
    knots = int(rng.poisson(2.5)) if rng.uniform() < 0.6 else 0
    shares = rng.uniform(0.002, 0.02, knots)
    canvas.subject.add(uneven, fluxes * (1.0 - shares.sum()))
    for share in shares:
        away, angle = r_e * float(rng.rayleigh(0.6)), float(rng.uniform(0.0, 2.0 * pi))
        # Young stars: bluer than the rest.
        knot = fluxes * share * np.array([1.25, 1.0, 0.75])
        canvas.subject.add_star(centre[0] + away * cos(angle), centre[1] + away * sin(angle), knot)


def _within(rng: np.random.Generator, mean: float, scatter: float, limits: tuple[float, float]) -> float:
    """Draw from a normal distribution cut off at limits."""
    while not limits[0] <= (value := float(rng.normal(mean, scatter))) <= limits[1]:
        pass
    return value
