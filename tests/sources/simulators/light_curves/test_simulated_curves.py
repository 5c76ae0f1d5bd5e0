from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.samples import SampleSet
from skysieve.samples.light_curves import LightCurves
from skysieve.sources.light_curves import Cleaning, Tally, clean
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.light_curves import (
    CURVE_KINDS,
    CURVE_SURVEYS,
    CurveSurvey,
    simulate_light_curves,
)
from skysieve.sources.simulators.light_curves.colours import REFERENCE
from skysieve.sources.simulators.light_curves.eclipsing import covered_area
from skysieve.sources.simulators.light_curves.kinds import Window, chosen_shares, maker_of
from skysieve.sources.simulators.light_curves.samples import write_light_curve_samples

PERIODIC = ("EW", "EA", "RRab", "RRc", "RRd", "ROT", "LPV")
#: Kinds whose light is the same after a period.
STRICT = ("EW", "EA", "RRc")
WINDOW = Window(55_000.0, 58_000.0)
ONE = CURVE_SURVEYS["crts"]


def noiseless(kind: str, seed: int) -> tuple[object, np.ndarray, np.ndarray]:
    variable = maker_of(kind)(np.random.default_rng(seed), WINDOW)
    time = np.sort(np.random.default_rng(seed + 1000).uniform(WINDOW.start, WINDOW.end, 4000))
    return variable, time, variable.light(time, np.full(len(time), REFERENCE))


def test_registered_and_the_shares_are_whole() -> None:
    assert SIMULATORS.get("light-curves") is simulate_light_curves
    assert sum(kind.share for kind in CURVE_KINDS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", STRICT)
@pytest.mark.parametrize("seed", range(4))
def test_light_repeats_after_the_true_period_and_after_no_half_of_it(kind: str, seed: int) -> None:
    variable, time, light = noiseless(kind, seed)
    later = time + 7 * variable.truth.period
    np.testing.assert_allclose(variable.light(later, np.full(len(time), REFERENCE)), light, atol=1e-6)
    half = variable.light(time + 0.5 * variable.truth.period, np.full(len(time), REFERENCE))
    assert np.abs(half - light).max() > 1e-3


@pytest.mark.parametrize("kind", ["EW", "EA", "RRab", "RRc", "ROT"])
@pytest.mark.parametrize("seed", range(3))
def test_truth_says_amplitude_and_epoch(kind: str, seed: int) -> None:
    variable, _, _ = noiseless(kind, seed)
    truth = variable.truth
    wave = np.full(2000, REFERENCE)
    near = variable.light(truth.epoch + np.linspace(0, truth.period, 2000, endpoint=False), wave)
    if kind in ("EW", "EA"):
        # The epoch is the primary minimum, to what the O'Connell effect moves it.
        assert min(np.argmax(near), 2000 - np.argmax(near)) < 20
        assert np.ptp(near) == pytest.approx(truth.amplitude, rel=0.02)
    elif kind == "RRc" or not truth.modulation:
        assert min(np.argmin(near), 2000 - np.argmin(near)) < 20
        assert np.ptp(near) == pytest.approx(truth.amplitude, rel=0.02)
    else:
        assert np.ptp(near) == pytest.approx(truth.amplitude, rel=0.7)
    assert truth.phase == pytest.approx(((WINDOW.start - truth.epoch) / truth.period) % 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_detached_binaries_are_constant_but_for_two_eclipses_of_the_told_depths(seed: int) -> None:
    variable, _, _ = noiseless("EA", seed)
    truth = variable.truth
    phase = np.linspace(0, 1, 4000, endpoint=False)
    light = variable.light(truth.epoch + phase * truth.period, np.full(4000, REFERENCE))
    assert light[0] - light.min() == pytest.approx(truth.primary_depth, rel=1e-3)
    second = light[(phase > 0.25) & (phase < 0.75)].max() - light.min()
    assert second == pytest.approx(truth.secondary_depth, abs=0.02)


def test_area_of_two_discs_agrees_with_counting() -> None:
    x, y = np.meshgrid(np.linspace(-1, 2, 1500), np.linspace(-1, 1, 1000))
    cell = 3 / 1499 * 2 / 999
    for distance in (0.1, 0.5, 0.9, 1.3):
        both = (x**2 + y**2 <= 1) & ((x - distance) ** 2 + y**2 <= 0.36)
        assert covered_area(1.0, 0.6, np.array([distance]))[0] == pytest.approx(both.sum() * cell, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_both_modes_of_rrd_stars_are_there(seed: int) -> None:
    variable, time, light = noiseless("RRd", seed)
    truth = variable.truth
    assert 0.742 < truth.period / truth.second_period < 0.748

    def power(period: float) -> float:
        return float(np.abs(np.mean(light * np.exp(2j * np.pi * time / period))))

    background = np.median([power(period) for period in np.linspace(0.2, 0.9, 60)])
    assert power(truth.period) > 8 * background
    assert power(truth.second_period) > 3 * background


def test_microlensing_is_that_of_a_point_lens() -> None:
    variable, _, _ = noiseless("microlensing", 3)
    truth = variable.truth
    time = truth.peak_time + np.array([0.0, truth.timescale, 1e4])
    u = np.hypot(truth.impact, [0.0, 1.0, 1e4 / truth.timescale])
    flux = (1 - truth.blend) * (u**2 + 2) / (u * np.sqrt(u**2 + 4)) + truth.blend
    np.testing.assert_allclose(variable.light(time, time * 0 + 500), -2.5 * np.log10(flux), atol=1e-9)
    assert truth.amplitude == pytest.approx(2.5 * np.log10(flux[0]))


def test_supernovae_peak_when_told_are_dark_before_and_redden() -> None:
    for seed in range(5):
        variable, _, _ = noiseless("supernova", seed)
        truth = variable.truth
        days = np.linspace(-150, 150, 6001)
        red = variable.light(truth.peak_time + days, np.full(len(days), REFERENCE))
        assert days[np.argmin(red)] == pytest.approx(0.0, abs=0.2)
        assert red.min() == pytest.approx(0.0, abs=1e-3)
        assert np.isinf(red[0])
        at = truth.peak_time + np.array([0.0, 50.0])
        blueness = variable.light(at, np.full(2, 400.0)) - variable.light(at, np.full(2, REFERENCE))
        assert blueness[1] > blueness[0] + 0.2


@pytest.mark.parametrize("survey", CURVE_SURVEYS)
def test_curves_need_no_cleaning_and_their_scatter_is_their_error(survey: str) -> None:
    settings = CURVE_SURVEYS[survey]
    simulated = simulate_light_curves(6, seed=2, kinds=["constant"], survey=settings)
    tally = Tally()
    cleaned, _ = clean(simulated.curves, Cleaning(), tally)
    np.testing.assert_array_equal(cleaned.time, simulated.curves.time)
    assert not tally.findings("set")
    for curve in simulated.curves:
        for band in np.unique(curve.band):
            seen = curve.band == band
            if seen.sum() > 30 and np.median(curve.error[seen]) < 0.15:
                pull = (curve.value[seen] - np.median(curve.value[seen])) / curve.error[seen]
                assert 0.7 < np.subtract(*np.percentile(pull, [84, 16])) / 2 < 1.35


def test_fluxes_are_given_where_magnitudes_are_not() -> None:
    survey = CURVE_SURVEYS["ztf"]
    one = {"seed": 5, "kinds": ["supernova"], "survey": survey}
    magnitudes, fluxes = (simulate_light_curves(3, flux=flux, **one).curves for flux in (False, True))
    assert (fluxes.quantity, fluxes.unit) == ("flux", "nJy")
    assert (fluxes.counts > 3 * magnitudes.counts).all()
    dark = fluxes.value / fluxes.error
    assert np.median(np.abs(dark)) < 1.5
    assert (dark < 0).mean() > 0.3


def test_cadence_of_crts_is_that_of_its_real_light_curves() -> None:
    curves = simulate_light_curves(40, seed=4, kinds=["constant", "EW"]).curves
    # Of 12,004 real ones: median 236 points, 3.6 a night, nights 25 days apart, 2834 days in all.
    steps = np.concatenate([np.diff(curve.time) for curve in curves])
    nights = steps[steps > 0.5]
    assert 190 < np.median(curves.counts) < 270
    assert 3.3 < len(steps) / len(nights) < 4.0
    assert 20 < np.median(nights) < 30
    assert 2600 < np.median([np.ptp(curve.time) for curve in curves]) < 2922
    assert (np.sort(nights)[-len(curves) :] > 80).all()


def test_a_curve_depends_on_seed_and_number_only(tmp_path: Path) -> None:
    whole = simulate_light_curves(9, seed=3)
    part = simulate_light_curves(4, seed=3, start=5)
    first, last = whole.curves.offsets[5], whole.curves.offsets[9]
    np.testing.assert_array_equal(part.curves.value, whole.curves.value[first:last])
    assert part.kind.tolist() == whole.kind[5:].tolist()
    assert not np.array_equal(simulate_light_curves(9, seed=4).mean_magnitude, whole.mean_magnitude)
    path = write_light_curve_samples(tmp_path / "set.parquet", 9, 3)
    samples = SampleSet.open(path)
    np.testing.assert_array_equal(LightCurves.of(samples).value, whole.curves.value)
    np.testing.assert_array_equal(samples.scalar("period"), whole.truth["period"])
    assert [samples.classes[label] for label in samples.labels] == whole.kind.tolist()
    assert "SIMULATED" in samples.description.label_origin


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    files = [
        write_light_curve_samples(tmp_path / f"{workers}.parquet", 300, 1, workers=workers).read_bytes()
        for workers in (1, 2)
    ]
    assert files[0] == files[1]


def test_shares_and_settings_are_checked() -> None:
    assert chosen_shares({"EA": 1.0, "EW": 3.0}) == {"EA": 0.25, "EW": 0.75}
    with pytest.raises(UnknownNameError, match="'RR'; known are: EW"):
        simulate_light_curves(1, seed=1, kinds=["RR"])
    with pytest.raises(ConfigurationError, match="above 0"):
        chosen_shares({"EA": 0.0})
    with pytest.raises(ConfigurationError, match="seed is -1"):
        simulate_light_curves(1, seed=-1)
    with pytest.raises(ConfigurationError, match="no band is called 'K'"):
        CurveSurvey(bands=("K",))
    with pytest.raises(ConfigurationError, match="make the survey longer"):
        simulate_light_curves(1, seed=1, kinds=["EW"], survey=CurveSurvey(years=0.1))
