"""The experiment on the autoencoder of simulated frames."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

torch.set_num_threads(1)


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    return importlib.import_module("frame_vae")


def test_loss_of_reconstruction_is_log_cosh(experiment: Any) -> None:
    frames = np.zeros((2, 1, 28, 28), np.float32)
    restored = np.full_like(frames, 0.5)
    assert experiment.log_cosh(restored, frames) == pytest.approx(np.log(np.cosh(0.5)), rel=1e-5)
    assert experiment.log_cosh(frames, frames) == pytest.approx(0, abs=1e-6)


def test_training_lowers_the_loss_and_is_repeatable(experiment: Any) -> None:
    simulated = experiment.simulate_frame_sequences(10, seed=1, lengths=(6, 6))
    frames = experiment.scaled(np.concatenate(simulated.frames))
    assert frames.min() == 0
    assert frames.max() == 1
    losses: list[float] = []
    first = experiment.train_vae(frames, 4, lambda _, loss: losses.append(loss))
    assert losses[-1] < losses[0]
    again = experiment.train_vae(frames, 4)
    assert torch.equal(first.encoder.encoder[0][0].weight, again.encoder.encoder[0][0].weight)


def test_kinds_are_told_by_numbers_that_hold_them(experiment: Any) -> None:
    simulated = experiment.simulate_frame_sequences(60, seed=1, lengths=(3, 4), artefacts=["ghost"])
    has = np.repeat([float("ghost" in tags) for tags in simulated.tags], [len(t) for t in simulated.time])
    noise = np.random.default_rng(0).normal(size=(len(has), 2))
    told = experiment.kinds_told(np.column_stack([has, noise]), simulated)
    blind = experiment.kinds_told(noise, simulated)
    assert told.keys() == {"any", "ghost"}
    assert told["ghost"] > 0.95
    assert blind["ghost"] < 0.85


def test_quick_run_says_that_all_is_simulated(experiment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    empty: tuple[list[str], Any] = ([], np.empty((0, 1, 28, 28), np.float32))
    monkeypatch.setattr(experiment, "real_frames", lambda: empty)
    content, pictures = experiment.measure(20, 1, None)
    assert content["data"].startswith("SIMULATED")
    assert "real_frames" not in content
    assert len(pictures) == 1
    losses = {name: told["log_cosh"] for name, told in content["reconstruction"].items()}
    assert losses["36 principal components"] < losses["mean frame"]
