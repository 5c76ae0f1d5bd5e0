"""A cutout in the making: the light of the subject and of the field, before atmosphere, pixels and noise.

Light is painted on cells of half a pixel, on a canvas half as wide again as the cutout, so that what lies
outside is blurred into it; stars stay points until the PSF has its turn. Both are blurred in Fourier space
(`skysieve.sources.simulators.psf`), where nothing of the flux is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.galaxies.survey import BANDS, Survey
from skysieve.sources.simulators.psf import Grid, MoffatPsf, displacement, grid_of, points, to_image

__all__ = ["Canvas", "Fluxes", "Image", "Layer", "draw_canvas"]

Image = NDArray[np.float32]
#: Flux in g, r and z, shape (3,).
Fluxes = NDArray[np.float64]


class Layer:
    """Light that belongs together: extended light, shape (3, cells, cells), and stars.

    Parameters
    ----------
    cells : int
        Side of the canvas in cells.
    """

    def __init__(self, cells: int) -> None:
        self.light = np.zeros((len(BANDS), cells, cells), np.float32)
        self.stars: list[tuple[float, float, Fluxes]] = []

    def add(
        self, light: Image, fluxes: Fluxes, rows: slice = slice(None), columns: slice = slice(None)
    ) -> None:
        """Add light of unit flux, shape (rows, columns), with a flux in each band."""
        for band, flux in enumerate(fluxes):
            self.light[band, rows, columns] += np.float32(flux) * light

    def add_star(self, x: float, y: float, fluxes: Fluxes) -> None:
        """Add a star at a place in arcsec from the centre."""
        self.stars.append((x, y, np.asarray(fluxes, np.float64)))

    @property
    def fluxes(self) -> Fluxes:
        """Light on the whole canvas, stars not counted."""
        return np.asarray(self.light.sum(axis=(1, 2), dtype=np.float64))


@dataclass(slots=True)
class Canvas:
    """A cutout and its conditions; the kinds paint on it. Places are in arcsec from the centre.

    Parameters
    ----------
    survey : Survey
        The survey.
    rng : numpy.random.Generator
        Randomness of this cutout.
    size : int
        Side of the cutout, in pixels.
    pixel : float
        Side of a pixel, in arcsec.
    psfs : tuple of MoffatPsf
        PSF in each band.
    x, y : ndarray, shape (1, cells) and (cells, 1), float32
        Coordinates of the centres of the cells.
    subject : Layer
        What the cutout is of: the galaxy, or the artefact. The mask is of this.
    field : Layer
        Everything else.
    sky_share : float
        Share of the subject's faintest light that the survey's sky subtraction takes for sky: what fills a
        cutout is partly lost, what lies in it is not.
    """

    survey: Survey
    rng: np.random.Generator
    size: int
    pixel: float
    psfs: tuple[MoffatPsf, ...]
    x: Image
    y: Image
    subject: Layer
    field: Layer
    sky_share: float = 0.0

    @property
    def width(self) -> float:
        """Side of the cutout, in arcsec."""
        return self.size * self.pixel

    @property
    def cell(self) -> float:
        """Side of a cell, in arcsec."""
        return 0.5 * self.pixel

    def fluxes(self, magnitude: float, g_r: float, r_z: float) -> Fluxes:
        """Return the fluxes of a magnitude in r and two colours."""
        return self.survey.flux(np.array([magnitude + g_r, magnitude, magnitude - r_z]))

    def window(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Return the rows and columns of the cells within ``reach`` of a place; they may be empty."""
        return self._span(y, reach), self._span(x, reach)

    def observe(self, layer: Layer) -> Image:
        """Return the light of a layer as the survey sees it without noise, shape (3, size, size)."""
        grid, place = grid_of(self.size), _placement(self.size)
        images = np.empty((len(BANDS), self.size, self.size), np.float32)
        painted = layer.light.any()
        stars_x, stars_y, fluxes = self._stars(grid, layer)
        for band, psf in enumerate(self.psfs):
            spectrum = np.fft.rfft2(layer.light[band]) * place if painted else np.zeros((1, 1), np.complex128)
            if len(stars_x):
                spectrum = spectrum + points(grid, stars_x, stars_y, fluxes[:, band])
            images[band] = to_image(grid, spectrum * psf.spectrum(grid))
        return images

    def observe_subject(self) -> Image:
        """Return the subject as `observe` does, less what the sky subtraction takes."""
        light = self.observe(self.subject)
        if self.sky_share:
            light -= np.float32(self.sky_share) * np.percentile(light, 10.0, axis=(1, 2), keepdims=True)
        return light.astype(np.float32, copy=False)

    def expose(self, light: Image) -> Image:
        """Return what is observed with the noise of the sky and of the light's photons."""
        sigma = self.survey.noise(self.pixel).astype(np.float32)[:, None, None]
        sky = self.survey.sky_flux(self.pixel).astype(np.float32)[:, None, None]
        spread = sigma * np.sqrt(1.0 + np.maximum(light, 0.0) / sky)
        return np.asarray(light + spread * self.rng.standard_normal(light.shape, dtype=np.float32))

    def _span(self, place: float, reach: float) -> slice:
        cells, first = self.x.shape[1], float(self.x[0, 0])
        low, high = (place - reach - first) / self.cell, (place + reach - first) / self.cell
        return slice(min(max(int(low), 0), cells), min(max(int(high) + 1, 0), cells))

    def _stars(self, grid: Grid, layer: Layer) -> tuple[Fluxes, Fluxes, Fluxes]:
        """Return places in pixels and fluxes of the stars of a layer that lie on the canvas."""
        middle, most = 0.5 * (self.size - 1), 0.5 * (grid.period - 1)
        on_it = [
            (x / self.pixel + middle, y / self.pixel + middle, fluxes)
            for x, y, fluxes in layer.stars
            if max(abs(x), abs(y)) / self.pixel <= most
        ]
        x, y = (np.array([star[axis] for star in on_it], np.float64) for axis in (0, 1))
        return x, y, np.array([star[2] for star in on_it]).reshape(len(on_it), len(BANDS))


def draw_canvas(survey: Survey, rng: np.random.Generator, size: int, pixel: float) -> Canvas:
    """Draw the conditions of one place on the sky and return an empty canvas.

    Parameters
    ----------
    survey : Survey
        The survey.
    rng : numpy.random.Generator
        Randomness.
    size : int
        Side of the cutout, in pixels.
    pixel : float
        Side of a pixel, in arcsec.
    """
    x, y = _axes(size, pixel)
    cells = x.shape[1]
    worse = float(rng.lognormal(0.0, survey.seeing_scatter))
    plus, cross = np.clip(rng.normal(0.0, survey.ellipticity, 2), -0.3, 0.3)
    psfs = tuple(
        MoffatPsf(
            seeing * worse * float(rng.lognormal(0.0, 0.3 * survey.seeing_scatter)) / pixel, plus, cross
        )
        for seeing in survey.seeing
    )
    return Canvas(survey, rng, size, pixel, psfs, x, y, Layer(cells), Layer(cells))


@lru_cache(maxsize=8)
def _axes(size: int, pixel: float) -> tuple[Image, Image]:
    """Return the coordinates of the cells, in arcsec from the centre of the cutout; not to be written to."""
    period = grid_of(size).period
    pixels = np.arange(2 * period) / 2.0 - _margin(size) - 0.5 * (size - 1)
    axis: Image = (pixels * pixel).astype(np.float32)
    axis.setflags(write=False)
    return axis[None, :], axis[:, None]


@lru_cache(maxsize=8)
def _placement(size: int) -> NDArray[np.complex64]:
    """Return the factor that puts the first cell where it lies before the first pixel."""
    margin = _margin(size)
    return displacement(grid_of(size), -margin, -margin).astype(np.complex64)


def _margin(size: int) -> float:
    """Return the width of the canvas before the first pixel, in pixels."""
    return 0.5 * (grid_of(size).period - size)
