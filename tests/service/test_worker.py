"""A worker takes in, scores and leaves in good order; killed at any moment it loses and doubles nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from skysieve.errors import ServiceError
from skysieve.service import worker as worker_module
from skysieve.service.database.tables import Candidate, Feed, PendingScore, Score, Scorer, WorkerBeat
from skysieve.service.ingest.feeds.folder import FolderFeed
from skysieve.service.judging import scoring_loop
from skysieve.service.service import Service
from skysieve.service.settings import FolderSettings
from skysieve.service.worker import run_worker
from skysieve.sources.simulators.night import simulate_night
from waiting import wait_until

#: Seconds after which a test gives up.
PATIENCE_S = 40.0


@pytest.fixture(scope="session")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return 120 packets of a simulated night."""
    night = simulate_night(tmp_path_factory.mktemp("worker") / "night", n=120, seed=8)
    return sorted(night.packets.glob("*.avro"))


@pytest.fixture
def quick(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return the service with a folder that is looked at often, and a worker that waits for little."""
    monkeypatch.setattr(worker_module, "BEAT_S", 0.1)
    monkeypatch.setattr(worker_module, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(scoring_loop, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(scoring_loop, "IDLE_S", 0.05)
    folder = FolderSettings(poll_s=0.1, settle_s=0.1)
    ingest = dataclasses.replace(service.settings.ingest, folder=folder, stop_free_mb=1)
    judging = dataclasses.replace(service.settings.judging, streaks="")
    settings = dataclasses.replace(service.settings, ingest=ingest, judging=judging)
    return dataclasses.replace(service, settings=settings)


@contextlib.contextmanager
def working(service: Service) -> Iterator[threading.Event]:
    """Run a worker in a thread; what it raises is raised at the end."""
    stop, failures = threading.Event(), []

    def run() -> None:
        try:
            run_worker(service, stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert not failures, failures


def scored(service: Service) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Score)) or 0


def lay_in(service: Service, packets: list[Path]) -> None:
    for path in packets:
        shutil.copy(path, service.home.inbox / path.name)


def test_what_is_laid_into_the_folder_is_scored(quick: Service, packets: list[Path]) -> None:
    with working(quick):
        lay_in(quick, packets[:10])
        wait_until(lambda: scored(quick) == 10)
        lay_in(quick, packets[10:12])
        wait_until(lambda: scored(quick) == 12)
        with quick.database.reading() as session:
            beat = session.scalars(select(WorkerBeat)).one()
            assert beat.state == "running"
            assert {"scoring", "folder"} <= set(beat.details["parts"])
    with quick.database.reading() as session:
        beat = session.scalars(select(WorkerBeat)).one()
        assert (beat.state, beat.details["scored"], beat.details["errors"]) == ("stopped", 12, {})
        assert beat.details["items_per_s"] == pytest.approx(12 / 60, abs=0.01)
        assert session.get_one(Feed, "folder").state == "stopped"
        assert session.scalars(select(Scorer.duty)).all() == ["on-duty"]
        assert all(score is not None for score in session.scalars(select(Candidate.score)))


def test_until_quiet_it_leaves_by_itself(quick: Service, packets: list[Path]) -> None:
    lay_in(quick, packets[:6])
    stop = threading.Event()
    run_worker(quick, stop, until_quiet=1.5)
    assert stop.is_set()
    assert scored(quick) == 6


def test_before_a_feed_has_looked_it_is_not_quiet(
    quick: Service, packets: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = FolderFeed.look

    def late(self: FolderFeed, stop: threading.Event | None = None) -> int:
        time.sleep(1.0)
        return look(self, stop)

    monkeypatch.setattr(FolderFeed, "look", late)
    lay_in(quick, packets[:3])
    run_worker(quick, threading.Event(), until_quiet=0.3)
    assert scored(quick) == 3


def test_a_database_that_is_away_is_not_taken_for_quiet(
    quick: Service, packets: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def away(session: object) -> bool:
        looks.append(1)
        if len(looks) < 6:
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
        return is_refreshing(session)

    is_refreshing = worker_module.is_refreshing
    monkeypatch.setattr(worker_module, "is_refreshing", away)
    monkeypatch.setattr(worker_module, "LOOK_S", 0.1)
    stop = threading.Event()
    worker_module._stop_when_quiet(quick, stop, 0.2)
    assert stop.is_set()
    # Five looks in vain, one to see the state, and those of the time in which nothing changed.
    assert len(looks) >= 7


def test_a_part_that_fails_comes_again_and_harms_no_other(
    quick: Service, packets: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty:
        name = "faulty"
        runs = 0
        go_on = threading.Event()

        def run(self, stop: threading.Event) -> None:
            type(self).runs += 1
            if not self.go_on.is_set():
                raise RuntimeError("its archive has moved")
            stop.wait()

    feeds = worker_module.open_feeds(quick)
    monkeypatch.setattr(worker_module, "open_feeds", lambda _: [*feeds, Faulty()])

    def told() -> tuple[str, str]:
        with quick.database.reading() as session:
            row = session.get(Feed, "faulty")
            return ("", "") if row is None else (row.state, row.error)

    with working(quick):
        lay_in(quick, packets[:3])
        wait_until(lambda: scored(quick) == 3)
        wait_until(lambda: Faulty.runs > 2)
        assert told() == ("failing", "its archive has moved")
        wait_until(lambda: _beat(quick) == ("failing", {"faulty": "its archive has moved"}))
        Faulty.go_on.set()
        wait_until(lambda: _beat(quick) == ("running", {}))


def test_scoring_outlives_what_goes_wrong(
    quick: Service, packets: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    score, failures = scoring_loop.score_pending, []

    def fail_at_first(service: Service) -> object:
        if len(failures) < 3:
            failures.append(1)
            raise ServiceError("the database does not answer: restarting")
        return score(service)

    monkeypatch.setattr(scoring_loop, "score_pending", fail_at_first)
    lay_in(quick, packets[:3])
    with working(quick):
        wait_until(lambda: scored(quick) == 3)


def test_sqlite_has_one_worker_and_postgresql_several(quick: Service, packets: list[Path]) -> None:
    with working(quick):
        wait_until(lambda: _beats(quick) == 1)
        if quick.database.is_sqlite:
            with pytest.raises(ServiceError, match=rf"another worker runs \(process {os.getpid()}\)"):
                run_worker(quick, threading.Event())
        else:
            lay_in(quick, packets[:4])
            stop = threading.Event()
            stop.set()
            run_worker(quick, stop)
            wait_until(lambda: scored(quick) == 4)
    # The lock is free again.
    stopped = threading.Event()
    stopped.set()
    run_worker(quick, stopped)


def _beat(service: Service) -> tuple[str, dict[str, str]]:
    with service.database.reading() as session:
        beat = session.scalars(select(WorkerBeat)).one()
        return beat.state, beat.details["errors"]


def _beats(service: Service) -> int:
    with service.database.reading() as session:
        return session.query(WorkerBeat).count()


def start(service: Service) -> subprocess.Popen[bytes]:
    """Start the command on its own, one candidate a transaction."""
    (service.home.folder / "service.toml").write_text(
        '[judging]\nbatch = 1\nstreaks = ""\n[ingest]\nbatch = 4\nstop_free_mb = 1\n'
        "[ingest.folder]\npoll_s = 0.2\nsettle_s = 0.1\n"
    )
    environment = os.environ | {"SKYSIEVE_DATABASE_URL": service.settings.database_url}
    command = [sys.executable, "-m", "skysieve", "worker", "--home", str(service.home.folder)]
    with (service.home.run / "test.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def test_killed_in_the_middle_every_candidate_has_exactly_its_scores(
    service: Service, packets: list[Path]
) -> None:
    lay_in(service, packets)
    for goal in (3, 20):
        process = start(service)
        wait_until(lambda goal=goal: scored(service) >= goal)
        process.kill()
        process.wait()
        assert scored(service) < len(packets)
    process = start(service)
    try:
        wait_until(lambda: scored(service) == len(packets))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
    with service.database.reading() as session:
        assert session.query(Candidate).count() == len(packets)
        assert session.query(PendingScore).count() == 0
        rows = session.execute(
            select(Score.candidate_id, Score.member, Score.value, Candidate.score).join(
                Candidate, Candidate.id == Score.candidate_id
            )
        ).all()
        assert len({row.candidate_id for row in rows}) == len(rows) == len(packets)
        assert all(row.value == row.score for row in rows)
        states = set(session.scalars(select(WorkerBeat.state)))
    assert "stopped" in states
