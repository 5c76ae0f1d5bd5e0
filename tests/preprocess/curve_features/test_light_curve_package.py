"""The features of the package light-curve: its own numbers, and only where it is asked for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import MissingExtraError
from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features
from skysieve.preprocess.curve_features.sets.light_curve import LightCurvePackage
from skysieve.samples.light_curves import LightCurves

CONFIGURATION = FeatureConfiguration(sets=("light-curve",))


def curves(count: int = 6) -> LightCurves:
    generator = np.random.default_rng(1)
    times = [np.sort(generator.uniform(0, 200, size)) for size in generator.integers(20, 90, count)]
    values = [generator.normal(15, 0.3, len(time)) for time in times]
    errors = [generator.uniform(0.02, 0.1, len(time)) for time in times]
    return LightCurves.from_lists(times, values, errors)


def test_numbers_are_those_of_the_package() -> None:
    given = curves()
    found = measure_features(given, CONFIGURATION)
    extractor = LightCurvePackage().extractor
    for row, curve in zip(found.values, given, strict=True):
        np.testing.assert_array_equal(row, extractor(curve.time, curve.value, curve.error))
    assert len(found.names) == 32
    assert found.missing == ()


def test_agrees_with_our_own() -> None:
    both = measure_features(curves(), FeatureConfiguration(sets=("statistics", "light-curve"))).columns()
    for name, theirs in {
        "amplitude": "amplitude",
        "median_absolute_deviation": "median_absolute_deviation",
        "eta": "eta",
        "linear_trend": "linear_trend",
        "weighted_mean": "weighted_mean",
        "reduced_chi2": "chi2",
    }.items():
        np.testing.assert_allclose(both[name], both[f"lc_{theirs}"], rtol=1e-9, err_msg=name)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(-1e3, 1e3), st.sampled_from([0.1, 0.5, np.nan])), max_size=30
    )
)
def test_no_curve_is_refused(points: list[tuple[int, float, float]]) -> None:
    points.sort(key=lambda point: point[0])
    time, value, error = (np.array([point[number] for point in points], float) for number in range(3))
    usual = curves(1)
    pair = LightCurves.from_lists([time, usual.time], [value, usual.value], [error, usual.error])
    found = measure_features(pair, CONFIGURATION)
    assert not np.isinf(found.values).any()
    assert np.isfinite(found.values[1]).all()


@pytest.mark.parametrize(("time", "value"), [([], []), ([1.0], [15.0]), ([1.0, 1.0], [15.0, 15.0])])
def test_too_little_is_missing(time: list[float], value: list[float]) -> None:
    found = measure_features(LightCurves.from_lists([time], [value]), CONFIGURATION)
    assert np.isnan(found.values).any()
    assert not np.isinf(found.values).any()
    assert len(found.missing) == 1


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "light_curve", None)
    with pytest.raises(MissingExtraError, match="curve-features"):
        measure_features(curves(), CONFIGURATION)
    assert measure_features(curves(), FeatureConfiguration(sets=("statistics",))).missing == ()


def test_nothing_else_imports_it() -> None:
    code = (
        "import sys, skysieve.cli.application\n"
        "from skysieve.preprocess.curve_features import FEATURE_SETS, FeatureConfiguration\n"
        "[FEATURE_SETS.get(name)(FeatureConfiguration()) for name in FEATURE_SETS]\n"
        "sys.exit('light_curve' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
