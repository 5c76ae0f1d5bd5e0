"""Features and periods of real curves: every twentieth of the CRTS South variables that are shared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.preprocess.curve_features import FeatureConfiguration, PeriodOptions, measure_features
from skysieve.recipes.feature_classifiers import cross_validate_features
from skysieve.recipes.feature_table import FeatureTable
from skysieve.samples.light_curves import LightCurves

#: Coarser than by default, so that the test takes seconds; nearly all periods are longer than 0.2 d.
OPTIONS = PeriodOptions(maximum_frequency=10.0, oversampling=3.0)
EVERY = 20


@pytest.mark.realdata
@pytest.mark.slow
def test_periods_and_classes(real_data: Path) -> None:
    with np.load(real_data / "lightcurves" / "crts_south.npz") as stored:
        data = {name: stored[name] for name in stored.files}
    offsets = data["offset"].astype(np.int64)
    points = np.diff(offsets)
    time = np.repeat(data["t0"], points) + data["dt_1e5"] * 1e-5
    value, error = data["mag_1e4"] * 1e-4, data["err_1e4"] * 1e-4
    band = np.zeros(len(time), np.int16)
    whole = LightCurves(offsets, time, value, error, band, ("",), data["id"])
    rows = np.arange(0, len(whole), EVERY)
    found = measure_features(whole.take(rows), FeatureConfiguration(periods=OPTIONS))
    columns = found.columns()

    period, ratio = data["period"][rows], columns["period_1"] / data["period"][rows]
    searched = period > 0.2
    same, half = (np.abs(ratio / factor - 1) < 0.005 for factor in (1, 0.5))
    print(f"P {same[searched].mean():.3f}, P/2 {half[searched].mean():.3f}")
    assert 0.15 < same[searched].mean() < 0.35
    assert half[searched].mean() > 0.5
    assert (same | half)[searched].mean() > 0.75

    names, labels = np.unique(data["label"][rows], return_inverse=True)
    judged = cross_validate_features(
        "boosting",
        FeatureTable(found.names, found.values),
        labels,
        data["id"][rows],
        tuple(map(str, names)),
        folds=3,
        repeats=1,
        replicates=10,
    )
    accuracy = judged.figures["accuracy"].value
    print(f"accuracy {accuracy:.3f}, balanced {judged.figures['balanced_accuracy'].value:.3f}")
    assert accuracy > 0.74  # half of the curves are of one class; 12,000 curves give more
