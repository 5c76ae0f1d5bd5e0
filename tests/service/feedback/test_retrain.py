"""Retraining: from labels to a new scorer beside the one on duty, compared, promoted only when told."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import select

from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models.model import Model
from skysieve.recipes.seen_groups import SEEN_GROUPS, group_digests
from skysieve.samples import SampleSet
from skysieve.service.database.tables import AuditEntry, Scorer
from skysieve.service.feedback import retrain as retrain_module
from skysieve.service.feedback.comparison import compare
from skysieve.service.feedback.from_labels import samples_from_labels
from skysieve.service.feedback.retrain import RetrainRequest, retrain
from skysieve.service.judging.scorers import on_duty, register
from skysieve.service.service import Service

torch.set_num_threads(1)

TINY = {"training.epochs": 1, "evaluation.replicates": 20, "training.batch_size": 16}
HALF = {"held_out": 0.5, "validation": 0.2}


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a hundred replicates: verdicts here are clear."""
    monkeypatch.setattr(retrain_module, "compare", functools.partial(compare, replicates=100))


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let nothing be trained: what comes out is the shipped model under another name."""
    place = tmp_path_factory.mktemp("another") / "model"
    shutil.copytree(Model.load("braai-weak").folder, place)
    path = place / "model.json"
    path.chmod(0o644)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": "another"}))
    monkeypatch.setattr(retrain_module, "_train", lambda *_, **__: place)
    return place


@pytest.fixture
def labelled(sqlite_service: Service, alert_night, take_in, label_all) -> Service:
    """Return a service with a labelled night, and braai-weak on duty."""
    packets, truth = alert_night
    ids = take_in(sqlite_service, packets)
    known = {ids[name]: "real" if real else "bogus" for name, real in truth.items()}
    label_all(sqlite_service, known, [0.02, 0.1])
    register(sqlite_service, "braai-weak", kind="alert", duty="on-duty")
    return sqlite_service


def _duty(service: Service) -> str:
    with service.database.reading() as session:
        scorer = on_duty(session, "alert")
        return "" if scorer is None else scorer.name


def test_the_new_one_scores_beside_and_a_worse_one_is_promoted_only_when_told_so(labelled, tmp_path) -> None:
    request = RetrainRequest(settings=TINY, labels=HALF, name="first")
    made = retrain(labelled, tmp_path / "run", request, progress=False)
    assert made.comparison is not None
    assert made.comparison.duty == "braai-weak"
    # One epoch on a few dozen alerts does not reach a model that was trained on hundreds of thousands.
    assert made.comparison.verdict == "worse", made.comparison.words
    assert (made.promoted, _duty(labelled)) == (False, "braai-weak")
    with labelled.database.reading() as session:
        scorer = session.get_one(Scorer, made.scorer_id)
        assert (scorer.name, scorer.duty) == ("first", "beside")
    # What judged is what was held out, and nobody learned from it.
    samples = SampleSet.open(tmp_path / "run" / "samples.parquet")
    assert made.comparison.n == int((samples.scalar("split") == "test").sum())
    assert made.comparison.seen == 0
    assert samples.description.label_origin.startswith("Labels by 2 people")

    # The same again goes on where it was, and still refuses to promote.
    again = retrain(labelled, tmp_path / "run", request, promoting=True, progress=False)
    assert (again.scorer_id, again.promoted, _duty(labelled)) == (made.scorer_id, False, "braai-weak")
    assert "not promoted, because it is worse" in again.decision
    told = retrain(labelled, tmp_path / "run", request, promoting=True, even_if_worse=True, progress=False)
    assert (told.promoted, _duty(labelled)) == (True, "first")
    with labelled.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("scorer.%"))).all()
    assert actions.count("scorer.retrain") == 3
    assert actions.count("scorer.promote") == 2

    content = json.loads((tmp_path / "run" / "comparison.json").read_text())
    assert content["comparison"]["verdict"] == "worse"
    assert content["new"]["scorer"] == made.scorer_id
    assert content["origin"]["said"]["labellers"] == 2
    page = made.report.read_text(encoding="utf-8")
    assert "first beside braai-weak" in page
    assert "average precision" in page
    assert "Labels by 2 people of the service skysieve" in page

    # Another request does not go on in this folder.
    with pytest.raises(ConfigurationError, match="asked for otherwise"):
        retrain(labelled, tmp_path / "run", RetrainRequest(settings=TINY, name="first"), progress=False)


def test_few_labels_say_that_nothing_can_be_concluded(labelled, tmp_path, untrained) -> None:
    made = retrain(labelled, tmp_path, promoting=True, progress=False)
    assert made.comparison is not None
    assert made.comparison.verdict == "too-few"
    assert "Nothing can be concluded" in made.report.read_text(encoding="utf-8")
    assert (made.promoted, _duty(labelled)) == (False, "braai-weak")
    assert "nothing shows that it is not worse" in made.decision


def test_one_that_is_alike_or_better_is_promoted_when_told_and_not_otherwise(
    labelled, tmp_path, untrained
) -> None:
    request = RetrainRequest(labels=HALF)
    made = retrain(labelled, tmp_path, request, progress=False)
    assert made.comparison is not None
    assert made.comparison.verdict == "alike"
    assert (made.promoted, _duty(labelled)) == (False, "braai-weak")
    assert retrain(labelled, tmp_path, request, promoting=True, progress=False).promoted
    assert _duty(labelled) == "another"


def test_where_nothing_is_on_duty_the_new_one_can_be(
    sqlite_service: Service, alert_night, take_in, label_all, tmp_path, untrained
) -> None:
    packets, truth = alert_night
    ids = take_in(sqlite_service, packets)
    label_all(sqlite_service, {ids[name]: "real" if real else "bogus" for name, real in truth.items()}, [0.0])
    made = retrain(sqlite_service, tmp_path, promoting=True, progress=False)
    assert (made.comparison, made.promoted, _duty(sqlite_service)) == (None, True, "another")
    assert json.loads((tmp_path / "comparison.json").read_text())["comparison"] is None


def test_objects_that_either_has_learned_from_do_not_judge(labelled, tmp_path, untrained) -> None:
    samples = samples_from_labels(labelled, **HALF)
    seen = group_digests(samples)[samples.scalar("split") == "test"]
    path = untrained / "model.json"
    described = json.loads(path.read_text())
    described["provenance"][SEEN_GROUPS] = sorted(set(seen[:10].tolist()))
    path.write_text(json.dumps(described))
    made = retrain(labelled, tmp_path, RetrainRequest(labels=HALF), progress=False)
    assert made.comparison is not None
    left_out = int(np.isin(seen, seen[:10]).sum())
    assert made.comparison.seen == left_out >= 10
    assert made.comparison.n == len(seen) - left_out


def test_a_run_that_was_killed_goes_on_with_the_labels_that_it_began_with(
    labelled, tmp_path, monkeypatch, untrained, label_all, take_in, alert_night
) -> None:
    request = RetrainRequest(labels=HALF)

    def killed(*_, **__) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(retrain_module, "_train", killed)
        with pytest.raises(KeyboardInterrupt):
            retrain(labelled, tmp_path, request, progress=False)
    before = (tmp_path / "samples.parquet").read_bytes()
    packets, truth = alert_night
    everything = take_in(labelled, packets)
    label_all(labelled, {everything[name]: "real" for name in truth}, [0.0])
    made = retrain(labelled, tmp_path, request, progress=False)
    assert (tmp_path / "samples.parquet").read_bytes() == before
    assert made.comparison is not None


def test_labels_that_cannot_be_split_are_refused_with_their_counts(labelled, tmp_path) -> None:
    with pytest.raises(SampleSetError, match=r"no label bogus in .*label more candidates of other objects"):
        retrain(labelled, tmp_path, RetrainRequest(labels={"classes": {"bogus": "real"}}), progress=False)
    # With more labels, the same folder takes them.
    assert not (tmp_path / "samples.parquet").exists()


@pytest.mark.parametrize(
    ("request_", "error", "reason"),
    [
        ({"kind": "galaxy"}, ConfigurationError, "alert or streak"),
        ({"recipe": "dmdt"}, ContractError, "dmdt: takes"),
        ({"settings": {"training.epoch": 1}}, ConfigurationError, "did you mean"),
        ({"kind": "streak", "start": "on-duty"}, ConfigurationError, "a sieve has several models"),
    ],
)
def test_requests_that_make_no_sense_are_refused_before_anything_is_written(
    sqlite_service: Service, tmp_path, request_, error, reason
) -> None:
    with pytest.raises(error, match=reason):
        retrain(sqlite_service, tmp_path / "run", RetrainRequest(**request_), progress=False)
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigurationError, match="about promoting"):
        retrain(sqlite_service, tmp_path / "run", even_if_worse=True, progress=False)


def test_a_sieve_of_streaks_is_trained_and_compared_too(
    sqlite_service: Service, tmp_path_factory, take_in, label_all, tmp_path
) -> None:
    import csv

    from skysieve.sources.simulators.streak_night import simulate_streak_night

    night = simulate_streak_night(
        tmp_path / "night", n=150, seed=8, real_fraction=0.4, ades="none", date="20190301"
    )
    with night.truth.open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    ids = take_in(sqlite_service, night.night)
    words = {"1": "plausible-asteroid", "0": "satellite"}
    known = {ids[name]: words[row["os"]] if row["rb"] == "1" else "masked-star" for name, row in rows.items()}
    label_all(sqlite_service, known, [0.0])
    register(sqlite_service, "streaks", kind="streak", duty="on-duty")
    tiny = {
        "members": 1,
        "families": ["os"],
        "model.network.name": "streaknet",
        "model.training.epochs": 1,
        "model.evaluation.replicates": 20,
    }
    request = RetrainRequest(
        kind="streak", settings=tiny, labels={"held_out": 0.3, "validation": 0.3}, name="new"
    )
    made = retrain(sqlite_service, tmp_path / "run", request, progress=False)
    assert made.model.name == "sieve"
    assert made.comparison is not None
    assert "brier" not in made.comparison.figures
    with sqlite_service.database.reading() as session:
        scorer = session.get_one(Scorer, made.scorer_id)
        assert (scorer.is_sieve, scorer.duty, scorer.kind) == (True, "beside", "streak")
