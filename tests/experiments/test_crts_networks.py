"""The experiment on networks of variable stars: what is learned from what, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.samples.light_curves import LightCurves
from skysieve.samples.splits import assign_groups

torch.set_num_threads(1)

CLASSES = ("still", "slow", "fast")
PERIODS = np.array([1.0, 3.0, 0.7])


@pytest.fixture
def networks(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("crts_networks")


@pytest.fixture
def early(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("crts_early")


@pytest.fixture
def stars(import_experiment: Callable[[str], ModuleType]) -> Any:
    """SIMULATED curves: fifteen of each of three classes, of 20 to 40 points."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 15)
    times = [np.sort(generator.uniform(0, 300, size)) for size in generator.integers(20, 41, len(labels))]
    amplitudes = np.array([0.0, 0.5, 1.0])
    values = [
        15
        + amplitudes[label] * np.sin(2 * np.pi * time / PERIODS[label])
        + generator.normal(0, 0.05, len(time))
        for label, time in zip(labels, times, strict=True)
    ]
    curves = LightCurves.from_lists(times, values)
    curves = replace(curves, error=np.full(len(curves.time), 0.05))
    folds = assign_groups(np.arange(len(labels)), labels, np.ones(5), seed=1)
    module = import_experiment("variable_star_data")
    return module.VariableStars(curves, labels, CLASSES, folds, np.full(len(labels), np.nan))


def changed_behind(stars: Any, rows: np.ndarray, share: float) -> Any:
    """Return the stars with other values behind the first points of some curves."""
    curves = stars.curves
    number = np.arange(len(curves.time)) - np.repeat(curves.offsets[:-1], curves.counts)
    behind = number >= np.repeat(np.ceil(share * curves.counts), curves.counts)
    behind &= np.repeat(np.isin(np.arange(len(curves)), rows), curves.counts)
    return replace(
        stars, curves=replace(curves, value=np.where(behind, curves.value[::-1] + 3, curves.value))
    )


def experiment_of(networks: ModuleType, stars: Any, folder: Path) -> Any:
    periods = {"periodogram": 2 * PERIODS[stars.labels]}
    return networks.Experiment(stars, periods, folder, folds=(0, 1), epochs=1, replicates=10)


METHODS_TRIED = ["dmdt", "naul-folded", "gru-d", "dmdt-less-classes", "naul-folded-rebuilt"]


def test_probabilities_are_kept_and_judged(networks: ModuleType, stars: Any, tmp_path: Path) -> None:
    experiment = experiment_of(networks, stars, tmp_path)
    told = networks.measure(experiment, METHODS_TRIED, [])
    assert list(told["results"]) == METHODS_TRIED
    assert told["results"]["gru-d"]["settings"]["network"] == "gru-d"
    json.dumps(told)
    for name, found in told["results"].items():
        accuracies = []
        for fold in (0, 1):
            parts = stars.parts(fold)
            with np.load(tmp_path / "probabilities" / name / f"fold_{fold}.npz") as stored:
                assert stored["validation"].shape == (len(parts["validation"]), 3)
                np.testing.assert_allclose(stored["test"].sum(axis=1), 1)
                accuracies.append((stored["test"].argmax(axis=1) == stars.labels[parts["test"]]).mean())
        assert found["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
        assert found["accuracy"]["sd"] == pytest.approx(np.std(accuracies))
        assert found["parameters"] > 0
        assert found["epochs"] == 1


def test_a_finished_fold_is_not_repeated(
    networks: ModuleType, stars: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = experiment_of(networks, stars, tmp_path)
    first = networks.measure(experiment, ["dmdt"], [])

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a finished fold was trained again")

    monkeypatch.setattr(networks, "trained", refuse)
    assert networks.measure(experiment, ["dmdt"], []) == first


def test_a_network_that_was_kept_tells_the_same(networks: ModuleType, stars: Any, tmp_path: Path) -> None:
    experiment = experiment_of(networks, stars, tmp_path)
    experiment.train("recurrent", 0)
    kept = experiment.probabilities_file("recurrent", 0)
    with np.load(kept) as stored:
        before = stored["test"]
    kept.unlink()
    experiment.train("recurrent", 0)
    with np.load(kept) as stored:
        np.testing.assert_array_equal(stored["test"], before)


def test_the_background_sees_training_curves_only(networks: ModuleType, stars: Any, tmp_path: Path) -> None:
    backgrounds = []
    test = stars.parts(0)["test"]
    for number, each in enumerate((stars, changed_behind(stars, test, 0.0))):
        folder = tmp_path / str(number)
        experiment_of(networks, each, folder).train("dmdt-less-common", 0)
        with np.load(folder / "networks" / "dmdt-background" / "fold_0.npz") as stored:
            backgrounds.append((stored["common"], stored["of_class"]))
    for before, after in zip(*backgrounds, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", ["recurrent, cut curves", "dmdt, whole curves"])
def test_what_comes_later_changes_no_early_class(
    early: ModuleType, stars: Any, tmp_path: Path, name: str
) -> None:
    test = stars.parts(0)["test"]
    found = [
        early.measure_early(name, each, 0, tmp_path / str(number), epochs=1)
        for number, each in enumerate((stars, changed_behind(stars, test, 0.2)))
    ]
    # Among other curves a batch is padded otherwise, which rounds otherwise.
    np.testing.assert_allclose(found[0][:2], found[1][:2], atol=1e-5)
    assert np.abs(found[0][2:] - found[1][2:]).max() > 1e-3


def test_early_classes_are_judged_by_the_points_seen(early: ModuleType, stars: Any, tmp_path: Path) -> None:
    found = [early.measure_early("boosted statistics, cut curves", stars, fold, tmp_path) for fold in (0, 1)]
    told = early.judge_early(stars, (0, 1), found, replicates=10)
    assert [cut["name"] for cut in told["truncations"]] == ["10 %", "20 %", "50 %", "100 %"]
    points = [cut["points"] for cut in told["truncations"]]
    assert points == sorted(points)
    assert points[0] < 5
    rows = np.concatenate([stars.parts(fold)["test"] for fold in (0, 1)])
    right = np.concatenate([each[-1] for each in found]).argmax(axis=1) == stars.labels[rows]
    assert told["truncations"][-1]["accuracy"]["value"] == pytest.approx(right.mean())
    json.dumps(told)


def test_beginnings_are_the_first_points_rounded_up(early: ModuleType, stars: Any) -> None:
    cut = early.beginnings(stars.curves, 0.1)
    assert cut.counts.tolist() == np.ceil(0.1 * stars.curves.counts).astype(int).tolist()
    np.testing.assert_array_equal(cut.time[cut.offsets[:-1]], stars.curves.time[stars.curves.offsets[:-1]])
    assert early.beginnings(stars.curves, 1.0).counts.tolist() == stars.curves.counts.tolist()


def test_random_cuts_show_beginnings(early: ModuleType) -> None:
    sequences = torch.arange(100.0).reshape(1, 100, 1).repeat(500, 1, 1)
    cut = early.RandomCuts(0.1)(sequences, torch.Generator().manual_seed(0))
    counts = (~cut[..., 0].isnan()).sum(1)
    assert counts.min() >= 10
    assert counts.max() <= 100
    assert bool((cut[:, :10] == sequences[:, :10]).all())
    assert abs(float(counts.float().log10().mean()) - 1.5) < 0.05


def test_periods_of_other_curves_are_refused(
    import_experiment: Callable[[str], ModuleType], stars: Any, tmp_path: Path
) -> None:
    methods = import_experiment("crts_methods")
    measured = {"features.parquet": "period_1", "folded.parquet": "fold_period"}
    assert methods.folding_periods(tmp_path, stars) == {}
    for number, (file, column) in enumerate(measured.items()):
        stars.curves.samples({column: (1 + number) * PERIODS[stars.labels]}).write(tmp_path / file)
    found = methods.folding_periods(tmp_path, stars)
    np.testing.assert_array_equal(found["periodogram"], 2 * PERIODS[stars.labels])
    np.testing.assert_array_equal(found["folds"], 4 * PERIODS[stars.labels])
    with pytest.raises(ValueError, match="other curves"):
        methods.folding_periods(tmp_path, stars.take(np.arange(3)))
