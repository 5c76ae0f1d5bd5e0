"""Eclipsing binaries: contact ones (EW) and detached ones (EA)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.light_curves.colours import REFERENCE, black_body_colour, brighter_in_blue
from skysieve.sources.simulators.light_curves.draws import fold, log_normal_between, normal_between
from skysieve.sources.simulators.light_curves.kinds import CurveTruth, Light, Variable, Window, curve_kind

__all__ = ["covered_area", "make_contact", "make_detached"]

_PHASES = np.linspace(0.0, 1.0, 720, endpoint=False)
#: An eclipse that is shallower than this is not drawn: nobody would have called it eclipsing.
_SHALLOWEST = 0.08


@curve_kind("EW")
def make_contact(rng: np.random.Generator, window: Window) -> Variable:
    """Make a contact binary: two rounded minima of nearly one depth, never constant between them.

    A cosine series in flux of which the second and fourth terms lie on the side of contact of the line
    a4 = a2 (0.125 - a2) that Rucinski (1993, PASP 105, 1433) drew between contact and detached pairs; the
    first makes the minima differ, a sine the maxima (O'Connell effect).
    """
    period = log_normal_between(rng, 0.33, 0.25, (0.21, 1.0))
    epoch = float(rng.uniform(window.start, window.start + period))
    second = -normal_between(rng, 0.16, 0.06, (0.04, 0.27))
    fourth = float(rng.uniform(0.2, 1.0)) * second * (0.125 - second)
    first = -abs(float(rng.normal(0.0, 0.012)))
    sine = float(rng.normal(0.0, 0.008))

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        angle = 2.0 * np.pi * fold(time, period, epoch)
        wave = first * np.cos(angle) + second * np.cos(2 * angle) + fourth * np.cos(4 * angle)
        wave = wave + sine * np.sin(angle)
        return np.asarray(-2.5 * np.log10(1.0 + wave * brighter_in_blue(wavelength, 0.1)))

    amplitude = _amplitude(light, period, epoch)
    # Longer periods are hotter.
    temperature = float(np.clip(5600.0 * (period / 0.33) ** 0.5 + rng.normal(0.0, 250.0), 3800.0, 8500.0))
    truth = CurveTruth(period=period, amplitude=amplitude, epoch=epoch, phase=_phase(window, period, epoch))
    return Variable(light, temperature, truth)


@curve_kind("EA")
def make_detached(rng: np.random.Generator, window: Window) -> Variable:
    """Make a detached binary: constant but for two eclipses, of two discs without limb darkening.

    An eccentric orbit moves the second eclipse away from the middle and makes it wider or narrower (to first
    order in the eccentricity).
    """
    while True:
        period = log_normal_between(rng, 1.3, 0.8, (0.4, 40.0))
        # Close pairs fill more of their orbit.
        radius = float(rng.uniform(0.12, 0.34)) * min(1.0, (1.3 / period) ** 0.45)
        ratio = float(rng.uniform(0.5, 1.0))
        inclination = float(np.degrees(np.arccos(rng.uniform(0.0, radius * (1.0 + ratio)))))
        hot = normal_between(rng, 6300.0, 1300.0, (3800.0, 11000.0))
        cool = hot * float(rng.uniform(0.55, 1.0))
        made = _Detached(
            period,
            float(rng.uniform(window.start, window.start + period)),
            (radius, radius * ratio),
            np.radians(inclination),
            (hot, cool),
            float(rng.beta(1.0, 6.0)) * min(1.0, period / 8.0),
            float(rng.uniform(0.0, 2.0 * np.pi)),
        )
        primary, secondary = made.depth(0.0), made.depth(made.second_eclipse)
        if primary >= _SHALLOWEST:
            break
    truth = CurveTruth(
        period=period,
        amplitude=_amplitude(made.light, period, made.epoch),
        epoch=made.epoch,
        phase=_phase(window, period, made.epoch),
        inclination=inclination,
        primary_depth=primary,
        secondary_depth=secondary,
        eccentricity=made.eccentricity,
    )
    return Variable(made.light, hot, truth)


class _Detached:
    """Two discs in orbit; lengths in units of the orbit's radius."""

    def __init__(
        self,
        period: float,
        epoch: float,
        radii: tuple[float, float],
        inclination: float,
        temperatures: tuple[float, float],
        eccentricity: float,
        periastron: float,
    ) -> None:
        self.period, self.epoch = period, epoch
        self._radii, self._inclination, self._temperatures = radii, inclination, temperatures
        self.eccentricity = eccentricity
        self.second_eclipse = 0.5 + 2.0 / np.pi * eccentricity * np.cos(periastron)
        self._wider = (1.0 + eccentricity * np.sin(periastron)) / (1.0 - eccentricity * np.sin(periastron))
        # Stars drawn out towards each other are brighter from the side.
        self._ellipsoid = 1.2 * radii[0] ** 3

    def light(self, time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._at(fold(time, self.period, self.epoch), wavelength)

    def depth(self, phase: float) -> float:
        deep = self._at(np.array([phase % 1.0]), np.array([REFERENCE]))[0]
        flat = np.min(self._at(_PHASES, np.full(len(_PHASES), REFERENCE)))
        return float(deep - flat)

    def _at(self, phase: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        large, small = self._radii
        fainter = black_body_colour(wavelength, self._temperatures[1])
        fainter = fainter - black_body_colour(wavelength, self._temperatures[0])
        # Surface brightness follows the temperature at 600 nm, too.
        power = _surface(self._temperatures[1]) / _surface(self._temperatures[0])
        second = power * 10.0 ** (-0.4 * fainter) * small**2
        first = np.full(len(phase), large**2)
        from_first = _near(phase, 0.0)
        from_second = _near(phase, self.second_eclipse) * self._wider
        hidden = covered_area(large, small, self._distance(from_first)) / np.pi
        behind = covered_area(large, small, self._distance(from_second)) / np.pi
        inside = np.abs(from_first) < np.abs(from_second)
        flux = first - np.where(inside, hidden, 0.0) + second
        flux = flux - np.where(inside, 0.0, behind) * second / small**2
        flux = flux / (first + second) * (1.0 - self._ellipsoid * np.cos(4.0 * np.pi * phase))
        return np.asarray(-2.5 * np.log10(np.maximum(flux, 1e-4)))

    def _distance(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        angle = 2.0 * np.pi * np.clip(phase, -0.25, 0.25)
        return np.asarray(np.sqrt(np.sin(angle) ** 2 + (np.cos(self._inclination) * np.cos(angle)) ** 2))


def covered_area(large: float, small: float, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area that two discs share.

    Parameters
    ----------
    large, small : float
        Their radii.
    distance : ndarray
        Of their centres.

    Examples
    --------
    >>> covered_area(1.0, 1.0, np.array([0.0, 1.0, 2.0])).round(4).tolist()
    [3.1416, 1.2284, 0.0]
    """
    apart = np.clip(distance, abs(large - small) + 1e-12, large + small)
    first = (apart**2 + large**2 - small**2) / (2.0 * apart)
    second = apart - first
    area = large**2 * np.arccos(np.clip(first / large, -1.0, 1.0))
    area += small**2 * np.arccos(np.clip(second / small, -1.0, 1.0))
    area -= apart * np.sqrt(np.maximum(large**2 - first**2, 0.0))
    return np.asarray(np.where(distance <= abs(large - small), np.pi * min(large, small) ** 2, area))


def _surface(temperature: float) -> float:
    return float(1.0 / np.expm1(1.4387769e7 / REFERENCE / temperature))


def _near(phase: NDArray[np.float64], centre: float) -> NDArray[np.float64]:
    """Return phases from a centre, -0.5 to 0.5."""
    return np.asarray((phase - centre + 0.5) % 1.0 - 0.5)


def _amplitude(light: Light, period: float, epoch: float) -> float:
    found = light(epoch + _PHASES * period, np.full(len(_PHASES), REFERENCE))
    return float(found.max() - found.min())


def _phase(window: Window, period: float, epoch: float) -> float:
    return float(fold(np.array([window.start]), period, epoch)[0])
