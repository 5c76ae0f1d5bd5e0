"""What happens once: microlensing and supernova-like transients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.light_curves.colours import black_body_colour
from skysieve.sources.simulators.light_curves.draws import log_normal_between, normal_between
from skysieve.sources.simulators.light_curves.kinds import CurveTruth, Variable, Window, curve_kind

__all__ = ["make_microlensing", "make_supernova"]


@curve_kind("microlensing")
def make_microlensing(rng: np.random.Generator, window: Window) -> Variable:
    """Make a microlensing event of a point source and a point lens (Paczyński 1986), partly blended."""
    peak = float(rng.uniform(window.start, window.end))
    timescale = log_normal_between(rng, 30.0, 0.7, (4.0, 250.0))
    impact = float(rng.uniform(0.02, 0.9))
    blend = float(rng.beta(1.0, 3.0)) * 0.8

    def light(time: NDArray[np.float64], _wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        square = impact**2 + ((time - peak) / timescale) ** 2
        magnified = (square + 2.0) / np.sqrt(square * (square + 4.0))
        return np.asarray(-2.5 * np.log10((1.0 - blend) * magnified + blend))

    brightest = -float(light(np.array([peak]), np.array([600.0]))[0])
    temperature = normal_between(rng, 5000.0, 700.0, (3300.0, 8000.0))
    truth = CurveTruth(amplitude=brightest, peak_time=peak, timescale=timescale, impact=impact, blend=blend)
    return Variable(light, temperature, truth)


@curve_kind("supernova")
def make_supernova(rng: np.random.Generator, window: Window) -> Variable:
    """Make a supernova-like transient on a subtracted image: no light before it, cooling as it fades.

    The light of Bazin et al. (2009, A&A 499, 653); its magnitude is that of the peak at 600 nm.
    """
    peak = float(rng.uniform(window.start, window.end))
    rise = log_normal_between(rng, 3.5, 0.3, (1.5, 9.0))
    fall = log_normal_between(rng, 25.0, 0.35, (10.0, 70.0))
    # The peak of the function lies here after its zero.
    late = rise * np.log(fall / rise - 1.0)
    hot = normal_between(rng, 11_000.0, 1500.0, (8000.0, 16_000.0))
    cool = normal_between(rng, 5500.0, 400.0, (4500.0, 6500.0))

    def bazin(days: NDArray[np.float64]) -> NDArray[np.float64]:
        bounded = np.clip(days, -80.0 * rise, 400.0)
        return np.asarray(np.exp(-bounded / fall) / (1.0 + np.exp(-bounded / rise)))

    highest = float(bazin(np.array([late]))[0])

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        days = time - peak
        temperature = cool + (hot - cool) * np.exp(-np.maximum(days + 15.0, 0.0) / 22.0)
        colour = black_body_colour(wavelength, temperature) - black_body_colour(wavelength, hot)
        flux = bazin(days + late) / highest
        gone = (flux < 1e-6) | (days < -8.0 * rise)
        # The colour at the peak is that of the hot body: what has cooled since comes on top.
        fading = -2.5 * np.log10(np.where(gone, 1.0, flux)) + colour
        return np.asarray(np.where(gone, np.inf, fading))

    truth = CurveTruth(peak_time=peak, timescale=fall, rise_time=rise)
    return Variable(light, hot, truth)
