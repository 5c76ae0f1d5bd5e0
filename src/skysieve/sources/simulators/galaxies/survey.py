"""Imaging surveys: what the atmosphere, the camera and the length of the exposures make of a galaxy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, UnknownNameError

__all__ = ["BANDS", "SURVEYS", "Stretch", "Survey", "survey_named"]

#: The bands of every survey, in the order of every tuple and array.
BANDS = ("g", "r", "z")

#: Side in arcsec of the boxes, and number of sigma, in which the depth is given.
_BOX, _SIGMAS = 10.0, 3.0

_Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The stretch of a colour picture, as the viewer of the DESI Legacy Surveys has it.

    Lupton et al. 2004 (PASP 116, 133): one curve for the mean of the bands, so that colours are kept.

    Parameters
    ----------
    scales : tuple of three floats
        What the fluxes in g, r and z, in nanomaggies per square of 0.262 arcsec, are multiplied with. The
        bands become blue, green and red.
    softening : float
        Brightness at which the curve turns from linear to logarithmic: the inverse of it.
    offset : float
        What is added to every band, so that the noise of the sky is seen.
    """

    scales: _Three = (6.0, 3.4, 2.2)
    softening: float = 20.0
    offset: float = 0.03

    def __post_init__(self) -> None:
        _check_three("stretch.scales", self.scales, positive=True)
        _check_positive("stretch.softening", self.softening)
        if not 0.0 <= self.offset < 1.0:
            raise ConfigurationError(
                f"survey.stretch.offset is {self.offset!r}; give a number from 0, black, to 1, white"
            )


@dataclass(frozen=True, slots=True)
class Survey:
    """An imaging survey in g, r and z; the defaults describe the coadded images of DES.

    Parameters
    ----------
    pixel_scale : float
        Side of a pixel, in arcsec.
    seeing : tuple of three floats
        Median FWHM of the PSF in arcsec, before integration over the pixel.
    seeing_scatter : float
        Scatter of the natural logarithm of the seeing from place to place, the same in all bands.
    ellipticity : float
        Scatter of each component of the PSF's ellipticity.
    depth : tuple of three floats
        Limiting surface brightness in mag/arcsec2: three sigma of the noise in boxes of 10 by 10 arcsec, as
        Román et al. 2020 (A&A 644, A42, appendix A) define it.
    sky : tuple of three floats
        Surface brightness of the sky in mag/arcsec2; with the depth it gives the noise of light above it.
    zero_point : float
        Magnitude (AB) of a flux of one; 22.5 makes fluxes nanomaggies.
    stretch : Stretch
        How fluxes become a picture.

    Raises
    ------
    ConfigurationError
        If a setting is outside its range.

    Examples
    --------
    >>> [round(float(sigma), 4) for sigma in Survey().noise(0.263)]
    [0.0029, 0.0035, 0.0127]
    """

    pixel_scale: float = 0.263
    seeing: _Three = (1.12, 0.96, 0.84)
    seeing_scatter: float = 0.06
    ellipticity: float = 0.03
    depth: _Three = (28.7, 28.5, 27.1)
    sky: _Three = (22.0, 21.1, 19.1)
    zero_point: float = 22.5
    stretch: Stretch = field(default_factory=Stretch)

    def __post_init__(self) -> None:
        _check_positive("pixel_scale", self.pixel_scale)
        _check_three("seeing", self.seeing, positive=True)
        _check_three("depth", self.depth)
        _check_three("sky", self.sky)
        for name, largest in (("seeing_scatter", 1.0), ("ellipticity", 0.3)):
            if not 0.0 <= getattr(self, name) <= largest:
                raise ConfigurationError(
                    f"survey.{name} is {getattr(self, name)!r}; give a number from 0 to {largest}"
                )
        if not np.isfinite(self.zero_point):
            raise ConfigurationError(
                f"survey.zero_point is {self.zero_point!r}; give a magnitude, such as 22.5"
            )

    def flux(self, magnitude: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the flux of a magnitude, or per square arcsec of a surface brightness."""
        return np.asarray(10.0 ** (-0.4 * (np.asarray(magnitude, np.float64) - self.zero_point)))

    def magnitude(self, flux: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the magnitude of a flux; NaN unless it is positive."""
        flux = np.asarray(flux, np.float64)
        known = np.where(flux > 0.0, flux, np.nan)
        return np.asarray(self.zero_point - 2.5 * np.log10(known))

    def noise(self, pixel: float) -> NDArray[np.float64]:
        """Return the noise of the sky in pixels of a side of ``pixel`` arcsec, one value a band."""
        return self.flux(np.array(self.depth)) * (_BOX / _SIGMAS * pixel)

    def sky_flux(self, pixel: float) -> NDArray[np.float64]:
        """Return the light of the sky in pixels of a side of ``pixel`` arcsec, one value a band."""
        return self.flux(np.array(self.sky)) * pixel**2


def _check_positive(name: str, value: Any) -> None:
    if not (value > 0.0 and np.isfinite(value)):
        raise ConfigurationError(f"survey.{name} is {value!r}; give a number above 0")


def _check_three(name: str, values: tuple[float, ...], *, positive: bool = False) -> None:
    if len(values) != len(BANDS):
        raise ConfigurationError(
            f"survey.{name} has {len(values)} numbers, {values!r}; give one for each of {', '.join(BANDS)}"
        )
    for value in values:
        if not np.isfinite(value) or (positive and not value > 0.0):
            wanted = "numbers above 0" if positive else "magnitudes"
            raise ConfigurationError(f"survey.{name} is {values!r}; give {wanted}")


#: DES as its coadded images are (Abbott et al. 2018, ApJS 239, 18: 10-sigma magnitudes of 24.33, 24.08 and
#: 22.69 in apertures of 1.95 arcsec), and the wide layer of HSC-SSP (Aihara et al. 2019, PASJ 71, 114:
#: 5-sigma point sources of 26.6, 26.2 and 25.3). The stretches: that of the Legacy Survey viewer, and a
#: harder one that shows what is fainter and makes faint things whiter.
SURVEYS: dict[str, Survey] = {
    "des": Survey(),
    "hsc": Survey(
        pixel_scale=0.168,
        seeing=(0.79, 0.75, 0.68),
        seeing_scatter=0.1,
        depth=(29.8, 29.4, 28.4),
        stretch=Stretch(scales=(10.0, 5.8, 3.9), softening=40.0, offset=0.015),
    ),
}


def survey_named(name: str) -> Survey:
    """Return one of `SURVEYS`.

    Raises
    ------
    UnknownNameError
        If there is no such survey.
    """
    if name not in SURVEYS:
        raise UnknownNameError(f"no simulated survey is called {name!r}; known are: {', '.join(SURVEYS)}")
    return SURVEYS[name]
