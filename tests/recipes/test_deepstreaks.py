"""The recipe of DeepStreaks: labels of the families, and a whole sieve from samples to report."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.joint_thresholds import joint_thresholds
from skysieve.evaluation.report_page import number_text
from skysieve.models.sieve import Sieve
from skysieve.recipes.deepstreaks import DEEPSTREAKS, FAMILIES, family_samples, joint_truth
from skysieve.recipes.evaluate_sieve import evaluate_sieve
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_samples
from skysieve.recipes.train_sieve import SieveRun, train_sieve
from skysieve.samples import SampleSet
from skysieve.sources.simulators.streaks.samples import write_streak_samples

torch.set_num_threads(1)
pytestmark = pytest.mark.xdist_group("deepstreaks")

SMALL = {
    "members": 1,
    "max_fpr": 0.2,
    "night": 1000,
    "model": {
        "preprocess": ["sky-noise-units"],
        "network": {"name": "streaknet"},
        "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
        "training": {"epochs": 2, "batch_size": 32, "precision": "float32", "threads": 1},
        "calibration": {"method": "none"},
        "evaluation": {"replicates": 20},
    },
}


@pytest.fixture(scope="module")
def streaks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_streak_samples(tmp_path_factory.mktemp("streaks") / "streaks.parquet", n=240, seed=3)


@pytest.fixture(scope="module")
def run(streaks: Path, tmp_path_factory: pytest.TempPathFactory) -> SieveRun:
    settings = override(DEEPSTREAKS.configuration, SMALL)
    return train_sieve(DEEPSTREAKS, [streaks], tmp_path_factory.mktemp("run"), settings, progress=False)


def test_published_areas_are_shown_with_their_five_digits() -> None:
    areas = {
        name: [number_text(each.published) for each in DEEPSTREAKS.families[name].published]
        for name in FAMILIES
    }
    assert areas == {
        "rb": ["0.99084", "0.99461", "0.99750"],
        "sl": ["0.98807", "0.99954", "0.99797"],
        "kd": ["0.98150", "0.99194", "0.99383"],
        "os": ["0.99428", "0.99658", "0.99789"],
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_asked_about_its_own_samples_only(streaks, family):
    samples = SampleSet.open(streaks)
    labelled = family_samples(samples, family)
    assert labelled.classes == RECIPES.get(f"deepstreaks-{family}").classes
    kinds = samples.scalar("kind")
    asked = labelled.labels >= 0
    if family == "sl":
        assert set(kinds[~asked]).isdisjoint({"asteroid", "satellite", "cosmic-ray", "composite"})
    elif family == "kd":
        assert set(kinds[~asked]) <= {"satellite", "satellite-flashes"}
        assert "satellite" in set(kinds[~asked])
    else:
        assert asked.all()
    real = np.isin(kinds, ["asteroid", "composite"])
    assert (labelled.labels[real] == 1).all()


def test_samples_without_the_labels_of_a_family_are_refused(streaks):
    samples = SampleSet.open(streaks)
    with pytest.raises(SampleSetError, match="no column 'xx'"):
        family_samples(samples, "xx")
    with pytest.raises(SampleSetError, match="none of 240 samples has a label"):
        family_samples(samples.with_columns({"sl": np.full(240, -1)}), "sl")


def test_the_run_leaves_a_sieve_with_thresholds_chosen_on_validation(run, streaks):
    sieve = Sieve.load(run.folder / "sieve")
    assert [member.name for member in sieve.members] == ["rb-1", "sl-1", "kd-1", "os-1"]
    assert {each.origin for each in sieve.thresholds.values()} == {"family"}
    assert sieve.rule == "plausible"
    assert sieve.labels.startswith("SIMULATED")
    samples = SampleSet.open(streaks)
    rows = np.flatnonzero(_split(run) == "validation")
    scores = sieve.score(samples.tensor("cutouts", rows=rows).astype(np.float32))
    families = {family: scores[f"{family}-1"] for family in ("rb", "sl", "kd")}
    expected = joint_thresholds(samples.scalar("os")[rows], families, max_fpr=0.2).values
    found = {family: sieve.thresholds[f"{family}-1"].value for family in families}
    assert found == pytest.approx(expected, abs=1e-3)


def _split(run: SieveRun) -> np.ndarray:
    return np.array(pq.read_table(run.folder / "rb-1" / "splits.parquet")["split"].to_pylist())


def test_every_member_saw_the_same_split(run):
    tables = [
        pq.read_table(run.folder / name / "splits.parquet", columns=["id", "split"]).to_pylist()
        for name in ("rb-1", "sl-1", "kd-1", "os-1")
    ]
    assert all(table == tables[0] for table in tables)


def test_the_figures_are_of_the_test_split_and_stand_in_the_sieve(run):
    assert run.evaluation.split == "test"
    assert run.evaluation.n == (_split(run) == "test").sum()
    assert Sieve.load(run.folder / "sieve").description.figures["test"] == run.figures
    assert "SIMULATED" in run.report.read_text()


def test_evaluating_the_saved_sieve_gives_the_same_verdicts_as_training(run, streaks, tmp_path):
    samples = SampleSet.open(streaks).with_columns({"split": _split(run)})
    samples.write(tmp_path / "split.parquet")
    judged = evaluate_sieve(run.sieve, [tmp_path / "split.parquet"], tmp_path / "judged", split="test")
    assert judged.evaluation.rule.confusion == run.evaluation.rule.confusion
    assert judged.report.exists()


def test_a_second_call_trains_nothing_and_changes_nothing(run, streaks):
    before = (run.folder / "sieve" / "sieve.json").read_bytes()
    settings = override(DEEPSTREAKS.configuration, SMALL)
    again = train_sieve(DEEPSTREAKS, [streaks], run.folder, settings, workers=2, progress=False)
    assert again.sieve.identity == run.sieve.identity
    assert (run.folder / "sieve" / "sieve.json").read_bytes() == before


def test_a_member_can_start_from_a_network_with_another_question(run, streaks, tmp_path):
    settings = override(DEEPSTREAKS.configuration, SMALL).model
    settings = override(settings, {"training": {"epochs": 1, "learning_rate": 1e-9}})
    start = run.folder / "rb-1" / "model"
    labelled = family_samples(SampleSet.open(streaks), "os")
    started = train_samples(
        RECIPES.get("deepstreaks-os"), labelled, tmp_path, settings, start=start, progress=False
    )
    before, after = (load_file(folder / "weights.safetensors") for folder in (start, started.model.folder))
    trained = [name for name in before if name.endswith("weight") and not name.startswith("output")]
    assert trained
    assert all(torch.allclose(before[name], after[name], atol=1e-5) for name in trained)
    assert not torch.allclose(before["output.weight"], after["output.weight"], atol=1e-3)


def test_the_sieve_says_what_its_thresholds_do_on_the_samples_that_chose_them(run, streaks):
    sieve = Sieve.load(run.folder / "sieve")
    samples = SampleSet.open(streaks)
    rows = np.flatnonzero(_split(run) == "validation")
    passed = sieve.decide(sieve.score(samples.tensor("cutouts", rows=rows).astype(np.float32)))
    fpr = passed["plausible"][samples.scalar("os")[rows] == 0].mean()
    account = sieve.description.provenance["thresholds"]["plausible"]
    assert f"FPR {fpr:.4f}" in account
    assert account.startswith("most complete" if fpr <= 0.2 else "fewest false positives")


def test_the_training_split_counts_as_seen_and_the_test_split_does_not(run, streaks, tmp_path):
    split = _split(run)
    every = evaluate_sieve(run.sieve, [streaks], tmp_path / "every")
    assert every.figures["samples_seen_in_training"] == (split != "test").sum()
    assert "flatter" in every.findings[0].reason
    test = evaluate_sieve(run.sieve, [streaks], tmp_path / "test", split="test")
    assert test.evaluation.n == (split == "test").sum()
    assert test.findings == ()


def test_the_truth_follows_from_the_families_where_nobody_gave_it(streaks):
    samples = SampleSet.open(streaks)
    given = joint_truth(samples)
    assert given.tolist() == samples.scalar("os").tolist()
    derived = joint_truth(samples.with_columns({"os": np.full(240, -1)}))
    assert derived.tolist() == given.tolist()
    unknown = samples.with_columns({"os": np.full(240, -1), "kd": np.full(240, -1)})
    assert set(joint_truth(unknown).tolist()) == {0, -1}


def test_labels_that_lack_are_missed_before_anything_is_trained(streaks, tmp_path):
    SampleSet.open(streaks).with_columns({"sl": np.full(240, -1)}).write(tmp_path / "unlabelled.parquet")
    with pytest.raises(SampleSetError, match="'sl'"):
        train_sieve(DEEPSTREAKS, [tmp_path / "unlabelled.parquet"], tmp_path / "run", progress=False)
    assert not list((tmp_path / "run").glob("*/training"))


def test_rules_that_need_an_untrained_family_are_left_out():
    assert DEEPSTREAKS.rules_of(("rb", "sl", "kd")) == {"plausible": ("rb", "sl", "kd")}
    assert set(DEEPSTREAKS.rules_of(DEEPSTREAKS.questions())) == {"plausible", "one-shot"}
    with pytest.raises(ConfigurationError, match="at least one rule"):
        DEEPSTREAKS.rules_of(("rb", "sl"))
    odd = dataclasses.replace(DEEPSTREAKS, rules={"some": {"at_least": 2, "of": "rb"}})
    with pytest.raises(ConfigurationError, match="more than any member"):
        odd.rules_of(("rb",))


def test_an_unregistered_recipe_is_not_sent_to_other_processes(streaks, tmp_path):
    other = dataclasses.replace(DEEPSTREAKS, title="another")
    with pytest.raises(ConfigurationError, match="workers=1"):
        train_sieve(other, [streaks], tmp_path, workers=2, progress=False)


def test_folds_are_refused(streaks, tmp_path):
    settings = override(DEEPSTREAKS.configuration, {"model": {"splits": {"folds": 5}}})
    with pytest.raises(ConfigurationError, match="one split"):
        train_sieve(DEEPSTREAKS, [streaks], tmp_path, settings, progress=False)
