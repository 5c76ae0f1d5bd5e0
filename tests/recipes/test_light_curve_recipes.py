"""Recipes of light curves: curves go through train, evaluate and the model folder, by every reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.configuration import override, parse_assignments
from skysieve.errors import ConfigurationError, ContractError, ModelError, SampleSetError
from skysieve.models import Model, check_model
from skysieve.models.readings import read_inputs
from skysieve.models.rebuild import build_network
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.sample_set import write_features
from skysieve.preprocess.dmdt.sample_set import write_dmdt
from skysieve.recipes import run as run_module
from skysieve.recipes.configuration import SplitConfig
from skysieve.recipes.evaluate import evaluate_model
from skysieve.recipes.fine_tune import fine_tune, fine_tune_settings
from skysieve.recipes.light_curve_samples import prepare_light_curves
from skysieve.recipes.model_samples import prepare_for_model
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_recipe
from skysieve.recipes.split_samples import split_samples
from skysieve.recipes.uncertainty.strangers import strangers
from skysieve.samples import SampleSet
from skysieve.samples.light_curves import LightCurves
from skysieve.sources.simulators.light_curves.samples import write_light_curve_samples

KINDS = {"RRab": 0.4, "EA": 0.3, "LPV": 0.3}
QUICK: dict[str, Any] = {
    "training.warmup_epochs": 0,
    "training.epochs": 1,
    "training.threads": 1,
    "training.precision": "float32",
    "calibration.method": "temperature",
    "evaluation.replicates": 10,
}
SMALL: dict[str, dict[str, Any]] = {
    "dmdt": {"network.arguments": {"width": 4}},
    "lightcurve-features": {"network.arguments": {"max_iter": 10}, "features.sets": ["statistics"]},
    "gru-d": {"network.arguments": {"hidden": 4}, "sequence.keep": [0.1, 0.2]},
    "static-rnn": {"network.arguments": {"hidden": 4}},
    "naul": {"network.arguments": {"hidden": 4, "layers": 1, "embedding": 4}, "sequence.fold": "period"},
}


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("curves") / "curves.parquet"
    write_light_curve_samples(path, n=150, seed=3, kinds=KINDS)
    return path


@pytest.fixture(scope="module")
def models(curves: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
        for name, small in SMALL.items():
            recipe = RECIPES.get(name)
            folder = tmp_path_factory.mktemp(name)
            settings = override(recipe.configuration, QUICK | small)
            made[name] = train_recipe(recipe, [curves], folder, settings, progress=False).model
    return made


@pytest.mark.parametrize("name", SMALL)
def test_a_model_of_light_curves_is_whole(name: str, models: dict[str, Model], curves: Path) -> None:
    model = models[name]
    assert model.description.classes == ("EA", "RRab", "LPV")
    outcomes = {check.name: check.outcome for check in check_model(model)}
    assert set(outcomes.values()) <= {"passed", "not run"}
    assert outcomes["agreement"] == ("not run" if name == "lightcurve-features" else "passed")
    samples = SampleSet.open(curves)
    scores = model.predict(read_inputs(model.description.contract, samples))
    assert scores.shape == (150, 3)
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_the_score_of_a_curve_does_not_depend_on_its_neighbours(
    name: str, models: dict[str, Model], curves: Path
) -> None:
    model, samples = models[name], SampleSet.open(curves)
    contract, rows = model.description.contract, np.array([77, 3, 140])
    together = model.predict(read_inputs(contract, samples))[rows]
    alone = np.concatenate([model.predict(read_inputs(contract, samples, np.array([row]))) for row in rows])
    np.testing.assert_allclose(alone, together, atol=2e-6)


@pytest.mark.parametrize("name", SMALL)
def test_evaluation_repeats_the_figures_of_the_run(
    name: str, models: dict[str, Model], curves: Path, tmp_path: Path
) -> None:
    model = models[name]
    found = evaluate_model(model, [curves], tmp_path, split="test")
    told = model.description.figures["test"]
    assert found.figures["accuracy"]["value"] == pytest.approx(told["accuracy"]["value"])
    assert found.figures["log_loss"]["value"] == pytest.approx(told["log_loss"]["value"], abs=1e-5)
    assert found.report.is_file()


def test_classes_go_by_their_names(models: dict[str, Model], curves: Path, tmp_path: Path) -> None:
    model, samples = models["dmdt"], SampleSet.open(curves)
    turned = samples.with_columns(
        {"label": (len(samples.classes) - 1 - samples.labels).tolist()}, classes=samples.classes[::-1]
    )
    turned.write(tmp_path / "turned.parquet")
    first = evaluate_model(model, [curves], tmp_path / "a")
    second = evaluate_model(model, [tmp_path / "turned.parquet"], tmp_path / "b")
    assert first.figures["accuracy"] == second.figures["accuracy"]


def test_images_and_features_made_before_serve_as_well(
    models: dict[str, Model], curves: Path, tmp_path: Path
) -> None:
    write_dmdt(SampleSet.open(curves), tmp_path / "dmdt.parquet")
    features = RECIPES.get("lightcurve-features").configuration.features
    write_features(curves, tmp_path / "features.parquet", replace(features, sets=("statistics",)))
    for name, other in (("dmdt", "dmdt.parquet"), ("lightcurve-features", "features.parquet")):
        contract = models[name].description.contract
        ours, theirs = (read_inputs(contract, SampleSet.open(path)) for path in (curves, tmp_path / other))
        np.testing.assert_allclose(ours[:], theirs[:], rtol=1e-6)


def test_images_with_other_bins_are_refused(models: dict[str, Model], curves: Path, tmp_path: Path) -> None:
    write_dmdt(
        SampleSet.open(curves),
        tmp_path / "dmdt.parquet",
        override(RECIPES.get("dmdt").configuration.dmdt, {"normalisation": "counts"}),
    )
    with pytest.raises(ContractError, match="made with normalisation counts, the model expects published"):
        read_inputs(models["dmdt"].description.contract, SampleSet.open(tmp_path / "dmdt.parquet"))


def test_images_made_of_curves_in_another_unit_are_refused(models: dict[str, Model], tmp_path: Path) -> None:
    write_light_curve_samples(tmp_path / "fluxes.parquet", n=5, seed=3, kinds=KINDS, flux=True)
    write_dmdt(SampleSet.open(tmp_path / "fluxes.parquet"), tmp_path / "dmdt.parquet")
    with pytest.raises(ContractError, match=r"made of light curves in nJy, the model learned .* in mag"):
        read_inputs(models["dmdt"].description.contract, SampleSet.open(tmp_path / "dmdt.parquet"))


def test_features_that_are_missing_are_named(models: dict[str, Model], curves: Path, tmp_path: Path) -> None:
    features = RECIPES.get("lightcurve-features").configuration.features
    write_features(curves, tmp_path / "features.parquet", replace(features, sets=("periods",)))
    with pytest.raises(ContractError, match=r"lack \d+ of the \d+ features .* first is 'n_points_V'"):
        read_inputs(
            models["lightcurve-features"].description.contract, SampleSet.open(tmp_path / "features.parquet")
        )


def test_settings_that_a_set_made_before_does_not_hold_are_refused(curves: Path, tmp_path: Path) -> None:
    write_dmdt(SampleSet.open(curves), tmp_path / "dmdt.parquet")
    write_features(curves, tmp_path / "features.parquet", FeatureConfiguration(sets=("statistics",)))
    for name, other, changed, message in (
        ("dmdt", "dmdt.parquet", {"dmdt.normalisation": "l2"}, "dmdt.normalisation is l2, .* published"),
        ("lightcurve-features", "features.parquet", {"features.sets": ["periods"]}, r"features.sets is \["),
    ):
        recipe = RECIPES.get(name)
        settings = override(recipe.configuration, changed)
        samples = recipe.prepare([tmp_path / other], settings)
        with pytest.raises(ConfigurationError, match=message):
            recipe.of_samples(samples, settings)
        assert recipe.of_samples(samples, recipe.configuration).contract.reading


def test_equalised_bins_are_made_of_training_curves_alone(curves: Path) -> None:
    recipe, samples = RECIPES.get("dmdt"), SampleSet.open(curves)
    settings = override(recipe.configuration, {"dmdt.bins": "equalised"})
    with pytest.raises(SampleSetError, match="training curves only, and the set has no split"):
        recipe.of_samples(samples, settings)
    split = np.where(np.arange(len(samples)) < 60, "train", "test")
    whole = samples.with_columns({"split": split.tolist()})
    found, alone = (
        recipe.of_samples(each, settings).contract for each in (whole, whole.select(split == "train"))
    )
    assert found.reading["dm_edges"] == alone.reading["dm_edges"]
    assert found.reading["dt_edges"] == alone.reading["dt_edges"]


def test_a_model_of_dmdt_images_learns_on_from_light_curves(
    models: dict[str, Model], curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "write_model_report", lambda path, *_, **__: path)
    begun, samples = models["dmdt"], SampleSet.open(curves)
    turned = samples.with_columns(
        {"label": (len(samples.classes) - 1 - samples.labels).tolist()}, classes=samples.classes[::-1]
    )
    turned.write(tmp_path / "turned.parquet")
    settings = override(fine_tune_settings(begun), QUICK)
    run = fine_tune(begun, [tmp_path / "turned.parquet"], tmp_path / "run", None, settings, progress=False)
    assert run.model.description.contract == begun.description.contract
    assert run.model.description.classes == begun.description.classes
    assert evaluate_model(run.model, [curves], tmp_path / "judged").figures["accuracy"]


@pytest.mark.parametrize("name", ["naul", "lightcurve-features"])
def test_what_is_no_network_of_images_says_that_it_is_not_fine_tuned(
    name: str, models: dict[str, Model]
) -> None:
    with pytest.raises(ConfigurationError, match=f"networks of images alone are fine-tuned.* train {name}"):
        fine_tune_settings(models[name])


def test_strangers_are_found_among_light_curves(
    models: dict[str, Model], curves: Path, tmp_path: Path
) -> None:
    samples = SampleSet.open(curves)
    samples.select(np.arange(20)).write(tmp_path / "others.parquet")
    options: dict[str, Any] = {"replicates": 10, "progress": False}
    found = strangers(models["dmdt"], [curves], [tmp_path / "others.parquet"], tmp_path / "a", **options)
    assert found.written.table.is_file()
    with pytest.raises(ContractError, match=r"takes sequences of .*, whose lengths differ"):
        strangers(models["gru-d"], [curves], [tmp_path / "others.parquet"], tmp_path / "b", **options)


def test_weights_that_know_other_bins_or_bands_are_no_start(
    models: dict[str, Model], curves: Path, tmp_path: Path
) -> None:
    recipe = RECIPES.get("dmdt")
    changed = override(recipe.configuration, QUICK | SMALL["dmdt"] | {"dmdt.normalisation": "l2"})
    start = models["dmdt"].folder
    with pytest.raises(ConfigurationError, match="normalisation published, the run with l2"):
        train_recipe(recipe, [curves], tmp_path / "run", changed, start=start, progress=False)


def test_trees_have_no_network_to_learn_on_from(models: dict[str, Model]) -> None:
    with pytest.raises(ModelError, match="ensemble of trees"):
        build_network(models["lightcurve-features"].description)


def test_curves_without_points_are_left_out_by_name(tmp_path: Path) -> None:
    curves = LightCurves.from_lists(
        [[1.0, 2.0], [], [3.0, 4.0]], [[5.0, 6.0], [], [7.0, 8.0]], ids=list("abc")
    )
    path = tmp_path / "curves.parquet"
    curves.samples().with_columns({"label": [0, 1, 1]}, classes=("x", "y")).write(path)
    samples = prepare_light_curves([path], RECIPES.get("dmdt").configuration.labels)
    assert samples.ids.tolist() == ["a", "c"]
    assert [(finding.item, finding.kind) for finding in samples.findings] == [("b", "no-points")]


def test_curves_without_a_period_cost_themselves(
    models: dict[str, Model], curves: Path, tmp_path: Path
) -> None:
    samples = SampleSet.open(curves)
    periods = samples.scalar("period").astype(float)
    periods[[5, 9]] = [np.nan, -1.0]
    samples.with_columns({"period": periods}).write(tmp_path / "some.parquet")
    found = prepare_for_model(models["naul"], [tmp_path / "some.parquet"])
    assert [(each.item, each.kind) for each in found.findings if each.kind == "no-period"] == [
        (str(samples.ids[row]), "no-period") for row in (5, 9)
    ]
    settings = override(RECIPES.get("naul").configuration, SMALL["naul"])
    np.testing.assert_array_equal(
        RECIPES.get("naul").prepare([tmp_path / "some.parquet"], settings).ids, found.ids
    )
    assert len(found) == len(samples) - 2


def test_empty_dmdt_images_are_no_dishonest_split(curves: Path, tmp_path: Path) -> None:
    samples = SampleSet.open(curves)
    short = LightCurves.of(samples)
    counts = np.where(np.arange(len(short)) % 5 == 0, 1, short.counts)
    first = np.arange(len(short.time)) - np.repeat(short.offsets[:-1], short.counts)
    kept = short.keep(first < np.repeat(counts, short.counts))
    split = np.array(["train", "train", "validation", "test"])[np.arange(len(short)) % 4]
    columns: dict[str, Any] = {"label": samples.labels.tolist(), "split": split.tolist()}
    write_dmdt(kept.samples(columns, classes=samples.classes), tmp_path / "dmdt.parquet")
    recipe = RECIPES.get("dmdt")
    images = recipe.prepare([tmp_path / "dmdt.parquet"], recipe.configuration)
    contract = recipe.of_samples(images, recipe.configuration).contract
    found = split_samples(images, contract, SplitConfig(), tmp_path)
    severities = {each.severity for each in found.findings if each.kind == "duplicate-across-splits"}
    assert severities == {"warning"}
    with pytest.raises(SampleSetError, match="the split is not honest"):
        split_samples(images, replace(contract, reading={}), SplitConfig(), tmp_path)


def test_networks_of_sequences_warn_of_fluxes(curves: Path, tmp_path: Path) -> None:
    time = [[1.0, 2.0, 4.0]] * 2
    made = LightCurves.from_lists(time, [[9e4, 8e4, 7e4]] * 2, quantity="flux", unit="nJy")
    made.samples({"label": [0, 1]}, classes=("EA", "EW")).write(tmp_path / "fluxes.parquet")
    recipe = RECIPES.get("gru-d")
    for path, expected in ((tmp_path / "fluxes.parquet", ["fluxes"]), (curves, [])):
        found = recipe.prepare([path], recipe.configuration).findings
        warnings = [each for each in found if each.kind == "fluxes"]
        assert [each.kind for each in warnings] == expected
    found = recipe.prepare([tmp_path / "fluxes.parquet"], recipe.configuration).findings
    setting = found[0].reason.split("--set ")[1].removesuffix(")").replace("'", "")
    told = override(recipe.configuration, parse_assignments([setting]))
    assert told.network.arguments == {"hidden": 48, "level": [8e4, 8160.0]}
    assert not recipe.prepare([tmp_path / "fluxes.parquet"], told).findings


def test_one_class_is_not_enough(curves: Path, tmp_path: Path) -> None:
    samples = SampleSet.open(curves)
    samples.select(samples.labels == samples.labels[0]).write(tmp_path / "one.parquet")
    with pytest.raises(SampleSetError, match="needs two classes or more"):
        train_recipe(RECIPES.get("dmdt"), [tmp_path / "one.parquet"], tmp_path / "run", progress=False)


def test_a_table_of_points_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("star,mjd,mag\na,1,2\n")
    with pytest.raises(ConfigurationError, match="`skysieve samples curves` makes one"):
        train_recipe(RECIPES.get("gru-d"), [tmp_path / "points.csv"], tmp_path / "run", progress=False)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("gru-d", {"sequence.fold": "period"}, "does not read folded curves"),
        ("gru-d", {"sequence.errors": True}, "cannot be made into columns|does not read errors"),
        ("naul", {"network.arguments": {"errors": False}}, "network.arguments.errors is False"),
        ("naul", {"sequence.fold": "perjod"}, "no column 'perjod'"),
        ("naul", {"network.name": "boosting"}, "takes features, one row a sample"),
        ("lightcurve-features", {"preprocess": ["nan-to-num"]}, "has no preprocessing"),
    ],
)
def test_settings_that_contradict_each_other(
    name: str, settings: dict[str, Any], message: str, curves: Path, tmp_path: Path
) -> None:
    recipe = RECIPES.get(name)
    wrong = override(recipe.configuration, QUICK | SMALL[name] | settings)
    with pytest.raises((ConfigurationError, SampleSetError), match=message):
        train_recipe(recipe, [curves], tmp_path, wrong, progress=False)
