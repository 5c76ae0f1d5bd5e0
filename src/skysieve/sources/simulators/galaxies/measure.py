"""What is true of painted light that follows no formula: its magnitudes and its half-light radius."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Layer

__all__ = ["MeasuredLight", "measure_light"]


@dataclass(frozen=True, slots=True)
class MeasuredLight:
    """Magnitudes in g, r and z, and the half-light radius in g.

    Parameters
    ----------
    magnitudes : tuple of three floats
        Magnitudes of all the light on the canvas, which is half as wide again as the cutout.
    r_e : float
        Semi-major axis of the ellipse that holds half of the light in g, in arcsec.
    """

    magnitudes: tuple[float, float, float]
    r_e: float


def measure_light(
    canvas: Canvas, layer: Layer, place: tuple[float, float], axis_ratio: float, angle: float
) -> MeasuredLight:
    """Measure the light of a layer as it was painted.

    Parameters
    ----------
    canvas : Canvas
        The canvas.
    layer : Layer
        Its layer; stars count too.
    place : tuple of two floats
        Centre of the ellipses, in arcsec.
    axis_ratio, angle : float
        Their axis ratio, and the direction of their major axes in radians.
    """
    fluxes = layer.fluxes + sum((star[2] for star in layer.stars), np.zeros(3))
    g, r, z = (float(magnitude) for magnitude in canvas.survey.magnitude(fluxes))
    u, v = canvas.x - np.float32(place[0]), canvas.y - np.float32(place[1])
    c, s = np.float32(cos(angle)), np.float32(sin(angle))
    along, across = c * u + s * v, (c * v - s * u) / np.float32(axis_ratio)
    # Rings of one cell: finer ones would hold too few cells.
    ring = (np.sqrt(along * along + across * across) / np.float32(canvas.cell)).astype(np.int32)
    grown = np.cumsum(np.bincount(ring.ravel(), weights=layer.light[0].ravel()))
    edges = np.arange(len(grown) + 1) * canvas.cell
    return MeasuredLight((g, r, z), float(np.interp(0.5 * grown[-1], np.append(0.0, grown), edges)))
