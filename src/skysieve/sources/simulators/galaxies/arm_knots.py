"""Artefacts of large galaxies: clusters of young stars in a spiral arm, shredded off their galaxy."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, log10, pi

import numpy as np

from skysieve.sources.simulators.galaxies.blobs import add_blob
from skysieve.sources.simulators.galaxies.canvas import Canvas
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.spiral_disc import SpiralDisc, paint_spiral_disc
from skysieve.sources.simulators.galaxies.spirals import draw_spiral

__all__ = ["paint_arm_knots"]


@galaxy_kind("arm-knots")
def paint_arm_knots(canvas: Canvas) -> Truth:
    """Paint knots in the outer arm of a galaxy whose centre lies at the edge of the cutout or beyond."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=2.5)
    disc = _draw_disc(canvas)
    # The face-on surface brightness of the disc's centre (Freeman 1970), fainter where it is late.
    canvas.sky_share = float(rng.uniform(0.2, 0.9))
    central = float(rng.uniform(21.2, 23.2))
    magnitude = central - 2.5 * log10(2.0 * pi * disc.scale**2 * disc.axis_ratio)
    paint_spiral_disc(canvas, canvas.subject, disc, magnitude)
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.normal(0.0, 1.3, 2)
        fluxes = canvas.fluxes(float(rng.uniform(22.2, 24.5)), float(rng.normal(0.1, 0.12)), 0.0)
        add_blob(canvas, canvas.subject, float(x), float(y), float(rng.uniform(0.3, 1.0)), fluxes)
    return Truth(
        x=disc.x,
        y=disc.y,
        inclination=disc.inclination,
        arms=float(disc.arms),
        pitch=abs(disc.pitch),
        bar=disc.bar,
        dust=disc.dust,
        separation=hypot(disc.x, disc.y),
        bright_magnitude=magnitude,
    )


def _draw_disc(canvas: Canvas) -> SpiralDisc:
    """Draw a large galaxy one of whose arms runs through the centre of the cutout."""
    rng = canvas.rng
    inclination = float(np.degrees(np.arccos(rng.uniform(0.5, 1.0))))
    scale = canvas.width * float(rng.uniform(0.2, 0.5))
    disc = draw_spiral(canvas, scale, inclination, (0.0, 0.0))
    radius, azimuth = scale * float(rng.uniform(1.8, 3.4)), float(rng.uniform(0.0, 2.0 * pi))
    x, y = disc.place(radius, azimuth)
    disc = replace(disc, x=-x, y=-y, knots=2 * disc.knots)
    return replace(disc, phase=disc.phase + azimuth - disc.arm_azimuth(radius, 0))
