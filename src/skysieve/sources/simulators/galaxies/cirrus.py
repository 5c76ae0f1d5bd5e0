"""Artefacts of our own Galaxy: starlight that thin clouds of dust scatter towards us."""

from __future__ import annotations

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Image
from skysieve.sources.simulators.galaxies.kinds import Truth, galaxy_kind
from skysieve.sources.simulators.galaxies.neighbours import draw_neighbours
from skysieve.sources.simulators.galaxies.texture import power_law_field

__all__ = ["paint_cirrus"]

#: Exponent of the power spectrum in the optical (Miville-Deschênes et al. 2016, A&A 593, A4).
_EXPONENT = -2.9


@galaxy_kind("cirrus")
def paint_cirrus(canvas: Canvas) -> Truth:
    """Paint filaments of cirrus, the brightest knot of which lies near the centre."""
    rng = canvas.rng
    draw_neighbours(canvas, clear=2.5)
    clouds = _filaments(canvas)
    peak = float(rng.uniform(23.5, 25.1))
    canvas.sky_share = float(rng.uniform(0.3, 0.9))
    # Cirrus is as red as an elliptical in g - r and bluer than that in redder bands (Román et al. 2020).
    g_r, r_z = float(rng.normal(0.58, 0.08)), float(rng.normal(0.33, 0.1))
    fluxes = canvas.fluxes(peak - g_r, g_r, r_z) * canvas.cell**2
    canvas.subject.add(clouds, fluxes)
    return Truth(x=0.0, y=0.0, mu_0=peak)


def _filaments(canvas: Canvas) -> Image:
    """Return filaments with a maximum of one near the centre."""
    rng, cells = canvas.rng, canvas.x.shape[1]
    sheets = power_law_field(rng, cells, _EXPONENT - 0.6, largest=0.5, smallest=0.02)
    veil = power_law_field(rng, cells, _EXPONENT, largest=0.8, smallest=0.008)
    thin = float(rng.uniform(0.25, 0.8))
    filaments = np.exp(-((sheets / np.float32(thin)) ** 2)) * np.exp(np.float32(0.55) * veil)
    # What was found is where they are brightest: knots stand out of any power law that is seen from afar.
    filaments *= np.exp(np.float32(0.5) * power_law_field(rng, cells, -3.6, largest=0.2, smallest=0.02))
    filaments += np.float32(rng.uniform(0.1, 0.6)) * np.exp(np.float32(0.7) * veil)
    # The canvas is periodic: moving the brightest patch to the middle leaves no seam.
    patch = sum(np.roll(filaments, (i, j), axis=(0, 1)) for i in (-6, 0, 6) for j in (-6, 0, 6))
    row, column = np.unravel_index(int(patch.argmax()), patch.shape)
    scatter = rng.normal(0.0, 2.0, 2).astype(np.int64)
    shifts = (cells // 2 - int(row) + int(scatter[0]), cells // 2 - int(column) + int(scatter[1]))
    moved = np.roll(filaments, shifts, axis=(0, 1))
    moved -= np.float32(0.9) * np.percentile(moved, 3.0).astype(np.float32)
    return np.asarray(np.maximum(moved, 0.0) / np.float32(moved.max()), np.float32)
