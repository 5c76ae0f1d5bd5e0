"""A recipe of blobs that trains in a second, its model, and a second survey in which blobs are fainter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.configuration import override
from skysieve.models.contract import InputContract
from skysieve.models.model import Model
from skysieve.recipes import run as run_module
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import train_samples
from skysieve.samples import Description, SampleSet, TensorColumn

torch.set_num_threads(1)

SHAPE = (1, 16, 16)
CLASSES = ("bogus", "real")


def _open(inputs: Sequence[str | Path], _: Configuration) -> SampleSet:
    return SampleSet.open(inputs[0])


@pytest.fixture(scope="session")
def blobs() -> Callable[..., SampleSet]:
    """Return a function that makes pairs of images, a group each, with a blob where the label says so."""

    def make(
        pairs: int, seed: int, *, scale: float = 1.0, level: float = 0.0, **description: Any
    ) -> SampleSet:
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(pairs), 2)
        labels = groups % len(description.get("classes", CLASSES))
        images = rng.normal(size=(2 * pairs, *SHAPE))
        images[:, :, 6:10, 6:10] += 2.0 * labels[:, None, None, None]
        columns = {
            "id": [f"{seed}-{row}" for row in range(2 * pairs)],
            "group": [f"{seed}-{group}" for group in groups],
            "label": labels,
            "cutouts": (scale * images + level).astype(np.float32),
        }
        told = {"classes": CLASSES, "label_origin": "SIMULATED: drawn."} | description
        tensors = {"cutouts": TensorColumn(SHAPE, channels=("science",))}
        return SampleSet.from_columns(columns, Description(tensors, **told))

    return make


@pytest.fixture(scope="session")
def blob_recipe() -> Recipe:
    settings = {
        "preprocess": ["nan-to-num"],
        "network.name": "compact",
        "network.arguments": {"width": 4},
        "training.epochs": 6,
        "training.batch_size": 32,
        "training.learning_rate": 0.01,
        "training.threads": 1,
        "training.precision": "float32",
        "calibration.method": "temperature",
        "evaluation.replicates": 20,
        "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
    }
    return Recipe(
        name="blobs",
        title="blobs",
        paper="none",
        summary="Tells blobs from noise.",
        limits="Knows noise only.",
        classes=CLASSES,
        contract=InputContract(SHAPE, ("science",)),
        configuration=override(Configuration(), settings),
        prepare=_open,
    )


@pytest.fixture(scope="session")
def blob_model(
    blob_recipe: Recipe, blobs: Callable[..., SampleSet], tmp_path_factory: pytest.TempPathFactory
) -> Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
        folder = tmp_path_factory.mktemp("blobs") / "run"
        return train_samples(blob_recipe, blobs(150, 1), folder, progress=False).model


@pytest.fixture
def no_model_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the reports of runs: drawing one takes longer than the run."""
    monkeypatch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
