"""From curves on disk to features on disk: carried over, in parts, whatever is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.curve_features import (
    FeatureConfiguration,
    feature_columns,
    measure_features,
    sample_set,
    write_features,
)
from skysieve.samples import SampleSet
from skysieve.samples.light_curves import LightCurves

STATISTICS = FeatureConfiguration(sets=("statistics",))


@pytest.fixture
def curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a set of 50 curves, of which one has a single point; parts have 8."""
    monkeypatch.setattr(sample_set, "PART", 8)
    generator = np.random.default_rng(0)
    counts = generator.integers(5, 60, 50)
    counts[3] = 1
    times = [np.sort(generator.uniform(0, 300, count)) for count in counts]
    values = [generator.normal(15, 0.2, count) for count in counts]
    made = LightCurves.from_lists(times, values, [np.full(count, 0.05) for count in counts])
    columns = {
        "label": [None if number == 4 else number % 2 for number in range(50)],
        "period": generator.uniform(0, 1, 50),
        "survey": ["CRTS"] * 50,
        "group": [f"g{number // 2}" for number in range(50)],
    }
    return made.samples(columns, classes=("EW", "RRab"), label_origin="SIMULATED").write(
        tmp_path / "c.parquet"
    )


def test_features_scalars_and_labels(curves: Path, tmp_path: Path) -> None:
    (note,) = write_features(curves, tmp_path / "f.parquet", STATISTICS)
    given, made = SampleSet.open(curves), SampleSet.open(tmp_path / "f.parquet")
    expected = measure_features(LightCurves.of(given), STATISTICS)
    assert feature_columns(made) == expected.names
    for name, values in expected.columns().items():
        np.testing.assert_array_equal(made.scalar(name), values)
    np.testing.assert_array_equal(made.labels, given.labels)
    for name in ("id", "group", "period", "survey"):
        np.testing.assert_array_equal(made.scalar(name), given.scalar(name))
    assert made.classes == given.classes
    assert made.description.label_origin == "SIMULATED"
    assert made.description.tensors == {}
    assert (note.item, note.kind) == ("3", "no-baseline")
    assert "1 of 50 curves" in note.reason
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.parquet", "f.parquet"]


def test_processes_change_no_byte(curves: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    assert write_features(curves, one, STATISTICS) == write_features(curves, two, STATISTICS, workers=2)
    assert one.read_bytes() == two.read_bytes()


def test_a_killed_run_goes_on(curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_set, "WORTH_STORING", 0.0)
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    notes = write_features(curves, whole, STATISTICS)
    measured: list[int] = []

    def dying(given: LightCurves, *arguments: object, **more: object) -> object:
        if len(measured) == 4:
            raise KeyboardInterrupt
        measured.append(len(given))
        return measure_features(given, *arguments, **more)

    monkeypatch.setattr(sample_set, "measure_features", dying)
    with pytest.raises(KeyboardInterrupt):
        write_features(curves, killed, STATISTICS)
    assert not killed.exists()
    measured[:] = [0, 0]
    with pytest.raises(KeyboardInterrupt):
        write_features(curves, killed, STATISTICS)
    measured[:] = [0, 0, 0]
    assert write_features(curves, killed, STATISTICS) == notes
    assert sum(measured) == 2, "only what was not finished is measured"
    assert killed.read_bytes() == whole.read_bytes()


def test_what_is_measured_at_once_is_not_stored(
    curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_set, "WORTH_STORING", 1e9)
    seen = []
    monkeypatch.setattr(sample_set.SampleWriter, "write", lambda self, columns: seen.append(parts()))

    def parts() -> list[str]:
        return [path.name for path in tmp_path.glob("f.parquet.parts/part-*")]

    with pytest.raises(SampleSetError, match="no sample was written"):
        write_features(curves, tmp_path / "f.parquet", STATISTICS)
    assert seen == [[]] * 7


def test_parts_of_other_settings_are_refused(
    curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "f.parquet"

    parts = iter([sample_set.measure_features])

    def dying(*given: Any, **more: Any) -> Any:
        if (measure := next(parts, None)) is None:
            raise KeyboardInterrupt
        return measure(*given, **more)

    monkeypatch.setattr(sample_set, "measure_features", dying)
    monkeypatch.setattr(sample_set, "WORTH_STORING", 0.0)
    with pytest.raises(KeyboardInterrupt):
        write_features(curves, output, STATISTICS)
    with pytest.raises(ConfigurationError, match="differs in configuration"):
        write_features(curves, output, FeatureConfiguration(sets=("statistics",), prefix="f_"))


def test_names_that_are_taken_are_refused(curves: Path, tmp_path: Path) -> None:
    taken = SampleSet.open(curves).with_columns({"amplitude": np.zeros(50)}).write(tmp_path / "taken.parquet")
    with pytest.raises(SampleSetError, match="has a column 'amplitude' already"):
        write_features(taken, tmp_path / "f.parquet", STATISTICS)
    write_features(taken, tmp_path / "f.parquet", FeatureConfiguration(sets=("statistics",), prefix="f_"))
    with pytest.raises(ConfigurationError, match="give another output"):
        write_features(curves, curves, STATISTICS)
    with pytest.raises(SampleSetError, match="does not say which columns are features"):
        feature_columns(SampleSet.open(curves))


def test_bands_are_those_of_the_whole_set(tmp_path: Path) -> None:
    time = [[1.0, 2.0, 3.0, 4.0]] * 2
    one = LightCurves.from_lists(time, [[15.0, 15.1, 15.3, 15.2]] * 2, ids=["a", "b"])
    banded = LightCurves(
        one.offsets,
        one.time,
        one.value,
        one.error,
        np.array([0, 0, 1, 1, 0, 0, 0, 0], np.int16),
        ("g", "r"),
        one.ids,
    )
    path = banded.samples().write(tmp_path / "c.parquet")
    write_features(path, tmp_path / "f.parquet", STATISTICS)
    made = SampleSet.open(tmp_path / "f.parquet")
    np.testing.assert_allclose(made.scalar("amplitude_r"), [0.05, np.nan])
