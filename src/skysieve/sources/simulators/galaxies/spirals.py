"""Spiral galaxies seen face-on."""

from __future__ import annotations

from math import degrees, pi

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.measure import measure_light
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import mean_surface_brightness
from skysieve.sources.simulators.galaxies.spiral_disc import SpiralDisc, paint_spiral_disc

__all__ = ["draw_spiral", "paint_face_on_spiral"]

_ARMS, _ARM_SHARES = (2, 3, 4), (0.68, 0.16, 0.16)


def draw_spiral(canvas: Canvas, scale: float, inclination: float, place: tuple[float, float]) -> SpiralDisc:
    """Draw the shape of a spiral galaxy along the sequence from early to late types.

    Parameters
    ----------
    canvas : Canvas
        The canvas, for its randomness.
    scale : float
        Scale length, in arcsec.
    inclination : float
        In degrees.
    place : tuple of two floats
        Its centre, in arcsec from that of the cutout.
    """
    rng = canvas.rng
    # 0 is Sa: a large bulge, tight and smooth arms. 1 is Sd.
    late = float(rng.uniform())
    ragged = float(np.clip(rng.normal(0.2 + 0.4 * late, 0.2), 0.0, 1.0))
    return SpiralDisc(
        x=place[0],
        y=place[1],
        scale=scale,
        inclination=inclination,
        angle=float(rng.uniform(0.0, pi)),
        arms=int(rng.choice(_ARMS, p=_ARM_SHARES)),
        pitch=float((8.0 + 18.0 * late + rng.normal(0.0, 3.0)) * rng.choice((-1.0, 1.0))),
        phase=float(rng.uniform(0.0, 2.0 * pi)),
        sharpness=float(rng.uniform(1.3, 4.0)),
        young=float(np.clip(rng.normal(0.22 + 0.3 * late, 0.08), 0.1, 0.7)),
        ragged=ragged,
        bulge=float(np.clip(rng.normal(0.30 - 0.26 * late, 0.06), 0.01, 0.45)),
        bulge_n=float(rng.uniform(1.0, 3.0)),
        bar=float(rng.uniform(0.6, 1.5)) if rng.uniform() < 0.4 else 0.0,
        dust=float(rng.uniform(0.0, 1.0)),
        knots=int(rng.poisson(6 + 34 * late)),
    )


@galaxy_kind("face-on-spiral")
def paint_face_on_spiral(canvas: Canvas) -> Truth:
    """Paint a spiral galaxy of an inclination up to 55 degrees."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=6.0)
    scale = canvas.width * float(np.exp(rng.uniform(np.log(0.055), np.log(0.12))))
    # Random directions are uniform in the cosine.
    inclination = degrees(float(np.arccos(rng.uniform(0.574, 1.0))))
    place = (float(rng.normal(0.0, 0.4 * canvas.pixel)), float(rng.normal(0.0, 0.4 * canvas.pixel)))
    disc = draw_spiral(canvas, scale, inclination, place)
    mean_r = float(rng.normal(21.5, 0.45))
    magnitude = mean_r - mean_surface_brightness(0.0, 1.68 * scale, 1.0)
    paint_spiral_disc(canvas, canvas.subject, disc, magnitude)
    seen = measure_light(canvas, canvas.subject, place, disc.axis_ratio, disc.angle)
    return Truth(
        x=place[0],
        y=place[1],
        mag_g=seen.magnitudes[0],
        mag_r=seen.magnitudes[1],
        mag_z=seen.magnitudes[2],
        mu_eff=mean_surface_brightness(seen.magnitudes[0], seen.r_e, disc.axis_ratio),
        r_e=seen.r_e,
        ellipticity=1.0 - disc.axis_ratio,
        pa=degrees(disc.angle) % 180.0,
        bulge_fraction=disc.bulge,
        inclination=inclination,
        arms=float(disc.arms),
        pitch=abs(disc.pitch),
        bar=disc.bar,
        dust=disc.dust,
    )
