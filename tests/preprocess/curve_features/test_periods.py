"""Features that need a period: Fourier series against least squares, folds against cesium, P against 2P."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.preprocess.curve_features import FeatureConfiguration, PeriodOptions, measure_features
from skysieve.preprocess.curve_features.harmonic_fit import FOLD_NAMES, fit_series, fold_features, series
from skysieve.samples.light_curves import LightCurves

FAST = PeriodOptions(maximum_frequency=4.0)
PERIOD = 0.6177


def times(seed: int = 0, count: int = 150) -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).uniform(55_000, 55_150, count))


def sawtooth(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the magnitude of a star that rises in a fifth of its cycle."""
    phase = phase % 1
    return np.where(phase < 0.2, 1 - phase / 0.2, (phase - 0.2) / 0.8)


def contact(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the magnitude of a binary with minima of 0.6 and 0.45."""
    return -0.25 * np.cos(4 * np.pi * phase) * -1 + 0.075 * np.cos(2 * np.pi * phase)


def features(
    value: NDArray[np.float64], time: NDArray[np.float64], options: PeriodOptions = FAST, **more: object
) -> dict[str, float]:
    errors = [np.full(len(time), 0.02)]
    curves = dataclasses.replace(LightCurves.from_lists([time], [value], errors), **more)
    found = measure_features(curves, FeatureConfiguration(sets=("periods",), periods=options))
    return dict(zip(found.names, found.values[0].tolist(), strict=True))


def noise(seed: int, count: int = 150) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 0.02, count)


def test_the_series_is_the_least_squares_fit() -> None:
    time, generator = times(), np.random.default_rng(3)
    value, weight = generator.normal(size=150), generator.uniform(1, 9, 150)
    found = fit_series(time, value, weight, 1 / PERIOD, 4)
    angles = 2 * np.pi * np.arange(1, 5) * ((time - time[0]) / PERIOD)[:, None]
    columns = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(150, 8)
    columns = np.concatenate([np.ones((150, 1)), columns], axis=1)
    root = np.sqrt(weight)[:, None]
    expected = np.linalg.lstsq(columns * root, value * root[:, 0], rcond=None)[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(series(time, time[0], 1 / PERIOD, found), columns @ found, atol=1e-9)


def test_folds_are_cesiums() -> None:
    from cesium.features.period_folding import p2p_model

    time = times()
    value = sawtooth(time / PERIOD) + noise(1)
    expected = p2p_model(time, value, 1 / PERIOD)
    coefficients = fit_series(time, value, np.ones(150), 1 / PERIOD, 4)
    folded = fold_features(time, value, np.ones(150), 1 / PERIOD, coefficients, True)
    found = dict(zip(FOLD_NAMES, folded, strict=True))
    for ours, theirs in {
        "p2p_scatter_2praw": "scatter_2praw",
        "p2p_scatter_over_mad": "scatter_over_mad",
        "p2p_scatter_pfold_over_mad": "scatter_pfold_over_mad",
        "p2p_ssqr_diff_over_var": "ssqr_diff_over_var",
    }.items():
        assert found[ours] == pytest.approx(expected[theirs], rel=1e-9), ours


@pytest.mark.parametrize("shape", [np.cos, sawtooth])
def test_what_folding_shows(shape: object) -> None:
    time = times()
    phase = time / PERIOD
    value = 15 + (0.3 * np.cos(2 * np.pi * phase) if shape is np.cos else sawtooth(phase)) + noise(1)
    found = features(value, time)
    assert found["period_1"] == pytest.approx(PERIOD, rel=1e-4)
    assert found["period_double"] == pytest.approx(2 * found["period_1"])
    assert found["log_fap_1"] < -20
    assert found["freq_varrat"] < 0.1
    assert found["medperc90_2p_p"] < 1.5 if shape is np.cos else found["medperc90_2p_p"] > 1
    if shape is np.cos:
        assert found["fourier_amplitude_1"] == pytest.approx(0.3, abs=0.01)
        assert found["fourier_r21"] < 0.05
        assert found["model_rise"] == pytest.approx(0.5, abs=0.05)
    else:
        assert found["fourier_r21"] > 0.3
        assert found["model_rise"] < 0.35


def test_fourier_phases_do_not_depend_on_when_observing_began() -> None:
    time = times()
    value = 15 + sawtooth(time / PERIOD) + noise(1)
    whole, late = features(value, time), features(value[7:], time[7:])
    assert late["fourier_phi21"] == pytest.approx(whole["fourier_phi21"], abs=0.05)
    assert late["fourier_r21"] == pytest.approx(whole["fourier_r21"], abs=0.05)
    moved = features(value, time + 1234.5)
    for name in ("fourier_phi21", "fourier_phi31", "fourier_r31", "gain_2p"):
        assert moved[name] == pytest.approx(whole[name], abs=1e-3), name


def test_a_contact_binary_is_found_at_half_its_period_and_2p_shows_it() -> None:
    time = times(4)
    unequal = features(15 + contact(time / PERIOD) + noise(2), time)
    equal = features(15 + 0.25 * np.cos(4 * np.pi * time / PERIOD) + noise(2), time)
    for found in (unequal, equal):
        assert found["period_1"] == pytest.approx(PERIOD / 2, rel=1e-4)
        assert found["period_double"] == pytest.approx(PERIOD, rel=1e-4)
    assert unequal["gain_2p"] > 0.5 > equal["gain_2p"]
    assert unequal["depth_difference_2p"] > 0.15
    assert abs(equal["depth_difference_2p"]) < 0.1


def test_bright_is_up_in_magnitudes_and_in_fluxes() -> None:
    time = times(5)
    shape = sawtooth(time / PERIOD) + noise(3)
    magnitudes = features(shape, time)
    fluxes = features(-shape, time, quantity="flux", unit="nJy")
    assert fluxes["model_rise"] == pytest.approx(magnitudes["model_rise"])
    assert fluxes["depth_difference_2p"] == pytest.approx(magnitudes["depth_difference_2p"], abs=1e-6)


def test_bands_are_searched_together() -> None:
    time = times(6)
    band = np.random.default_rng(0).integers(0, 2, 150).astype(np.int16)
    value = 15 + sawtooth(time / PERIOD) + noise(3)
    found = features(value + 2.0 * band, time, band=band, bands=("g", "r"))
    one = features(value, time)
    assert found["period_1"] == pytest.approx(PERIOD, rel=1e-4)
    assert found["fourier_r21"] == pytest.approx(one["fourier_r21"], abs=0.05)


def test_further_frequencies_are_those_that_are_left() -> None:
    time = times(7, 300)
    value = 0.4 * np.sin(2 * np.pi * 0.9 * time) + 0.2 * np.sin(2 * np.pi * 1.61 * time) + noise(1, 300)
    value += 0.1 * np.sin(2 * np.pi * 2.77 * time)
    found = features(value, time, dataclasses.replace(FAST, frequencies=3))
    assert 1 / found["period_1"] == pytest.approx(0.9, abs=1e-3)
    assert found["frequency_2_frequency"] == pytest.approx(1.61, abs=1e-3)
    assert found["frequency_3_frequency"] == pytest.approx(2.77, abs=1e-3)
    assert found["frequency_ratio_2"] == pytest.approx(1.61 / 0.9, abs=1e-2)
    assert found["amplitude_ratio_2"] == pytest.approx(0.5, abs=0.05)
    assert found["frequency_3_fourier_amplitude_1"] == pytest.approx(0.1, abs=0.02)


def test_more_harmonics_in_the_search_find_sharp_eclipses() -> None:
    time = times(8)
    phase = (time / 2.345) % 1
    value = 15 + np.where(np.abs(phase - 0.5) < 0.05, 0.8, 0.0) + noise(1)
    found = features(value, time, dataclasses.replace(FAST, harmonics=4))
    ratio = 2.345 / found["period_1"]
    assert ratio == pytest.approx(round(ratio), abs=2e-3)
    assert "log_fap_1" not in found


@pytest.mark.parametrize(
    ("time", "value", "kind"),
    [
        ([], [], "few-points"),
        ([1.0], [15.0], "few-points"),
        (np.arange(11.0), np.arange(11.0), "few-points"),
        (np.ones(30), np.arange(30.0), "no-baseline"),
        (np.arange(30.0), np.full(30, 15.0), "constant-values"),
        (np.arange(30) / 1e4, np.arange(30.0) % 7, "short-baseline"),
    ],
)
def test_what_has_no_period(time: NDArray[np.float64], value: NDArray[np.float64], kind: str) -> None:
    curves = LightCurves.from_lists([time], [value])
    found = measure_features(curves, FeatureConfiguration(sets=("periods",), periods=FAST))
    assert [each.kind for each in found.missing] == [kind]
    assert np.isnan(found.values).all()


def test_equal_times_and_unknown_errors_are_taken() -> None:
    time = np.repeat(times(9, 75), 2)
    value = 15 + sawtooth(time / PERIOD) + noise(3)
    curves = LightCurves.from_lists([time], [value])
    found = measure_features(curves, FeatureConfiguration(sets=("periods",), periods=FAST))
    assert found.columns()["period_1"][0] == pytest.approx(PERIOD, rel=1e-4)
    assert found.missing == ()
