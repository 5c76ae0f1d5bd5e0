"""The recipe of frame sequences: trained on embeddings, and on those of one encoder only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.configuration import override
from skysieve.errors import ContractError, SampleSetError
from skysieve.models import Model, check_model
from skysieve.models.readings import read_inputs
from skysieve.recipes import run as run_module
from skysieve.recipes.evaluate import evaluate_model
from skysieve.recipes.run import train_recipe
from skysieve.recipes.snad_frames import SNAD_FRAMES
from skysieve.samples import SampleSet
from skysieve.samples.description import Description, TensorColumn

ENCODER = "ab" * 32
QUICK: dict[str, Any] = {
    "training.epochs": 8,
    "training.batch_size": 8,
    "training.threads": 1,
    "network.arguments": {"hidden": 8, "width": 8, "heads": 1, "dense": 8, "dropout": 0.0},
    "calibration.method": "temperature",
    "evaluation.replicates": 10,
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}


def write(path: Path, n: int, seed: int, *, encoder: str = ENCODER, width: int = 6) -> Path:
    """Write embeddings of frames; of artefacts, one frame in four is far off."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    sequences = []
    for label in labels:
        frames = generator.normal(size=(generator.integers(5, 40), width))
        if label:
            frames[::4, 0] += 6
        sequences.append(frames.astype(np.float32))
    origin = {"embedding": {"encoder": encoder, "latent": width}} if encoder else {}
    description = Description(
        {"embedding": TensorColumn((None, width))},
        classes=("other", "artefact"),
        label_origin="SIMULATED",
        origin=origin,
    )
    ids = [f"{seed}-{number}" for number in range(n)]
    columns = {"id": ids, "group": ids, "label": labels, "embedding": sequences}
    SampleSet.from_columns(columns, description).write(path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("snad")
    settings = override(SNAD_FRAMES.configuration, QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
        run = train_recipe(
            SNAD_FRAMES, [write(folder / "set.parquet", 200, 1)], folder / "run", settings, progress=False
        )
    return run.model


def test_a_planted_artefact_is_told(model: Model, tmp_path: Path) -> None:
    found = evaluate_model(model, [write(tmp_path / "new.parquet", 100, 2)], tmp_path / "judged")
    assert found.figures["roc_auc"]["value"] > 0.9
    assert "embedding" in found.report.read_text()
    assert {check.outcome for check in check_model(model)} == {"passed"}


def test_other_sequences_of_a_batch_and_their_length_change_nothing(model: Model, tmp_path: Path) -> None:
    samples = SampleSet.open(write(tmp_path / "new.parquet", 30, 3))
    contract = model.description.contract
    together = model.predict(read_inputs(contract, samples))
    alone = [model.predict(read_inputs(contract, samples, np.array([row])))[0] for row in range(30)]
    np.testing.assert_allclose(together, alone, atol=2e-6)


@pytest.mark.parametrize(("encoder", "named"), [("cd" * 32, "cdcdcdcdcdcd"), ("", "do not name")])
def test_embeddings_of_another_encoder_are_refused(
    model: Model, encoder: str, named: str, tmp_path: Path
) -> None:
    samples = SampleSet.open(write(tmp_path / "other.parquet", 10, 4, encoder=encoder))
    with pytest.raises(ContractError, match=rf"made by .*{named}.* the encoder abababababab"):
        read_inputs(model.description.contract, samples)


def test_embeddings_of_another_width_are_refused(model: Model, tmp_path: Path) -> None:
    samples = SampleSet.open(write(tmp_path / "wide.parquet", 10, 5, width=7))
    with pytest.raises(ContractError, match=r"shape \(7,\), the model expects \(None, 6\)"):
        read_inputs(model.description.contract, samples)


def test_frames_have_to_be_embedded_first(tmp_path: Path) -> None:
    frames = [np.zeros((3, 1, 28, 28), np.float32)] * 4
    columns = {"id": list("abcd"), "group": list("abcd"), "label": [0, 1, 0, 1], "frames": frames}
    description = Description(
        {"frames": TensorColumn((None, 1, 28, 28))}, classes=("other", "artefact"), label_origin="SIMULATED"
    )
    SampleSet.from_columns(columns, description).write(tmp_path / "frames.parquet")
    with pytest.raises(SampleSetError, match="`skysieve samples embed`"):
        train_recipe(SNAD_FRAMES, [tmp_path / "frames.parquet"], tmp_path / "run", progress=False)
