"""Feature sets side by side: names, bands, and curves that are refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.preprocess.curve_features import (
    FEATURE_SETS,
    FeatureConfiguration,
    PeriodOptions,
    measure_features,
)
from skysieve.preprocess.curve_features.measure import feature_names
from skysieve.samples.light_curves import LightCurves

STATISTICS = FeatureConfiguration(sets=("statistics",))


def banded() -> LightCurves:
    generator = np.random.default_rng(0)
    time = [np.sort(generator.uniform(0, 50, 40)) for _ in range(3)]
    curves = LightCurves.from_lists(time, [generator.normal(15, 0.2, 40) for _ in range(3)])
    band = np.arange(120) % 2
    band[-40:] = 1
    return dataclasses.replace(curves, band=band.astype(np.int16), bands=("g", "r"))


def test_every_band_has_columns_of_its_own() -> None:
    curves = banded()
    found = measure_features(curves, STATISTICS)
    red = measure_features(dataclasses.replace(curves.of_band("r"), band=np.zeros(80, np.int16), bands=("",)))
    for name in ("amplitude", "std", "linear_trend"):
        np.testing.assert_array_equal(found.columns()[f"{name}_r"], red.columns()[name])
    assert np.isnan(found.columns()["amplitude_g"][2])
    assert found.names == feature_names(STATISTICS, ("g", "r"))


def test_bands_may_be_chosen() -> None:
    curves = banded()
    both = measure_features(curves, STATISTICS)
    chosen = measure_features(curves, STATISTICS, bands=("z", "g"))
    assert np.isnan(chosen.columns()["amplitude_z"]).all()
    np.testing.assert_array_equal(chosen.columns()["amplitude_g"], both.columns()["amplitude_g"])
    assert not any(name.endswith("_r") for name in chosen.names)


def test_a_prefix_is_put_before_every_name() -> None:
    configuration = dataclasses.replace(STATISTICS, prefix="f_")
    assert all(name.startswith("f_") for name in measure_features(banded(), configuration).names)


@pytest.mark.parametrize("name", list(FEATURE_SETS))
def test_every_set_has_names_of_its_own_and_a_sentence(name: str) -> None:
    assert FEATURE_SETS.get(name).__doc__
    names = feature_names(FeatureConfiguration(sets=(name,)))
    assert len(set(names)) == len(names) > 10


def test_sets_that_share_features_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share"):
        feature_names(FeatureConfiguration(sets=("periods", "three-frequencies")))
    with pytest.raises(ConfigurationError, match="each once"):
        FeatureConfiguration(sets=("periods", "periods"))
    with pytest.raises(UnknownNameError, match="did you mean 'periods'"):
        feature_names(FeatureConfiguration(sets=("period",)))


@pytest.mark.parametrize("wrong", ["order", "value", "time"])
def test_curves_that_readers_would_not_give_are_named(wrong: str) -> None:
    time, value = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 4.0]]), np.full((2, 3), 15.0)
    if wrong == "order":
        time[1] = [2.0, 1.0, 4.0]
    else:
        (time if wrong == "time" else value)[1, 2] = np.nan
    curves = LightCurves.from_lists(time, value, ids=["good", "bad"])
    with pytest.raises(SampleSetError, match="the curve bad"):
        measure_features(curves, STATISTICS)


def test_a_grid_that_ends_early_is_told() -> None:
    options = PeriodOptions(maximum_frequency=5.0, maximum_steps=1_000)
    found = measure_features(banded(), FeatureConfiguration(sets=("periods",), periods=options))
    assert [(each.kind, each.curves) for each in found.missing] == [("grid-cut", 3)]
    assert "3 of 3 curves, this one" in found.findings()[0].reason
    assert np.isfinite(found.values).all()


def test_no_curves_are_no_rows() -> None:
    found = measure_features(LightCurves.from_lists([], []), STATISTICS)
    assert found.values.shape == (0, len(found.names))
