"""Experiments on galaxies: which pictures are judged by whom, and that a turned picture scores the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from skysieve.networks import build_network
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.training.augmentation import ALL, apply_symmetries
from skysieve.training.configuration import TrainingConfig

torch.set_num_threads(1)


@pytest.fixture
def galaxy_folds(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("galaxy_folds")


def test_a_picture_and_its_mirror_images_get_one_score(galaxy_folds: ModuleType) -> None:
    torch.manual_seed(0)
    network = build_network("compact", shape=(3, 16, 16), outputs=3, width=4).eval()
    pictures = torch.randn(2, 3, 16, 16)
    scores = galaxy_folds.AllSymmetries(network)(pictures)
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(2))
    for each in ALL:
        turned = apply_symmetries(pictures, torch.full((2,), each))
        torch.testing.assert_close(galaxy_folds.AllSymmetries(network)(turned), scores, rtol=1e-4, atol=1e-5)


def test_every_picture_of_a_judged_fold_is_judged(galaxy_folds: ModuleType, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(100) % 2
    images = generator.integers(0, 60, (100, 3, 16, 16)).astype(np.uint8)
    images[labels == 1] += 150
    layout = Description({"cutouts": TensorColumn((3, 16, 16), "uint8")}, ("smooth", "spiral"))
    rows = np.arange(100)
    content = {"id": rows, "group": rows, "label": labels, "cutouts": images}
    samples = SampleSet.from_columns(content, layout)
    training = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.02, device="cpu", threads=1)
    variant = galaxy_folds.Variant("compact", training, {"width": 4})
    judged = galaxy_folds.judged_log_shares(samples, variant, tmp_path, folds=[0, 3])
    whole = np.isfinite(judged).all(1)
    assert whole.sum() == 40
    assert not np.isfinite(judged[~whole]).any()
    assert (judged[whole].argmax(1) == labels[whole]).mean() > 0.8
