"""The experiment on a rare class: what counts how much, the same effort for all ways, and known figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def rare_class(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("rare_class")


def sample(module: ModuleType, labels: list[int]) -> object:
    return module.Sample(np.zeros((len(labels), 3, 32, 32), np.uint8), np.array(labels))


def test_mergers_count_as_one_in_a_hundred(rare_class: ModuleType) -> None:
    found = sample(rare_class, [0] * 20 + [1] * 10)
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights[found.labels == 1].sum() == pytest.approx(0.01)


def test_every_way_takes_about_as_many_steps(rare_class: ModuleType) -> None:
    others, mergers = rare_class.FULL.train
    steps = {}
    for way in rare_class.WAYS:
        config = rare_class.settings_of(way, 0, rare_class.FULL)
        shown = others + mergers * (25 if way == "copies" else 1)
        steps[way] = config.epochs * shown
    assert max(steps.values()) / min(steps.values()) < 1.05
    assert rare_class.settings_of("copies", 0, rare_class.FULL).copies == others


def test_figures_are_those_at_the_true_share(rare_class: ModuleType) -> None:
    labels = np.array([0] * 100 + [1] * 10)
    raw = np.where(labels == 1, 1.0, -1.0)
    raw[:2], raw[-1] = 1.0, -1.0
    run = rare_class.Run(raw, raw - 3, cut=0.0)
    found = run.figures(np.arange(110), labels)
    assert found["chosen_recall"] == found["half_recall"] == 0.9
    assert found["chosen_precision"] == pytest.approx(0.009 / (0.009 + 0.02 * 0.99))
    precision, recall = found["chosen_precision"], 0.9
    assert found["chosen_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert found["half_calibrated_recall"] == 0
    assert found["calibrated_mean_probability"] < found["raw_mean_probability"]


def test_the_threshold_is_the_best_of_all(rare_class: ModuleType) -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 50])
    logits = generator.normal(2 * labels, 1)
    found = sample(rare_class, labels.tolist())

    def f1(cut: float) -> float:
        right = found.weights[(logits >= cut) & (labels == 1)].sum()
        return float(2 * right / (found.weights[logits >= cut].sum() + 0.01))

    best = rare_class.best_f1(logits, found)
    assert f1(best) == pytest.approx(max(map(f1, logits)))


def test_a_finished_run_is_read_again(rare_class: ModuleType, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = [0] * 40 + [1] * 8
    pictures = generator.integers(0, 255, (48, 3, 32, 32)).astype(np.uint8)
    few = rare_class.Sample(pictures, np.array(labels))
    effort = rare_class.Effort((40, 4), (40, 8), (40, 8), seeds=2, epochs=2, replicates=3)
    given = ("focal loss", 1, tmp_path, few, (few, few), effort)
    first, again = rare_class.logits_of(*given), rare_class.logits_of(*given)
    assert [each.shape for each in first] == [(48,), (48,)]
    np.testing.assert_array_equal(first, again)
    other = rare_class.logits_of("focal loss", 0, *given[2:])
    assert not np.array_equal(first, other)
    runs = {way: [rare_class.Run.of(few, each) for each in (first, other)] for way in ("plain", "focal loss")}
    told = rare_class.judged(runs, few, replicates=3)
    assert told["plain"]["figures"] == told["focal loss"]["figures"]
    assert told["focal loss"]["more_than_plain"]["average_precision"] == {"value": 0, "low": 0, "high": 0}
