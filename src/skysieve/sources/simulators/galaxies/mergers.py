"""Galaxies that merge: two or three nuclei in common light, with tails, a bridge and debris."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, degrees, hypot, pi, sin

import numpy as np

from skysieve.sources.simulators.galaxies.blobs import add_blob
from skysieve.sources.simulators.galaxies.canvas import Canvas, Fluxes, Image
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.measure import measure_light
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.sersic import mean_surface_brightness, sersic_light
from skysieve.sources.simulators.galaxies.texture import power_law_field

__all__ = ["paint_merger"]

#: Pieces that a tail is painted with.
_PIECES = 36


@dataclass(frozen=True, slots=True)
class _Galaxy:
    """One galaxy of a merger: its place and half-light radius in arcsec, its flux, whether it has a disc."""

    x: float
    y: float
    r_e: float
    axis_ratio: float
    angle: float
    fluxes: Fluxes
    gas: bool


@galaxy_kind("merger")
def paint_merger(canvas: Canvas) -> Truth:
    """Paint two galaxies, now and then three, in the act of merging."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=8.0)
    galaxies = _draw_galaxies(canvas)
    for galaxy in galaxies:
        _add_galaxy(canvas, galaxy)
    first, second = galaxies[0], galaxies[1]
    turn = float(rng.choice((-1.0, 1.0)))
    for galaxy, other in ((first, second), (second, first)):
        if rng.uniform() < (0.9 if galaxy.gas else 0.35):
            _add_tail(canvas, galaxy, other, turn)
    if rng.uniform() < 0.5:
        _add_bridge(canvas, first, second)
    _add_debris(canvas, first, second)
    total = sum((galaxy.fluxes for galaxy in galaxies), np.zeros(3))
    middle = tuple(
        sum(place * float(galaxy.fluxes[1]) for place, galaxy in zip(places, galaxies, strict=True))
        / total[1]
        for places in ([galaxy.x for galaxy in galaxies], [galaxy.y for galaxy in galaxies])
    )
    seen = measure_light(canvas, canvas.subject, (float(middle[0]), float(middle[1])), 1.0, 0.0)
    return Truth(
        x=float(middle[0]),
        y=float(middle[1]),
        mag_g=seen.magnitudes[0],
        mag_r=seen.magnitudes[1],
        mag_z=seen.magnitudes[2],
        mu_eff=mean_surface_brightness(seen.magnitudes[0], seen.r_e, 1.0),
        r_e=seen.r_e,
        pa=degrees(float(np.arctan2(second.y - first.y, second.x - first.x))) % 180.0,
        separation=hypot(second.x - first.x, second.y - first.y),
        companions=float(len(galaxies)),
    )


def _draw_galaxies(canvas: Canvas) -> list[_Galaxy]:
    """Draw the galaxies: the second has a tenth of the first's light or more, and touches it."""
    rng = canvas.rng
    size = canvas.width * float(np.exp(rng.uniform(np.log(0.055), np.log(0.12))))
    magnitude = float(rng.normal(20.9, 0.45)) - mean_surface_brightness(0.0, size, 0.8)
    drawn, number = [], 3 if rng.uniform() < 0.12 else 2
    away, angle = size * float(rng.uniform(1.1, 3.2)), float(rng.uniform(0.0, 2.0 * pi))
    for each in range(number):
        share = 1.0 if each == 0 else float(10.0 ** rng.uniform(-1.0, 0.0))
        gas = bool(rng.uniform() < 0.6)
        g_r = float(rng.normal(0.48 if gas else 0.8, 0.1))
        side = (-0.4, 0.6, 0.8)[each] * away
        turned = angle if each < 2 else angle + float(rng.uniform(0.8, 2.4))
        drawn.append(
            _Galaxy(
                x=side * cos(turned),
                y=side * sin(turned),
                r_e=size * share**0.3 * float(rng.uniform(0.6, 1.1)),
                axis_ratio=float(rng.uniform(0.4, 1.0)),
                angle=float(rng.uniform(0.0, pi)),
                fluxes=canvas.fluxes(magnitude - 2.5 * float(np.log10(share)), g_r, g_r - 0.12),
                gas=gas,
            )
        )
    return drawn


def _add_galaxy(canvas: Canvas, galaxy: _Galaxy) -> None:
    """Add a galaxy: a compact nucleus in a body that tides have pulled out of shape."""
    rng = canvas.rng
    cells = canvas.x.shape[1]
    size = min(galaxy.r_e / (canvas.cell * cells), 0.5)
    shape = {"axis_ratio": galaxy.axis_ratio, "angle": galaxy.angle, "cell": canvas.cell}
    x, y = canvas.x - np.float32(galaxy.x), canvas.y - np.float32(galaxy.y)
    nucleus = sersic_light(x, y, r_e=0.3 * galaxy.r_e, n=2.0, **shape)
    body = sersic_light(x, y, r_e=galaxy.r_e, n=1.1, **shape)
    pull = np.float32(0.35 * galaxy.r_e / canvas.cell)
    body = _displaced(body, pull * power_law_field(rng, cells, -3.6, largest=4.0 * size), rng)
    if galaxy.gas:
        uneven = power_law_field(rng, cells, -2.7, largest=1.5 * size, smallest=0.03 * size)
        lumpy = body * np.exp(np.float32(rng.uniform(0.3, 0.8)) * uneven)
        body = lumpy * np.float32(body.sum() / lumpy.sum())
    canvas.subject.add(nucleus, galaxy.fluxes * 0.25 * np.array([0.85, 1.0, 1.1]))
    canvas.subject.add(body, galaxy.fluxes * 0.75)
    for _ in range(int(rng.poisson(6.0)) if galaxy.gas else 0):
        away, angle = galaxy.r_e * float(rng.rayleigh(0.8)), float(rng.uniform(0.0, 2.0 * pi))
        knot = galaxy.fluxes * float(rng.uniform(0.004, 0.02)) * np.array([1.35, 1.0, 0.75])
        sigma = galaxy.r_e * float(rng.uniform(0.04, 0.1))
        add_blob(
            canvas, canvas.subject, galaxy.x + away * cos(angle), galaxy.y + away * sin(angle), sigma, knot
        )


def _displaced(light: Image, by: Image, rng: np.random.Generator) -> Image:
    """Return light whose cells were moved along a random direction by a number of cells each."""
    direction = float(rng.uniform(0.0, 2.0 * pi))
    cells = light.shape[0]
    index = np.arange(cells, dtype=np.float32)
    rows = np.clip(index[:, None] + by * np.float32(sin(direction)), 0, cells - 1).astype(np.int32)
    columns = np.clip(index[None, :] + by * np.float32(cos(direction)), 0, cells - 1).astype(np.int32)
    return np.asarray(light[rows, columns])


def _add_tail(canvas: Canvas, galaxy: _Galaxy, other: _Galaxy, turn: float) -> None:
    """Add a tail that leaves a galaxy on the far side and is bent by the motion of both."""
    rng = canvas.rng
    length = galaxy.r_e * float(rng.uniform(3.0, 6.5))
    heading = float(np.arctan2(galaxy.y - other.y, galaxy.x - other.x)) + float(rng.normal(0.0, 0.5))
    bend = turn * float(rng.uniform(0.5, 2.2))
    share, width = float(rng.uniform(0.06, 0.2)), galaxy.r_e * float(rng.uniform(0.18, 0.4))
    fading = np.exp(-2.0 * np.linspace(0.0, 1.0, _PIECES)) * rng.lognormal(0.0, 0.3, _PIECES)
    fading /= fading.sum()
    # Pulled out of the outskirts, tails are bluer than what is left.
    colour = np.array([1.12, 1.0, 0.9])
    x, y = galaxy.x + 0.8 * galaxy.r_e * cos(heading), galaxy.y + 0.8 * galaxy.r_e * sin(heading)
    for piece, part in enumerate(fading):
        grown = piece / _PIECES
        x += length / _PIECES * cos(heading + bend * grown)
        y += length / _PIECES * sin(heading + bend * grown)
        sigma = width * (0.7 + 0.8 * grown) * float(rng.uniform(0.85, 1.15))
        add_blob(canvas, canvas.subject, x, y, sigma, galaxy.fluxes * share * part * colour)


def _add_bridge(canvas: Canvas, first: _Galaxy, second: _Galaxy) -> None:
    """Add a bridge of stars between two galaxies, slightly bent."""
    rng = canvas.rng
    share, width = float(rng.uniform(0.03, 0.1)), 0.25 * min(first.r_e, second.r_e)
    bend = float(rng.normal(0.0, 0.2))
    for t in np.linspace(0.05, 0.95, 16):
        aside = bend * sin(pi * t)
        x = first.x + t * (second.x - first.x) - aside * (second.y - first.y)
        y = first.y + t * (second.y - first.y) + aside * (second.x - first.x)
        fluxes = first.fluxes * share / 16.0 * float(rng.lognormal(0.0, 0.3))
        add_blob(canvas, canvas.subject, float(x), float(y), width, fluxes)


def _add_debris(canvas: Canvas, first: _Galaxy, second: _Galaxy) -> None:
    """Add the faint and lopsided light around both that earlier passages left."""
    rng = canvas.rng
    cells = canvas.x.shape[1]
    x, y = (0.5 * (a + b) for a, b in ((first.x, second.x), (first.y, second.y)))
    r_e = 1.5 * first.r_e + 0.4 * hypot(second.x - first.x, second.y - first.y)
    away = 0.5 * r_e
    halo = sersic_light(
        canvas.x - np.float32(x + rng.normal(0.0, away)),
        canvas.y - np.float32(y + rng.normal(0.0, away)),
        r_e=r_e,
        n=0.8,
        axis_ratio=float(rng.uniform(0.45, 0.9)),
        angle=float(rng.uniform(0.0, pi)),
        cell=canvas.cell,
    )
    size = min(r_e / (canvas.cell * cells), 0.5)
    ragged = halo * np.exp(np.float32(0.9) * power_law_field(rng, cells, -3.0, largest=1.5 * size))
    ragged *= np.float32(1.0 / max(float(ragged.sum()), 1e-6))
    canvas.subject.add(ragged, first.fluxes * float(rng.uniform(0.1, 0.35)))
