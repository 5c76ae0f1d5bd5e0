"""Discs seen from the side, with a bulge and a lane of dust; GalSim has the disc of finite thickness."""

from __future__ import annotations

from math import cos, degrees, pi, radians, sin
from types import ModuleType

import numpy as np

from skysieve.extras import require
from skysieve.sources.simulators.galaxies.canvas import Canvas, Image
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.measure import measure_light
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import mean_surface_brightness, sersic_light
from skysieve.sources.simulators.galaxies.spiral_disc import REDDENING
from skysieve.sources.simulators.galaxies.texture import power_law_field

__all__ = ["inclined_disc_light", "paint_edge_on_disc", "require_galsim"]


@galaxy_kind("edge-on-disc")
def paint_edge_on_disc(canvas: Canvas) -> Truth:
    """Paint a disc of an inclination from 80 degrees on."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=6.0)
    scale = canvas.width * float(np.exp(rng.uniform(np.log(0.065), np.log(0.14))))
    thickness = float(np.clip(rng.lognormal(np.log(0.2), 0.35), 0.08, 0.4))
    inclination, angle = degrees(float(np.arccos(rng.uniform(0.0, 0.17)))), float(rng.uniform(0.0, pi))
    late = float(rng.uniform())
    bulge = float(np.clip(rng.normal(0.28 - 0.3 * late, 0.08), 0.0, 0.5))
    place = (float(rng.normal(0.0, 0.4 * canvas.pixel)), float(rng.normal(0.0, 0.4 * canvas.pixel)))
    magnitude = float(rng.normal(21.7, 0.45)) - mean_surface_brightness(0.0, 1.68 * scale, 0.45)
    g_r, r_z = 0.75 - 0.35 * late + float(rng.normal(0.0, 0.05)), 0.62 - 0.4 * late
    subject = canvas.subject
    disc = inclined_disc_light(canvas, place, scale, thickness, inclination, angle)
    subject.add(disc, canvas.fluxes(magnitude, g_r, r_z) * (1.0 - bulge))
    x, y = canvas.x - np.float32(place[0]), canvas.y - np.float32(place[1])
    r_e, ratio = scale * (0.2 + 0.5 * bulge), float(rng.uniform(0.55, 0.9))
    round_one = sersic_light(
        x, y, r_e=r_e, n=float(rng.uniform(1.2, 3.5)), axis_ratio=ratio, angle=angle, cell=canvas.cell
    )
    subject.add(round_one, canvas.fluxes(magnitude, 0.85, 0.72) * bulge)
    dust = float(rng.uniform(1.0, 8.0)) if rng.uniform() < 0.8 else 0.0
    if dust:
        _add_lane(canvas, (x, y), scale, thickness, radians(90.0 - inclination), angle, dust)
    axis_ratio = max(cos(radians(inclination)), thickness)
    seen = measure_light(canvas, subject, place, axis_ratio, angle)
    return Truth(
        x=place[0],
        y=place[1],
        mag_g=seen.magnitudes[0],
        mag_r=seen.magnitudes[1],
        mag_z=seen.magnitudes[2],
        mu_eff=mean_surface_brightness(seen.magnitudes[0], seen.r_e, axis_ratio),
        r_e=seen.r_e,
        ellipticity=1.0 - axis_ratio,
        pa=degrees(angle) % 180.0,
        bulge_fraction=bulge,
        inclination=inclination,
        dust=dust,
    )


def inclined_disc_light(
    canvas: Canvas,
    place: tuple[float, float],
    scale: float,
    thickness: float,
    inclination: float,
    angle: float,
) -> Image:
    """Return the light of a disc of unit flux, exponential in radius and sech2 in height.

    Parameters
    ----------
    canvas : Canvas
        The canvas.
    place : tuple of two floats
        Centre, in arcsec from that of the cutout.
    scale : float
        Scale length, in arcsec.
    thickness : float
        Scale height over scale length.
    inclination : float
        In degrees; 90 is edge-on.
    angle : float
        Direction of the long axis from +x towards +y, in radians.

    Returns
    -------
    ndarray, shape (cells, cells), float32
        Flux of every cell.

    Raises
    ------
    MissingExtraError
        If GalSim is not installed.
    """
    galsim = require_galsim()
    disc = galsim.InclinedExponential(
        inclination=inclination * galsim.degrees, scale_radius=scale, scale_h_over_r=thickness
    ).rotate(angle * galsim.radians)
    cells = canvas.x.shape[1]
    step = 2.0 * pi / (cells * canvas.cell)
    waves = disc.drawKImage(nx=cells, ny=cells, scale=step).array
    # GalSim has frequency 0 in the middle, numpy in the first place; so far the disc is at the first cell.
    spectrum = np.fft.ifftshift(waves)[:, : cells // 2 + 1]
    kx, ky = np.fft.rfftfreq(cells)[None, :], np.fft.fftfreq(cells)[:, None]
    first = float(canvas.x[0, 0])
    column, row = ((centre - first) / canvas.cell for centre in place)
    shift = np.exp(-2j * pi * kx * column) * np.exp(-2j * pi * ky * row)
    return np.asarray(np.fft.irfft2(spectrum * shift, s=(cells, cells)), np.float32)


def require_galsim() -> ModuleType:
    """Import GalSim.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    return require("galsim", extra="galaxies", purpose="draw discs of finite thickness")


def _add_lane(
    canvas: Canvas,
    axes: tuple[Image, Image],
    scale: float,
    thickness: float,
    tilt: float,
    angle: float,
    dust: float,
) -> None:
    """Dim the light behind a thin, uneven layer of dust in the plane of the disc."""
    rng = canvas.rng
    x, y = axes
    c, s = np.float32(cos(angle)), np.float32(sin(angle))
    along, across = c * x + s * y, c * y - s * x
    cells = along.shape[0]
    uneven = power_law_field(rng, cells, -2.6, largest=scale / (canvas.cell * cells))
    height = scale * max(float(rng.uniform(0.35, 0.7)) * thickness, 0.07)
    # Tilted by some degrees, the near half of the layer lies before the disc and the far one behind it.
    aside = scale * sin(tilt) * 0.9 * float(rng.choice((-1.0, 1.0)))
    middle = np.float32(aside) + np.float32(0.25 * height) * uneven
    widened = np.float32(height + 0.25 * scale * sin(tilt))
    depth = np.exp(-np.abs(along) / np.float32(2.5 * scale)) * np.exp(-(((across - middle) / widened) ** 2))
    depth *= np.float32(dust) * np.exp(np.float32(0.4) * np.roll(uneven, cells // 2))
    for band, ratio in enumerate(REDDENING):
        canvas.subject.light[band] *= 0.1 + 0.9 * np.exp(np.float32(-ratio) * depth)
