"""A disc with spiral arms: old stars, young ones along logarithmic spirals, bar, bulge, knots and dust."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, log, pi, radians, sin, tan

import numpy as np

from skysieve.sources.simulators.galaxies.blobs import add_blob
from skysieve.sources.simulators.galaxies.canvas import Canvas, Fluxes, Image, Layer
from skysieve.sources.simulators.galaxies.sersic import sersic_light
from skysieve.sources.simulators.galaxies.texture import power_law_field

__all__ = ["REDDENING", "SpiralDisc", "paint_spiral_disc"]

#: Optical depth in g, r and z over that in r, for the dust of the Milky Way (Schlafly & Finkbeiner 2011).
REDDENING = np.array([1.43, 1.0, 0.53])
#: Colours g - r and r - z of old discs, young stars, bulges and bars.
_OLD, _YOUNG, _BULGE = (0.64, 0.50), (0.24, 0.10), (0.85, 0.72)


@dataclass(frozen=True, slots=True)
class SpiralDisc:
    """The shape of a spiral galaxy.

    Parameters
    ----------
    x, y : float
        Place, in arcsec from the centre of the cutout.
    scale : float
        Scale length of the old disc, in arcsec.
    inclination : float
        In degrees.
    angle : float
        Direction of the line of nodes from +x towards +y, in radians.
    arms : int
        Number of arms.
    pitch : float
        Pitch angle in degrees; negative arms turn the other way.
    phase : float
        Where the first arm begins, in radians.
    sharpness : float
        Concentration of the arms: 1 is a swell, 8 a ridge.
    young : float
        Share of the light in r that is that of young stars in arms.
    ragged : float
        Unevenness of the arms: 0 for grand design, 1 for flocculent ones.
    bulge : float
        Share of the light in r that is the bulge's.
    bulge_n : float
        Sérsic index of the bulge.
    bar : float
        Half-length of the bar, in scale lengths; 0 for none.
    dust : float
        Optical depth in r of the lanes along the arms.
    knots : int
        Clusters of young stars along the arms.
    """

    x: float
    y: float
    scale: float
    inclination: float
    angle: float
    arms: int
    pitch: float
    phase: float
    sharpness: float
    young: float
    ragged: float
    bulge: float
    bulge_n: float
    bar: float
    dust: float
    knots: int

    @property
    def axis_ratio(self) -> float:
        """Minor over major axis of the disc on the sky; discs have a thickness of a seventh."""
        square = cos(radians(self.inclination)) ** 2
        return float((square + (1.0 - square) / 49.0) ** 0.5)

    @property
    def arm_start(self) -> float:
        """Radius where the arms begin, in arcsec."""
        return self.scale * max(self.bar, 0.45)

    def place(self, radius: float, azimuth: float) -> tuple[float, float]:
        """Return the place on the sky of a point of the disc, in arcsec from the centre of the cutout."""
        u, v = radius * cos(azimuth), radius * sin(azimuth) * self.axis_ratio
        c, s = cos(self.angle), sin(self.angle)
        return self.x + u * c - v * s, self.y + u * s + v * c

    def arm_azimuth(self, radius: float, arm: int) -> float:
        """Return the azimuth of the ridge of an arm."""
        winding = log(max(radius, 1e-3) / self.arm_start) / tan(radians(self.pitch))
        return self.phase + 2.0 * pi * arm / self.arms + winding


def paint_spiral_disc(canvas: Canvas, layer: Layer, disc: SpiralDisc, magnitude: float) -> None:
    """Paint a spiral galaxy whose magnitude in r, without dust, is ``magnitude``.

    What lies outside the canvas is cut off.
    """
    rng = canvas.rng
    radius, azimuth = _coordinates(canvas, disc)
    cells = radius.shape[0]
    smooth = min(disc.scale / (canvas.cell * cells), 0.5)
    uneven = power_law_field(rng, cells, -2.8, largest=2.0 * smooth, smallest=0.03 * smooth)
    wave = _arm_wave(
        disc, radius, azimuth + np.float32(0.12 + 0.45 * disc.ragged) * np.roll(uneven, cells // 3)
    )
    arms = np.exp(np.float32(disc.sharpness) * (np.cos(wave) - np.float32(1.0)))
    arms *= _envelope(disc, radius)
    per_area = np.float32(canvas.cell**2 / (2.0 * pi * disc.scale**2 * disc.axis_ratio))
    old = per_area * np.exp(radius / np.float32(-disc.scale))
    # The old stars feel the arms too, only less: a density wave.
    old *= 1.0 + np.float32(1.2 * disc.young) * (arms - np.float32(0.25))
    young = np.exp(radius / np.float32(-1.35 * disc.scale)) * arms
    young *= np.exp(np.float32(0.35 + 0.65 * disc.ragged) * uneven)
    young /= np.float32(_expected_sum(young, disc, canvas))
    disc_share = 1.0 - disc.bulge
    layer.add(old, canvas.fluxes(magnitude, *_OLD) * disc_share * (1.0 - disc.young))
    layer.add(young, canvas.fluxes(magnitude, *_YOUNG) * disc_share * disc.young * 0.8)
    if disc.knots:
        _add_knots(canvas, layer, disc, canvas.fluxes(magnitude, *_YOUNG) * disc_share * disc.young * 0.2)
    _add_bulge(canvas, layer, disc, canvas.fluxes(magnitude, *_BULGE))
    if disc.dust > 0.0:
        # Lanes run along the inner edges of the arms.
        lane = np.exp(np.float32(3.5) * (np.cos(wave - np.float32(0.9)) - np.float32(1.0)))
        lane *= _envelope(disc, radius) * np.exp(radius / np.float32(-3.0 * disc.scale))
        lane *= np.exp(np.float32(0.5) * np.roll(uneven, cells // 2, axis=1))
        _attenuate(layer, disc.dust * lane)


def _coordinates(canvas: Canvas, disc: SpiralDisc) -> tuple[Image, Image]:
    """Return radius in arcsec and azimuth of every cell in the plane of the disc."""
    u, v = canvas.x - np.float32(disc.x), canvas.y - np.float32(disc.y)
    c, s = np.float32(cos(disc.angle)), np.float32(sin(disc.angle))
    along, across = c * u + s * v, (c * v - s * u) / np.float32(disc.axis_ratio)
    return np.sqrt(along * along + across * across), np.arctan2(across, along)


def _arm_wave(disc: SpiralDisc, radius: Image, azimuth: Image) -> Image:
    """Return the phase of the arms: 0 on their ridges."""
    winding = np.log(np.maximum(radius, np.float32(0.02 * disc.scale)) / np.float32(disc.arm_start))
    winding /= np.float32(tan(radians(disc.pitch)))
    return np.asarray(np.float32(disc.arms) * (azimuth - np.float32(disc.phase) - winding))


def _envelope(disc: SpiralDisc, radius: Image) -> Image:
    """Return how strong the arms are: they begin at the bar and fade at the edge."""
    scaled = (radius / np.float32(disc.arm_start)) ** 4
    fade = np.exp(-((radius / np.float32(5.0 * disc.scale)) ** 4))
    return np.asarray(scaled / (scaled + 1.0) * fade)


def _expected_sum(young: Image, disc: SpiralDisc, canvas: Canvas) -> float:
    """Return the sum of the young light, also of what lies off the canvas."""
    # Mean over azimuth of exp(k (cos - 1)), and the integral of the profile over the envelope.
    angles = np.linspace(0.0, 2.0 * pi, 64, endpoint=False)
    mean = float(np.exp(disc.sharpness * (np.cos(angles) - 1.0)).mean())
    r = np.linspace(0.0, 8.0 * disc.scale, 200, dtype=np.float32)
    profile = np.exp(-r / (1.35 * disc.scale)) * _envelope(disc, r) * r
    total = 2.0 * pi * disc.axis_ratio * mean * float(profile.sum() * (r[1] - r[0])) / canvas.cell**2
    return max(total, float(young.sum()), 1e-6)


def _add_knots(canvas: Canvas, layer: Layer, disc: SpiralDisc, fluxes: Fluxes) -> None:
    """Add clusters of young stars on the ridges of the arms; some glow in H-alpha, which is in r."""
    rng = canvas.rng
    shares = rng.pareto(1.6, disc.knots) + 0.3
    shares /= shares.sum()
    for share in shares:
        radius = disc.arm_start * 1.1 + disc.scale * float(rng.gamma(2.0, 0.8))
        azimuth = disc.arm_azimuth(radius, int(rng.integers(disc.arms)))
        x, y = disc.place(radius, azimuth + float(rng.normal(0.0, 0.12 + 0.2 * disc.ragged)))
        glow = np.array([1.0, 1.0 + (0.2 if rng.uniform() < 0.3 else 0.0), 0.9])
        add_blob(canvas, layer, x, y, disc.scale * float(rng.uniform(0.03, 0.1)), fluxes * share * glow)


def _add_bulge(canvas: Canvas, layer: Layer, disc: SpiralDisc, fluxes: Fluxes) -> None:
    """Add the bulge and, if there is one, the bar, which takes a third of the bulge's light."""
    x, y = canvas.x - np.float32(disc.x), canvas.y - np.float32(disc.y)
    in_bar = 0.45 * disc.bulge + 0.04 if disc.bar else 0.0
    round_one = sersic_light(
        x,
        y,
        r_e=disc.scale * (0.2 + 0.5 * disc.bulge),
        n=disc.bulge_n,
        axis_ratio=0.4 + 0.6 * disc.axis_ratio,
        angle=disc.angle,
        cell=canvas.cell,
    )
    layer.add(round_one, fluxes * max(disc.bulge - in_bar, 0.25 * disc.bulge))
    if disc.bar:
        # The arms begin at the ends of the bar; on the sky it is foreshortened as they are.
        end_x, end_y = disc.place(disc.bar * disc.scale, disc.phase)
        length = float(np.hypot(end_x - disc.x, end_y - disc.y))
        bar = sersic_light(
            x,
            y,
            r_e=max(0.55 * length, canvas.cell),
            n=0.55,
            axis_ratio=0.27,
            angle=float(np.arctan2(end_y - disc.y, end_x - disc.x)),
            cell=canvas.cell,
        )
        layer.add(bar, fluxes * in_bar)


def _attenuate(layer: Layer, depth: Image) -> None:
    """Dim a layer by an optical depth in r; dust in the middle of a disc dims the half behind it."""
    for band, ratio in enumerate(REDDENING):
        layer.light[band] *= 0.35 + 0.65 * np.exp(np.float32(-ratio) * depth)
