"""Pulsating stars: RR Lyrae stars of three kinds and long-period variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.light_curves.colours import brighter_in_blue
from skysieve.sources.simulators.light_curves.draws import (
    fold,
    log_normal_between,
    normal_between,
    rounded_sawtooth,
)
from skysieve.sources.simulators.light_curves.kinds import NAN, CurveTruth, Variable, Window, curve_kind

__all__ = ["make_double_mode", "make_fundamental", "make_long_period", "make_overtone"]

#: How amplitudes of RR Lyrae stars fall with wavelength: by 1.35 from g to r.
_RR_LYRAE = 1.2
_BLAZHKO_SHARE = 0.2


@curve_kind("RRab")
def make_fundamental(rng: np.random.Generator, window: Window) -> Variable:
    """Make an RRab star: a steep rise and a slow decline; larger amplitudes at shorter periods.

    A fifth has the Blazhko effect: amplitude and phase come and go in weeks to months.
    """
    period = normal_between(rng, 0.575, 0.075, (0.40, 0.95))
    amplitude = normal_between(rng, 1.0 - 2.6 * (period - 0.55), 0.17, (0.25, 1.45))
    epoch = float(rng.uniform(window.start, window.start + period))
    # The larger the amplitude, the steeper the rise.
    rise = float(np.clip(0.24 - 0.09 * amplitude + rng.normal(0.0, 0.015), 0.09, 0.3))
    shape = rounded_sawtooth(rise, float(rng.uniform(1.5, 2.8)), 12, float(rng.uniform(0.0, 0.08)))
    blazhko = rng.uniform() < _BLAZHKO_SHARE
    modulation = float(rng.uniform(0.1, 0.35)) if blazhko else 0.0
    cycle = log_normal_between(rng, 60.0, 0.5, (15.0, 300.0))
    shift = modulation * 0.1 * float(rng.uniform(-1.0, 1.0))
    zero = float(rng.uniform(0.0, 2.0 * np.pi))

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        wave = np.sin(2.0 * np.pi * time / cycle + zero)
        at = fold(time, period, epoch) + shift * wave
        now = amplitude * (1.0 + modulation * wave) * brighter_in_blue(wavelength, _RR_LYRAE)
        return np.asarray(now * np.interp(at, *shape, period=1.0))

    truth = CurveTruth(
        period=period,
        amplitude=amplitude,
        epoch=epoch,
        phase=_phase(window, period, epoch),
        modulation=modulation,
        modulation_period=cycle if blazhko else NAN,
    )
    return Variable(light, normal_between(rng, 6400.0, 250.0, (5600.0, 7300.0)), truth)


@curve_kind("RRc")
def make_overtone(rng: np.random.Generator, window: Window) -> Variable:
    """Make an RRc star: nearly a sine of half a magnitude."""
    period = normal_between(rng, 0.325, 0.04, (0.20, 0.45))
    amplitude = normal_between(rng, 0.42, 0.08, (0.15, 0.65))
    epoch = float(rng.uniform(window.start, window.start + period))
    shape = rounded_sawtooth(normal_between(rng, 0.43, 0.03, (0.33, 0.5)), 0.3, 5)

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        now = amplitude * brighter_in_blue(wavelength, _RR_LYRAE)
        return np.asarray(now * np.interp(fold(time, period, epoch), *shape, period=1.0))

    truth = CurveTruth(
        period=period, amplitude=amplitude, epoch=epoch, phase=_phase(window, period, epoch), modulation=0.0
    )
    return Variable(light, normal_between(rng, 7000.0, 250.0, (6200.0, 7800.0)), truth)


@curve_kind("RRd")
def make_double_mode(rng: np.random.Generator, window: Window) -> Variable:
    """Make an RRd star: fundamental mode and first overtone together, and the sum of their frequencies.

    The ratio of their periods lies on the narrow line of the Petersen diagram, 0.742 to 0.748.
    """
    fundamental = normal_between(rng, 0.495, 0.03, (0.45, 0.58))
    ratio = 0.7445 + 0.02 * (fundamental - 0.495) + float(rng.normal(0.0, 0.0006))
    period = fundamental * ratio
    strong = normal_between(rng, 0.40, 0.06, (0.25, 0.55))
    weak = strong * float(rng.uniform(0.3, 0.8))
    epoch, other = (float(rng.uniform(window.start, window.start + each)) for each in (period, fundamental))
    mixed = float(rng.uniform(0.05, 0.15)) * weak
    first, second = rounded_sawtooth(0.43, 0.3, 5), rounded_sawtooth(0.3, 1.0, 6)

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        overtone, slow = fold(time, period, epoch), fold(time, fundamental, other)
        wave = strong * np.interp(overtone, *first, period=1.0) + weak * np.interp(slow, *second, period=1.0)
        wave = wave - mixed * np.cos(2.0 * np.pi * (overtone + slow))
        return np.asarray(wave * brighter_in_blue(wavelength, _RR_LYRAE))

    truth = CurveTruth(
        period=period,
        second_period=fundamental,
        amplitude=strong + weak,
        epoch=epoch,
        phase=_phase(window, period, epoch),
        modulation=weak / strong,
    )
    return Variable(light, normal_between(rng, 6700.0, 200.0, (6000.0, 7400.0)), truth)


@curve_kind("LPV")
def make_long_period(rng: np.random.Generator, window: Window) -> Variable:
    """Make a Mira or a semiregular variable: no cycle is quite like the one before.

    Height and length of the cycles wander; a third of the semiregular ones have a long secondary period.
    """
    mira = rng.uniform() < 0.45
    period = log_normal_between(rng, 290.0 if mira else 150.0, 0.35, (60.0, 650.0))
    amplitude = (
        normal_between(rng, 2.8, 0.8, (1.5, 5.0)) if mira else log_normal_between(rng, 0.6, 0.5, (0.2, 1.5))
    )
    epoch = float(rng.uniform(window.start, window.start + period))
    irregular = float(rng.uniform(0.08, 0.2) if mira else rng.uniform(0.2, 0.6))
    shape = rounded_sawtooth(normal_between(rng, 0.43, 0.05, (0.3, 0.5)), 0.5, 5)
    first = int((window.start - epoch) // period) - 2
    cycles = np.arange(first, first + int((window.end - window.start) / period) + 6)
    heights = np.clip(1.0 + irregular * rng.normal(0.0, 1.0, len(cycles)), 0.2, 2.0)
    drift = np.cumsum(rng.normal(0.0, 0.03 if mira else 0.07, len(cycles)))
    slow = rng.uniform() < 0.33 and not mira
    second_period = period * float(rng.uniform(5.0, 10.0))
    second = amplitude * float(rng.uniform(0.3, 0.8)) if slow else 0.0
    zero = float(rng.uniform(0.0, 2.0 * np.pi))

    def light(time: NDArray[np.float64], wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
        cycle = (time - epoch) / period
        at = cycle + np.interp(cycle, cycles, drift)
        wave = amplitude * np.interp(cycle, cycles, heights) * np.interp(at % 1.0, *shape, period=1.0)
        wave = wave + 0.5 * second * np.sin(2.0 * np.pi * time / second_period + zero)
        return np.asarray(wave * brighter_in_blue(wavelength, 1.3))

    truth = CurveTruth(
        period=period,
        second_period=second_period if slow else NAN,
        amplitude=amplitude,
        epoch=epoch,
        phase=_phase(window, period, epoch),
        modulation=irregular,
    )
    return Variable(light, normal_between(rng, 3100.0, 200.0, (2600.0, 3700.0)), truth)


def _phase(window: Window, period: float, epoch: float) -> float:
    return float(fold(np.array([window.start]), period, epoch)[0])
