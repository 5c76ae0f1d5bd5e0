"""The penalty of a network on its kernels, in training: one step by hand, and the loss that is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from skysieve.networks import build_network
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import fit

SHAPE, RATE = (2, 8, 8), 0.01
L2 = (0.13, 0.12)


def network(l2: tuple[float, float] = L2) -> nn.Module:
    arguments = {"width": 4, "dense": 8, "dropout": 0.0, "l2": l2}
    return seeded_network(lambda: build_network("deepshadows", shape=SHAPE, outputs=1, **arguments), 3)


@pytest.fixture(scope="module")
def examples() -> Examples:
    generator = np.random.default_rng(5)
    return Examples(generator.normal(size=(16, *SHAPE)).astype(np.float32), np.arange(16) % 2)


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig(
        epochs=1, batch_size=16, learning_rate=RATE, optimizer="sgd", momentum=0.0, device="cpu",
        precision="float32", threads=1, augmentation=AugmentationConfig(flips=False),
    )  # fmt: skip


def test_one_step_follows_the_loss_by_hand(
    examples: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    before = network().train()
    logits = before(torch.from_numpy(examples.inputs))[:, 0]
    loss = functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(examples.labels).float())
    squares = {name: kernel.square().sum() for name, kernel in before.named_parameters()}
    total = loss + L2[1] * squares["fc_1.weight"]
    total = total + L2[0] * sum(squares[f"conv{number}.weight"] for number in (1, 2, 3))
    total.backward()
    expected = {name: (each - RATE * each.grad).detach() for name, each in before.named_parameters()}

    fitted = fit(network(), examples, examples, config, tmp_path, progress=False)
    for name, parameter in fitted.network.named_parameters():
        torch.testing.assert_close(parameter.detach(), expected[name], rtol=1e-4, atol=1e-6, msg=name)
    assert fitted.history[0].training_loss == pytest.approx(loss.item(), rel=1e-5)


def test_the_penalty_shrinks_the_kernels(examples: Examples, config: TrainingConfig, tmp_path: Path) -> None:
    sizes = {}
    for name, l2 in {"with": L2, "without": (0.0, 0.0)}.items():
        fitted = fit(network(l2), examples, examples, config, tmp_path / name, progress=False)
        sizes[name] = fitted.network.fc_1.weight.square().sum().item()
    start = network().fc_1.weight.square().sum().item()
    assert sizes["with"] == pytest.approx(start * (1 - 2 * RATE * L2[1]) ** 2, rel=5e-3)
    assert sizes["without"] == pytest.approx(start, rel=5e-3)
