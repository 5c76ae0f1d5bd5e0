"""The experiment on simulated galaxies of low surface brightness: one set seen in two ways, fairly judged."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from skysieve.samples import Description, SampleSet
from skysieve.sources.simulators.galaxies.samples import write_lsbg_samples

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
COUNTS = {"train": 12, "validation": 6, "test": 6}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    return importlib.import_module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lsbg")


def test_pictures_and_features_are_of_the_same_subjects(load: Any, folder: Path) -> None:
    sets: ModuleType = load("lsbg_sets")
    found = sets.lsbg_set(folder / "set", COUNTS, 1)
    assert [len(found.rows(name)) for name in COUNTS] == list(COUNTS.values())
    brightness = found.features.values[:, found.features.names.index("mag_r")]
    true = found.samples.scalar("mag_r")
    known = np.isfinite(true) & np.isfinite(brightness) & (found.samples.scalar("kind") == "lsbg")
    assert np.corrcoef(true[known], brightness[known])[0, 1] > 0.7
    assert found.sixteen().names == sets.SIXTEEN
    assert len(sets.SIXTEEN) == 16
    with pytest.raises(SystemExit, match="other sizes"):
        sets.lsbg_set(folder / "set", COUNTS | {"test": 7}, 1)


def test_other_fluxes_are_found_out(load: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = load("lsbg_sets")
    found = sets.lsbg_set(folder / "set", COUNTS, 1)
    monkeypatch.setattr(sets, "SEED", sets.SEED + 1)
    with pytest.raises(SystemExit, match="not of the subjects pictured"):
        sets._measured(found.samples)


def test_three_classes_are_those_of_the_simulator(load: Any, folder: Path, tmp_path: Path) -> None:
    sets = load("lsbg_sets")
    found = sets.three_class_set(sets.lsbg_set(folder / "set", COUNTS, 1))
    path = write_lsbg_samples(tmp_path / "types.parquet", 24, sets.SEED, artifact_types=True)
    simulated = SampleSet.open(path)
    np.testing.assert_array_equal(found.labels, simulated.labels)
    assert found.classes == simulated.classes


def test_the_border_holds_no_subject(load: Any, folder: Path) -> None:
    sets = load("lsbg_sets")
    found = sets.lsbg_set(folder / "set", COUNTS, 1)
    pictures = found.samples.tensor("cutouts").copy()
    pictures[:, :, 20:44, 20:44] = 255
    columns = {name: found.samples.scalar(name) for name in ("id", "group")} | {"cutouts": pictures}
    layout = Description({"cutouts": found.samples.description.tensors["cutouts"]})
    filled = SampleSet.from_columns(columns, layout)
    other = sets.LsbgSet(found.path, filled, found.features, found.reasons)
    np.testing.assert_array_equal(sets.border_levels(other).values, sets.border_levels(found).values)


def test_errors_of_the_sky_have_their_size_and_are_planes(load: Any) -> None:
    uneven = load("lsbg_uneven_sky")
    planes = uneven.sky_errors(3000, np.random.default_rng(0)).astype(np.float64)
    assert np.abs(np.diff(planes, 2, axis=2)).max() < 1e-6 * np.abs(planes).max()
    middle = planes[:, :, 31:33, 31:33].mean((2, 3)).std(0)
    pixel = 30 / 64
    magnitudes = 22.5 - 2.5 * np.log10(middle / pixel**2)
    np.testing.assert_allclose(magnitudes, uneven.BRIGHTNESS, atol=0.05)


def test_differences_are_paired(load: Any) -> None:
    figures = load("lsbg_figures")
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 600)
    called = np.where(rng.uniform(size=600) < 0.8, labels, 1 - labels)
    better = called.copy()
    better[np.flatnonzero(called != labels)[:30]] ^= 1
    judged = {name: figures.Judged(each.astype(float), each) for name, each in (("a", better), ("b", called))}
    alone, differences = figures.compare(labels, np.arange(600), judged, [("a", "b")], replicates=300, seed=1)
    change = differences["a", "b"]["accuracy"]
    assert change.value == pytest.approx(30 / 600)
    assert alone["a"]["accuracy"].value - alone["b"]["accuracy"].value == pytest.approx(change.value)
    assert change.high - change.low < 0.7 * (alone["b"]["accuracy"].high - alone["b"]["accuracy"].low)
    told = figures.mcnemar(labels, better, called)
    assert (told["only_first_right"], told["only_second_right"]) == (30, 0)
    assert told["p_value"] == pytest.approx(2.0**-29)


def test_three_classes_reduce_to_two(load: Any) -> None:
    figures = load("lsbg_figures")
    labels = np.array([0, 0, 1, 1, 2, 2, 2, 2])
    called = np.array([0, 1, 1, 2, 2, 2, 2, 0])
    told = figures.three_class_figures(labels, called, np.arange(8), replicates=20)
    assert told["confusion"] == [[1, 1, 0], [0, 1, 1], [1, 0, 3]]
    assert told["shares"][2][2]["value"] == told["figures"]["completeness"]["value"] == 0.75
    assert told["figures"]["purity"]["value"] == 0.75
    assert told["figures"]["accuracy"]["value"] == 5 / 8
    assert told["figures"]["reduced_accuracy"]["value"] == 6 / 8
