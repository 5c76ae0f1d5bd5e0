"""A recipe of a second a run, samples for it in pairs, and a run of two members."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from skysieve.configuration import override
from skysieve.models.contract import InputContract
from skysieve.recipes import run as run_module
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import TrainingRun, train_samples
from skysieve.samples import Description, SampleSet, TensorColumn

torch.set_num_threads(1)

SHAPE = (1, 16, 16)
SETTINGS = {
    "preprocess": ["nan-to-num"],
    "network.name": "compact",
    "training.epochs": 2,
    "training.batch_size": 32,
    "training.learning_rate": 0.01,
    "training.threads": 1,
    "training.precision": "float32",
    "calibration.method": "temperature",
    "evaluation.replicates": 20,
    "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
}


def open_samples(inputs: Sequence[str | Path], _: Configuration) -> SampleSet:
    return SampleSet.open(inputs[0])


def make_samples(pairs: int, seed: int, shift: float = 0.0) -> SampleSet:
    """Return pairs of noise with a blob where the label says so; a shift makes all of them strange."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(pairs), 2)
    labels = groups % 2
    images = rng.normal(shift, 1, (2 * pairs, *SHAPE))
    images[:, :, 6:10, 6:10] += 1.5 * labels[:, None, None, None]
    columns = {
        "id": [f"s{row}" for row in range(2 * pairs)],
        "group": groups,
        "label": labels,
        "cutouts": images.astype(np.float32),
    }
    description = Description(
        {"cutouts": TensorColumn(SHAPE, channels=("science",))}, ("bogus", "real"), label_origin="Drawn."
    )
    return SampleSet.from_columns(columns, description)


@pytest.fixture(scope="session")
def toy() -> Recipe:
    return Recipe(
        name="toy",
        title="blobs",
        paper="none",
        summary="Tells blobs from noise.",
        limits="Knows noise only.",
        classes=("bogus", "real"),
        contract=InputContract(SHAPE, ("science",)),
        configuration=override(Configuration(), SETTINGS),
        prepare=open_samples,
    )


@pytest.fixture(scope="session")
def toy_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_samples(120, seed=1).write(tmp_path_factory.mktemp("toy") / "samples.parquet")


@pytest.fixture(scope="session")
def toy_run(toy: Recipe, toy_set: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    settings = override(toy.configuration, {"network.members": 2, "network.arguments": {"dropout": 0.3}})
    folder = tmp_path_factory.mktemp("run") / "run"
    return train_samples(toy, SampleSet.open(toy_set), folder, settings, progress=False)


@pytest.fixture
def no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the report of each of many runs: drawing it takes longer than the run."""
    monkeypatch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
