"""What a saved model is judged by: its threshold, and the true shares stated when it was trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, ContractError
from skysieve.models.model import Model
from skysieve.recipes import evaluate as evaluate_module
from skysieve.recipes.evaluate import evaluate_model
from skysieve.recipes.model_samples import check_classes_of_model, judging_settings, threshold_of
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.run import train_samples
from skysieve.samples import SampleSet

Blobs = Callable[..., SampleSet]


@pytest.fixture
def rare_model(
    blob_recipe: Recipe, blobs: Blobs, tmp_path: Path, no_model_reports: None, monkeypatch: pytest.MonkeyPatch
) -> Model:
    monkeypatch.setitem(RECIPES._items, "blobs", blob_recipe)
    monkeypatch.setattr(evaluate_module, "write_model_report", lambda path, *_, **__: path)
    settings = override(blob_recipe.configuration, {"training.epochs": 1, "evaluation.prevalence": 0.01})
    return train_samples(blob_recipe, blobs(60, 1), tmp_path / "run", settings, progress=False).model


def test_true_shares_of_the_training_hold_when_the_model_is_judged_again(
    rare_model: Model, blobs: Blobs, tmp_path: Path
) -> None:
    path = blobs(40, 2).write(tmp_path / "other.parquet")
    again = evaluate_model(rare_model, [path], tmp_path / "judged")
    sky = again.evaluation.precision.main.sky
    assert sky is not None
    assert sky.share == 0.01
    assert "1 in 100 is real" in (tmp_path / "judged" / "evaluation.json").read_text()
    assert judging_settings(rare_model, shares=False).evaluation.prevalence is None


def test_a_refused_run_leaves_the_split_of_the_model_that_is_there(
    rare_model: Model, blob_recipe: Recipe, blobs: Blobs
) -> None:
    folder = rare_model.folder.parent
    before = (folder / "splits.parquet").read_bytes()
    with pytest.raises(ConfigurationError, match="another run"):
        train_samples(blob_recipe, blobs(60, 2), folder, progress=False)
    assert (folder / "splits.parquet").read_bytes() == before


def test_threshold_and_classes_are_those_of_the_model(blob_model: Model, blobs: Blobs) -> None:
    stored = blob_model.description.threshold
    found = threshold_of(blob_model)
    assert stored is not None
    assert found is not None
    assert found.value == stored["value"]
    with pytest.raises(ContractError, match="in this order"):
        check_classes_of_model(blob_model, blobs(4, 1, classes=("real", "bogus")))
