"""Galaxies: an exponential disc and a bulge, rendered from their closed Fourier transforms.

Both components are Spergel profiles (Spergel 2010, ApJS 191, 58), whose transform is
``(1 + k² r0²)^-(1 + nu)``: ``nu = 0.5`` is exactly the exponential disc (Sersic n = 1), ``nu = -0.6``
stands for the de Vaucouleurs bulge (Sersic n = 4), without the cusp that pixels cannot sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.psf import Grid, displacement

__all__ = ["Galaxy", "draw_field_galaxy", "draw_host"]

#: Half-light radius over scale radius of the two Spergel profiles.
_DISC_HALF_LIGHT = 1.67835
_BULGE_HALF_LIGHT = 0.54771


@dataclass(frozen=True, slots=True)
class Galaxy:
    """One galaxy.

    Parameters
    ----------
    x, y : float
        Centre, in pixels.
    magnitude : float
        Total apparent magnitude.
    half_light : float
        Half-light radius of the disc along the geometric mean of the axes, in pixels; the bulge's
        is a third of it.
    bulge : float
        Fraction of the light in the bulge, 0 to 1.
    axis_ratio : float
        Minor over major axis of the disc, 0 (excluded) to 1; the bulge is round.
    angle : float
        Position angle of the major axis from the x axis towards the y axis, in radians.

    Examples
    --------
    >>> from skysieve.sources.simulators.psf import MoffatPsf, grid_of, to_image
    >>> grid = grid_of(63)
    >>> galaxy = Galaxy(31, 31, magnitude=18.0, half_light=3.0, bulge=0.3, axis_ratio=0.5, angle=0.4)
    >>> image = to_image(grid, galaxy.spectrum(grid, flux=1000.0) * MoffatPsf(1.5).spectrum(grid))
    >>> bool(960 < image.sum() < 1010)
    True
    """

    x: float
    y: float
    magnitude: float
    half_light: float
    bulge: float
    axis_ratio: float
    angle: float

    def spectrum(self, grid: Grid, flux: float) -> NDArray[np.complex128]:
        """Return the galaxy's transform, to be multiplied with a PSF, for a total ``flux``."""
        along = grid.kx * np.cos(self.angle) + grid.ky * np.sin(self.angle)
        across = grid.ky * np.cos(self.angle) - grid.kx * np.sin(self.angle)
        turn = (2.0 * np.pi * self.half_light / _DISC_HALF_LIGHT) ** 2
        stretched = 1.0 + turn * (along**2 / self.axis_ratio + across**2 * self.axis_ratio)
        light = (1.0 - self.bulge) / (stretched * np.sqrt(stretched))
        if self.bulge > 0.0:
            turn = (2.0 * np.pi * self.half_light / 3.0 / _BULGE_HALF_LIGHT) ** 2
            light += self.bulge * (1.0 + turn * (grid.kx**2 + grid.ky**2)) ** -0.4
        return np.asarray(flux * light * displacement(grid, self.x, self.y))

    def offset(self, radii: float, angle: float) -> tuple[float, float]:
        """Return the vector (dx, dy) from the centre to a place ``radii`` disc half-light radii out.

        The place follows the disc's ellipse, so that it is as bright at every ``angle``.
        """
        major = radii * self.half_light / np.sqrt(self.axis_ratio) * np.cos(angle)
        minor = radii * self.half_light * np.sqrt(self.axis_ratio) * np.sin(angle)
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return float(major * cosine - minor * sine), float(major * sine + minor * cosine)


def _shape(rng: np.random.Generator, magnitude: float, bulge: float) -> tuple[float, float, float, float]:
    """Return half-light radius, bulge fraction, axis ratio and angle of a galaxy of ``magnitude``."""
    typical = 2.2 * 10.0 ** (-0.13 * (magnitude - 18.5))
    half_light = float(np.clip(typical * rng.lognormal(0.0, 0.35), 0.5, 16.0))
    # A thin disc seen from all sides has uniform cosine; a tenth of thickness keeps it visible edge-on.
    return half_light, bulge, float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.0, np.pi))


def draw_host(
    rng: np.random.Generator, centre: float, magnitude: float, bulge: float, radii: float
) -> Galaxy:
    """Draw a galaxy that holds the pixel (``centre``, ``centre``) ``radii`` half-light radii out."""
    galaxy = Galaxy(centre, centre, magnitude, *_shape(rng, magnitude, bulge))
    dx, dy = galaxy.offset(radii, float(rng.uniform(0.0, 2.0 * np.pi)))
    return Galaxy(
        centre - dx, centre - dy, magnitude, galaxy.half_light, bulge, galaxy.axis_ratio, galaxy.angle
    )


def draw_field_galaxy(rng: np.random.Generator, size: int) -> Galaxy:
    """Draw a faint galaxy anywhere in a field of ``size`` pixels."""
    x, y = rng.uniform(-5.0, size + 5.0, 2)
    magnitude = 22.0 + np.log10(rng.uniform(1e-3, 1.0)) / 0.6
    return Galaxy(float(x), float(y), float(magnitude), *_shape(rng, float(magnitude), bulge=0.0))
