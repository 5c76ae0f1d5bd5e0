"""A disk that is full, for real: ingest stops and says so, loses nothing, and goes on by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from skysieve.service.database.database import Database
from skysieve.service.database.tables import Candidate, Cutouts, Feed, QuarantinedItem
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home
from skysieve.service.ingest import feed as feed_module
from skysieve.service.ingest.feeds.folder import FolderFeed
from skysieve.service.operation.health import State, check_health
from skysieve.service.service import Service
from skysieve.service.settings import FolderSettings, IngestSettings, ServiceSettings
from skysieve.sources.simulators.night import simulate_night
from waiting import wait_until

ALERTS = 30
DISK_MB = 24


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Yield the folder of a small disk of its own, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "skysieve-tests", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of alerts on another disk; a feed that fails looks again at once."""
    monkeypatch.setattr(feed_module, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(feed_module, "LONGEST_WAIT_S", 0.05)
    simulate_night(tmp_path / "night", n=ALERTS, seed=3)
    return tmp_path / "night" / "packets"


@contextmanager
def service_on(disk: Path, inbox: Path, sqlite_template: bytes, stop_free_mb: int) -> Iterator[Service]:
    home = Home(disk / "home")
    home.create()
    home.database.write_bytes(sqlite_template)
    folder = FolderSettings(path=str(inbox), poll_s=0.05, settle_s=0.0)
    ingest = IngestSettings(folder=folder, batch=4, stop_free_mb=stop_free_mb)
    settings = ServiceSettings(ingest=ingest)
    service = Service(home, settings, Database(settings.database_address(home)), ContentStore(home.files))
    try:
        yield service
    finally:
        service.close()


@contextmanager
def watching(service: Service) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=FolderFeed(service).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def fill(disk: Path, *, leave_kb: int) -> Path:
    """Fill a disk, but for a rest, and return what is to be removed."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - leave_kb * 1024)))
    return ballast


def stored(service: Service) -> int:
    with service.database.reading() as session:
        return session.query(Candidate).count()


def feed_state(service: Service) -> str:
    with service.database.reading() as session:
        return session.scalar(select(Feed.state)) or ""


def assert_everything_is_there_once(service: Service) -> None:
    with service.database.reading() as session:
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        rows = session.execute(select(Cutouts.sha256, Cutouts.packet_sha256)).all()
        assert session.query(QuarantinedItem).count() == 0
        assert len(set(session.scalars(select(Candidate.name)))) == session.query(Candidate).count() == ALERTS
    assert len(rows) == ALERTS
    assert all(service.files.get(sha256) for row in rows for sha256 in row)


def test_ingest_stops_in_time_says_so_and_goes_on(disk: Path, inbox: Path, sqlite_template: bytes) -> None:
    with service_on(disk, inbox, sqlite_template, stop_free_mb=8) as service:
        ballast = fill(disk, leave_kb=6000)
        with watching(service):
            wait_until(lambda: feed_state(service) == "disk-full")
            assert stored(service) == 0
            checks = {check.name: check for check in check_health(service).checks}
            assert checks["disk"].state is checks["feed folder"].state is State.DEGRADED
            assert "skysieve prune" in checks["disk"].message
            assert "MB are free" in checks["feed folder"].message
            ballast.unlink()
            wait_until(lambda: stored(service) == ALERTS)
            wait_until(lambda: feed_state(service) == "running")
        assert_everything_is_there_once(service)


def test_a_disk_that_is_full_to_the_last_byte_loses_nothing(
    disk: Path, inbox: Path, sqlite_template: bytes
) -> None:
    with service_on(disk, inbox, sqlite_template, stop_free_mb=0) as service:
        ballast = fill(disk, leave_kb=700)
        with watching(service):
            wait_until(lambda: shutil.disk_usage(disk).free < 100_000)
            before = stored(service)
            assert before < ALERTS
            ballast.unlink()
            wait_until(lambda: stored(service) == ALERTS)
        assert_everything_is_there_once(service)


def test_people_can_still_read_when_the_disk_is_full(disk: Path, inbox: Path, sqlite_template: bytes) -> None:
    with service_on(disk, inbox, sqlite_template, stop_free_mb=0) as service:
        with watching(service):
            wait_until(lambda: stored(service) == ALERTS)
        fill(disk, leave_kb=0)
        assert stored(service) == ALERTS
        assert check_health(service).state is not State.DOWN
