"""Small labelled samples and small runs for the tests of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples

torch.set_num_threads(1)

SHAPE = (1, 20, 20)


def make_examples(count: int, seed: int, classes: int = 2) -> Examples:
    """Return noise with a blob at a place that tells the class, and some NaN."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, count)
    inputs = generator.normal(size=(count, *SHAPE)).astype(np.float32)
    for image, label in zip(inputs, labels, strict=True):
        image[0, 8:12, 8:12] += 3.0 * label
    inputs[0, 0, :2] = np.nan
    return Examples(inputs, labels)


@pytest.fixture(scope="session")
def train() -> Examples:
    return make_examples(150, seed=1)


@pytest.fixture(scope="session")
def validation() -> Examples:
    return make_examples(60, seed=2)


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig(
        epochs=4, batch_size=32, learning_rate=3e-3, device="cpu", precision="float32", threads=1
    )
