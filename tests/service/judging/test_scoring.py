"""Every candidate gets exactly its scores, those of `skysieve score`; what has none costs itself only."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from skysieve.errors import InputError, ModelError
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve
from skysieve.service.candidates.images import FITS_GZIP, pack_images
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    Delivery,
    PendingScore,
    QuarantinedItem,
    Score,
    Verdict,
)
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.judging import opening, scoring
from skysieve.service.judging.pending import ask_for_scores
from skysieve.service.judging.quarantined import ask_again
from skysieve.service.judging.scorers import register, retire
from skysieve.service.judging.scoring import Scored, score_all, score_pending
from skysieve.service.service import Service
from skysieve.sources.streaks.cutout_file import decode_cutout

Add = Callable[..., list[int]]


def scores_of(service: Service, scorer_id: int) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    with service.database.reading() as session:
        for row in session.scalars(select(Score).where(Score.scorer_id == scorer_id)):
            found.setdefault(row.candidate_id, {})[row.member] = row.value
    return found


def shown(service: Service) -> dict[int, tuple[float | None, bool | None]]:
    with service.database.reading() as session:
        rows = session.execute(select(Candidate.id, Candidate.score, Candidate.passes)).all()
    return {row.id: (row.score, row.passes) for row in rows}


def pending(service: Service) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(PendingScore)) or 0


def quarantined(service: Service) -> list[tuple[str, str, str, int]]:
    with service.database.reading() as session:
        items = session.scalars(select(QuarantinedItem).order_by(QuarantinedItem.id))
        return [(each.item, each.kind, each.state, each.attempts) for each in items]


def test_alerts_get_the_scores_of_the_model(service: Service, add_alerts: Add, alerts) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts()
    assert score_pending(service, limit=10) == Scored(10)
    assert score_all(service) == Scored(len(ids) - 10)
    found, seen = scores_of(service, scorer_id), shown(service)
    model = Model.load("braai-weak")
    sound = np.array([[each.shape for each in alert.cutouts] == [(63, 63)] * 3 for alert in alerts])
    expected = model.predict(np.stack([np.stack(a.cutouts) for a, s in zip(alerts, sound, strict=True) if s]))
    scored = [found[each]["score"] for each, s in zip(ids, sound, strict=True) if s]
    assert sound.sum() > 10
    np.testing.assert_allclose(scored, expected, atol=1e-6)
    threshold = np.float32(model.description.threshold["value"])
    assert seen == {
        each: (found[each]["score"], np.float32(found[each]["score"]) >= threshold) for each in ids
    }
    assert {passes for _, passes in seen.values()} == {True, False}
    assert pending(service) == 0
    assert score_pending(service) == Scored()


def test_streaks_get_the_scores_and_verdicts_of_the_sieve(
    service: Service, add_streaks: Add, streak_files: list[Path]
) -> None:
    scorer_id = register(service, "streaks", kind="streak", duty=ON_DUTY)
    ids = add_streaks()
    assert score_all(service) == Scored(len(ids))
    sieve = Sieve.load("streaks")
    grey = [decode_cutout(path.read_bytes(), item="x").grey for path in streak_files]
    scores = sieve.score(np.stack(grey)[:, None].astype(np.float32))
    verdicts = sieve.decide(scores)
    found = scores_of(service, scorer_id)
    for number, candidate in enumerate(ids):
        assert found[candidate] == {name: float(values[number]) for name, values in scores.items()}
    with service.database.reading() as session:
        kept = {(each.candidate_id, each.rule): each.passes for each in session.scalars(select(Verdict))}
    assert kept == {
        (candidate, rule): bool(values[number])
        for rule, values in verdicts.items()
        for number, candidate in enumerate(ids)
    }
    best = [np.maximum(scores[f"{family}-1"], scores[f"{family}-2"]) for family in ("rb", "sl", "kd")]
    headline = np.min(best, axis=0)
    assert shown(service) == {
        candidate: (float(headline[number]), bool(verdicts["plausible"][number]))
        for number, candidate in enumerate(ids)
    }
    assert verdicts["plausible"].any()
    assert not verdicts["plausible"].all()


def test_a_score_does_not_depend_on_the_batch(sqlite_service: Service, alerts, other_model: Path) -> None:
    from skysieve.service.judging.opened_scorer import open_place

    images = np.zeros((5, 3, 63, 63), dtype=np.float32)
    for image, alert in zip(images, alerts, strict=False):
        for channel, cutout in zip(image, alert.cutouts, strict=True):
            channel[: cutout.shape[0], : cutout.shape[1]] = cutout
    for place in ("braai-weak", other_model):
        opened = open_place(place)
        together = opened.judge(images).scores["score"]
        alone = [opened.judge(images[each : each + 1]).scores["score"][0] for each in range(5)]
        assert together.tolist() == alone


def test_a_model_of_classes_has_a_score_a_class_and_no_verdict(
    service: Service, add_alerts: Add, model_of_classes: Path
) -> None:
    scorer_id = register(service, model_of_classes, kind="alert", duty=ON_DUTY)
    ids = add_alerts(6)
    assert score_all(service) == Scored(6)
    found = scores_of(service, scorer_id)
    for candidate in ids:
        assert set(found[candidate]) == {"bogus", "supernova", "asteroid"}
        assert sum(found[candidate].values()) == pytest.approx(1, abs=1e-5)
        assert shown(service)[candidate] == (max(found[candidate].values()), None)
    with service.database.reading() as session:
        assert session.query(Verdict).count() == 0


def test_two_scorers_stand_side_by_side_and_only_one_is_shown(
    service: Service, add_alerts: Add, other_model: Path
) -> None:
    first = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    second = register(service, other_model, kind="alert")
    ids = add_alerts(5)
    # The scorer on duty has its turn first.
    assert score_pending(service) == Scored(5)
    assert (len(scores_of(service, first)), len(scores_of(service, second))) == (5, 0)
    score_all(service)
    assert scores_of(service, first) == scores_of(service, second)
    assert set(scores_of(service, first)) == set(ids)
    threshold = np.float32(Model.load("braai-weak").description.threshold["value"])
    assert all(passes == (np.float32(score) >= threshold) for score, passes in shown(service).values())


def test_the_newest_are_scored_first(service: Service, add_alerts: Add) -> None:
    scorer_id = register(service, "braai-weak", kind="alert")
    ids = add_alerts(6)
    score_pending(service, limit=2)
    assert sorted(scores_of(service, scorer_id)) == ids[-2:]


def spoil(service: Service, candidate: int, **changes: object) -> None:
    with service.database.writing() as session:
        for name, value in changes.items():
            row = (
                session.get(Cutouts, candidate)
                if hasattr(Cutouts, name)
                else session.get(Candidate, candidate)
            )
            setattr(row, name, value)


def test_what_cannot_be_scored_is_kept_aside_and_costs_nobody_else(
    service: Service, add_alerts: Add, alerts
) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts(8)
    large = pack_images([np.zeros((80, 80), np.float32)] * 3, ["science", "template", "difference"])
    two = pack_images([np.zeros((63, 63), np.float32)] * 2, ["science", "template"])
    spoil(service, ids[0], survey="LSST")
    spoil(service, ids[1], sha256="0" * 64)
    spoil(service, ids[2], sha256=service.files.put(large))
    spoil(service, ids[3], sha256=service.files.put(two))
    spoil(service, ids[4], sha256=service.files.put(b"no images"))
    with service.database.writing() as session:
        session.delete(session.get(Cutouts, ids[5]))
    assert score_all(service) == Scored(2, 6)
    assert set(scores_of(service, scorer_id)) == set(ids[6:])
    names = [str(alert.candid) for alert in alerts]
    kinds = ["other-survey", "missing-file", "wrong-shape", "missing-channel", "missing-file", "no-cutouts"]
    assert sorted(quarantined(service)) == sorted(
        (name, kind, "open", 1) for name, kind in zip(names, kinds, strict=False)
    )
    assert pending(service) == 0
    assert shown(service)[ids[0]] == (None, None)


def test_what_could_not_be_scored_is_scored_when_asked_again(
    service: Service, add_alerts: Add, alerts
) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    candidate, _ = add_alerts(2)
    spoil(service, candidate, survey="LSST")
    score_all(service)
    for attempts in (1, 2):
        assert quarantined(service) == [(str(alerts[0].candid), "other-survey", "open", attempts)]
        with service.database.writing() as session:
            assert ask_again(session, session.scalars(select(QuarantinedItem)).all()) == 1
        score_all(service)
    spoil(service, candidate, survey="ZTF")
    with service.database.writing() as session:
        # Its name in the quarantine is that of another survey: nothing is there to ask for.
        assert ask_again(session, session.scalars(select(QuarantinedItem)).all()) == 0
        ask_for_scores(session, [(candidate, "alert")])
    score_all(service)
    assert candidate in scores_of(service, scorer_id)


def test_a_file_that_comes_back_resolves_the_quarantine(service: Service, add_alerts: Add) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    (candidate,) = add_alerts(1)
    with service.database.reading() as session:
        sha256 = session.get_one(Cutouts, candidate).sha256
    data = service.files.get(sha256)
    service.files.remove(sha256)
    score_all(service)
    assert [state for _, _, state, _ in quarantined(service)] == ["open"]
    service.files.put(data)
    with service.database.writing() as session:
        ask_again(session, session.scalars(select(QuarantinedItem)).all())
    score_all(service)
    assert [state for _, _, state, _ in quarantined(service)] == ["resolved"]


def test_a_picture_that_is_no_cutout_is_kept_aside(service: Service, add_streaks: Add) -> None:
    scorer_id = register(service, "streaks", kind="streak", duty=ON_DUTY)
    ids = add_streaks(4)
    spoil(service, ids[0], sha256=service.files.put(b"\xff\xd8\xff an error page"))
    packed = pack_images([np.zeros((157, 157), np.float32)], ["difference"])
    spoil(service, ids[1], sha256=service.files.put(packed), media_type=FITS_GZIP)
    assert score_all(service) == Scored(2, 2)
    assert sorted(kind for _, kind, _, _ in quarantined(service)) == ["bad-image", "wrong-format"]
    assert set(scores_of(service, scorer_id)) == set(ids[2:])


def test_nan_is_no_score(service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    from skysieve.service.judging.opened_scorer import OpenedScorer

    judge = OpenedScorer.judge

    def with_nan(self: OpenedScorer, images):
        scores = dict(judge(self, images).scores)
        scores["score"] = scores["score"].copy()
        scores["score"][1] = np.nan
        return self.decide(scores)

    monkeypatch.setattr(OpenedScorer, "judge", with_nan)
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts(3)
    assert score_all(service) == Scored(2, 1)
    assert set(scores_of(service, scorer_id)) == {ids[0], ids[2]}
    assert [kind for _, kind, _, _ in quarantined(service)] == ["no-number"]


def test_a_candidate_that_changes_meanwhile_stays_pending(
    service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts(3)
    judge = scoring._judge

    def change_one(service: Service, batch):
        judged = judge(service, batch)
        if not scores_of(service, scorer_id):
            spoil(service, ids[1], stamp="b")
        return judged

    monkeypatch.setattr(scoring, "_judge", change_one)
    assert score_pending(service) == Scored(2, 0, 1)
    assert set(scores_of(service, scorer_id)) == {ids[0], ids[2]}
    assert pending(service) == 1
    assert score_all(service) == Scored(1)
    assert set(scores_of(service, scorer_id)) == set(ids)


def test_a_candidate_that_is_removed_meanwhile_leaves_nothing(
    sqlite_service: Service, add_sqlite_alerts: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On PostgreSQL the pending row is locked, so that the removal waits.
    service = sqlite_service
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_sqlite_alerts(2)
    judge = scoring._judge

    def remove_one(service: Service, batch):
        judged = judge(service, batch)
        with service.database.writing() as session:
            session.execute(Cutouts.__table__.delete().where(Cutouts.candidate_id == ids[0]))
            session.execute(Candidate.__table__.delete().where(Candidate.id == ids[0]))
        return judged

    monkeypatch.setattr(scoring, "_judge", remove_one)
    assert score_pending(service) == Scored(1, 0, 1)
    assert pending(service) == 0


def test_several_threads_share_the_work(service: Service, add_alerts: Add) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts()
    counts: list[Scored] = []

    def work() -> None:
        while (found := score_pending(service, limit=3)).taken:
            counts.append(found)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.scored for each in counts) == len(ids)
    assert set(scores_of(service, scorer_id)) == set(ids)
    assert pending(service) == 0
    if not service.database.is_sqlite:
        assert all(each.left == 0 for each in counts)


def test_a_scorer_that_cannot_be_opened_does_not_stop_the_others(
    service: Service, add_alerts: Add, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setattr(opening, "_opened", {})
    broken = register(service, other_model, kind="alert", duty=ON_DUTY)
    sound = register(service, "braai-weak", kind="alert")
    ids = add_alerts(3)
    with service.database.reading() as session:
        place = session.get_one(scoring.Scorer, broken).place
    shutil.rmtree(service.home.models / place)
    opening._opened.clear()
    assert score_pending(service) == Scored(3)
    assert set(scores_of(service, sound)) == set(ids)
    with pytest.raises(ModelError, match="neither a model folder nor"):
        score_pending(service)
    assert pending(service) == 3
    with pytest.raises(InputError, match="promote another first"):
        retire(service, broken, actor="ann")


def test_what_passes_is_to_be_told_in_the_transaction_that_scores_it(
    service: Service, add_alerts: Add, other_model: Path
) -> None:
    outflow = dataclasses.replace(service.settings.outflow, webhooks=("https://tom.example/skysieve",))
    told = dataclasses.replace(service, settings=dataclasses.replace(service.settings, outflow=outflow))
    first = register(told, "braai-weak", kind="alert", duty=ON_DUTY)
    register(told, other_model, kind="alert")
    add_alerts(12)
    score_all(told)
    with told.database.reading() as session:
        due = session.execute(select(Delivery.scorer_id, Delivery.candidate_id)).all()
        passing = set(session.scalars(select(Candidate.id).where(Candidate.passes.is_(True))))
    assert passing
    assert sorted((row.scorer_id, row.candidate_id) for row in due) == sorted(
        (first, each) for each in passing
    )


def test_a_failure_while_writing_leaves_nothing_behind(
    service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    add_alerts(4)

    def fail(*_: object) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(scoring, "enqueue", fail)
    with pytest.raises(RuntimeError, match="the power is gone"):
        score_pending(service)
    assert not scores_of(service, scorer_id)
    assert (pending(service), set(shown(service).values())) == (4, {(None, None)})
    monkeypatch.undo()
    assert score_all(service) == Scored(4)


def test_a_batch_is_never_too_large_for_the_database(service: Service, add_alerts: Add) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    add_alerts(3)
    assert score_pending(service, limit=10**9) == Scored(3)
    assert score_pending(service, limit=0) == Scored()
