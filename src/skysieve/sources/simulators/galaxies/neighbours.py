"""The field: faint galaxies and stars that have nothing to do with the subject."""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.galaxies.canvas import Canvas, Layer

__all__ = ["add_compact_galaxies", "draw_neighbours"]

#: Galaxies brighter than r = 24 per square arcmin and their growth with magnitude: log10 of a factor per
#: mag (Metcalfe et al. 2001, MNRAS 323, 795). Stars brighter than r = 22 at high galactic latitudes.
_GALAXIES, _GALAXY_SLOPE, _GALAXY_AT = 20.0, 0.35, 24.0
_STARS, _STAR_SLOPE, _STAR_AT = 1.6, 0.16, 22.0
#: Magnitudes in r between which galaxies and stars are drawn.
_BRIGHTEST_GALAXY, _FAINTEST_GALAXY, _BRIGHTEST_STAR = 18.5, 26.0, 15.5
#: Signal-to-noise ratio of a galaxy of an area of 1 arcsec2 below which none is drawn.
_SEEN = 1.5
#: Half-light radii out to which a compact galaxy is painted; 0.1 % of its light lies outside.
_REACH = 5.5
_B = 1.678

Array = NDArray[np.float64]


def draw_neighbours(canvas: Canvas, *, clear: float = 0.0) -> None:
    """Draw the galaxies and stars of the field.

    Parameters
    ----------
    canvas : Canvas
        The canvas; they go to its field.
    clear : float
        Radius in arcsec around the centre where nothing is brighter than 21.5 mag: what is brightest in the
        middle of a cutout is what it is of.
    """
    survey = canvas.survey
    # Of its own, so that a survey that sees more neighbours sees the same subject.
    rng = canvas.rng.spawn(1)[0]
    half = float(canvas.x[0, -1])
    area = (2.0 * half / 60.0) ** 2
    limit = float(survey.magnitude(_SEEN * survey.noise(1.0))[1])
    faintest = min(limit, _FAINTEST_GALAXY)
    magnitude = _draw_magnitudes(
        rng, area * _GALAXIES, _GALAXY_SLOPE, _GALAXY_AT, _BRIGHTEST_GALAXY, faintest
    )
    x, y = rng.uniform(-half, half, (2, len(magnitude)))
    keep = (magnitude > 21.5) | (np.hypot(x, y) > clear)
    # Faint galaxies are blue and small.
    g_r = np.clip(rng.normal(0.95 - 0.09 * (magnitude - 19.0), 0.28), 0.0, 1.7)
    r_z = np.clip(rng.normal(0.45 + 0.55 * (g_r - 0.5), 0.2), -0.1, 1.8)
    r_e = np.clip(0.75 * 10.0 ** (-0.08 * (magnitude - 20.0)) * rng.lognormal(0.0, 0.35, len(x)), 0.12, 3.0)
    fluxes = survey.flux(np.stack([magnitude + g_r, magnitude, magnitude - r_z], axis=1))
    add_compact_galaxies(canvas, canvas.field, x[keep], y[keep], fluxes[keep], r_e[keep], rng)
    _draw_stars(canvas, rng, area, half, clear, limit)


def add_compact_galaxies(
    canvas: Canvas, layer: Layer, x: Array, y: Array, fluxes: Array, r_e: Array, rng: np.random.Generator
) -> None:
    """Add small exponential galaxies with axis ratios and directions of their own, many at a time.

    Parameters
    ----------
    canvas : Canvas
        The canvas.
    layer : Layer
        Its layer.
    x, y : ndarray, shape (n,), float64
        Places, in arcsec from the centre.
    fluxes : ndarray, shape (n, 3), float64
        Fluxes in each band.
    r_e : ndarray, shape (n,), float64
        Half-light radii, in arcsec.
    rng : numpy.random.Generator
        Randomness of their shapes.
    """
    axis_ratio = rng.uniform(0.3, 1.0, len(x))
    angle = rng.uniform(0.0, pi, len(x))
    # Galaxies of similar sizes share the size of their stamps.
    order = np.argsort(r_e)
    for part in np.array_split(order, 3):
        if len(part):
            _add_stamps(
                canvas, layer, x[part], y[part], fluxes[part], r_e[part], axis_ratio[part], angle[part]
            )


def _add_stamps(
    canvas: Canvas,
    layer: Layer,
    x: Array,
    y: Array,
    fluxes: Array,
    r_e: Array,
    axis_ratio: Array,
    angle: Array,
) -> None:
    cell, first, cells = canvas.cell, float(canvas.x[0, 0]), canvas.x.shape[1]
    half = min(int(_REACH * float(r_e.max()) / cell) + 2, cells // 2)
    column, row = (np.rint((place - first) / cell).astype(np.int64) for place in (x, y))
    steps = np.arange(-half, half + 1)
    u = (((column[:, None] + steps) * cell + first) - x[:, None]).astype(np.float32)[:, None, :]
    v = (((row[:, None] + steps) * cell + first) - y[:, None]).astype(np.float32)[:, :, None]
    # Half a cell in quadrature stands for the mean over a cell, which a centre would overestimate.
    sizes = np.hypot(r_e, 0.35 * cell)
    cosine, sine = ((f(angle) / sizes).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
    along, across = (
        cosine * u + sine * v,
        (cosine * v - sine * u) / axis_ratio.astype(np.float32)[:, None, None],
    )
    stamps = np.exp(np.float32(-_B) * np.sqrt(along * along + across * across))
    stamps /= stamps.sum(axis=(1, 2), keepdims=True)
    for number, stamp in enumerate(stamps):
        top, left = int(row[number]) - half, int(column[number]) - half
        rows = slice(max(top, 0), min(top + len(stamp), cells))
        columns = slice(max(left, 0), min(left + len(stamp), cells))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        part = stamp[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        layer.add(part, fluxes[number], rows, columns)


def _draw_stars(
    canvas: Canvas, rng: np.random.Generator, area: float, half: float, clear: float, limit: float
) -> None:
    magnitude = _draw_magnitudes(rng, area * _STARS, _STAR_SLOPE, _STAR_AT, _BRIGHTEST_STAR, min(limit, 25.0))
    for star in magnitude:
        x, y = (float(place) for place in rng.uniform(-half, half, 2))
        # The main sequence: one colour gives the other.
        g_r = float(
            np.clip(rng.normal(0.5, 0.2) if rng.uniform() < 0.45 else rng.normal(1.4, 0.12), -0.2, 1.6)
        )
        r_z = 0.55 * g_r if g_r < 1.2 else float(rng.uniform(0.7, 2.2))
        if star > 20.5 or np.hypot(x, y) > clear:
            canvas.field.add_star(x, y, canvas.fluxes(float(star), g_r, r_z))


def _draw_magnitudes(
    rng: np.random.Generator, expected: float, slope: float, at: float, brightest: float, faintest: float
) -> Array:
    """Draw magnitudes of sources of which ``expected`` are brighter than ``at``."""
    low, high = 10.0 ** (slope * (brightest - at)), 10.0 ** (slope * (max(faintest, brightest) - at))
    number = int(rng.poisson(expected * (high - low)))
    return np.asarray(at + np.log10(rng.uniform(low, high, number)) / slope, np.float64)
