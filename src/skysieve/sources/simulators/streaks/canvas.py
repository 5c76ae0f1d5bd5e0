"""A difference cutout in the making: what the exposure added, what the subtraction left, what is masked.

Everything is in units of the sky noise of the difference, per pixel. Photon noise is drawn from a Gaussian:
a pixel of a dark sky holds hundreds of electrons, where the Poisson distribution differs from it by less
than the rounding to grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.camera import Camera, Exposure

__all__ = ["Canvas", "Image", "Rectangle", "draw_canvas", "pixel_grid"]

Image = NDArray[np.float32]
#: First row, row after the last, first column, column after the last.
Rectangle = tuple[int, int, int, int]

#: Width in pixels that integration over a pixel adds in quadrature to the FWHM of a Moffat profile.
_PIXEL = 0.75
#: Side of the pixels, in arcsec, on which the real streaks were measured.
_ZTF_PIXEL = 1.01
#: Median and logarithmic scatter of the width in ZTF's pixels that guiding and resampling add. With them
#: the FWHM has the median of 1.9 pixels that fits to 23 real streaks give (``experiments/real_streaks.py``),
#: and scatters less: its quartiles are 1.7 and 2.2, where theirs are 1.6 and 2.5.
_GUIDING, _GUIDING_SCATTER = 0.9, 0.6


@dataclass(slots=True)
class Canvas:
    """A cutout and its conditions; the kinds paint on it.

    Parameters
    ----------
    camera : Camera
        The camera.
    exposure : Exposure
        Conditions of the science exposure.
    rng : numpy.random.Generator
        Randomness of this cutout.
    size : int
        Side in pixels.
    sigma : float
        Noise of the empty difference, in counts per pixel.
    fwhm : float
        FWHM of a star on the pixels, in pixels.
    light : ndarray, shape (size, size), float32
        Light of the science exposure that the template lacks, in sigma; it has photon noise.
    error : ndarray, shape (size, size), float32
        What subtraction and detector add, in sigma; it has none.
    variance : ndarray, shape (size, size), float32
        Variance of light that was subtracted, in squares of sigma.
    masks : list of Rectangle
        Pixels without data.
    """

    camera: Camera
    exposure: Exposure
    rng: np.random.Generator
    size: int
    sigma: float
    fwhm: float
    light: Image
    error: Image
    variance: Image
    masks: list[Rectangle] = field(default_factory=list)

    @property
    def centre(self) -> float:
        """Coordinate of the centre in pixels, the same in x and y."""
        return (self.size - 1) / 2.0

    @property
    def ztf_pixel(self) -> float:
        """Side of a pixel of ZTF in pixels: what is measured in those, such as guiding, takes this factor."""
        return _ZTF_PIXEL / self.camera.pixel_scale

    @property
    def ellipticity(self) -> tuple[float, float]:
        """Ellipticity of the PSF."""
        return self.exposure.psf.stretch_plus, self.exposure.psf.stretch_cross

    @property
    def shot(self) -> float:
        """Variance that one sigma of light brings, in squares of sigma."""
        return 1.0 / (self.exposure.gain * self.sigma)

    def near_centre(self, scatter: float) -> tuple[float, float]:
        """Draw a point around the centre, with a scatter in pixels for each coordinate."""
        x, y = self.rng.standard_normal(2)
        return self.centre + scatter * float(x), self.centre + scatter * float(y)

    def mask(self, x: float, y: float, half_width: float, half_height: float) -> None:
        """Mask a rectangle around a point, cut at the borders; nothing if it lies outside."""
        top, bottom = max(round(y - half_height), 0), min(round(y + half_height) + 1, self.size)
        left, right = max(round(x - half_width), 0), min(round(x + half_width) + 1, self.size)
        if top < bottom and left < right:
            self.masks.append((top, bottom, left, right))

    def uncover(self, ends: tuple[float, float, float, float], most: float) -> None:
        """Drop masks until at most the share ``most`` of the segment (x1, y1, x2, y2) is hidden."""
        x1, y1, x2, y2 = ends
        t = np.linspace(0.0, 1.0, 25)
        x, y = x1 + t * (x2 - x1), y1 + t * (y2 - y1)

        def hides(mask: Rectangle) -> NDArray[np.bool_]:
            top, bottom, left, right = mask
            return np.asarray((y > top - 1.5) & (y < bottom + 0.5) & (x > left - 1.5) & (x < right + 0.5))

        while self.masks:
            hidden = [hides(mask) for mask in self.masks]
            if np.any(hidden, axis=0).mean() <= most:
                return
            del self.masks[int(np.argmax([part.sum() for part in hidden]))]

    def expose(self) -> Image:
        """Return the difference with its noise in units of sigma; 0 where it is masked."""
        noise = self.rng.standard_normal((self.size, self.size), dtype=np.float32)
        spread = np.maximum(self.light, 0.0)
        spread *= np.float32(self.shot)
        spread += self.variance
        spread += np.float32(1.0)
        noise *= np.sqrt(spread, out=spread)
        noise += self.light
        noise += self.error
        for top, bottom, left, right in self.masks:
            noise[top:bottom, left:right] = 0.0
        return noise


def draw_canvas(camera: Camera, rng: np.random.Generator, size: int) -> Canvas:
    """Draw the conditions of one exposure and return an empty canvas."""
    exposure = camera.draw_exposure(rng)
    template = 1.0 + 1.0 / camera.template_exposures
    guiding = min(_GUIDING * exp(_GUIDING_SCATTER * rng.standard_normal()), 2.5)
    return Canvas(
        camera=camera,
        exposure=exposure,
        rng=rng,
        size=size,
        sigma=exposure.pixel_noise() * sqrt(template),
        fwhm=hypot(exposure.psf.fwhm, _PIXEL, guiding * (_ZTF_PIXEL / camera.pixel_scale)),
        light=np.zeros((size, size), np.float32),
        error=np.zeros((size, size), np.float32),
        variance=np.zeros((size, size), np.float32),
    )


@lru_cache(maxsize=4)
def pixel_grid(size: int) -> tuple[Image, Image]:
    """Return the coordinates x, shape (1, size), and y, shape (size, 1); not to be written to."""
    axis = np.arange(size, dtype=np.float32)
    axis.setflags(write=False)
    return axis[None, :], axis[:, None]
