"""Periodograms: against astropy, on curves with planted periods, and their peaks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from astropy.timeseries import LombScargle, LombScargleMultiband

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.curve_features import Periodogram, PeriodOptions, periodogram
from skysieve.preprocess.curve_features.period_search import grid, log_false_alarm
from skysieve.samples.light_curves import LightCurves

SHORT = PeriodOptions(maximum_frequency=3.0)


def curve(period: float = 0.7, count: int = 90, *, noise: float = 0.05, seed: int = 1) -> LightCurves:
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(55_000, 55_200, count))
    error = generator.uniform(0.02, 0.1, count)
    value = 15 + 0.3 * np.sin(2 * np.pi * time / period) + generator.normal(0, noise, count)
    return LightCurves.from_lists([time], [value], [error])


def banded(seed: int = 2) -> LightCurves:
    generator = np.random.default_rng(seed)
    one = curve(seed=seed, count=150)
    band = generator.integers(0, 3, 150).astype(np.int16)
    value = one.value + np.array([0.0, 1.5, -2.0])[band]
    return dataclasses.replace(one, band=band, bands=("g", "i", "r"), value=value)


@pytest.mark.parametrize("harmonics", [1, 2, 4])
def test_power_is_astropys(harmonics: int) -> None:
    given = curve()
    found = periodogram(given, dataclasses.replace(SHORT, harmonics=harmonics))
    method = "slow" if harmonics == 1 else "chi2"
    reference = LombScargle(given.time, given.value, given.error, nterms=harmonics)
    expected = reference.power(found.frequency, method=method)
    np.testing.assert_allclose(found.power, expected, atol=1e-6)


def test_power_without_errors_is_astropys() -> None:
    given = curve()
    given = LightCurves.from_lists([given.time], [given.value])
    found = periodogram(given, SHORT)
    expected = LombScargle(given.time, given.value).power(found.frequency, method="slow")
    np.testing.assert_allclose(found.power, expected, atol=1e-6)


def test_several_bands_are_astropys_and_offsets_do_not_matter() -> None:
    given = banded()
    found = periodogram(given, SHORT)
    names = np.array(given.bands)[given.band]
    # A sinusoid for each band and nothing common to them, which is the same fit in one matrix.
    model = {"nterms_base": 0, "nterms_band": 1, "reg_band": None, "reg_base": None}
    reference = LombScargleMultiband(given.time, given.value, names, given.error, **model)
    chosen = np.arange(0, len(found.power), 97)
    expected = reference.power(found.frequency[chosen], method="flexible")
    np.testing.assert_allclose(found.power[chosen], expected, atol=1e-6)
    moved = dataclasses.replace(given, value=given.value + 3.0 * given.band)
    np.testing.assert_allclose(periodogram(moved, SHORT).power, found.power, atol=1e-9)
    assert found.peaks(1)[0].period == pytest.approx(0.7, rel=1e-3)


def test_single_precision_is_taken() -> None:
    given = curve()
    single = dataclasses.replace(
        given,
        time=(given.time - 55_000).astype(np.float32),
        value=given.value.astype(np.float32),
        error=given.error.astype(np.float32),
    )
    assert periodogram(single, SHORT).peaks(1)[0].period == pytest.approx(0.7, rel=1e-3)


@pytest.mark.parametrize("noise", [0.05, 0.5, 3.0])
def test_false_alarm_probability_is_astropys(noise: float) -> None:
    given = curve(noise=noise)
    found = periodogram(given, SHORT)
    reference = LombScargle(given.time, given.value, given.error)
    for power in (float(found.power.max()), 0.05, 0.2):
        expected = reference.false_alarm_probability(power, method="baluev", maximum_frequency=3.0)
        ours = log_false_alarm(power, 3.0, given.time, given.error**-2)
        if expected > 1e-12:
            assert 10**ours == pytest.approx(expected, rel=1e-3)  # its grid ends a step later
    assert log_false_alarm(1 - 1e-9, 3.0, given.time, given.error**-2) < -300


@pytest.mark.parametrize("seed", range(8))
def test_planted_periods_come_back(seed: int) -> None:
    period = float(np.random.default_rng(seed).uniform(0.1, 20))
    best = periodogram(curve(period, seed=seed), PeriodOptions()).peaks(1)[0]
    assert abs(1 / best.period - 1 / period) < 0.2 / 200


def made(*peaks: tuple[float, float]) -> Periodogram:
    """Return a periodogram of 200 days with narrow peaks of these frequencies and powers."""
    power = np.full(4_000, 0.01)
    for frequency, height in peaks:
        power[round(frequency / 0.001) - 1 + np.arange(-2, 3)] = height * np.array([0.3, 0.8, 1, 0.8, 0.3])
    return Periodogram(0.001, 0.001, power, 200.0)


def test_peaks_are_distinct_and_best_first() -> None:
    peaks = made((0.4, 0.5), (1.7, 0.9), (2.31, 0.7)).peaks(3)
    assert [round(peak.frequency, 3) for peak in peaks] == [1.7, 2.31, 0.4]
    np.testing.assert_allclose([peak.power for peak in peaks], [0.9, 0.7, 0.5])


def test_peaks_that_are_aliases_say_so() -> None:
    found = made((0.7, 0.9), (1.7, 0.8), (0.3, 0.75), (1.4, 0.7), (2.003, 0.6), (3.137, 0.5)).peaks(6)
    flags = [(peak.near_day, peak.day_alias, peak.multiple) for peak in found]
    assert flags == [
        (False, False, False),
        (False, True, False),  # 0.7 + 1
        (False, True, False),  # 1 - 0.7
        (False, False, True),  # 2 · 0.7
        (True, False, False),  # sidereal half day
        (False, False, False),
    ]


def test_the_grid_ends_where_it_should() -> None:
    start, step, steps = grid(200.0, SHORT)
    assert start == pytest.approx(1 / 200)
    assert start + step * (steps - 1) == pytest.approx(3.0)
    assert step <= 1 / (5 * 200)
    assert grid(200.0, dataclasses.replace(SHORT, maximum_steps=100))[2] == 112
    assert grid(0.0, SHORT)[2] == 0
    assert grid(0.1, SHORT)[2] == 0
    assert grid(200.0, dataclasses.replace(SHORT, minimum_frequency=1.0))[0] == 1.0


def test_curves_that_have_none() -> None:
    with pytest.raises(SampleSetError, match="found 1 curves with 5 points"):
        periodogram(curve(count=5))
    hasty = LightCurves.from_lists([np.linspace(0, 0.01, 50)], [np.zeros(50)])
    with pytest.raises(SampleSetError, match="its grid of frequencies is empty"):
        periodogram(hasty)
    flat = LightCurves.from_lists([np.linspace(0, 30, 50)], [np.full(50, 15.0)])
    assert periodogram(flat, SHORT).peaks(3) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"harmonics": 5},
        {"peaks": 0},
        {"frequencies": 0},
        {"maximum_frequency": 0.0},
        {"minimum_frequency": 30.0},
        {"oversampling": 0.5},
        {"maximum_steps": 3},
        {"minimum_points": 4},
    ],
)
def test_settings_that_make_no_sense(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        PeriodOptions(**options)
