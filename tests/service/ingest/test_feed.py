"""Feeds: what is told of them, and that they outlive every failure."""

import errno
import threading

import pytest
from sqlalchemy import select

from skysieve.errors import ServiceError
from skysieve.service.database.tables import Feed as FeedRow
from skysieve.service.ingest import feed
from skysieve.service.ingest.feed import FeedReport, keep_looking


def _row(service):
    with service.database.reading() as session:
        row = session.scalars(select(FeedRow)).one()
        session.expunge(row)
        return row


def _disk_full():
    error = ServiceError("the disk is full")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    return error


def test_a_report_tells_of_looks_items_failures_and_the_end(service):
    report = FeedReport(service, "folder", "/srv/inbox")
    report.looked()
    row = _row(service)
    assert (row.state, row.place, row.item_at, row.error) == ("running", "/srv/inbox", None, "")
    report.looked(items=3)
    assert _row(service).item_at is not None
    report.failed(ServiceError("no\0 answer"))
    row = _row(service)
    assert (row.state, row.error, row.item_at is not None) == ("failing", "no\\0 answer", True)
    report.failed(_disk_full())
    assert _row(service).state == "disk-full"
    report.looked()
    assert (_row(service).state, _row(service).error) == ("running", "")
    report.stopped()
    assert _row(service).state == "stopped"


def test_a_feed_remembers_and_reports_do_not_forget_it(service):
    report = FeedReport(service, "depot", "https://depot/")
    assert report.memory == {}
    report.remember({"night": "20261121"})
    report.looked(items=1)
    assert FeedReport(service, "depot", "https://depot/").memory == {"night": "20261121"}


def test_quiet_looks_are_written_now_and_then(sqlite_service, monkeypatch):
    written = []
    report = FeedReport(sqlite_service, "folder", "")
    monkeypatch.setattr(report, "_write", written.append)
    for _ in range(10):
        report.looked()
    assert len(written) == 1
    monkeypatch.setattr(feed, "_NOTE_S", 0.0)
    report.looked()
    assert len(written) == 2


def test_a_look_that_fails_is_reported_and_repeated_later_and_later(sqlite_service):
    stop, waits = threading.Event(), []
    outcomes = [ServiceError("one"), ValueError("two"), _disk_full(), None, ServiceError("again"), None]

    class _Stop:
        is_set = stop.is_set

        @staticmethod
        def wait(seconds):
            waits.append(seconds)

    def look():
        outcome = outcomes.pop(0)
        if not outcomes:
            stop.set()
        if outcome is not None:
            raise outcome
        return 0.25

    keep_looking(FeedReport(sqlite_service, "folder", ""), look, _Stop())
    assert waits == [1.0, 2.0, 4.0, 0.25, 1.0, 0.25]
    assert _row(sqlite_service).state == "stopped"
    assert _row(sqlite_service).error == ""


def test_a_report_that_cannot_be_written_fails_nobody(sqlite_service, caplog):
    report = FeedReport(sqlite_service, "folder", "")
    sqlite_service.database.write(lambda session: FeedRow.__table__.drop(session.connection()))
    report.looked()
    report.failed(ServiceError("no answer"))
    assert "could not be written" in caplog.text


def test_only_feeds_that_are_set_up_are_opened(sqlite_service, monkeypatch):
    class _Feeds(dict):
        def get(self, name):
            return self[name]

    wanted = object()
    monkeypatch.setattr(feed, "FEEDS", _Feeds(folder=lambda _: wanted, kafka=lambda _: None))
    assert feed.open_feeds(sqlite_service) == [wanted]


@pytest.mark.parametrize("error", [KeyError(), RuntimeError("\0")], ids=["wordless", "nul"])
def test_an_error_without_words_is_told_by_its_name(service, error):
    FeedReport(service, "folder", "").failed(error)
    assert _row(service).error in ("KeyError", "\\0")
