"""Artefacts of blending: faint compact galaxies so close together that they are found as one diffuse one."""

from __future__ import annotations

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Layer
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.measure import measure_light
from skysieve.sources.simulators.galaxies.neighbours import add_compact_galaxies, draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import mean_surface_brightness

__all__ = ["add_blend", "paint_compact_group"]


@galaxy_kind("compact-group")
def paint_compact_group(canvas: Canvas) -> Truth:
    """Paint a group of faint galaxies whose light flows together."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=2.5)
    number = int(rng.integers(4, 12))
    add_blend(canvas, canvas.subject, number, spread=float(rng.uniform(0.9, 2.4)), brightest=21.4)
    seen = measure_light(canvas, canvas.subject, (0.0, 0.0), 1.0, 0.0)
    return Truth(
        x=0.0,
        y=0.0,
        mag_g=seen.magnitudes[0],
        mag_r=seen.magnitudes[1],
        mag_z=seen.magnitudes[2],
        mu_eff=mean_surface_brightness(seen.magnitudes[0], seen.r_e, 1.0),
        r_e=seen.r_e,
        companions=float(number),
    )


def add_blend(canvas: Canvas, layer: Layer, number: int, *, spread: float, brightest: float = 22.6) -> None:
    """Add faint galaxies around the centre.

    Parameters
    ----------
    canvas : Canvas
        The canvas.
    layer : Layer
        Its layer.
    number : int
        How many.
    spread : float
        Scatter of each coordinate, in arcsec.
    brightest : float
        Magnitude in r of the brightest one possible.
    """
    rng = canvas.rng
    x, y = rng.normal(0.0, spread, (2, number))
    magnitude = brightest + 2.2 * rng.uniform(0.0, 1.0, number) ** 0.7
    # A group has a colour of its own, chance neighbours have not.
    g_r = np.clip(rng.normal(rng.uniform(0.2, 1.0), 0.25, number), -0.1, 1.6)
    r_z = np.clip(0.85 * g_r + rng.normal(0.0, 0.15, number), -0.1, 1.6)
    fluxes = canvas.survey.flux(np.stack([magnitude + g_r, magnitude, magnitude - r_z], axis=1))
    add_compact_galaxies(canvas, layer, x, y, fluxes, rng.uniform(0.5, 1.8, number), rng)
