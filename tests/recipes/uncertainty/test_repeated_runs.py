"""Many runs of a recipe: what differs between them, what is never touched, and that done runs stay done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.run import TrainingRun
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty import runs as runs_module
from skysieve.recipes.uncertainty.bootstrap import bootstrap
from skysieve.recipes.uncertainty.label_noise import label_noise_curve
from skysieve.recipes.uncertainty.refits import recipe_of_model, refit
from skysieve.recipes.uncertainty.runs import RunTask, train_runs
from skysieve.recipes.uncertainty.score_model import scores_of
from skysieve.recipes.uncertainty.splits import spread_over_splits
from skysieve.samples import SampleSet
from skysieve.sources.simulators.samples import write_triplet_samples

pytestmark = pytest.mark.usefixtures("no_reports")
QUIET: dict[str, Any] = {"progress": False}


def never(*_: Any, **__: Any) -> Any:
    pytest.fail("trained again")


def test_splits_and_seeds_are_two_things(
    toy: Recipe, toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = spread_over_splits(toy, [toy_set], tmp_path, splits=2, seeds=2, **QUIET)
    scored = {
        (split, seed): ScoredSamples.read(tmp_path / f"split_{split}_seed_{seed}" / "scores.parquet")
        for split in (0, 1)
        for seed in (0, 1)
    }
    np.testing.assert_array_equal(scored[0, 0].split, scored[0, 1].split)
    assert (scored[0, 0].split != scored[1, 0].split).any()
    assert (scored[0, 0].scores != scored[0, 1].scores).any()
    for each in scored.values():
        parts = [set(each.groups[each.split == name]) for name in ("train", "validation", "test")]
        assert sum(map(len, parts)) == len(set.union(*parts))
    stored = json.loads(found.written.table.read_text())["results"]
    assert np.shape(stored["values"]["roc_auc"]) == (2, 2)
    assert found.components["accuracy"].runs == 4
    assert "Two sources of spread" in found.written.report.read_text()
    monkeypatch.setattr(runs_module, "train_samples", never)
    again = spread_over_splits(toy, [toy_set], tmp_path, splits=2, seeds=2, **QUIET)
    np.testing.assert_array_equal(again.values["roc_auc"], found.values["roc_auc"])


def test_label_noise_leaves_the_test_split_alone(
    toy: Recipe, toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = {"fractions": [0.2], "source": "bogus", "target": "real", "seed": 4}
    found = label_noise_curve(toy, [toy_set], tmp_path, **noise, **QUIET)
    clean, noisy = (
        ScoredSamples.read(tmp_path / name / "scores.parquet") for name in ("noise_0", "noise_0.2")
    )
    true = SampleSet.open(toy_set).labels
    np.testing.assert_array_equal(clean.labels, true)
    wrong = noisy.labels != true
    assert set(noisy.split[wrong]) == {"train", "validation"}
    assert set(true[wrong]) == {0}
    for part in ("train", "validation"):
        inside = noisy.split == part
        assert wrong[inside].sum() == round(0.2 * inside.sum())
    assert [point.fraction for point in found.points] == [0, 0.2]
    assert found.points[1].wrong == wrong.sum()
    assert all(change.value == 0 for change in found.points[0].change.values())
    lost = found.points[1].change["roc_auc"].value
    assert lost == pytest.approx(
        found.points[1].figures["roc_auc"].value - found.points[0].figures["roc_auc"].value
    )
    assert found.plot.read_text().startswith("<svg")
    model = json.loads((tmp_path / "noise_0.2" / "model" / "model.json").read_text())
    assert "0.2 of those of training and validation made wrong" in model["labels"]
    monkeypatch.setattr(runs_module, "train_samples", never)
    assert label_noise_curve(toy, [toy_set], tmp_path, **noise, **QUIET).points == found.points


def test_clean_validation_has_the_same_noise_in_training_alone(
    toy: Recipe, toy_set: Path, tmp_path: Path
) -> None:
    noise = {"fractions": [0.2], "seed": 4, **QUIET}
    both, alone = tmp_path / "both", tmp_path / "alone"
    label_noise_curve(toy, [toy_set], both, **noise)
    found = label_noise_curve(toy, [toy_set], alone, clean_validation=True, **noise)
    spoilt, spared = (ScoredSamples.read(place / "noise_0.2" / "scores.parquet") for place in (both, alone))
    true, train = SampleSet.open(toy_set).labels, spared.split == "train"
    np.testing.assert_array_equal(spared.labels[train], spoilt.labels[train])
    np.testing.assert_array_equal(spared.labels[~train], true[~train])
    assert (spoilt.labels[~train] != true[~train]).any()
    assert found.points[1].wrong == (spared.labels != true).sum() == round(0.2 * train.sum())
    stored = json.loads(found.written.table.read_text())
    assert stored["settings"]["clean_validation"] is True
    assert "Labels of training are made wrong" in found.written.report.read_text()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fractions": [1.2]}, ConfigurationError, "a fraction is 1.2; expected a fraction from 0 to 1"),
        ({"fractions": []}, ConfigurationError, "at least one fraction above 0"),
        ({"source": "bogus"}, ConfigurationError, "name both classes"),
        ({"source": "bogos", "target": "real"}, UnknownNameError, "did you mean 'bogus'"),
        (
            {"fractions": [0.9], "source": "bogus", "target": "real"},
            ConfigurationError,
            "largest fraction is",
        ),
        ({"repeats": 0}, ConfigurationError, "repeats is 1 or more"),
        ({"workers": 0}, ConfigurationError, "workers is 1 or more"),
        ({"workers": 2}, ConfigurationError, "the recipe toy is not registered"),
    ],
)
def test_noise_that_cannot_be(
    options: dict[str, Any], error: type[Exception], message: str, toy: Recipe, toy_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        label_noise_curve(toy, [toy_set], tmp_path, **options, **QUIET)
    assert not list(tmp_path.iterdir())


def test_a_curve_says_what_its_labels_are_and_how_its_runs_differ_from_the_recipe(
    toy: Recipe, toy_set: Path, tmp_path: Path
) -> None:
    samples = SampleSet.open(toy_set)
    place = samples.with_columns({}, label_origin="SIMULATED: drawn.").write(tmp_path / "simulated.parquet")
    settings = override(toy.configuration, {"training.epochs": 1})
    found = label_noise_curve(toy, [place], tmp_path / "noise", settings, fractions=[0.2], **QUIET)
    assert found.written.disclosure == "SIMULATED: drawn."
    # The curve may be shown without its page.
    assert "SIMULATED: drawn." in found.plot.read_text()
    stored = json.loads(found.written.table.read_text())["settings"]
    assert stored["training.epochs"] == 1
    assert "training.batch_size" not in stored
    assert "training.epochs" in found.written.report.read_text()


def test_votes_know_no_wrong_labels(toy: Recipe, toy_set: Path, tmp_path: Path) -> None:
    settings = override(toy.configuration, {"training.loss": "partial"})
    with pytest.raises(ConfigurationError, match="wrong labels mean nothing to the loss 'partial'"):
        label_noise_curve(toy, [toy_set], tmp_path, settings, **QUIET)


def test_samples_of_one_class_are_refused(toy: Recipe, toy_set: Path, tmp_path: Path) -> None:
    samples = SampleSet.open(toy_set)
    place = samples.select(samples.labels == 1).write(tmp_path / "one.parquet")
    with pytest.raises(SampleSetError, match="are of class 1"):
        label_noise_curve(toy, [place], tmp_path / "noise", **QUIET)


def test_refits_resample_groups_and_keep_the_test_split(
    toy: Recipe, toy_set: Path, toy_run: TrainingRun, tmp_path: Path
) -> None:
    samples = toy_run.split.samples
    settings = override(toy.configuration, {"network.members": 1})
    refits = refit(toy, [toy_set], samples, tmp_path, settings, refits=2, **QUIET)
    test = samples.ids[samples.split_rows("test")].tolist()
    assert [each.ids.tolist() for each in refits] == [test, test]
    whole = [ScoredSamples.read(tmp_path / f"refit_{number}" / "scores.parquet") for number in (0, 1)]
    for each in whole:
        drawn = each.groups[each.split == "train"]
        kept = set(samples.groups[samples.split_rows("train")])
        assert set(drawn) < kept
        assert len(drawn) == 2 * len(kept)
        assert len(np.unique(each.ids)) == len(each.ids)
    assert sorted(whole[0].groups.tolist()) != sorted(whole[1].groups.tolist())
    found = bootstrap(scores_of(toy_run.folder, [], tmp_path), tmp_path, replicates=40, refits=refits)
    assert found.refits is not None
    assert len(found.refits.values["roc_auc"]) == 2
    assert found.refits.intervals["roc_auc"].value == found.by_group["roc_auc"].value
    assert "deviation of refits" in found.written.report.read_text()


def test_refits_need_a_split_and_a_recipe(
    toy: Recipe, toy_set: Path, toy_run: TrainingRun, tmp_path: Path
) -> None:
    samples = SampleSet.open(toy_set)
    with pytest.raises(SampleSetError, match="refits need to know what it learned from"):
        refit(toy, [toy_set], samples, tmp_path, toy.configuration, refits=2, **QUIET)
    with pytest.raises(ConfigurationError, match="1 refits"):
        refit(toy, [toy_set], samples, tmp_path, toy.configuration, refits=1, **QUIET)
    with pytest.raises(ConfigurationError, match="does not say by which recipe"):
        recipe_of_model(toy_run.model)


def test_another_run_is_not_taken_for_done(toy: Recipe, toy_set: Path, tmp_path: Path) -> None:
    samples = SampleSet.open(toy_set)
    (first,) = train_runs(toy, [toy_set], samples, tmp_path, [RunTask("run", toy.configuration)], **QUIET)
    other = override(toy.configuration, {"evaluation.replicates": 30})
    (again,) = train_runs(toy, [toy_set], samples, tmp_path, [RunTask("run", other)], **QUIET)
    assert again.figures["roc_auc"].replicates == 30
    assert again.figures["roc_auc"].value == first.figures["roc_auc"].value
    other = override(toy.configuration, {"training.learning_rate": 0.02})
    with pytest.raises(ConfigurationError, match="is of another run"):
        train_runs(toy, [toy_set], samples, tmp_path, [RunTask("run", other)], **QUIET)


@pytest.mark.parametrize("counts", [{"splits": 1}, {"seeds": 1}])
def test_one_run_has_no_spread(counts: dict[str, int], toy: Recipe, toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="2 or more of each"):
        spread_over_splits(toy, [toy_set], tmp_path, **counts, **QUIET)


@pytest.mark.slow
def test_runs_in_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    braai = RECIPES.get("braai")
    place = write_triplet_samples(tmp_path / "samples.parquet", n=100, seed=1)
    tiny = {"network.name": "compact", "training.epochs": 1, "evaluation.replicates": 10}
    settings = override(braai.configuration, {**tiny, "training.threads": 1})
    options: dict[str, Any] = {"fractions": [0.2], **QUIET}
    found = label_noise_curve(braai, [place], tmp_path / "runs", settings, workers=2, **options)
    assert [point.wrong for point in found.points] == [0, 18]
    monkeypatch.setattr(runs_module, "train_samples", never)
    again = label_noise_curve(braai, [place], tmp_path / "runs", settings, workers=1, **options)
    assert again.points[1].figures["roc_auc"] == found.points[1].figures["roc_auc"]
