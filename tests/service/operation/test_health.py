"""A service is well, needs somebody, or is down; and it says which part and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from skysieve.service.database.database import Database
from skysieve.service.database.tables import Feed, PendingScore, Scorer, WorkerBeat
from skysieve.service.operation import health as health_module
from skysieve.service.operation.disk import DiskState
from skysieve.service.operation.health import State, check_health
from skysieve.service.service import Service

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def well(service: Service) -> Service:
    """Return a service with a worker and a feed that are well."""
    add(service, WorkerBeat(name="host:1", beat_at=NOW - timedelta(seconds=5)))
    add(service, Feed(name="folder", looked_at=NOW))
    return service


def add(service: Service, *rows: object) -> None:
    with service.database.writing() as session:
        for row in rows:
            session.merge(row)


def states(service: Service) -> dict[str, State]:
    return {check.name: check.state for check in check_health(service, now=NOW).checks}


def message(service: Service, name: str) -> str:
    return next(check.message for check in check_health(service, now=NOW).checks if check.name == name)


def test_all_is_well(well: Service) -> None:
    assert set(states(well)) == {"disk", "database", "worker", "scoring", "feed folder"}
    assert check_health(well, now=NOW).state is State.OK


def test_no_worker(service: Service) -> None:
    assert states(service)["worker"] is State.DEGRADED
    assert "skysieve worker" in message(service, "worker")
    assert check_health(service, now=NOW).state is State.DEGRADED


def test_silent_worker(well: Service) -> None:
    add(well, WorkerBeat(name="host:1", beat_at=NOW - timedelta(seconds=90)))
    assert states(well)["worker"] is State.DEGRADED
    assert "90 s ago" in message(well, "worker")


def test_a_worker_that_took_over_counts(well: Service) -> None:
    add(well, WorkerBeat(name="host:0", beat_at=NOW - timedelta(days=1)))
    assert states(well)["worker"] is State.OK


def test_a_worker_that_stopped_does_not_count(well: Service) -> None:
    add(well, WorkerBeat(name="host:1", beat_at=NOW, state="stopped"))
    assert states(well)["worker"] is State.DEGRADED


@pytest.mark.parametrize(
    ("feed", "state"),
    [
        (Feed(name="folder", state="failing", error="no such folder"), State.DEGRADED),
        (Feed(name="folder", state="disk-full", error="3 MB are free"), State.DEGRADED),
        (Feed(name="folder", state="stopped", looked_at=NOW - timedelta(days=9)), State.OK),
        (Feed(name="folder", state="running", looked_at=NOW - timedelta(minutes=14)), State.OK),
        (Feed(name="folder", state="running", looked_at=NOW - timedelta(minutes=16)), State.DEGRADED),
    ],
)
def test_feeds(well: Service, feed: Feed, state: State) -> None:
    add(well, feed)
    assert states(well)["feed folder"] is state
    assert (feed.error or "") in message(well, "feed folder")


def test_a_feed_that_stopped_says_when_it_looked_last(well: Service) -> None:
    add(well, Feed(name="folder", state="stopped", looked_at=NOW - timedelta(days=9)))
    assert (
        message(well, "feed folder") == f"stopped; looked last {NOW - timedelta(days=9):%Y-%m-%d %H:%M} UTC"
    )


def test_scoring_behind(well: Service, add_candidate) -> None:
    add_candidate(well, "one")
    with well.database.writing() as session:
        session.query(PendingScore).update({"asked_at": NOW - timedelta(minutes=20)})
    assert states(well)["scoring"] is State.DEGRADED
    assert "20 minutes" in message(well, "scoring")


def test_a_scorer_beside_may_take_its_time(well: Service, add_candidate) -> None:
    add_candidate(well, "one")
    with well.database.writing() as session:
        session.query(PendingScore).update({"asked_at": NOW - timedelta(minutes=20)})
        session.query(Scorer).update({"duty": "beside"})
    assert states(well)["scoring"] is State.OK


def test_full_disk(well: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "disk_state", lambda _: DiskState(3, 1000, 512))
    assert states(well)["disk"] is State.DEGRADED
    assert "ingest has stopped" in message(well, "disk")


def test_tables_of_another_skysieve(well: Service) -> None:
    with well.database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert states(well)["database"] is State.DEGRADED
    assert "restart" in message(well, "database")


def test_no_database(sqlite_service: Service) -> None:
    nowhere = Database("postgresql+psycopg://sky:hunter2@/none?host=/nonexistent")
    lost = Service(sqlite_service.home, sqlite_service.settings, nowhere, sqlite_service.files)
    health = check_health(lost)
    assert health.state is State.DOWN
    assert "hunter2" not in str(health)
