"""From a scene to the three cutouts: expose, register, match the PSF, subtract.

The difference is the science exposure minus the template after PSF matching. A matched template is
the scene seen through the science PSF up to the errors of registration, matching and scaling; those
three errors make every dipole and every ring that real difference images show, so they are drawn
here for each exposure and are merely larger for the bogus kinds that are named after them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.camera import Exposure
from skysieve.sources.simulators.psf import MoffatPsf, displacement, grid_of, points, to_image, trail
from skysieve.sources.simulators.scenes import Scene

__all__ = ["Event", "Mismatch", "draw_mismatch", "expose"]

#: Side in pixels of the square that the pipeline masks around a saturated pixel, less one, halved.
_SATURATION_MARGIN = 4
#: Weight of the neighbouring pixels in a resampled template, which correlates its noise by 0.2.
_RESAMPLING = 0.1


@dataclass(frozen=True, slots=True)
class Event:
    """Light that is in the science exposure and not in the template.

    Parameters
    ----------
    x, y : float
        Centre, in pixels.
    counts : float
        Flux; negative if something has faded.
    length : tuple of two floats
        Motion during the exposure in x and y, in pixels.
    """

    x: float
    y: float
    counts: float
    length: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What is wrong with the template after matching.

    Parameters
    ----------
    shift : tuple of two floats
        Error of the registration in x and y, in pixels.
    jitter : float
        Its scatter from star to star, in pixels.
    broadening : float
        FWHM of the matched template over that of the science exposure.
    stretch : tuple of two floats
        Error of the two components of the ellipticity.
    scale : float
        Flux of the matched template over that of the science exposure.
    grain : float
        Relative error from pixel to pixel that interpolation between coarse pixels leaves.
    """

    shift: tuple[float, float]
    jitter: float
    broadening: float
    stretch: tuple[float, float]
    scale: float
    grain: float

    def apply(self, psf: MoffatPsf) -> MoffatPsf:
        """Return the PSF that the matched template really has."""
        plus = psf.stretch_plus + self.stretch[0]
        cross = psf.stretch_cross + self.stretch[1]
        return MoffatPsf(psf.fwhm * self.broadening, plus, cross)


def draw_mismatch(rng: np.random.Generator) -> Mismatch:
    """Draw the errors of an ordinary, successful subtraction."""
    # 0.04 pixels rms is what stars common to science and template cutouts of ZTF show.
    return Mismatch(
        shift=(float(rng.normal(0.0, 0.03)), float(rng.normal(0.0, 0.03))),
        jitter=0.025,
        broadening=float(rng.lognormal(0.0, 0.012)),
        stretch=(float(rng.normal(0.0, 0.012)), float(rng.normal(0.0, 0.012))),
        scale=float(rng.normal(1.0, 0.005)),
        grain=float(rng.lognormal(-4.3, 0.4)),
    )


def expose(
    scene: Scene,
    event: Event | None,
    science: Exposure,
    template: Exposure,
    mismatch: Mismatch,
    *,
    size: int,
    saturation: float,
    dither: tuple[float, float],
    glow: NDArray[np.float64] | None,
    rng: np.random.Generator,
    template_rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return science, template and difference, shape (3, size, size), in counts.

    Parameters
    ----------
    scene, event
        What is in both exposures, and in the science exposure only.
    science, template : Exposure
        Conditions of both.
    mismatch : Mismatch
        Errors of the subtraction.
    size : int
        Side of the cutouts, in pixels.
    saturation : float
        Counts from which a pixel is saturated; squares around such pixels are NaN in all three.
    dither : tuple of two floats
        Shift of everything in x and y, in pixels: the fraction of a pixel by which a cutout cannot
        be centred.
    glow : ndarray, shape (size, size), float64, or None
        Further light in the science exposure.
    rng, template_rng : numpy.random.Generator
        Noise of the science exposure and of the template.
    """
    grid = grid_of(size)
    psf, galaxies = science.psf.spectrum(grid), scene.extended(grid, science)
    shift_x, shift_y = np.add(dither, mismatch.shift)
    jitter_x, jitter_y = rng.normal(0.0, mismatch.jitter, (2, scene.x.size))

    static = scene.stars(grid, science, scene.x + dither[0], scene.y + dither[1])
    static += galaxies * displacement(grid, *dither)
    light = static * psf
    if event is not None:
        light += _event_spectrum(event, dither, size) * psf
    seen = to_image(grid, light) + (0.0 if glow is None else glow)
    known = to_image(grid, static * template.psf.spectrum(grid))
    misplaced = scene.stars(grid, science, scene.x + shift_x + jitter_x, scene.y + shift_y + jitter_y)
    misplaced += galaxies * displacement(grid, float(shift_x), float(shift_y))
    matched = to_image(grid, misplaced * mismatch.apply(science.psf).spectrum(grid))
    matched *= mismatch.scale + mismatch.grain * rng.normal(size=matched.shape)

    cutouts = np.empty((3, size, size))
    cutouts[0] = science.add_noise(seen + science.sky, rng)
    noise = _template_noise(template, known, template_rng)
    cutouts[1] = known + template.sky + noise
    cutouts[2] = cutouts[0] - science.sky - matched - noise
    cutouts[:, _saturated(seen + science.sky, saturation)] = np.nan
    return cutouts


def _event_spectrum(event: Event, dither: tuple[float, float], size: int) -> NDArray[np.complex128]:
    grid = grid_of(size)
    spectrum = points(grid, event.x + dither[0], event.y + dither[1], event.counts)
    return spectrum * trail(grid, *event.length) if any(event.length) else spectrum


def _template_noise(
    template: Exposure, light: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the noise of a coadd that has been resampled: Gaussian, correlated between neighbours."""
    sigma = np.sqrt(np.maximum(light + template.sky, 0.0) / template.gain + template.read_noise**2)
    padded = rng.normal(0.0, 1.0, (light.shape[0] + 2, light.shape[1] + 2))
    rows = padded[1:-1] + _RESAMPLING * (padded[:-2] + padded[2:])
    both = rows[:, 1:-1] + _RESAMPLING * (rows[:, :-2] + rows[:, 2:])
    return np.asarray(sigma * both / (1.0 + 2.0 * _RESAMPLING**2))


def _saturated(counts: NDArray[np.float64], saturation: float) -> NDArray[np.bool_]:
    """Return the mask of the squares around saturated pixels."""
    mask = np.zeros(counts.shape, dtype=bool)
    for row, column in np.argwhere(counts >= saturation):
        top, left = max(row - _SATURATION_MARGIN, 0), max(column - _SATURATION_MARGIN, 0)
        mask[top : row + _SATURATION_MARGIN + 1, left : column + _SATURATION_MARGIN + 1] = True
    return mask
