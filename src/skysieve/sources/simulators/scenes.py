"""The static sky of a cutout: field stars and galaxies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.camera import Exposure
from skysieve.sources.simulators.hosts import Galaxy, draw_field_galaxy
from skysieve.sources.simulators.psf import Grid, points

__all__ = ["Scene", "draw_field"]

#: Magnitude beyond which stars are left out, and from which detector blooming is drawn.
_FAINTEST, _BLOOMING = 22.5, 15.5
#: Logarithmic slope of star counts with magnitude.
_SLOPE = 0.25
#: Fraction of a bright star's light that blooms along its row, and its scale length in pixels.
_BLOOM_FRACTION, _BLOOM_LENGTH = 0.02, 6.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What does not change between template and science exposure.

    Parameters
    ----------
    x, y : ndarray, shape (n,), float64
        Positions of the stars, in pixels.
    magnitude : ndarray, shape (n,), float64
        Their magnitudes.
    galaxies : tuple of Galaxy
        The galaxies.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    galaxies: tuple[Galaxy, ...] = ()

    def with_star(self, x: float, y: float, magnitude: float) -> Scene:
        """Return the scene with one more star, which comes first."""
        return replace(
            self, x=np.r_[x, self.x], y=np.r_[y, self.y], magnitude=np.r_[magnitude, self.magnitude]
        )

    def with_galaxy(self, galaxy: Galaxy) -> Scene:
        """Return the scene with one more galaxy, which comes first."""
        return replace(self, galaxies=(galaxy, *self.galaxies))

    def stars(
        self, grid: Grid, exposure: Exposure, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> NDArray[np.complex128]:
        """Return the transform of the stars, seen at ``x`` and ``y``, to be multiplied with a PSF."""
        counts = exposure.counts(self.magnitude)
        total = points(grid, x, y, counts)
        bright = self.magnitude < _BLOOMING
        if bright.any():
            bloom = 1.0 / (1.0 + (2.0 * np.pi * _BLOOM_LENGTH * grid.kx) ** 2)
            total += _BLOOM_FRACTION * (bloom - 1.0) * points(grid, x[bright], y[bright], counts[bright])
        return total

    def extended(self, grid: Grid, exposure: Exposure) -> NDArray[np.complex128]:
        """Return the transform of the galaxies, to be multiplied with a PSF."""
        total = np.zeros(grid.pixel.shape, dtype=np.complex128)
        for galaxy in self.galaxies:
            total += galaxy.spectrum(grid, float(exposure.counts(galaxy.magnitude)))
        return total

    def away_from(self, place: float) -> Scene:
        """Return the scene without the bright stars that would outshine a source at (place, place)."""
        distance = np.hypot(self.x - place, self.y - place)
        near = (distance < 5.0) & (self.magnitude < 18.0) | (distance < 12.0) & (self.magnitude < 14.0)
        return replace(self, x=self.x[~near], y=self.y[~near], magnitude=self.magnitude[~near])


def draw_field(rng: np.random.Generator, size: int) -> Scene:
    """Draw the stars and galaxies of a field, from empty sky to the Galactic plane.

    Star counts rise by a factor of 1.8 a magnitude; the median field has 8 sources within 30 pixels.
    """
    margin = size / 5.0
    area = ((size + 2.0 * margin) / 63.0) ** 2
    count = int(rng.poisson(min(9.0 * area * rng.lognormal(0.0, 1.1), 220.0 * area)))
    x, y = rng.uniform(-margin, size + margin, (2, count))
    magnitude = np.maximum(_FAINTEST + np.log10(rng.uniform(0.0, 1.0, count) + 1e-9) / _SLOPE, 10.0)
    galaxies = tuple(draw_field_galaxy(rng, size) for _ in range(int(rng.poisson(1.5))))
    return Scene(x, y, magnitude, galaxies)
