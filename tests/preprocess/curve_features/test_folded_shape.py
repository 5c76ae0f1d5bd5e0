"""Folds at P and 2P: which period is chosen, what minima look like, what is left behind the fold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.preprocess.curve_features import (
    FeatureConfiguration,
    PeriodOptions,
    measure_features,
    periodogram,
)
from skysieve.preprocess.curve_features.best_fold import FOLD_HARMONICS, RIDGE, _left, best_fold
from skysieve.preprocess.curve_features.fold_shape import BINS, SHAPE_NAMES, _profile, fold_shape
from skysieve.preprocess.curve_features.period_search import grid
from skysieve.samples.light_curves import LightCurves

FAST = PeriodOptions(maximum_frequency=4.0)
PERIOD = 0.6177


def times(seed: int = 0, count: int = 300) -> NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).uniform(55_000, 55_150, count))


def noise(seed: int, count: int = 300) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 0.02, count)


def eclipses(
    time: NDArray[np.float64], first: float, second: float, width: float = 0.06
) -> NDArray[np.float64]:
    """Return the magnitude of a detached binary; minima have flat bottoms, ``width`` cycles wide."""
    phase = (time / PERIOD) % 1
    return np.select([np.abs(phase - 0.3) < width / 2, np.abs(phase - 0.8) < width / 2], [first, second], 0.0)


def features(
    value: NDArray[np.float64], time: NDArray[np.float64], options: PeriodOptions = FAST, **more: object
) -> dict[str, float]:
    curves = LightCurves.from_lists([time], [value], [np.full(len(time), 0.02)])
    found = measure_features(
        dataclasses.replace(curves, **more), FeatureConfiguration(sets=("folded-shape",), periods=options)
    )
    return dict(zip(found.names, found.values[0].tolist(), strict=True))


def test_what_a_series_leaves_is_that_of_least_squares() -> None:
    time, generator = times(count=80), np.random.default_rng(3)
    value, weight = generator.normal(size=80), generator.uniform(1, 9, 80)
    value -= np.average(value, weights=weight)
    angles = 2 * np.pi * np.arange(1, FOLD_HARMONICS + 1) * ((time - time[0]) / PERIOD)[:, None]
    columns = np.concatenate([np.ones((80, 1)), np.cos(angles), np.sin(angles)], axis=1)
    ridge = np.sqrt(RIDGE * weight.sum()) * np.eye(2 * FOLD_HARMONICS + 1)[1:]
    rows = np.concatenate([columns * np.sqrt(weight)[:, None], ridge])
    target = np.concatenate([value * np.sqrt(weight), np.zeros(len(ridge))])
    residual = rows @ np.linalg.lstsq(rows, target, rcond=None)[0] - target
    expected = (residual**2).sum() / (weight * value**2).sum()
    assert _left(time, value, weight, 1 / PERIOD) == pytest.approx(expected, rel=1e-6)


def test_the_peak_that_folds_best_is_chosen_though_it_is_not_the_best_peak() -> None:
    time = times()
    value = eclipses(time, 0.8, 0.5) + noise(1)
    value -= value.mean()
    peaks = np.array([1.234, 1 / PERIOD, 2 / PERIOD + 1])
    frequency, chosen, left = best_fold(time, value, np.ones(300), peaks, 1e-3)
    assert chosen == 1
    assert frequency == pytest.approx(2 / PERIOD, abs=4e-4)  # two minima a cycle
    assert left[1] < 0.5 * left[[0, 2]].min()


def test_a_better_peak_is_kept_unless_another_fits_clearly_better() -> None:
    time = times()
    value = np.cos(2 * np.pi * time / PERIOD) + noise(2)
    value -= value.mean()
    peaks = np.array([1 / PERIOD, 1.00001 / PERIOD])
    assert best_fold(time, value, np.ones(300), peaks, 1e-4)[1] == 0
    assert best_fold(time, value, np.ones(300), peaks[::-1].copy(), 1e-4)[1] == 0


def test_depths_and_widths_of_eclipses_are_found() -> None:
    time = times(count=900)
    found = features(eclipses(time, 0.8, 0.5, width=0.12) + noise(1, 900), time)
    assert PERIOD / found["fold_period"] == pytest.approx(round(PERIOD / found["fold_period"]), abs=1e-3)
    time = times(count=900)
    value = eclipses(time, 0.8, 0.5, width=0.12) + noise(1, 900)
    shape, _ = fold_shape(time, value - value.mean(), np.ones(900), 1 / PERIOD)
    told = dict(zip(SHAPE_NAMES, shape, strict=True))
    assert told["fold_depth_1"] == pytest.approx(0.8, abs=0.03)
    assert told["fold_depth_2"] == pytest.approx(0.5, abs=0.03)
    assert told["fold_depth_ratio"] == pytest.approx(0.625, abs=0.05)
    assert told["fold_width_1"] == pytest.approx(0.12, abs=0.03)
    assert told["fold_minimum_2_phase"] == pytest.approx(0.5, abs=1.5 / BINS)
    assert told["fold_median_level"] < 0.1
    assert told["fold_bright_share"] > 0.7


def test_a_contact_binary_fades_half_of_the_time() -> None:
    time = times()
    phase = time / PERIOD
    found = features(
        15 + 0.25 * np.cos(4 * np.pi * phase) + 0.075 * np.cos(2 * np.pi * phase) + noise(2), time
    )
    assert found["fold_period"] == pytest.approx(PERIOD / 2, rel=1e-4)
    assert found["fold_depth_difference"] == pytest.approx(0.15, abs=0.05)
    assert found["fold_cosine_1"] == pytest.approx(0.3, abs=0.05)
    assert found["fold_sine_1"] == pytest.approx(0, abs=0.05)
    assert found["fold_neumann_2p"] < 0.1 < 0.3 < found["fold_neumann_half"]
    assert found["fold_left_2p"] < 0.5 * found["fold_left_p"]


def test_pulsation_rises_faster_than_it_falls() -> None:
    time = times()
    phase = (time / PERIOD) % 1
    sawtooth = np.where(phase < 0.2, 1 - phase / 0.2, (phase - 0.2) / 0.8)
    found = features(15 + sawtooth + noise(3), time)
    assert found["fold_period"] == pytest.approx(PERIOD, rel=1e-3)
    assert found["fold_rise"] == pytest.approx(0.2, abs=0.1)
    flux = features(100 - sawtooth - noise(3), time, quantity="flux", unit="nJy")
    for name, value in found.items():
        assert flux[name] == pytest.approx(value, rel=1e-3, abs=1e-3), name


def test_a_second_mode_is_found_behind_the_first() -> None:
    time = times(count=500)
    first = np.cos(2 * np.pi * time / 0.36)
    value = 0.2 * first + 0.1 * np.cos(2 * np.pi * time * 0.745 / 0.36) + noise(4, 500)
    found = features(value, time)
    assert found["fold_period"] == pytest.approx(0.36, rel=1e-3)
    assert found["residual_ratio"] == pytest.approx(0.745, abs=1e-3)
    assert found["overtone_ratio"] == pytest.approx(0.745, abs=2e-3)
    assert found["overtone_power"] > 0.95
    assert features(0.2 * first + noise(4, 500), time)["residual_power"] < 0.2 < found["residual_power"]


def test_changes_from_season_to_season_are_told_from_noise() -> None:
    seasons = [times(seed, 80) + 365.0 * seed for seed in range(4)]
    time = np.concatenate(seasons)
    season = np.repeat(np.arange(4), 80)
    shape = 0.2 * np.cos(2 * np.pi * time / PERIOD)
    quiet = features(15 + shape + noise(5, 320), time)
    level = features(15 + shape + 0.1 * (season % 2) + noise(5, 320), time)
    larger = features(15 + shape * (1 + season % 2) + noise(5, 320), time)
    assert quiet["fold_season_level"] < 0.1 < 0.5 < level["fold_season_level"]
    assert quiet["fold_season_amplitude"] < 0.1 < 0.5 < larger["fold_season_amplitude"]


def fitted(
    time: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    frequency: float,
    harmonics: int,
) -> NDArray[np.float64]:
    """Return the series of least squares at the points, ridge and all, as numpy finds it."""
    angles = 2 * np.pi * np.arange(1, harmonics + 1) * ((time - time[0]) * frequency)[:, None]
    columns = np.concatenate([np.ones((len(time), 1)), np.cos(angles), np.sin(angles)], axis=1)
    ridge = np.sqrt(RIDGE * weight.sum()) * np.eye(2 * harmonics + 1)[1:]
    rows = np.concatenate([columns * np.sqrt(weight)[:, None], ridge])
    target = np.concatenate([value * np.sqrt(weight), np.zeros(len(ridge))])
    return np.asarray(columns @ np.linalg.lstsq(rows, target, rcond=None)[0])


def test_what_scatters_about_the_fold_is_that_of_numpy() -> None:
    generator = np.random.default_rng(6)
    nights = np.sort(generator.uniform(0, 100, 70)) + np.where(np.arange(70) < 40, 0, 200)
    time = np.sort(np.concatenate([nights, nights + 0.02]))
    value = (
        np.cos(2 * np.pi * time / PERIOD) + 0.3 * np.cos(np.pi * time / PERIOD) + generator.gamma(2, 0.1, 140)
    )
    weight = generator.uniform(20, 200, 140)
    value -= np.average(value, weights=weight)
    told = dict(zip(SHAPE_NAMES, fold_shape(time, value, weight, 0.5 / PERIOD)[0], strict=True))
    twice = fitted(time, value, weight, 0.5 / PERIOD, FOLD_HARMONICS)
    left, away = value - twice, value - fitted(time, value, weight, 1 / PERIOD, FOLD_HARMONICS // 2)
    squares = (weight * value**2).sum()
    faint, season = twice > np.median(twice), np.arange(140) < 80
    level = [
        np.average(left[each], weights=weight[each]) ** 2 * weight[each].sum() for each in (season, ~season)
    ]
    near = np.diff(time) < 0.5
    alike = (left[1:] ** 2 + left[:-1] ** 2)[near].sum() / 2
    expected = {
        "fold_left_p": (weight * away**2).sum() / squares,
        "fold_left_2p": (weight * left**2).sum() / squares,
        "fold_chi2": (weight * left**2).sum() / (140 - 13),
        "fold_residual_mad": np.median(np.abs(left)),
        "fold_residual_skew": (left**3).mean() / (left**2).mean() ** 1.5,
        "fold_faint_scatter": np.abs(left[faint]).mean() / np.abs(left[~faint]).mean(),
        "fold_night_correlation": (left[1:] * left[:-1])[near].sum() / alike,
        "fold_season_level": sum(level) / (weight * left**2).sum(),
        "fold_residual_trend": np.corrcoef(time, left)[0, 1] ** 2 * left.var() / (left**2).mean(),
    }
    for cycles, name in ((0.5, "half"), (1, "p"), (2, "2p"), (4, "4p")):
        folded = value[np.argsort((time - time[0]) / (cycles * PERIOD) % 1)]
        steps = np.diff(folded, append=folded[0])
        expected[f"fold_neumann_{name}"] = (steps**2).mean() / value.var() / 2
    for name, number in expected.items():
        assert told[name] == pytest.approx(number, rel=1e-6), name


def test_the_profile_tells_its_moments_and_its_maxima() -> None:
    time = times(count=4000)
    phase = (time / PERIOD) % 1
    # Two minima in a cycle of 2P that are alike, and maxima of which one is fainter.
    value = np.cos(4 * np.pi * phase) + 0.1 * np.sin(2 * np.pi * phase) + 0.02 * np.cos(2 * np.pi * phase)
    told = dict(zip(SHAPE_NAMES, fold_shape(time, value, np.ones(4000), 1 / PERIOD)[0], strict=True))
    assert told["fold_maxima_difference"] == pytest.approx(0.2 / 2, abs=0.02)
    assert told["fold_faint_share"] == pytest.approx(0.5, abs=0.03)
    assert told["fold_skew"] == pytest.approx(0, abs=0.05)
    assert told["fold_kurtosis"] == pytest.approx(-1.5, abs=0.05)
    assert told["fold_rise"] == pytest.approx(0.5, abs=0.05)


def test_the_gain_is_by_how_much_less_the_chosen_peak_leaves() -> None:
    time = times(1)
    value = eclipses(time, 0.8, 0.1, width=0.1) + noise(1)
    found = features(value, time)
    value = value - value.mean()
    curve = LightCurves.from_lists([time], [value], [np.full(len(time), 0.02)])
    peaks = periodogram(curve, FAST).peaks(8)
    step = grid(float(np.ptp(time)), FAST)[1]
    frequencies = np.array([peak.frequency for peak in peaks])
    _, chosen, left = best_fold(time, value, np.full(300, 2500.0), frequencies, step / 2)
    assert chosen == found["fold_candidate"] > 0
    assert found["fold_gain_first"] == pytest.approx(np.log10(left[chosen] / left[0]), rel=1e-6)
    assert found["fold_gain_next"] == pytest.approx(
        np.log10(left[chosen] / np.delete(left, chosen).min()), rel=1e-6
    )
    assert found["fold_gain_first"] < 0


@settings(max_examples=25, deadline=None)
@given(st.integers(12, 60), st.integers(0, 2**31), st.floats(0.1, 3.0))
def test_a_profile_is_within_the_points_and_has_no_gaps(count: int, seed: int, frequency: float) -> None:
    generator = np.random.default_rng(seed)
    time, value = np.sort(generator.uniform(0, 50, count)), generator.normal(size=count)
    made = _profile(time, value, frequency, 0.3)
    assert np.isfinite(made).all()
    assert value.min() <= made.min()
    assert made.max() <= value.max()


def test_a_profile_of_many_points_is_their_median_by_bin() -> None:
    time, generator = times(count=2000), np.random.default_rng(2)
    value = generator.normal(size=2000)
    phase = ((time - time[0]) / PERIOD + 0.5 / BINS) % 1
    expected = [np.median(value[(phase * BINS).astype(int) == number]) for number in range(BINS)]
    np.testing.assert_allclose(_profile(time, value, 1 / PERIOD, 0.0), expected)


@pytest.mark.parametrize(
    ("time", "value", "kind"),
    [
        ([], [], "few-points"),
        (np.arange(11.0), np.arange(11.0), "few-points"),
        (np.ones(30), np.arange(30.0), "no-baseline"),
        (np.arange(30.0), np.full(30, 15.0), "constant-values"),
        (np.arange(30) / 1e4, np.arange(30.0) % 7, "short-baseline"),
    ],
)
def test_what_cannot_be_folded(time: NDArray[np.float64], value: NDArray[np.float64], kind: str) -> None:
    curves = LightCurves.from_lists([time], [value])
    found = measure_features(curves, FeatureConfiguration(sets=("folded-shape",), periods=FAST))
    assert [each.kind for each in found.missing] == [kind]
    assert np.isnan(found.values).all()


def test_few_points_and_a_perfect_fit_give_no_infinite_number() -> None:
    time = times(count=12)
    found = features(np.cos(2 * np.pi * time / PERIOD), time)
    assert not any(np.isinf(value) for value in found.values())
    assert np.isfinite(found["fold_period"])


def test_without_errors_there_is_no_chi2() -> None:
    time = times()
    curves = LightCurves.from_lists([time], [np.cos(2 * np.pi * time / PERIOD) + noise(1)])
    found = measure_features(curves, FeatureConfiguration(sets=("folded-shape",), periods=FAST))
    unknown = [name for name, value in zip(found.names, found.values[0], strict=True) if np.isnan(value)]
    assert unknown == ["fold_chi2"]


def test_bands_are_folded_together() -> None:
    time = times(6)
    band = np.random.default_rng(0).integers(0, 2, 300).astype(np.int16)
    value = 15 + 0.3 * np.cos(2 * np.pi * time / PERIOD) + noise(3)
    one, two = features(value, time), features(value + 2.0 * band, time, band=band, bands=("g", "r"))
    assert two["fold_period"] == pytest.approx(PERIOD, rel=1e-4)
    assert two["fold_depth_1"] == pytest.approx(one["fold_depth_1"], abs=0.05)
