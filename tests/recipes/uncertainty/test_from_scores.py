"""Intervals and conformal sets from stored scores: honest splits, resumed scoring, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from skysieve.errors import SampleSetError
from skysieve.models.model import Model
from skysieve.recipes.run import TrainingRun
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty import score_model as score_module
from skysieve.recipes.uncertainty.bootstrap import bootstrap
from skysieve.recipes.uncertainty.conformal import conformal
from skysieve.recipes.uncertainty.score_model import score_model, scores_of


@pytest.fixture(scope="module")
def of_run(toy_run: TrainingRun, tmp_path_factory: pytest.TempPathFactory) -> ScoredSamples:
    return scores_of(toy_run.folder, [], tmp_path_factory.mktemp("scores"))


def test_a_run_keeps_its_scores(of_run: ScoredSamples, toy_run: TrainingRun) -> None:
    np.testing.assert_array_equal(of_run.scores, toy_run.scores)
    np.testing.assert_array_equal(of_run.learned, toy_run.split.split == "train")
    assert of_run.seen.sum() == (toy_run.split.split != "test").sum()
    assert of_run.model["identity"] == toy_run.model.identity
    assert of_run.rows("test").tolist() == toy_run.split.rows("test").tolist()


def test_a_model_scores_as_its_run_did(
    toy_run: TrainingRun,
    toy_set: Path,
    of_run: ScoredSamples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Model.load(toy_run.model.folder)
    found = score_model(model, [toy_set], tmp_path, progress=False)
    np.testing.assert_allclose(found.scores, of_run.scores, atol=1e-4)
    for name in ("ids", "groups", "labels", "split", "learned", "seen"):
        np.testing.assert_array_equal(getattr(found, name), getattr(of_run, name))
    assert not list(tmp_path.glob("*.parts"))
    monkeypatch.setattr(Model, "predict", lambda *_: pytest.fail("scored again"))
    np.testing.assert_array_equal(
        score_model(model, [toy_set], tmp_path, progress=False).scores, found.scores
    )


def test_interrupted_scoring_goes_on(
    toy_run: TrainingRun,
    toy_set: Path,
    of_run: ScoredSamples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, calls, predict = Model.load(toy_run.model.folder), [], Model.predict

    def breaking(self: Model, images: np.ndarray) -> np.ndarray:
        calls.append(len(images))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return predict(self, images)

    chunked = score_module.stored_chunks
    monkeypatch.setattr(score_module, "stored_chunks", lambda *a, **k: chunked(*a, **k, size=50))
    monkeypatch.setattr(Model, "predict", breaking)
    with pytest.raises(KeyboardInterrupt):
        score_model(model, [toy_set], tmp_path, progress=False)
    found = score_model(model, [toy_set], tmp_path, progress=False)
    assert calls == [50, 50, 50, 50, 50, 40]
    np.testing.assert_allclose(found.scores, of_run.scores, atol=1e-4)


def test_intervals_by_group_and_by_sample(of_run: ScoredSamples, tmp_path: Path) -> None:
    found = bootstrap(of_run, tmp_path, replicates=60, seed=3)
    stored = json.loads(found.written.table.read_text())
    assert stored["command"] == "bootstrap"
    assert stored["seed"] == 3
    assert stored["model"]["identity"] == of_run.model["identity"]
    auc = stored["results"]["by_group"]["roc_auc"]
    assert auc["low"] <= auc["value"] <= auc["high"]
    assert set(found.by_sample) == set(found.by_group)
    page = found.written.report.read_text()
    assert "Intervals of toy on test" in page
    assert "by sample" in page
    again = bootstrap(of_run, tmp_path / "again", replicates=60, seed=3)
    assert again.by_group == found.by_group


def test_intervals_of_seen_samples_are_marked(of_run: ScoredSamples, tmp_path: Path) -> None:
    found = bootstrap(of_run, tmp_path, split="train", replicates=5)
    assert "seen-in-training" in found.written.report.read_text()


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_sets_are_made_on_validation_and_judged_on_test(
    method: str, of_run: ScoredSamples, tmp_path: Path
) -> None:
    found = conformal(of_run, tmp_path, coverage=0.8, method=method, replicates=30)  # type: ignore[arg-type]
    assert found.sets.groups == (len(np.unique(of_run.groups[of_run.rows("validation")])),)
    table = pq.read_table(found.table).to_pydict()
    assert table["id"] == of_run.ids[of_run.rows("test")].tolist()
    inside = np.stack([table["in_set_bogus"], table["in_set_real"]], axis=1)
    covered = inside[np.arange(len(inside)), table["label"]]
    assert found.coverage.by_sample.value == pytest.approx(covered.mean())
    assert [finding.kind for finding in found.findings] == ["calibration-used-twice"]
    stored = json.loads(found.written.table.read_text())["results"]
    assert sum(stored["coverage"]["sizes"]) == len(inside)
    assert stored["curve"]["0.8"] == pytest.approx(found.coverage.coverage.value)


def test_samples_that_were_learned_from_do_not_calibrate(of_run: ScoredSamples, tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="of 'train' are of groups that the network learned from"):
        conformal(of_run, tmp_path, calibration="train")
    unlearned = replace(of_run, learned=np.zeros(len(of_run), dtype=bool))
    with pytest.raises(SampleSetError, match="of 'validation' are of groups that had a part"):
        conformal(unlearned, tmp_path, calibration="train", test="validation")


def test_splits_that_share_a_group_are_refused(of_run: ScoredSamples, tmp_path: Path) -> None:
    groups = of_run.groups.copy()
    groups[of_run.rows("test")[0]] = groups[of_run.rows("validation")[0]]
    with pytest.raises(SampleSetError, match="1 groups stand in both 'validation' and 'test'"):
        conformal(replace(of_run, groups=groups), tmp_path)


def test_too_few_groups_for_the_coverage(of_run: ScoredSamples, tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="needs at least 999 "):
        conformal(of_run, tmp_path, coverage=0.999)


def test_a_missed_coverage_is_said(of_run: ScoredSamples, tmp_path: Path) -> None:
    # Scores of the test samples that have nothing to do with their classes.
    scores = of_run.scores.copy()
    rows = of_run.rows("test")
    scores[rows] = 1 - of_run.labels[rows]
    found = conformal(replace(of_run, scores=scores), tmp_path, replicates=30)
    assert "coverage-missed" in [finding.kind for finding in found.findings]


def test_what_holds_no_scores(tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match=r"is no run folder with scores\.parquet"):
        scores_of(tmp_path, [], tmp_path)


def test_three_classes(tmp_path: Path) -> None:
    rng, n = np.random.default_rng(4), 300
    labels = rng.integers(0, 3, n)
    shares = np.exp(rng.normal(size=(n, 3)) + 2 * np.eye(3)[labels])
    scored = ScoredSamples(
        ids=np.arange(n),
        groups=np.arange(n),
        labels=labels,
        split=np.array(["validation", "test"])[np.arange(n) % 2],
        scores=shares / shares.sum(1, keepdims=True),
        classes=("edge-on", "smooth", "spiral"),
        threshold=None,
        learned=np.zeros(n, dtype=bool),
        seen=np.zeros(n, dtype=bool),
        data={"says_what_it_saw": True},
    )
    figures = bootstrap(scored, tmp_path, replicates=20)
    assert not figures.by_sample
    assert {"recall: spiral", "precision: spiral"} <= set(figures.by_group)
    sets = conformal(scored, tmp_path, coverage=0.9, class_conditional=True, replicates=20)
    assert len(sets.sets.thresholds) == 3
    assert set(sets.coverage.by_class) == set(scored.classes)
    assert not sets.findings
