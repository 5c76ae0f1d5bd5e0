"""Fine-tuning of saved models: what the new one says of the old, and samples that do not fit are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.model import Model
from skysieve.recipes.fine_tune import (
    blocks_of_model,
    check_samples,
    fine_tune,
    fine_tune_settings,
    open_trained,
    recipe_of_trained,
    tuned_samples,
)
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import train_samples
from skysieve.recipes.uncertainty.refits import recipe_of_model
from skysieve.samples import SampleSet, TensorColumn
from skysieve.training.fine_tuning import FineTuningConfig

Blobs = Callable[..., SampleSet]
SHORT = {"training.epochs": 3, "training.learning_rate": 0.01}


@pytest.mark.usefixtures("no_model_reports")
def test_card_and_provenance_name_the_model_it_began_as(
    blob_model: Model, blobs: Blobs, tmp_path: Path
) -> None:
    path = blobs(60, 2, scale=0.4, level=0.5).write(tmp_path / "target.parquet")
    tuning = FineTuningConfig("head")
    settings = override(fine_tune_settings(blob_model, tuning), SHORT)
    run = fine_tune(blob_model, [path], tmp_path / "run", tuning, settings, progress=False)
    described = run.model.description
    assert described.name == "blobs-fine-tuned"
    assert described.provenance["started_from"] == blob_model.identity
    told = described.provenance["fine_tuning"]
    assert (told["strategy"], told["identity"]) == ("head", blob_model.identity)
    assert (list(told["trained"]), told["frozen"][0]) == (["output"], "stem")
    card = (run.model.folder / "README.md").read_text()
    assert f"from blobs (identity {blob_model.identity}), head: output learned" in card
    before, after = (each.predict(run.split.images) for each in (blob_model, run.model))
    assert np.abs(before - after).max() > 1e-3
    with pytest.raises(ConfigurationError, match="was fine-tuned from blobs"):
        recipe_of_model(run.model)
    # A model that was fine-tuned can be fine-tuned; and the same run is not done again, another is refused.
    next_time = fine_tune_settings(run.model).training
    assert (next_time.epochs, next_time.learning_rate) == (30, 0.001)
    again = fine_tune(blob_model, [path], tmp_path / "run", tuning, settings, progress=False)
    assert again.model.identity == run.model.identity
    with pytest.raises(ConfigurationError, match="another run"):
        fine_tune(blob_model, [path], tmp_path / "run", FineTuningConfig("whole"), settings, progress=False)


@pytest.mark.usefixtures("no_model_reports")
def test_new_head_takes_the_classes_of_the_samples(blob_model: Model, blobs: Blobs, tmp_path: Path) -> None:
    path = blobs(60, 3, classes=("a", "b", "c")).write(tmp_path / "target.parquet")
    settings = override(fine_tune_settings(blob_model), SHORT | {"training.epochs": 1})
    with pytest.raises(SampleSetError, match=r"a, b, c, the model blobs has bogus, real.*--new-head"):
        fine_tune(blob_model, [path], tmp_path / "run", configuration=settings, progress=False)
    run = fine_tune(
        blob_model, [path], tmp_path / "run", configuration=settings, new_head=True, progress=False
    )
    assert run.model.description.classes == ("a", "b", "c")
    assert run.model.predict(run.split.images).shape[1] == 3


@pytest.mark.usefixtures("no_model_reports")
def test_true_shares_of_classes_that_are_no_more_do_not_stop_a_new_head(
    blob_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    shares = {"training.epochs": 1, "evaluation.prevalences.real": 0.01}
    settings = override(blob_recipe.configuration, shares)
    model = train_samples(blob_recipe, blobs(40, 1), tmp_path / "first", settings, progress=False).model
    path = blobs(60, 3, classes=("a", "b", "c")).write(tmp_path / "target.parquet")
    tuned = override(fine_tune_settings(model), SHORT | {"training.epochs": 1})
    stated = override(tuned, {"evaluation.prevalences.a": 0.1})
    run = fine_tune(model, [path], tmp_path / "run", None, tuned, new_head=True, progress=False)
    assert run.evaluation.precision.main.sky is None
    run = fine_tune(model, [path], tmp_path / "run", None, stated, new_head=True, progress=False)
    assert run.evaluation.precision.main.name == "a"
    wrong = override(tuned, {"evaluation.prevalences.d": 0.1})
    with pytest.raises(ConfigurationError, match="stated of the class 'd'"):
        fine_tune(model, [path], tmp_path / "wrong", None, wrong, new_head=True, progress=False)
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (TensorColumn((1, 8, 8), channels=("science",)), r"shape 1, 8, 8, the model blobs .* 1, 16, 16"),
        (TensorColumn((1, 16, 16), channels=("red",)), "channels red, the model blobs .* science"),
        (
            TensorColumn((1, 16, 16), channels=("science",), unit="grey level"),
            "unit grey level, the model blobs .* detector counts",
        ),
    ],
)
def test_samples_of_another_kind_are_refused_naming_both(
    layout: TensorColumn, message: str, blob_model: Model, blobs: Blobs
) -> None:
    samples = blobs(4, 4)
    samples.description = replace(samples.description, tensors={"cutouts": layout})
    with pytest.raises(SampleSetError, match=message):
        check_samples(blob_model, samples)


def test_column_that_is_absent_is_named(blob_model: Model, blobs: Blobs) -> None:
    samples = blobs(4, 4)
    samples.description = replace(samples.description, tensors={})
    with pytest.raises(SampleSetError, match="the model blobs takes 'cutouts'"):
        check_samples(blob_model, samples)


def test_test_samples_that_the_model_has_seen_are_told(
    blob_model: Model, blobs: Blobs, tmp_path: Path
) -> None:
    recipe, settings = recipe_of_trained(blob_model), fine_tune_settings(blob_model)
    same = blobs(150, 1).write(tmp_path / "same.parquet")
    other = blobs(150, 5).write(tmp_path / "other.parquet")
    settings = override(settings, {"splits.seed": 7})
    found = tuned_samples(blob_model, recipe, [same], settings).findings
    assert [each.kind for each in found] == ["seen-in-training"]
    assert not tuned_samples(blob_model, recipe, [other], settings).findings


def test_settings_are_gentler_than_those_of_the_model(blob_model: Model) -> None:
    whole, head = (
        fine_tune_settings(blob_model, FineTuningConfig(each)).training for each in ("whole", "head")
    )
    assert whole.learning_rate == pytest.approx(0.001)
    assert head.learning_rate == 0.01
    assert (whole.epochs, whole.batch_size, whole.warmup_epochs) == (30, 16, 0)


def test_blocks_of_shipped_models_and_of_members_of_sieves() -> None:
    assert [block.name for block in blocks_of_model(Model.load("braai-weak"))][-2:] == ["fc_1", "fc_out"]
    assert blocks_of_model(open_trained("streaks/rb-1"))[-1].name == "output"


def test_sieve_is_refused_with_its_members() -> None:
    with pytest.raises(ConfigurationError, match="streaks/rb-1"):
        open_trained("streaks")


def test_model_of_a_run_folder_is_opened(blob_model: Model) -> None:
    assert open_trained(blob_model.folder.parent).identity == blob_model.identity
    assert json.loads((blob_model.folder / "model.json").read_text())["recipe"] == "blobs"
