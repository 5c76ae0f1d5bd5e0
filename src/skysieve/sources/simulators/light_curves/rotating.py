"""Rotating stars with spots, and stars that do not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.light_curves.colours import brighter_in_blue
from skysieve.sources.simulators.light_curves.draws import fold, log_normal_between, normal_between
from skysieve.sources.simulators.light_curves.kinds import CurveTruth, Variable, Window, curve_kind

__all__ = ["make_constant", "make_spotted"]

_PHASES = np.linspace(0.0, 1.0, 200, endpoint=False)


@curve_kind("ROT")
def make_spotted(rng: np.random.Generator, window: Window) -> Variable:
    """Make a star with two to four dark spots that grow and fade, on a slow cycle of activity."""
    period = log_normal_between(rng, 3.0, 1.4, (0.25, 100.0))
    epoch = float(rng.uniform(window.start, window.start + period))
    spots = int(rng.integers(2, 5))
    places = rng.uniform(0.0, 1.0, spots)
    strength = rng.uniform(0.3, 1.0, spots)
    lives = np.exp(rng.normal(np.log(500.0), 0.6, spots))
    births = rng.uniform(0.0, 2.0 * np.pi, spots)
    amplitude = log_normal_between(rng, 0.16, 0.45, (0.05, 0.6))
    cycle = log_normal_between(rng, 2500.0, 0.4, (800.0, 8000.0))
    trend = amplitude * float(rng.uniform(0.0, 0.5))
    zero = float(rng.uniform(0.0, 2.0 * np.pi))

    def dark(phase: NDArray[np.float64], time: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = np.maximum(np.cos(2.0 * np.pi * (phase[:, None] - places)), 0.0)
        alive = 1.0 + 0.6 * np.sin(2.0 * np.pi * time[:, None] / lives + births)
        return np.asarray((strength * alive * seen).sum(axis=1))

    usual = dark(_PHASES, np.full(len(_PHASES), window.start))
    scale = amplitude / (usual.max() - usual.min())
    # Brightest where the epoch is.
    brightest = float(_PHASES[np.argmin(usual)])
    level = float(usual.mean())

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        wave = scale * (dark(fold(time, period, epoch) + brightest, time) - level)
        wave = wave + 0.5 * trend * np.sin(2.0 * np.pi * time / cycle + zero)
        return np.asarray(wave * brighter_in_blue(wavelength, 0.6))

    truth = CurveTruth(
        period=period,
        amplitude=amplitude,
        epoch=epoch,
        phase=float(fold(np.array([window.start]), period, epoch)[0]),
        modulation=0.6,
        modulation_period=cycle,
    )
    return Variable(light, normal_between(rng, 4900.0, 500.0, (3600.0, 6200.0)), truth)


@curve_kind("constant")
def make_constant(rng: np.random.Generator, _window: Window) -> Variable:
    """Make a star that does not vary."""

    def light(time: NDArray[np.float64], _wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros(len(time))

    temperature = normal_between(rng, 5200.0, 900.0, (3200.0, 9000.0))
    return Variable(light, temperature, CurveTruth(amplitude=0.0))
