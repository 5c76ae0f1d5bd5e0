"""Wavelengths of bands and the colours of black bodies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["REFERENCE", "WAVELENGTHS", "black_body_colour", "brighter_in_blue"]

#: Effective wavelengths of bands, in nm.
WAVELENGTHS = {"u": 367.0, "g": 483.0, "V": 551.0, "r": 622.0, "i": 754.0, "z": 869.0, "y": 971.0}
#: Where mean magnitudes and amplitudes are given, in nm.
REFERENCE = 600.0
#: h c / k in nm K.
_SECOND_RADIATION_CONSTANT = 1.4387769e7


def black_body_colour(
    wavelength: NDArray[np.float64], temperature: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the AB magnitude at a wavelength (nm) less that at 600 nm.

    Examples
    --------
    >>> black_body_colour(np.array([483.0, 754.0]), 5000.0).round(2).tolist()
    [0.56, -0.33]
    """
    exponent = _SECOND_RADIATION_CONSTANT / np.asarray(temperature, dtype=np.float64)
    ratio = np.expm1(exponent / REFERENCE) / np.expm1(exponent / wavelength)
    return np.asarray(-2.5 * np.log10(ratio * (REFERENCE / wavelength) ** 3))


def brighter_in_blue(wavelength: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the factor by which an amplitude differs from that at 600 nm: a power of the wavelength."""
    return np.asarray((REFERENCE / wavelength) ** power)
