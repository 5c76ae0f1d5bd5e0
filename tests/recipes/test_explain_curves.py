"""Explaining models of light curves: points of sequences, features of tables, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.configuration import override
from skysieve.errors import ConfigurationError
from skysieve.explanation import attribute_sequences
from skysieve.models import InputContract, Model, ModelDescription, save_model
from skysieve.models.model import WEIGHTS
from skysieve.models.readings import read_inputs
from skysieve.models.rebuild import build_network
from skysieve.recipes import run as run_module
from skysieve.recipes.explain import ExplainConfig, SanityConfig, explain_samples
from skysieve.recipes.feature_effects import feature_effects
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_recipe
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.sources.simulators.light_curves.samples import write_light_curve_samples

torch.set_num_threads(1)

FEW = ExplainConfig(high=0.2, shown=2, replicates=20, sanity=SanityConfig(networks=1, samples=6))
CLASSES = ("RRab", "EA", "LPV")


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("curves") / "curves.parquet"
    return write_light_curve_samples(path, n=60, seed=3, kinds={"RRab": 0.4, "EA": 0.3, "LPV": 0.3})


def sequence_model(folder: Path, reading: dict[str, Any], channels: tuple[str, ...]) -> Model:
    """Save a network of sequences that nobody trained."""
    kind = {"kind": "light-curve-steps", "bands": "none"} if reading else {}
    description = ModelDescription(
        name="sequences",
        summary="A network that has learned nothing.",
        classes=CLASSES if reading else ("object", "artefact"),
        contract=InputContract(
            (None, len(channels)),
            channels,
            column="steps" if reading else "embedding",
            smaller="refuse",
            reading=kind | reading,
        ),
        preprocess=[],
        network={
            "name": "recurrent" if reading else "frame-statistics",
            "outputs": 3 if reading else 1,
            "arguments": {"hidden": 4},
        },
        calibration={"kind": "softmax" if reading else "sigmoid"},
        recipe="gru-d",
    )
    torch.manual_seed(3)
    return save_model(folder, build_network(description).eval(), description)


@pytest.fixture(scope="module")
def folded_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    reading = {"fold": "period", "fold_factor": 2.0, "errors": True}
    channels = ("phase", "value", "error", "log10 of the period")
    return sequence_model(tmp_path_factory.mktemp("folded") / "model", reading, channels)


@pytest.fixture(scope="module")
def features_model(curves: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    recipe = RECIPES.get("lightcurve-features")
    small = {
        "network.arguments": {"max_iter": 20},
        "features.sets": ["statistics"],
        "evaluation.replicates": 5,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
        folder = tmp_path_factory.mktemp("features")
        settings = override(recipe.configuration, small)
        return train_recipe(recipe, [curves], folder, settings, progress=False).model


@pytest.fixture(scope="module")
def wavy(curves: Path) -> SampleSet:
    """Return curves with a period for each: that of the variation, or a day."""
    samples = SampleSet.open(curves)
    periods = np.nan_to_num(samples.scalar("period").astype(float), nan=1.0)
    return samples.with_columns({"period": np.where(periods > 0, periods, 1.0)})


def test_every_point_of_a_folded_curve_gets_its_attribution(
    folded_model: Model, wavy: SampleSet, tmp_path: Path
) -> None:
    run = explain_samples(folded_model, wavy, tmp_path, settings={"steps": 8}, config=FEW, sanity=True)
    assert (run.method, run.samples) == ("integrated-gradients", 60)
    maps = SampleSet.open(run.maps)
    assert {"time", "value", "error", "attribution"} <= set(maps.description.tensors)
    assert maps.description.tensors["attribution"].unit == "logits"
    sequences = read_inputs(folded_model.description.contract, wavy)
    network = build_network(folded_model.description, folded_model.folder / WEIGHTS)
    expected = attribute_sequences(
        network, sequences, columns=(1,), target=maps.scalar("target"), steps=8
    ).steps
    offsets = sequences.offsets
    for row, (value, found) in enumerate(zip(maps.ragged("value"), maps.ragged("attribution"), strict=True)):
        # In another order than the network reads them: the pairs of value and attribution are the same.
        read = sequences.steps[offsets[row] : offsets[row + 1], 1]
        pairs = sorted(zip(read.tolist(), expected[row].tolist(), strict=True))
        stored = sorted(zip(value.astype(np.float32).tolist(), found.tolist(), strict=True))
        np.testing.assert_allclose(stored, pairs, atol=1e-5)
    assert run.figures.compared == 6
    assert -1 <= run.figures.similarity["rank_correlation"].value <= 1


def test_the_gallery_draws_curves_folded_and_says_what_colours_are(
    folded_model: Model, wavy: SampleSet, tmp_path: Path
) -> None:
    run = explain_samples(folded_model, wavy, tmp_path, settings={"steps": 2}, config=FEW, sanity=True)
    page = run.page.read_text(encoding="utf-8")
    assert page.count('shown twice" viewBox') == page.count('class="sample"') > 2
    assert "RRab: right" in page
    assert "blue diamonds against it" in page
    assert "Rank correlation of the points" in page
    assert "SIMULATED" in page
    assert "pixel" not in page.split("</style>")[-1]


def test_attributions_do_not_depend_on_the_batch(
    folded_model: Model, wavy: SampleSet, tmp_path: Path
) -> None:
    found = []
    for batch in (64, 7):
        config = ExplainConfig(batch=batch, limit=20, replicates=5, target="EA")
        run = explain_samples(folded_model, wavy, tmp_path / str(batch), settings={"steps": 4}, config=config)
        found.append(np.concatenate(SampleSet.open(run.maps).ragged("attribution")))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5 * np.abs(found[0]).max() + 1e-8)


def test_periods_that_are_searched_for_put_points_in_the_same_order(curves: Path, tmp_path: Path) -> None:
    channels = ("phase", "value", "log10 of the period")
    model = sequence_model(tmp_path / "model", {"fold": "search"}, channels)
    samples = SampleSet.open(curves)
    config = ExplainConfig(limit=4, replicates=5)
    run = explain_samples(model, samples, tmp_path / "out", "saliency", config=config)
    maps = SampleSet.open(run.maps)
    rows = np.flatnonzero(np.isin(samples.ids, maps.ids))
    sequences = read_inputs(model.description.contract, samples, rows)
    network = build_network(model.description, model.folder / WEIGHTS)
    expected = attribute_sequences(network, sequences, "saliency", columns=(1,), target=maps.scalar("target"))
    for found, steps in zip(maps.ragged("attribution"), expected.steps, strict=True):
        np.testing.assert_allclose(np.sort(found), np.sort(steps), rtol=1e-3, atol=1e-7)


def test_frames_are_explained_as_bars(tmp_path: Path) -> None:
    channels = tuple(f"mu_{number}" for number in range(8))
    model = sequence_model(tmp_path / "model", {}, channels)
    rng = np.random.default_rng(0)
    samples = SampleSet.from_columns(
        {
            "id": np.arange(8),
            "group": np.arange(8),
            "label": np.arange(8) % 2,
            "embedding": [rng.normal(size=(n, 8)).astype(np.float32) for n in range(3, 11)],
        },
        Description({"embedding": TensorColumn((None, 8))}, classes=("object", "artefact")),
    )
    config = ExplainConfig(low=0.5, high=0.5, replicates=5)
    run = explain_samples(model, samples, tmp_path / "out", config=config)
    assert [len(each) for each in SampleSet.open(run.maps).ragged("attribution")] == list(range(3, 11))
    assert json.loads(run.table.read_text())["method"]["baseline"] == "zeros"
    assert "what each of" in run.page.read_text()


def test_what_a_model_of_sequences_cannot_is_refused(
    folded_model: Model, wavy: SampleSet, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="use integrated-gradients or saliency instead"):
        explain_samples(folded_model, wavy, tmp_path / "no", "grad-cam")
    with pytest.raises(ConfigurationError, match="no setting is called 'layer'"):
        explain_samples(folded_model, wavy, tmp_path / "no", settings={"layer": "conv1"})
    assert not (tmp_path / "no").exists()


def test_effects_of_features_are_exact(features_model: Model, curves: Path, tmp_path: Path) -> None:
    config = ExplainConfig(high=0.4, shown=2, target="EA")
    settings = {"background": 5, "repeats": 2}
    run = explain_samples(features_model, curves, tmp_path, settings=settings, config=config, split="test")
    maps = SampleSet.open(run.maps)
    assert run.method == "occlusion"
    assert maps.description.tensors["effect"].channels == features_model.description.contract.channels
    values, effects = maps.tensor("features"), maps.tensor("effect")
    drawn = np.random.default_rng(config.seed).choice(len(values), 6, replace=False)
    row, feature = 2, int(np.abs(effects[2]).argmax())
    others = drawn[drawn != row][:5]
    changed = np.repeat(values[row : row + 1], 5, axis=0)
    changed[:, feature] = values[others, feature]
    of_class = features_model.description.classes.index("EA")
    expected = features_model.predict(values[row : row + 1])[0, of_class]
    expected -= features_model.predict(changed)[:, of_class].mean()
    assert effects[row, feature] == pytest.approx(expected, abs=1e-6)
    told = json.loads(run.table.read_text())
    assert len(told["importances"]["importances"]) == values.shape[1]
    assert not run.findings
    page = run.page.read_text()
    assert "Features over all samples" in page
    assert page.count("<rect") == 8 * page.count('class="sample"') > 0


def test_a_feature_that_alone_decides_is_found() -> None:
    def predict(values: np.ndarray) -> np.ndarray:
        return np.where(np.nan_to_num(values[:, 3]) > 0, 0.9, 0.2)

    background = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    background[:10] = np.nan
    sample = np.ones(6, dtype=np.float32)
    effects = feature_effects(predict, sample, background, 1)
    assert np.flatnonzero(effects).tolist() == [3]
    share = (np.nan_to_num(background[:, 3]) > 0).mean()
    assert effects[3] == pytest.approx(0.7 * (1 - share))
    np.testing.assert_allclose(feature_effects(predict, sample, background, 0), -effects)


def test_without_labels_there_are_no_importances(features_model: Model, curves: Path, tmp_path: Path) -> None:
    samples = SampleSet.open(curves)
    unlabelled = samples.with_columns({"label": np.full(len(samples), -1)})
    run = explain_samples(features_model, unlabelled, tmp_path, config=ExplainConfig(limit=5))
    assert json.loads(run.table.read_text())["importances"] is None
    assert [finding.kind for finding in run.findings] == ["unlabelled"]


def test_what_a_model_of_features_cannot_is_refused(
    features_model: Model, curves: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="use occlusion instead"):
        explain_samples(features_model, curves, tmp_path / "no", "grad-cam")
    with pytest.raises(ConfigurationError, match="leave --sanity out"):
        explain_samples(features_model, curves, tmp_path / "no", sanity=True)
    with pytest.raises(ConfigurationError, match="expected at least 2"):
        explain_samples(features_model, curves, tmp_path / "no", settings={"background": 0})
    assert not (tmp_path / "no").exists()
