"""A map shows where the score comes from, is made once, and is made anew when the candidate has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from skysieve.errors import InputError, ServiceError
from skysieve.service.database.tables import Candidate, Cutouts, Explanation, PendingScore
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.judging import explaining
from skysieve.service.judging.explaining import known_explanation, load_map, occlusion_map
from skysieve.service.judging.occlusion import occlusion_of
from skysieve.service.judging.pending import ask_for_scores
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all
from skysieve.service.service import Service

Add = Callable[..., list[int]]


def test_the_map_of_an_alert_points_at_its_source(service: Service, add_alerts: Add, alerts) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts()
    score_all(service)
    with service.database.reading() as session:
        best = session.scalars(select(Candidate).order_by(Candidate.score.desc())).first()
        assert best is not None
        chosen = best.id
    explanation = occlusion_map(service, chosen, scorer_id)
    assert (explanation.member, explanation.method) == ("score", "occlusion")
    found = load_map(service, explanation)
    assert found.shape == (63, 63)
    assert np.isfinite(found).all()
    row, column = np.unravel_index(np.argmax(found), found.shape)
    assert np.hypot(row - 31, column - 31) < 10
    assert found.max() > 1
    assert chosen in ids


def test_the_map_of_a_streak_is_that_of_the_deciding_member(service: Service, add_streaks: Add) -> None:
    scorer_id = register(service, "streaks", kind="streak", duty=ON_DUTY)
    ids = add_streaks()
    score_all(service)
    with service.database.reading() as session:
        candidate = session.scalars(select(Candidate).order_by(Candidate.score.desc())).first()
        assert candidate is not None
        session.expunge_all()
    explanation = occlusion_map(service, candidate.id, scorer_id)
    from skysieve.service.database.tables import Score

    with service.database.reading() as session:
        score = session.get_one(Score, (candidate.id, scorer_id, explanation.member))
        assert score.value == candidate.score
    found = load_map(service, explanation)
    assert found.shape == (144, 144)
    assert candidate.id in ids


def test_a_map_is_made_once(service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    candidate, _ = add_alerts(2)
    score_all(service)
    first = occlusion_map(service, candidate, scorer_id)
    monkeypatch.setattr(explaining, "occlusion_of", None)
    assert occlusion_map(service, candidate, scorer_id).sha256 == first.sha256
    monkeypatch.undo()
    service.files.remove(first.sha256)
    assert load_map(service, occlusion_map(service, candidate, scorer_id)).any()


def test_a_changed_candidate_is_explained_anew(service: Service, add_alerts: Add) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    one, other = add_alerts(2)
    score_all(service)
    before = occlusion_map(service, one, scorer_id)
    with service.database.writing() as session:
        sha256 = session.get_one(Cutouts, other).sha256
        session.get_one(Cutouts, one).sha256 = sha256
        session.get_one(Candidate, one).stamp = "b"
        ask_for_scores(session, [(one, "alert")])
    while_pending = occlusion_map(service, one, scorer_id)
    assert while_pending.sha256 != before.sha256
    score_all(service)
    with service.database.reading() as session:
        assert known_explanation(session, one, scorer_id) is None
        assert session.query(PendingScore).count() == 0
    assert occlusion_map(service, one, scorer_id).sha256 == while_pending.sha256


def test_what_was_not_scored_can_be_explained_and_a_class_is(
    service: Service, add_alerts: Add, model_of_classes: Path
) -> None:
    scorer_id = register(service, model_of_classes, kind="alert")
    (candidate,) = add_alerts(1)
    assert occlusion_map(service, candidate, scorer_id).member in ("bogus", "supernova", "asteroid")


def test_refusals(service: Service, add_alerts: Add) -> None:
    model = register(service, "braai-weak", kind="alert")
    sieve = register(service, "streaks", kind="streak")
    (candidate,) = add_alerts(1)
    with pytest.raises(InputError, match="is of the kind alert, streaks scores the kind streak"):
        occlusion_map(service, candidate, sieve)
    with pytest.raises(InputError, match="no candidate has this number"):
        occlusion_map(service, 77, model)
    with pytest.raises(InputError, match="is not known"):
        occlusion_map(service, candidate, 77)
    with service.database.writing() as session:
        session.get_one(Candidate, candidate).survey = "LSST"
    with pytest.raises(InputError, match="the model was made for ZTF"):
        occlusion_map(service, candidate, model)
    with service.database.reading() as session:
        assert session.query(Explanation).count() == 0


def test_what_speaks_against_the_score_is_negative() -> None:
    image = np.zeros((1, 40, 50), dtype=np.float32)
    image[0, 8:11, 8:11], image[0, 30:33, 40:43] = 1, -1

    def score(images: np.ndarray) -> np.ndarray:
        return (0.5 + 0.4 * (images.max(axis=(1, 2, 3)) + images.min(axis=(1, 2, 3)))).astype(np.float32)

    found = occlusion_of(image, score)
    assert found.shape == (40, 50)
    assert found[9, 9] > 0 > found[31, 41]
    assert found[9, 41] == 0


def test_an_image_without_a_measured_pixel_is_explained_by_nothing() -> None:
    image = np.full((3, 20, 20), np.nan, dtype=np.float32)
    found = occlusion_of(image, lambda images: np.full(len(images), 0.5, np.float32))
    assert not found.any()


def test_who_asks_for_many_at_once_keeps_nobody_else_waiting(
    service: Service, add_alerts: Add, monkeypatch
) -> None:
    scorer_id = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    first, second, *_ = add_alerts()
    score_all(service)
    known = occlusion_map(service, first, scorer_id)
    monkeypatch.setattr(explaining, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(explaining, "WAIT_S", 0.01)
    with explaining._AT_ONCE:
        with pytest.raises(ServiceError, match="ask again"):
            occlusion_map(service, second, scorer_id)
        assert occlusion_map(service, first, scorer_id).sha256 == known.sha256
    assert occlusion_map(service, second, scorer_id).candidate_id == second
