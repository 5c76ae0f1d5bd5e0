"""Statistics without a period: against cesium and numpy, and where nothing can be measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features
from skysieve.samples.light_curves import LightCurves

STATISTICS = FeatureConfiguration(sets=("statistics",))

#: Ours and cesium's; errors are given to those of cesium that take them.
SAME = {
    "amplitude": "amplitude",
    "maximum": "maximum",
    "minimum": "minimum",
    "median": "median",
    "median_absolute_deviation": "median_absolute_deviation",
    "percent_amplitude": "percent_amplitude",
    "percent_close_to_median": "percent_close_to_median",
    "percent_difference_flux_percentile": "percent_difference_flux_percentile",
    "skew": "skew",
    "std": "std",
    "kurtosis": "kurtosis",
    "max_slope": "max_slope",
    "weighted_mean": "weighted_average",
    "weighted_std": "weighted_std_dev",
    "beyond_1_std_weighted": "percent_beyond_1_std",
    "stetson_j": "stetson_j",
    "stetson_k": "stetson_k",
}
WITH_ERRORS = ("weighted_average", "weighted_std_dev", "percent_beyond_1_std", "stetson_j", "stetson_k")


def drawn(seed: int, count: int = 80) -> tuple[NDArray[np.float64], ...]:
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(0, 500, count))
    error = generator.uniform(0.02, 0.2, count)
    return time, 15 + generator.gamma(2, 0.3, count) + generator.normal(0, error), error


def features(time: object, value: object, error: object = None, **more: str) -> dict[str, float]:
    curves = LightCurves.from_lists([time], [value], None if error is None else [error], **more)
    found = measure_features(curves, STATISTICS)
    return dict(zip(found.names, found.values[0].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_as_cesium(seed: int) -> None:
    from cesium.features import amplitude, common_functions, stetson

    modules = (common_functions, amplitude, stetson)
    time, value, error = drawn(seed)
    found = features(time, value, error)
    for ours, theirs in SAME.items():
        function = next(getattr(module, theirs) for module in modules if hasattr(module, theirs))
        given = (time, value) if theirs == "max_slope" else (value,)
        if theirs in WITH_ERRORS:
            expected = function(value, dx=error) if "stetson" in theirs else function(value, error)
        else:
            expected = function(*given)
        assert found[ours] == pytest.approx(expected, rel=1e-5), ours
    for width in (20, 35, 50, 65, 80):
        expected = amplitude.flux_percentile_ratio(value, width)
        assert found[f"flux_percentile_ratio_mid{width}"] == pytest.approx(expected)


def test_what_cesium_has_not() -> None:
    time, value, error = drawn(9)
    found = features(time, value, error)
    slope, _ = np.polyfit(time, value, 1)
    left = value - np.polyval(np.polyfit(time, value, 1), time)
    assert found["linear_trend"] == pytest.approx(slope)
    assert found["linear_trend_noise"] == pytest.approx(np.sqrt((left**2).sum() / (len(time) - 2)))
    assert found["eta"] == pytest.approx((np.diff(value) ** 2).mean() / value.var(ddof=1))
    assert found["interpercentile_25"] == pytest.approx(np.subtract(*np.percentile(value, [75, 25])))
    assert found["reduced_chi2"] == pytest.approx(
        ((value - np.average(value, weights=error**-2)) ** 2 / error**2).sum() / (len(value) - 1)
    )
    away = value - value.mean()
    sums = np.cumsum(away)
    assert found["cusum"] == pytest.approx(np.ptp(sums) / len(value) / value.std())
    assert found["autocorrelation"] == pytest.approx((away[1:] * away[:-1]).sum() / (away**2).sum())
    excess = (value.var() - (error**2).mean()) / value.mean() ** 2
    assert found["excess_variance"] == pytest.approx(excess)
    last = np.diff(value[-30:])
    assert found["pair_slope_trend"] == pytest.approx(((last > 0).sum() - (last < 0).sum()) / 29)
    for times in (1, 2):
        assert found[f"beyond_{times}_std"] == (np.abs(away) > times * value.std()).mean()
    assert found["interpercentile_10"] == pytest.approx(np.subtract(*np.percentile(value, [90, 10])))
    assert (found["n_points"], found["duration"]) == (80, np.ptp(time))
    assert found["mean_error"] == pytest.approx(error.mean())
    weights = np.diff(time) ** -2.0
    expected = (weights * np.diff(value) ** 2).sum() / weights.sum() / (2 * value.var(ddof=1))
    assert found["eta_e"] == pytest.approx(expected)


def test_eta_by_time_is_one_for_noise_and_small_for_slow_change() -> None:
    generator = np.random.default_rng(0)
    time = np.sort(generator.uniform(0, 100, 20_000))
    noise = generator.normal(size=len(time))
    assert features(time, noise)["eta_e"] < 1.5
    assert features(np.arange(20_000.0), noise)["eta_e"] == pytest.approx(1, abs=0.05)
    assert features(time, np.sin(time / 20))["eta_e"] < 1e-6


def test_fluxes_are_taken_as_they_are() -> None:
    time, value, _ = drawn(2)
    flux = 10 ** (-0.4 * (value - 15))
    by_flux = features(time, flux, quantity="flux", unit="nJy")
    by_magnitude = features(time, value)
    for name in ("percent_amplitude", "percent_difference_flux_percentile", "flux_percentile_ratio_mid50"):
        assert by_flux[name] == pytest.approx(by_magnitude[name])


def test_without_errors_only_what_needs_them_is_missing() -> None:
    time, value, _ = drawn(1)
    found = features(time, value)
    missing = {name for name, number in found.items() if np.isnan(number)}
    assert missing == {
        "mean_error",
        "weighted_mean",
        "weighted_std",
        "beyond_1_std_weighted",
        "reduced_chi2",
        "excess_variance",
        "stetson_j",
        "stetson_k",
    }


@pytest.mark.parametrize("value", [15.1, 0.1, -3.3, 1e6 + 0.1])
@pytest.mark.parametrize("points", [2, 3, 7, 13, 30])
def test_a_constant_has_no_shape_whatever_its_mean_rounds_to(value: float, points: int) -> None:
    time = np.sort(np.random.default_rng(points).uniform(0, 100, points))
    found = features(time, np.full(points, value), np.full(points, 0.1))
    for name in ("skew", "kurtosis", "eta", "eta_e", "autocorrelation", "cusum", "beyond_1_std"):
        assert np.isnan(found[name]), name
    assert found["mean"] == value
    assert found["std"] == found["linear_trend"] == 0


def test_points_without_an_error_are_left_out_of_what_is_weighted() -> None:
    time, value, error = drawn(4)
    holed = error.copy()
    holed[::3] = np.nan
    known = np.isfinite(holed)
    expected = features(time[known], value[known], error[known])
    found = features(time, value, holed)
    assert found["stetson_k"] == pytest.approx(expected["stetson_k"])
    assert found["mean"] == pytest.approx(value.mean())


@pytest.mark.parametrize(
    ("time", "value", "kind"),
    [
        ([], [], "few-points"),
        ([1.0], [15.0], "no-baseline"),
        ([1.0, 1.0], [15.0, 15.1], "no-baseline"),
        ([1.0, 2.0, 3.0], [15.0, 15.0, 15.0], "constant-values"),
        ([1.0, 2.0, 3.0], [15.0, 15.0, 15.1], "missing-errors"),
    ],
)
def test_what_cannot_be_measured_is_counted(time: list[float], value: list[float], kind: str) -> None:
    found = measure_features(LightCurves.from_lists([time, time], [value, value]), STATISTICS)
    assert [(each.kind, each.curves, each.first) for each in found.missing] == [(kind, 2, "0")]
    assert np.isnan(found.values).any()
    assert found.columns()["n_points"].tolist() == [len(time)] * 2
    (note,) = found.findings()
    assert "2 of 2 curves" in note.reason
    assert note.severity == "note"


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.floats(-1e3, 1e3), st.sampled_from([0.1, 0.5, np.nan])), max_size=40
    )
)
def test_no_curve_is_refused_and_nothing_is_infinite(points: list[tuple[int, float, float]]) -> None:
    points.sort(key=lambda point: point[0])
    time, value, error = (np.array([point[number] for point in points], float) for number in range(3))
    found = measure_features(LightCurves.from_lists([time], [value], [error]), STATISTICS)
    assert not np.isinf(found.values).any()
    assert np.isnan(found.values).any() == bool(found.missing)
