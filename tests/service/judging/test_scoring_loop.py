"""The scoring part of a worker: it goes on, counts, tries again what is wanted, finishes promotions."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from skysieve.errors import ServiceError
from skysieve.service.database.tables import Candidate, Cutouts, QuarantinedItem, Scorer
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.ingest.reception import retry
from skysieve.service.judging import scoring_loop
from skysieve.service.judging.scorers import promote, register, retire
from skysieve.service.judging.scoring_loop import ScoringLoop
from skysieve.service.service import Service

Add = Callable[..., list[int]]


def until_idle(loop: ScoringLoop, most: int = 30) -> None:
    for _ in range(most):
        if not loop.turn():
            return
    raise AssertionError("it never comes to rest")


def states(service: Service) -> list[str]:
    with service.database.reading() as session:
        return list(session.scalars(select(QuarantinedItem.state)))


def want_retry(service: Service) -> None:
    """Ask as the page of the quarantine does."""
    settings = dataclasses.replace(
        service.settings, ingest=dataclasses.replace(service.settings.ingest, stop_free_mb=1)
    )
    retry(dataclasses.replace(service, settings=settings))


def test_it_counts_and_comes_to_rest(service: Service, add_alerts: Add) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    first, *_ = add_alerts(5)
    with service.database.writing() as session:
        session.get_one(Candidate, first).survey = "LSST"
    loop = ScoringLoop(service)
    until_idle(loop)
    assert (loop.scored, loop.kept_aside, loop.error) == (4, 1, "")


def test_what_somebody_wants_tried_again_is(service: Service, add_alerts: Add) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    (candidate,) = add_alerts(1)
    with service.database.reading() as session:
        sha256 = session.get_one(Cutouts, candidate).sha256
    data = service.files.get(sha256)
    service.files.remove(sha256)
    loop = ScoringLoop(service)
    until_idle(loop)
    want_retry(service)
    assert states(service) == ["retry"]
    until_idle(loop)
    assert (states(service), loop.kept_aside) == (["open"], 2)
    service.files.put(data)
    want_retry(service)
    until_idle(loop)
    assert (states(service), loop.scored) == (["resolved"], 1)


def test_what_nobody_can_try_again_stays_in_sight(
    service: Service, add_alerts: Add, other_model: Path
) -> None:
    scorer_id = register(service, other_model, kind="alert")
    (candidate,) = add_alerts(1)
    with service.database.writing() as session:
        session.get_one(Candidate, candidate).survey = "LSST"
    loop = ScoringLoop(service)
    until_idle(loop)
    retire(service, scorer_id, actor="ann")
    want_retry(service)
    until_idle(loop)
    assert states(service) == ["open"]


def test_a_promotion_that_nobody_waited_for_is_finished(
    service: Service, add_alerts: Add, other_model: Path
) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    add_alerts(4)
    loop = ScoringLoop(service)
    until_idle(loop)
    second = register(service, other_model, kind="alert")
    promote(service, second, actor="ann", finish=False)
    until_idle(loop)
    assert loop.scored == 8
    with service.database.reading() as session:
        assert None not in set(session.scalars(select(Candidate.score)))
        assert "refresh_after" not in session.get_one(Scorer, second).description


def test_a_failure_is_told_and_outlived(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, stop, tries = ScoringLoop(service), threading.Event(), []

    def fail() -> bool:
        tries.append(loop.error)
        if len(tries) < 3:
            raise ServiceError("the database does not answer")
        stop.set()
        return False

    monkeypatch.setattr(scoring_loop, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(loop, "turn", fail)
    loop.run(stop)
    assert tries == ["", "the database does not answer", "the database does not answer"]
    assert loop.error == ""
