"""Features of Malanchev et al. 2021 by our own kernel: against the package light-curve, and at the limits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr

from skysieve.errors import ConfigurationError
from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features
from skysieve.preprocess.curve_features.log_normal import log_normal
from skysieve.preprocess.curve_features.sets.light_curve import LightCurvePackage
from skysieve.preprocess.curve_features.sets.malanchev2021 import Malanchev2021
from skysieve.samples.light_curves import LightCurves

CONFIGURATION = FeatureConfiguration(sets=("malanchev2021",))


def curves(seed: int, points: int, count: int = 20) -> LightCurves:
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(0, 500, (count, points)), axis=1)
    error = generator.uniform(0.02, 0.2, time.shape)
    return LightCurves.from_lists(time, 15 + generator.gamma(2, 0.3, time.shape), error)


@pytest.mark.parametrize("points", [4, 5, 31, 200])
def test_numbers_are_those_of_the_package(points: int) -> None:
    drawn = curves(points, points)
    ours, theirs = Malanchev2021(), LightCurvePackage()
    assert ours.names == theirs.names
    # The package holds the shares of its percentiles as float32.
    np.testing.assert_allclose(ours.measure(drawn), theirs.measure(drawn), rtol=3e-5, atol=1e-9)


def test_numbers_without_percentiles_agree_to_the_last_digits() -> None:
    drawn = curves(1, 150)
    chosen = [number for number, name in enumerate(Malanchev2021().names) if "percent" not in name]
    assert len(chosen) == 24
    ours, theirs = Malanchev2021().measure(drawn), LightCurvePackage().measure(drawn)
    np.testing.assert_allclose(ours[:, chosen], theirs[:, chosen], rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_points_of_one_instant_have_no_slope_as_in_the_package(seed: int) -> None:
    generator = np.random.default_rng(seed)
    time, value = np.sort(generator.integers(0, 12, 25)).astype(float), generator.normal(15, 0.1, 25)
    assert (np.diff(time) == 0).any()
    # One pair has the same value, too.
    first = int(np.flatnonzero(np.diff(time) == 0)[0])
    value[first + 1] = value[first]
    drawn = LightCurves.from_lists([time], [value], [np.full(25, 0.1)])
    ours, theirs = Malanchev2021().measure(drawn), LightCurvePackage().measure(drawn)
    np.testing.assert_allclose(ours, theirs, rtol=3e-5, atol=1e-9)
    assert np.isfinite(ours).all()
    one = LightCurves.from_lists([np.ones(9)], [value[:9]])
    found = measure_features(one, CONFIGURATION).columns()
    assert np.isnan([found["lc_eta_e"][0], found["lc_maximum_slope"][0]]).all()


def test_points_without_an_error_are_left_out_of_what_is_weighted() -> None:
    whole = curves(3, 60, count=1)
    error = np.where(np.arange(60) % 3 == 0, np.nan, whole.error)
    known = whole.keep(np.isfinite(error))
    holed = LightCurves.from_lists([whole.time], [whole.value], [error])
    found, expected = (measure_features(each, CONFIGURATION).columns() for each in (holed, known))
    weighted = ("chi2", "stetson_k", "weighted_mean", "linear_fit_slope_sigma", "excess_variance")
    for name in (f"lc_{each}" for each in weighted):
        assert found[name][0] == pytest.approx(expected[name][0], rel=1e-12)
    assert found["lc_mean"][0] == pytest.approx(whole.value.mean())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(-1e3, 1e3), st.sampled_from([0.1, 0.5, np.nan])), max_size=30
    )
)
def test_no_curve_is_refused_and_nothing_is_infinite(points: list[tuple[int, float, float]]) -> None:
    points.sort(key=lambda point: point[0])
    time, value, error = (np.array([point[number] for point in points], float) for number in range(3))
    usual = curves(0, 40, count=1)
    pair = LightCurves.from_lists([time, usual.time], [value, usual.value], [error, usual.error])
    found = measure_features(pair, CONFIGURATION)
    assert not np.isinf(found.values).any()
    assert np.isfinite(found.values[1]).all()
    assert np.isnan(found.values).any() == bool(found.missing)


@pytest.mark.parametrize("value", [15.1, 0.1, -3.3, 1e6 + 0.1])
@pytest.mark.parametrize("points", [2, 3, 7, 13, 30])
def test_a_constant_has_no_shape_whatever_its_mean_rounds_to(value: float, points: int) -> None:
    time = np.sort(np.random.default_rng(points).uniform(0, 100, points))
    constant = LightCurves.from_lists([time], [np.full(points, value)], [np.full(points, 0.1)])
    found = measure_features(constant, CONFIGURATION).columns()
    for name in ("anderson_darling_normal", "cusum", "eta", "eta_e", "kurtosis", "skew"):
        assert np.isnan(found[f"lc_{name}"][0]), name
    assert found["lc_mean"][0] == value
    assert found["lc_standard_deviation"][0] == 0


def test_columns_have_the_names_of_the_package_so_that_both_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share 32 features"):
        measure_features(curves(0, 9), FeatureConfiguration(sets=("malanchev2021", "light-curve")))


def test_the_package_is_not_imported() -> None:
    code = (
        "import sys; from skysieve.preprocess.curve_features import FEATURE_SETS, FeatureConfiguration\n"
        "from skysieve.samples.light_curves import LightCurves\n"
        "FEATURE_SETS.get('malanchev2021')(FeatureConfiguration()).measure("
        "LightCurves.from_lists([[1.0, 2.0]], [[1.0, 2.0]]))\n"
        "sys.exit('light_curve' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@settings(deadline=None)
@given(st.floats(-1e3, 40))
def test_the_logarithm_of_the_normal_distribution(place: float) -> None:
    assert log_normal(place) == pytest.approx(log_ndtr(place), rel=2e-6 if place < -35 else 1e-10, abs=1e-11)
