"""A galaxy of one Sérsic profile and one colour: its light on a canvas, and its truth."""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees

import numpy as np

from skysieve.sources.simulators.galaxies.canvas import Canvas, Fluxes, Image
from skysieve.sources.simulators.galaxies.kinds import Truth
from skysieve.sources.simulators.galaxies.sersic import central_surface_brightness, sersic_light

__all__ = ["SersicGalaxy"]


@dataclass(frozen=True, slots=True)
class SersicGalaxy:
    """A galaxy of one Sérsic profile and one colour.

    Parameters
    ----------
    x, y : float
        Place in arcsec from the centre of the cutout.
    mag_r, g_r, r_z : float
        Magnitude in r of the whole galaxy, and two colours.
    r_e : float
        Semi-major axis of the half-light ellipse, in arcsec.
    n : float
        Sérsic index.
    axis_ratio : float
        Minor over major axis.
    angle : float
        Direction of the major axis from +x towards +y, in radians.
    """

    x: float
    y: float
    mag_r: float
    g_r: float
    r_z: float
    r_e: float
    n: float
    axis_ratio: float
    angle: float

    def light(self, canvas: Canvas) -> Image:
        """Return its light on the cells of a canvas, of unit flux."""
        return sersic_light(
            canvas.x - np.float32(self.x),
            canvas.y - np.float32(self.y),
            r_e=self.r_e,
            n=self.n,
            axis_ratio=self.axis_ratio,
            angle=self.angle,
            cell=canvas.cell,
        )

    def fluxes(self, canvas: Canvas) -> Fluxes:
        """Return its flux in each band."""
        return canvas.fluxes(self.mag_r, self.g_r, self.r_z)

    def truth(self, mean: float) -> Truth:
        """Return its numbers, given the mean surface brightness in g within the half-light ellipse."""
        return Truth(
            x=self.x,
            y=self.y,
            mag_g=self.mag_r + self.g_r,
            mag_r=self.mag_r,
            mag_z=self.mag_r - self.r_z,
            mu_0=central_surface_brightness(mean, self.n),
            mu_eff=mean,
            r_e=self.r_e,
            n=self.n,
            ellipticity=1.0 - self.axis_ratio,
            pa=degrees(self.angle) % 180.0,
        )
