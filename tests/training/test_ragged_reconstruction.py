"""The autoencoder learns curves, repeats to the last bit, and keeps its best epoch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from skysieve.errors import SampleSetError
from skysieve.networks.sequences.naul import NaulAutoencoder
from skysieve.training.configuration import TrainingConfig
from skysieve.training.execution import seeded_network
from skysieve.training.ragged import RaggedSequences
from skysieve.training.ragged_reconstruction import fit_autoencoder
from skysieve.training.thinning import Thinning

torch.set_num_threads(1)
CONFIG = TrainingConfig(
    epochs=12, batch_size=8, learning_rate=0.02, device="cpu", precision="float32", threads=1
)


def sines(count: int, seed: int, batch_tokens: int | None = None) -> RaggedSequences:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 15, count)
    phase = np.concatenate([np.sort(rng.uniform(0, 1, length)) for length in lengths])
    shift = np.repeat(rng.uniform(0, 1, count), lengths)
    steps = np.stack([phase, 15 + np.sin(2 * np.pi * (phase + shift))], axis=1).astype(np.float32)
    return RaggedSequences(steps, np.concatenate([[0], np.cumsum(lengths)]), batch_tokens)


def network() -> NaulAutoencoder:
    made = seeded_network(lambda: NaulAutoencoder((2,), hidden=6, layers=1, embedding=4, folded=True), 0)
    assert isinstance(made, NaulAutoencoder)
    return made


def test_learns_and_keeps_the_best_epoch() -> None:
    trained, validation = network(), sines(20, 2)
    found = fit_autoencoder(trained, sines(60, 1, 100), validation, CONFIG)
    assert min(found.validation) < 0.8 * found.validation[0]
    assert found.validation[found.best_epoch - 1] == min(found.validation)
    with torch.inference_mode():
        losses = trained.losses(torch.from_numpy(validation[np.arange(20)]))
    assert float(losses.mean()) == pytest.approx(min(found.validation), rel=1e-4)


def test_same_seed_gives_the_same_bits() -> None:
    config = dataclasses.replace(CONFIG, epochs=2)

    def run(seed: int) -> tuple[float, ...]:
        given = dataclasses.replace(config, seed=seed)
        return fit_autoencoder(network(), sines(20, 1), sines(5, 2), given, thinning=Thinning()).training

    first = run(1)
    torch.rand(3)
    assert run(1) == first
    assert run(2) != first


def test_no_curves() -> None:
    nothing = RaggedSequences(np.zeros((0, 2), np.float32), np.array([0]))
    with pytest.raises(SampleSetError, match="validation part"):
        fit_autoencoder(network(), sines(4, 1), nothing, CONFIG)
