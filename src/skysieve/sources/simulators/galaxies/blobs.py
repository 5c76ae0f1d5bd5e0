"""Round Gaussian blobs: knots of star formation, clumps of debris."""

from __future__ import annotations

from math import pi

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Fluxes, Layer

__all__ = ["add_blob"]


def add_blob(canvas: Canvas, layer: Layer, x: float, y: float, sigma: float, fluxes: Fluxes) -> None:
    """Add a blob with a standard deviation of ``sigma`` arcsec at a place in arcsec from the centre."""
    # Narrower than half a cell it would fall between cells and lose its flux.
    sigma = max(sigma, 0.6 * canvas.cell)
    rows, columns = canvas.window(x, y, 4.0 * sigma)
    if rows.start == rows.stop or columns.start == columns.stop:
        return
    scale = np.float32(-0.5 / sigma**2)
    across = np.exp(scale * (canvas.x[:, columns] - np.float32(x)) ** 2)
    along = np.exp(scale * (canvas.y[rows] - np.float32(y)) ** 2)
    layer.add(along * across * np.float32(canvas.cell**2 / (2.0 * pi * sigma**2)), fluxes, rows, columns)
