"""Scoring while duties change, and with files and engines that fail at one candidate or at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skysieve.service.database.tables import Candidate, Cutouts, PendingScore, QuarantinedItem, Score
from skysieve.service.database.tables.judging import ON_DUTY, RETIRED
from skysieve.service.judging import rescoring
from skysieve.service.judging.duty import promote, retire
from skysieve.service.judging.opened_scorer import OpenedScorer
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all, score_pending
from skysieve.service.service import Service

Add = Callable[..., list[int]]
#: Seconds after which a test gives up; less than PostgreSQL needs to resolve three deadlocks.
PATIENCE_S = 20.0


def count(service: Service, table: type, **values: object) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).filter_by(**values)) or 0


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Hold every batch up in the network: the events say that one is there, and that it may go on."""
    there, go_on = threading.Event(), threading.Event()
    judge = OpenedScorer.judge

    def wait(self: OpenedScorer, images):
        there.set()
        assert go_on.wait(PATIENCE_S)
        return judge(self, images)

    monkeypatch.setattr(OpenedScorer, "judge", wait)
    return there, go_on


def test_a_scorer_is_retired_while_it_scores_and_nobody_waits_for_nobody(
    service: Service, add_alerts: Add, other_model: Path, held_up: tuple[threading.Event, threading.Event]
) -> None:
    there, go_on = held_up
    scorer = register(service, other_model, kind="alert")
    add_alerts(6)
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(score_pending, service, 4)
        try:
            assert there.wait(PATIENCE_S)
            # It returns while the batch is held up.
            retire(service, scorer, actor="test")
        finally:
            go_on.set()
        done = batch.result(PATIENCE_S)
    assert (done.scored, done.left) == (0, 4)
    assert count(service, Score) == 0
    assert count(service, PendingScore) == 0


def test_a_promotion_that_retires_the_former_asks_for_every_score_once(
    service: Service, add_alerts: Add, other_model: Path, held_up: tuple[threading.Event, threading.Event]
) -> None:
    there, go_on = held_up
    former = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    new = register(service, other_model, kind="alert")
    candidates = add_alerts(6)
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(score_pending, service, 4)
        try:
            assert there.wait(PATIENCE_S)
            promote(service, new, actor="test", former=RETIRED, finish=False)
        finally:
            go_on.set()
        assert batch.result(PATIENCE_S).scored == 0
    score_all(service)
    assert count(service, PendingScore) == 0
    assert count(service, Score, scorer_id=former) == 0
    assert count(service, Score, scorer_id=new) == len(candidates)


def test_a_scorer_that_is_retired_while_it_is_asked_to_score_again_is_asked_no_more(
    service: Service, add_alerts: Add, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = register(service, other_model, kind="alert")
    add_alerts(3)
    score_all(service)
    find = rescoring._next

    def retire_then(*arguments: object) -> list[int]:
        found = find(*arguments)
        if found:
            retire(service, scorer, actor="test")
        return found

    monkeypatch.setattr(rescoring, "_next", retire_then)
    assert rescoring.rescore(service, scorer, again=True) == 0
    assert count(service, PendingScore) == 0


def test_a_file_that_the_disk_cannot_give_costs_itself_only(service: Service, add_alerts: Add) -> None:
    scorer = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    candidates = add_alerts(4)
    path = _file_of(service, candidates[2])
    path.unlink()
    path.mkdir()  # whoever reads it is told by the system that it cannot
    done = score_pending(service)
    assert (done.scored, done.kept_aside) == (3, 1)
    with service.database.reading() as session:
        item = session.scalars(select(QuarantinedItem)).one()
    assert (item.kind, item.state) == ("unreadable-file", "open")
    assert count(service, Score, scorer_id=scorer, candidate_id=candidates[2]) == 0


def test_a_disk_that_gives_nothing_costs_no_candidate(service: Service, add_alerts: Add) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    for candidate in add_alerts(3):
        path = _file_of(service, candidate)
        path.unlink()
        path.mkdir()
    with pytest.raises(IsADirectoryError):
        score_pending(service)
    assert count(service, QuarantinedItem) == 0
    assert count(service, PendingScore) == 3


def test_images_at_which_the_engine_fails_cost_themselves_only(
    service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    candidates = add_alerts(5)
    judge = OpenedScorer.judge
    batches = []

    def fail(self: OpenedScorer, images):
        batches.append(len(images))
        if len(images) == 5 or (batches.count(1) == 2 and len(images) == 1):
            raise RuntimeError("node Conv_3: not enough memory")
        return judge(self, images)

    monkeypatch.setattr(OpenedScorer, "judge", fail)
    done = score_pending(service)
    assert (done.scored, done.kept_aside) == (4, 1)
    assert batches == [5, 1, 1, 1, 1, 1, 4]
    with service.database.reading() as session:
        item = session.scalars(select(QuarantinedItem)).one()
        name = session.get_one(Candidate, candidates[1]).name
    assert (item.item, item.kind) == (name, "cannot-be-scored")
    assert "Conv_3" in item.reason


def test_an_engine_that_fails_at_everything_costs_no_candidate(
    service: Service, add_alerts: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    add_alerts(3)

    def fail(self: OpenedScorer, images):
        raise RuntimeError("CUDA is gone")

    monkeypatch.setattr(OpenedScorer, "judge", fail)
    with pytest.raises(RuntimeError, match="CUDA is gone"):
        score_pending(service)
    assert (count(service, QuarantinedItem), count(service, PendingScore)) == (0, 3)


def _file_of(service: Service, candidate: int) -> Path:
    with service.database.reading() as session:
        return service.files.path(session.get_one(Cutouts, candidate).sha256)
