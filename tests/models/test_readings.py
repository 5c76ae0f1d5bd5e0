"""Readings of light curves: what a model would misread is refused, and a curve is read by itself."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import ContractError, SampleSetError
from skysieve.models import InputContract
from skysieve.models.readings import read_arrays, read_inputs
from skysieve.models.readings.light_curve_steps import folding_periods
from skysieve.models.readings.readable_curves import readable_curves
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration, PeriodOptions
from skysieve.preprocess.curve_features.measure import feature_names, measure_features
from skysieve.preprocess.curve_features.sample_set import write_features
from skysieve.samples import Description, SampleSet
from skysieve.samples.light_curves import LightCurves

STATISTICS = FeatureConfiguration(sets=("statistics",))


def banded(*curves: str, unit: str = "mag") -> LightCurves:
    """Return curves whose points are in these bands, a letter a point."""
    times = [np.arange(float(len(points))) for points in curves]
    made = LightCurves.from_lists(
        times, [15 + time / 7 for time in times], ids=[f"c{number}" for number in range(len(curves))]
    )
    letters = "".join(curves)
    names = tuple(sorted(set(letters)))
    band = np.array([names.index(letter) for letter in letters], dtype=np.int16)
    return replace(made, band=band, bands=names, unit=unit, quantity="magnitude" if unit == "mag" else "flux")


def contract_of_features(bands: tuple[str, ...], **settings: Any) -> InputContract:
    names = feature_names(STATISTICS, bands)
    reading = {
        "kind": "curve-features",
        "names": list(names),
        "configuration": asdict(STATISTICS),
        "bands": list(bands),
    }
    return InputContract((len(names),), names, column="features", reading=reading | settings)


def test_points_in_bands_that_a_model_does_not_know_are_left_out() -> None:
    kept = readable_curves(banded("grig", "rr").samples(), bands=("g", "r"))
    assert kept.counts.tolist() == [3, 2]
    with pytest.raises(SampleSetError, match=r"c1 has no point in a band of the model \(g, r\), found i, z"):
        readable_curves(banded("gri", "zi").samples(), bands=("g", "r"))


def test_curves_of_one_band_need_no_name_of_it() -> None:
    unnamed = LightCurves.from_lists([[1.0, 2.0]], [[15.0, 15.1]]).samples()
    assert readable_curves(unnamed, bands=("V",)).bands == ("V",)
    with pytest.raises(ContractError, match="tell of no bands, the model learned from g, r"):
        readable_curves(unnamed, bands=("g", "r"))
    # Every curve is of one band, if not of the same.
    assert readable_curves(banded("gg", "r").samples(), bands=("",)).bands == ("",)
    with pytest.raises(SampleSetError, match="c1 has points in g, r, and the model does not tell bands"):
        readable_curves(banded("gg", "gr").samples(), bands=("",))


@pytest.mark.parametrize(
    "reading",
    [
        {"kind": "light-curve-steps"},
        {
            "kind": "dmdt",
            "dm_edges": [-1, 0, 1],
            "dt_edges": [0, 1, 9],
            "normalisation": "counts",
            "smear": False,
            "cross_bands": False,
            "bands": ["g"],
        },
        {"kind": "curve-features", "configuration": asdict(STATISTICS), "bands": ["g"], "names": ["std_g"]},
    ],
    ids=lambda reading: str(reading["kind"]),
)
def test_fluxes_are_not_read_as_magnitudes(reading: dict[str, Any]) -> None:
    samples = banded("ggg", unit="nJy").samples()
    contract = InputContract((1,), ("any",), column="any", reading=reading | {"unit": "mag"})
    with pytest.raises(
        ContractError, match=r"values of the light curves are in nJy, the model learned .* mag"
    ):
        read_inputs(contract, samples)


def test_a_column_with_the_name_of_a_feature_is_no_feature_of_the_curves() -> None:
    samples = LightCurves.from_lists([[1.0, 2.0, 3.0]], [[15.0, 15.5, 16.0]]).samples()
    contract = contract_of_features(("",))
    strange: dict[str, Any] = {name: np.array([-99.0]) for name in contract.channels}
    found = read_arrays(contract, samples.with_columns(strange))
    np.testing.assert_array_equal(found, read_arrays(contract, samples))


def test_features_that_were_measured_in_another_way_are_refused(tmp_path: Path) -> None:
    banded("ggggg", "gg").samples().write(tmp_path / "curves.parquet")
    other = replace(STATISTICS, periods=PeriodOptions(maximum_frequency=5.0))
    write_features(tmp_path / "curves.parquet", tmp_path / "features.parquet", other)
    samples, contract = SampleSet.open(tmp_path / "features.parquet"), contract_of_features(("g",))
    with pytest.raises(ContractError, match=r"with periods.maximum_frequency 5.0, the model expects 20.0"):
        read_inputs(contract, samples)
    untold = {name: samples.scalar(name) for name in ("id", "group", *contract.channels)}
    with pytest.raises(ContractError, match="do not say how their features were measured"):
        read_inputs(contract, SampleSet.from_columns(untold, Description()))


def test_features_may_be_some_of_those_of_a_set(tmp_path: Path) -> None:
    curves = banded("ggggggggggggggg", "gg").samples()
    curves.write(tmp_path / "curves.parquet")
    more = FeatureConfiguration(sets=("periods", "statistics"))
    write_features(tmp_path / "curves.parquet", tmp_path / "features.parquet", more)
    contract = contract_of_features(("g",))
    found = read_arrays(contract, SampleSet.open(tmp_path / "features.parquet"))
    np.testing.assert_allclose(found, read_arrays(contract, curves), rtol=1e-6)


def test_the_contract_says_how_periods_are_searched() -> None:
    rng = np.random.default_rng(4)
    time = np.sort(rng.uniform(0, 30, 60))
    curves = LightCurves.from_lists(
        [time, [1.0, 2.0, 4.0]], [15 + np.sin(2 * np.pi * time / 0.3), [15.0, 15.1, 15.2]]
    )
    # A curve folds at a peak or, with two cycles in it, at half of its period: at no less than a day here.
    fast, slow = PeriodOptions(maximum_frequency=5.0), PeriodOptions(maximum_frequency=0.5)
    assert folding_periods(curves, fast)[0] == pytest.approx(0.3, rel=1e-3)
    reading = {"kind": "light-curve-steps", "fold": "search", "search": asdict(slow)}
    contract = InputContract((None, 3), ("phase", "value", "period"), column="steps", reading=reading)
    told = 10.0 ** read_inputs(contract, curves.samples())[np.array([0])][0, 0, 2]
    assert told > 1
    # What has no period is not folded: its points stay in the order of time.
    short = measure_features(curves, FeatureConfiguration(sets=("periods",))).columns()["period_1"][1]
    assert np.isnan(short)
    unfolded = read_inputs(contract, curves.samples(), np.array([1]))[np.array([0])][0, :, 1]
    np.testing.assert_allclose(unfolded, [15.0, 15.1, 15.2], rtol=1e-6)
