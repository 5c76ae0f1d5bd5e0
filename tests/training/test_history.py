"""Figures of an epoch against scikit-learn, and their files."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss

from skysieve.training.history import EpochRecord, figures_of, write_history


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
def test_figures_equal_scikit_learn(outputs: int, weighted: bool) -> None:
    generator = np.random.default_rng(2)
    classes = max(outputs, 2)
    labels = generator.choice(
        classes, 200, p=np.array([0.7, 0.2, 0.1][:classes]) / sum([0.7, 0.2, 0.1][:classes])
    )
    logits = generator.normal(size=(200, outputs)).astype(np.float32)
    weights = generator.random(200) if weighted else None
    full = np.concatenate([np.zeros((200, 1)), logits], axis=1) if outputs == 1 else logits
    probabilities = np.exp(full) / np.exp(full).sum(1, keepdims=True)
    figures = figures_of(logits, labels, weights)
    expected_loss = log_loss(labels, probabilities, sample_weight=weights, labels=range(classes))
    predicted = full.argmax(1)
    assert figures.loss == pytest.approx(expected_loss, rel=1e-5)
    assert figures.accuracy == pytest.approx(accuracy_score(labels, predicted, sample_weight=weights))
    expected = balanced_accuracy_score(labels, predicted, sample_weight=weights)
    assert figures.balanced_accuracy == pytest.approx(expected)


def test_both_files_hold_the_same_rows_exactly(tmp_path: Path) -> None:
    history = [EpochRecord(epoch, 1 / 3, 0.1 * epoch, 0.5, 1e-17, 0.25, 0.75) for epoch in (1, 2)]
    write_history(history, tmp_path)
    rows = json.loads((tmp_path / "history.json").read_text())
    assert rows == [asdict(record) for record in history]
    with (tmp_path / "history.csv").open() as file:
        assert [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)] == rows
