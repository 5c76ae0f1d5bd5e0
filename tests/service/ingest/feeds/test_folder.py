"""The watched folder: files are taken in when they are whole, whatever happens to them and to the folder."""

import dataclasses
import os
import shutil
import time

import pytest
from sqlalchemy import func, select

from skysieve.service.database.tables import Candidate, Feed, JournalEntry, QuarantinedItem
from skysieve.service.ingest.feed import FEEDS
from skysieve.service.ingest.feeds import folder as folder_module
from skysieve.service.ingest.feeds.folder import FolderFeed, folder_feed
from skysieve.service.ingest.reception import retry
from skysieve.service.settings import FolderSettings
from waiting import running, wait_until


@pytest.fixture
def watched(sqlite_service, with_settings):
    """Return a service whose inbox is listed often and whose files settle at once."""
    return with_settings(sqlite_service, folder=FolderSettings(poll_s=0.1, settle_s=0.0))


def _journal(service):
    with service.database.reading() as session:
        return {row.item: row.outcome for row in session.scalars(select(JournalEntry))}


def _candidates(service):
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Candidate))


def _feed_row(service):
    with service.database.reading() as session:
        return session.execute(select(Feed.state, Feed.error, Feed.place, Feed.item_at)).one_or_none()


def _states(service):
    with service.database.reading() as session:
        return {row.item: row.state for row in session.scalars(select(QuarantinedItem))}


def _lay(service, path, name):
    place = service.home.inbox / name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)
    return place


def test_the_feed_is_made_unless_nobody_wants_it(sqlite_service, with_settings):
    assert FEEDS.get("folder") is folder_feed
    assert isinstance(folder_feed(sqlite_service), FolderFeed)
    assert folder_feed(with_settings(sqlite_service, watch=False)) is None


def test_what_lies_there_and_what_comes_is_taken_in(service, with_settings, alert_night, packets):
    service = with_settings(service, folder=FolderSettings(poll_s=0.1, settle_s=0.0), batch=4)
    shutil.copytree(alert_night.packets, service.home.inbox / "night")
    late = _lay(service, packets[0], "late.avro")
    late.rename(service.home.folder / "late.avro")
    with running(FolderFeed(service)):
        wait_until(lambda: len(_journal(service)) == len(list(alert_night.packets.iterdir())))
        (service.home.folder / "late.avro").rename(service.home.inbox / "late.avro")
        wait_until(lambda: "late.avro" in _journal(service))
        wait_until(lambda: _feed_row(service).state == "running")
    outcomes = _journal(service)
    assert outcomes["late.avro"] == "duplicate"
    assert outcomes["night/bad-foreign-text-0.txt"] == "ignored"
    assert sum(outcome == "quarantined" for outcome in outcomes.values()) == 8
    assert _candidates(service) == 14
    row = _feed_row(service)
    assert (row.state, row.place, row.error) == ("stopped", str(service.home.inbox), "")
    assert row.item_at is not None


def test_what_lies_there_is_taken_once(watched, packets):
    _lay(watched, packets[0], "1.avro")
    feed = FolderFeed(watched)
    assert (feed.look(), feed.look(), FolderFeed(watched).look()) == (1, 0, 0)


def test_a_file_is_left_alone_until_nobody_writes_to_it(sqlite_service, with_settings, packets):
    service = with_settings(sqlite_service, folder=FolderSettings(poll_s=0.1, settle_s=3600.0))
    place = _lay(service, packets[0], "1.avro")
    feed = FolderFeed(service)
    assert feed.look() == 0
    # Its own clock may be wrong: what does not change before our eyes is whole, too.
    settled = with_settings(service, folder=FolderSettings(settle_s=0.3))
    os.utime(place, (time.time() + 7200, time.time() + 7200))
    feed = FolderFeed(settled)
    assert feed.look() == 0
    wait_until(lambda: feed.look() == 1)


def test_a_file_that_is_still_written_is_taken_when_it_is_whole(sqlite_service, with_settings, packets):
    service = with_settings(sqlite_service, folder=FolderSettings(poll_s=3600.0, settle_s=0.4))
    data = packets[0].read_bytes()
    with running(FolderFeed(service)):
        wait_until(lambda: _feed_row(service) is not None)
        with (service.home.inbox / "1.avro").open("wb") as file:
            for start in range(0, len(data), len(data) // 8):
                file.write(data[start : start + len(data) // 8])
                file.flush()
                time.sleep(0.05)
        # The next listing is an hour away: the system tells of it.
        wait_until(lambda: _journal(service) == {"1.avro": "stored"})
    assert not _states(service)


def test_a_truncated_file_that_was_taken_is_resolved_when_it_changes(service, with_settings, packets):
    service = with_settings(service, folder=FolderSettings(settle_s=0.0))
    place = service.home.inbox / "1.avro"
    place.write_bytes(packets[0].read_bytes()[:5000])
    feed = FolderFeed(service)
    assert feed.look() == 1
    assert (_journal(service), _states(service)) == ({"1.avro": "quarantined"}, {"1.avro": "open"})
    assert feed.look() == 0
    place.write_bytes(packets[0].read_bytes())
    assert feed.look() == 1
    assert (_journal(service), _states(service)) == ({"1.avro": "stored"}, {"1.avro": "resolved"})


def test_what_was_not_kept_is_asked_of_the_folder_again(watched, packets):
    outside = watched.home.folder / "1.avro"
    shutil.copyfile(packets[0], outside)
    (watched.home.inbox / "1.avro").symlink_to(outside)
    feed = FolderFeed(watched)
    feed.look()
    assert _states(watched) == {"1.avro": "open"}
    assert retry(watched).outcomes == ()
    assert _states(watched) == {"1.avro": "retry"}
    assert feed.look() == 1
    assert _states(watched) == {"1.avro": "open"}
    assert _candidates(watched) == 0


def test_a_folder_that_vanishes_is_waited_for(watched, packets, monkeypatch):
    monkeypatch.setattr("skysieve.service.ingest.feed.FIRST_WAIT_S", 0.05)
    with running(FolderFeed(watched)):
        wait_until(lambda: _feed_row(watched) is not None)
        shutil.rmtree(watched.home.inbox)
        wait_until(lambda: _feed_row(watched).state == "failing")
        assert "does not exist" in _feed_row(watched).error
        watched.home.inbox.mkdir()
        _lay(watched, packets[0], "1.avro")
        wait_until(lambda: _journal(watched) == {"1.avro": "stored"})
        wait_until(lambda: _feed_row(watched).state == "running")
        # Another folder in its place is watched like the first.
        shutil.rmtree(watched.home.inbox)
        watched.home.inbox.mkdir()
        _lay(watched, packets[1], "2.avro")
        wait_until(lambda: "2.avro" in _journal(watched))


def test_a_full_disk_is_waited_for_and_nothing_is_lost(watched, with_settings, packets, monkeypatch):
    monkeypatch.setattr("skysieve.service.ingest.feed.FIRST_WAIT_S", 0.05)
    usage = shutil.disk_usage(watched.home.folder)
    free = [0]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free[0]))
    _lay(watched, packets[0], "1.avro")
    with running(FolderFeed(watched)):
        wait_until(lambda: (row := _feed_row(watched)) is not None and row.state == "disk-full")
        assert _journal(watched) == {}
        free[0] = 10**12
        wait_until(lambda: _journal(watched) == {"1.avro": "stored"})
        wait_until(lambda: _feed_row(watched).state == "running")


def test_a_folder_moved_in_is_taken_with_all_below(sqlite_service, with_settings, packets):
    service = with_settings(sqlite_service, folder=FolderSettings(poll_s=3600.0, settle_s=0.0))
    outside = service.home.folder / "night"
    (outside / "deep").mkdir(parents=True)
    for at, path in enumerate(packets[:3]):
        shutil.copyfile(path, outside / "deep" / f"{at}.avro")
    with running(FolderFeed(service)):
        wait_until(lambda: _feed_row(service) is not None)
        outside.rename(service.home.inbox / "night")
        wait_until(lambda: len(_journal(service)) == 3)


def test_where_the_system_tells_nothing_the_listing_finds_it(watched, packets, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(28, "inotify watch limit reached")
        yield

    monkeypatch.setattr(folder_module.watchfiles, "watch", refuse)
    with running(FolderFeed(watched)):
        wait_until(lambda: _feed_row(watched) is not None)
        _lay(watched, packets[0], "1.avro")
        wait_until(lambda: _journal(watched) == {"1.avro": "stored"})
    assert "listed instead" in caplog.text


def test_a_folder_below_that_cannot_be_listed_is_told_of_and_the_rest_is_taken(watched, packets, monkeypatch):
    monkeypatch.setattr("skysieve.service.ingest.feed.FIRST_WAIT_S", 0.05)
    _lay(watched, packets[0], "open/1.avro")
    _lay(watched, packets[1], "closed/2.avro")
    scandir = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with running(FolderFeed(watched)):
        wait_until(lambda: _journal(watched) == {"open/1.avro": "stored"})
        wait_until(lambda: (row := _feed_row(watched)) is not None and "Permission denied" in row.error)


def test_the_settings_may_name_another_folder(sqlite_service, with_settings, packets, tmp_path):
    for path in (str(tmp_path / "drop"), "drop"):
        service = with_settings(sqlite_service, folder=FolderSettings(path=path, settle_s=0.0))
        place = service.home.folder / path
        place.mkdir()
        shutil.copyfile(packets[0], place / f"{len(path)}.avro")
        assert FolderFeed(dataclasses.replace(service)).look() == 1
