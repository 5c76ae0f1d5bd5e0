"""Artefacts of reflections: out-of-focus images of a bright star's pupil, between filter, window and CCD."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Image
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours

__all__ = ["paint_ghost"]


@galaxy_kind("ghost")
def paint_ghost(canvas: Canvas) -> Truth:
    """Paint the image of a pupil: a disc with the shadow of the secondary, now and then cut off."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=2.5)
    radius = canvas.width * float(np.exp(rng.uniform(np.log(0.12), np.log(0.6))))
    # A large one is found where its rim is, a small one as a whole.
    aside, heading = max(0.0, radius - 0.25 * canvas.width), float(rng.uniform(0.0, 2.0 * pi))
    x, y = aside * cos(heading), aside * sin(heading)
    brightness = float(rng.uniform(24.4, 26.4))
    per_cell = canvas.cell**2 * canvas.survey.flux(np.array([brightness, brightness, brightness]))
    # Coatings reflect one filter more than another, and the exposures of the bands were not pointed alike.
    per_cell = per_cell * rng.lognormal(0.3, 0.2, 3)
    drift, hole = 0.12 * radius, float(rng.uniform(0.25, 0.45))
    slope_x, slope_y = rng.normal(0.0, 0.25, 2) / radius
    spread = float(rng.uniform(0.0, 1.0))
    for band, level in enumerate(per_cell):
        u = canvas.x - np.float32(x + spread * rng.normal(0.0, drift))
        v = canvas.y - np.float32(y + spread * rng.normal(0.0, drift))
        distance = np.sqrt(u * u + v * v) / np.float32(radius)
        # The shadow is off the middle by as much as the star is off the axis.
        shadow = np.hypot(u / np.float32(radius) - np.float32(0.1), v / np.float32(radius))
        light = _inside(distance, 1.0) * (1.0 - 0.85 * _inside(shadow, hole))
        light *= np.maximum(1.0 + np.float32(slope_x) * u + np.float32(slope_y) * v, 0.0)
        canvas.subject.light[band] += np.float32(level) * light.astype(np.float32)
    return Truth(x=x, y=y, r_e=radius, separation=aside)


def _inside(distance: Image, radius: float) -> Image:
    """Return 1 inside a radius and 0 outside, with a soft edge."""
    return np.asarray(0.5 - 0.5 * np.tanh((distance - np.float32(radius)) / np.float32(0.1)))
