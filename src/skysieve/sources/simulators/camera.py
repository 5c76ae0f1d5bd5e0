"""The camera: from magnitudes to counts, and what one exposure adds to the sky.

The defaults are those of ZTF as its alert cutouts show it: 876 public alerts give the sky levels,
the noise at a given sky, the width and the exponent of the PSF of science and template cutouts,
and the noise of the templates relative to the science cutouts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.psf import MoffatPsf, grid_of, points, to_image, trail

__all__ = ["Band", "Camera", "Exposure"]


@dataclass(frozen=True, slots=True)
class Band:
    """One filter of a camera.

    Parameters
    ----------
    fid : int
        Number of the filter in alert packets.
    name : str
        Letter of the filter.
    zero_point : float
        Magnitude of a source that gives one count in an exposure of nominal length.
    sky : float
        Median sky level of such an exposure, in counts per pixel.
    share : float
        Share of the exposures taken in this filter.
    """

    fid: int
    name: str
    zero_point: float
    sky: float
    share: float


_ZTF_BANDS = (
    Band(1, "g", 26.2, 90.0, 0.48),
    Band(2, "r", 26.2, 165.0, 0.46),
    Band(3, "i", 25.7, 230.0, 0.06),
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """The conditions of one exposure.

    Parameters
    ----------
    band : Band
        Filter.
    zero_point : float
        Magnitude of a source of one count.
    sky : float
        Sky level, in counts per pixel.
    psf : MoffatPsf
        PSF before integration over the pixel.
    gain : float
        Electrons per count; of a coadd, times the number of exposures.
    read_noise : float
        Noise that does not grow with light, in counts per pixel.
    seconds : float
        Length.
    """

    band: Band
    zero_point: float
    sky: float
    psf: MoffatPsf
    gain: float
    read_noise: float
    seconds: float

    def counts(self, magnitude: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the counts of sources of ``magnitude``."""
        return np.asarray(10.0 ** (-0.4 * (np.asarray(magnitude) - self.zero_point)))

    def magnitude(self, counts: float) -> float:
        """Return the magnitude of a source of ``counts``, NaN unless they are positive."""
        return float(self.zero_point - 2.5 * np.log10(counts)) if counts > 0 else float("nan")

    def pixel_noise(self, light: float = 0.0) -> float:
        """Return the noise of a pixel that holds ``light`` counts above the sky, in counts."""
        return float(np.sqrt((self.sky + max(light, 0.0)) / self.gain + self.read_noise**2))

    def limiting_magnitude(self, snr: float = 5.0, size: int = 63) -> float:
        """Return the magnitude of an isolated point source of signal-to-noise ratio ``snr``."""
        noise = self.pixel_noise() * np.sqrt(self.psf.noise_pixels(grid_of(size)))
        return self.magnitude(snr * float(noise))

    def point_source(
        self, x: float, y: float, magnitude: float, size: int = 63, length: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.float64]:
        """Return the noiseless image of one source, shape (size, size), in counts.

        Parameters
        ----------
        x, y : float
            Centre, in pixels; 0 is the centre of the first pixel.
        magnitude : float
            Apparent magnitude.
        size : int
            Side of the image.
        length : tuple of two floats
            Length in x and y over which the source moves during the exposure, in pixels.
        """
        grid = grid_of(size)
        spectrum = points(grid, x, y, self.counts(magnitude)) * self.psf.spectrum(grid)
        return to_image(grid, spectrum * trail(grid, *length) if any(length) else spectrum)

    def add_noise(self, counts: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return ``counts`` (sky included) with photon noise and read noise."""
        electrons = rng.poisson(np.maximum(counts, 0.0) * self.gain)
        return electrons / self.gain + rng.normal(0.0, self.read_noise, counts.shape)


@dataclass(frozen=True, slots=True)
class Camera:
    """A survey camera and the sky above it; the defaults describe ZTF.

    Parameters
    ----------
    pixel_scale : float
        Side of a pixel, in arcsec.
    seeing, seeing_scatter : float
        Median FWHM in arcsec of the PSF of a science exposure and scatter of its natural logarithm.
        Before integration over the pixel: 1.45" give the 2.0" that are measured on the pixels.
    template_seeing, template_seeing_scatter : float
        The same for templates, which resampling and coaddition have widened.
    ellipticity : float
        Scatter of each component of the PSF's ellipticity.
    gain : float
        Electrons per count.
    read_noise : float
        Noise that does not grow with light, in electrons per pixel: the amplifier's and what
        flat-fielding leaves.
    exposure_time : float
        Length of an exposure, in seconds; sky and zero points are given for 30 s.
    template_exposures : float
        Exposures of nominal length that a template holds.
    saturation : float
        Counts from which a pixel is saturated.
    sky_scatter : float
        Scatter of the natural logarithm of the sky level.
    zero_point_scatter : float
        Loss to haze in magnitudes, mean of an exponential distribution.
    bands : tuple of Band
        Filters.

    Examples
    --------
    >>> import numpy as np
    >>> exposure = Camera().draw_exposure(np.random.default_rng(1))
    >>> exposure.band.name, exposure.sky > 0, 20.0 < exposure.limiting_magnitude() < 22.0
    ('r', True, True)
    """

    pixel_scale: float = 1.01
    seeing: float = 1.45
    seeing_scatter: float = 0.18
    template_seeing: float = 1.85
    template_seeing_scatter: float = 0.07
    ellipticity: float = 0.08
    gain: float = 5.0
    read_noise: float = 14.0
    exposure_time: float = 30.0
    template_exposures: float = 20.0
    saturation: float = 50_000.0
    sky_scatter: float = 0.4
    zero_point_scatter: float = 0.1
    bands: tuple[Band, ...] = _ZTF_BANDS

    def __post_init__(self) -> None:
        positive = ("pixel_scale", "seeing", "template_seeing", "gain", "exposure_time", "saturation")
        for name in (*positive, "template_exposures"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"camera.{name} is {getattr(self, name)!r}; give a number above 0")
        if not self.bands:
            raise ConfigurationError("camera.bands is empty; give at least one Band")

    def depth(self) -> float:
        """Return the magnitude of a star as bright as the noise of one of its pixels, of a typical exposure.

        A typical one has the median seeing and sky and the full length, and no haze; mean of the filters by
        their shares. Differences between cameras are what this is for.

        Examples
        --------
        >>> from dataclasses import replace
        >>> longer = replace(Camera(), exposure_time=120.0)
        >>> 0.7 < longer.depth() - Camera().depth() < 0.9
        True
        """
        length, shares = self.exposure_time / 30.0, sum(band.share for band in self.bands)
        depth = 0.0
        for band in self.bands:
            noise = np.hypot(np.sqrt(band.sky * length / self.gain), self.read_noise / self.gain)
            limit = noise * self.seeing / self.pixel_scale
            depth += band.share / shares * (band.zero_point + 2.5 * np.log10(length / limit))
        return float(depth)

    def draw_exposure(self, rng: np.random.Generator, band: Band | None = None) -> Exposure:
        """Draw a science exposure, in ``band`` or in one drawn by its share."""
        shares = np.array([item.share for item in self.bands])
        drawn = self.bands[int(rng.choice(len(self.bands), p=shares / shares.sum()))]
        band = drawn if band is None else band
        depth = self.exposure_time / 30.0
        return Exposure(
            band=band,
            zero_point=band.zero_point + 2.5 * np.log10(depth) - rng.exponential(self.zero_point_scatter),
            sky=band.sky * depth * rng.lognormal(0.0, self.sky_scatter),
            psf=self._draw_psf(rng, self.seeing, self.seeing_scatter),
            gain=self.gain,
            read_noise=self.read_noise / self.gain,
            seconds=self.exposure_time,
        )

    def draw_template(self, rng: np.random.Generator, science: Exposure) -> Exposure:
        """Draw the template of ``science``: a coadd, scaled to its zero point and sky level."""
        return Exposure(
            band=science.band,
            zero_point=science.zero_point,
            sky=science.sky,
            psf=self._draw_psf(rng, self.template_seeing, self.template_seeing_scatter),
            gain=self.gain * self.template_exposures,
            read_noise=self.read_noise / self.gain / np.sqrt(self.template_exposures),
            seconds=self.exposure_time * self.template_exposures,
        )

    def _draw_psf(self, rng: np.random.Generator, seeing: float, scatter: float) -> MoffatPsf:
        fwhm = seeing / self.pixel_scale * rng.lognormal(0.0, scatter)
        plus, cross = np.clip(rng.normal(0.0, self.ellipticity, 2), -0.3, 0.3)
        return MoffatPsf(float(fwhm), float(plus), float(cross))
