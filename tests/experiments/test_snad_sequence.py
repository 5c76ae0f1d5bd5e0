"""The experiment on sequences of frames: fair parts, kept folds, and means of logits."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    return importlib.import_module("snad_sequence")


@pytest.fixture
def data(experiment: Any) -> Any:
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    made = [rng.normal(0, 1 + label, (rng.integers(5, 12), 36)).astype(np.float16) for label in labels]
    return experiment.SnadData(np.arange(120), labels, np.repeat(np.arange(5), 24), made)


def test_no_object_is_in_two_parts_and_the_test_fold_only_judges(experiment: Any, data: Any) -> None:
    for fold in range(5):
        train, chooses, test = experiment.parts_of(data, fold)
        assert sorted(np.concatenate([train, chooses, test])) == list(range(120))
        assert (data.folds[test] == fold).all()
        assert len(test) == 24
        assert len(chooses) == 12
        assert data.labels[chooses].mean() == 0.5


def test_a_fold_that_is_kept_is_not_trained_again(
    experiment: Any, data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def fold_logits(given: Any, *rest: Any) -> dict[str, Any]:
        fold = rest[2]
        asked.append(fold)
        right = np.where(given.labels[given.folds == fold] == 1, 1.0, -1.0)
        told = {"network": np.stack([right, 2 * right, 3 * right]), "choosing": np.ones(3)}
        told |= {"network_cpu_seconds": np.array(1.0)}
        return told | {experiment.BOOSTED: -right, experiment.PUBLISHED: right}

    monkeypatch.setattr(experiment, "fold_logits", fold_logits)
    for _ in range(2):
        told = experiment.held_out_logits(data, tmp_path, kept=tmp_path / "runs")
    assert asked == [0, 1, 2, 3, 4]
    right = np.where(data.labels == 1, 1.0, -1.0)
    np.testing.assert_array_equal(told["logits"][experiment.NETWORK], 2 * right)
    np.testing.assert_array_equal(told["logits"][experiment.BOTH], 0.5 * right)
    figures = experiment.figures_by_fold(data, told["logits"][experiment.BOOSTED], 5)
    assert figures["roc_auc"]["by_fold"] == [0.0] * 5


def test_the_network_learns_what_it_is_given(experiment: Any, data: Any) -> None:
    inputs = experiment.RaggedSequences(
        np.concatenate(data.sequences).astype(np.float32),
        np.cumsum([0, *(len(sequence) for sequence in data.sequences)]),
    )
    told = experiment.network_logits(data, inputs, 0, epochs=3, seeds=1)
    assert told["network"].shape == (1, 24)
    assert experiment.figures(data.labels[:24], told["network"][0])["roc_auc"] > 0.9
