"""A depot comes in whole and once, from a server that lists, fails, and is still being written to."""

from __future__ import annotations

import os
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import select

from depot_site import DepotSite
from skysieve.errors import ConfigurationError, DownloadError, ServiceError
from skysieve.service.database.tables import Candidate, Feed, JournalEntry, QuarantinedItem
from skysieve.service.ingest.depots import server as server_module
from skysieve.service.ingest.depots.night_walk import dates_to_look_at
from skysieve.service.ingest.disk import is_disk_full
from skysieve.service.ingest.feed import FEEDS
from skysieve.service.ingest.feeds import depot as depot_module
from skysieve.service.ingest.feeds.depot import DepotFeed
from skysieve.service.ingest.quarantine import list_quarantine
from skysieve.service.ingest.reception import retry
from skysieve.service.settings import DepotSettings

#: The evening at Palomar; the depot names the night by the next day.
TONIGHT, DATE = "20190214", "20190215"
PART = f"{DATE}/02h49m00s-03h14m00s/ccd01"
ARCHIVE, TABLE = "ztf_c01_o_q1_strkcutouts.tar.gz", "ztf_20190215_c01_streaks.txt"


@pytest.fixture
def quick(monkeypatch):
    """Ask without pauses."""
    monkeypatch.setattr(server_module, "_PACE_S", 0.0)
    monkeypatch.setattr(server_module, "_FIRST_PAUSE_S", 0.0)


@pytest.fixture
def site(tmp_path, quick) -> Iterator:
    """Yield a running depot without anything in it."""
    root = tmp_path / "depot"
    root.mkdir()
    running = DepotSite(root)
    yield running
    running.close()


@pytest.fixture
def night(site, streak_night):
    """Return a depot with one night: an archive of cutouts and their table."""
    place = site.root / PART
    place.mkdir(parents=True)
    with tarfile.open(place / ARCHIVE, "w:gz") as archive:
        for path in sorted(streak_night.night.glob("stamps_*/*.jpg")):
            archive.add(path, f"{ARCHIVE.removesuffix('.tar.gz')}/{path.name}")
    (table,) = streak_night.night.glob("meta/*/*streaks.txt")
    shutil.copy(table, place / TABLE)
    age(site.root)
    return site


@pytest.fixture
def open_feed(with_settings) -> Iterator:
    """Yield what opens the feed of a depot for a service."""
    opened: list[DepotFeed] = []

    def make(service, site, **settings) -> DepotFeed:
        feed = DepotFeed(with_settings(service, depot=DepotSettings(site.url, poll_s=0.01, **settings)))
        opened.append(feed)
        return feed

    yield make
    for feed in opened:
        feed._server.close()


def age(root: Path, seconds: float = 3600.0) -> None:
    """Let everything have been written some time ago."""
    then = time.time() - seconds
    for path in [*root.rglob("*"), root]:
        os.utime(path, (then, then))


def journal(service) -> dict[str, str]:
    with service.database.reading() as session:
        return dict(session.execute(select(JournalEntry.item, JournalEntry.outcome)).all())


def candidates(service) -> int:
    with service.database.reading() as session:
        return session.query(Candidate).count()


def test_night_of_a_depot_comes_in_once(service, open_feed, night):
    feed = open_feed(service, night)
    assert feed.look(TONIGHT) == 2
    # Rows wait for their pictures, which come after them in the listing.
    assert journal(service) == {f"{PART}/{TABLE}": "waiting", f"{PART}/{ARCHIVE}": "stored"}
    assert candidates(service) == 6
    night.asked.clear()
    assert feed.look(TONIGHT) == 0
    again = open_feed(service, night)
    assert again.look(TONIGHT) == 0
    assert not any(path.endswith((ARCHIVE, TABLE)) for path in night.paths())
    assert list((service.home.run / "depot").iterdir()) == []  # nothing is left of what was fetched


def test_what_cannot_have_changed_is_not_asked_about_again(sqlite_service, open_feed, night):
    feed = open_feed(sqlite_service, night)
    feed.look(TONIGHT)
    night.asked.clear()
    feed.look(TONIGHT)
    assert night.paths("HEAD") == []
    assert night.paths() == ["20190215/", "20190215/02h49m00s-03h14m00s/", "20190214/"]


def test_other_folders_and_files_are_left_alone(sqlite_service, open_feed, night):
    for folder in ("CalQA", "CovMaps", "02h49m00s-03h14m00s/logs", "02h49m00s-03h14m00s/ccd01/ccd02"):
        place = night.root / DATE / folder
        place.mkdir(parents=True)
        (place / ARCHIVE).write_bytes(b"not to be read")
    (night.root / PART / "ztf_sciimg.fits.fz").write_bytes(b"large")
    age(night.root)
    feed = open_feed(sqlite_service, night)
    assert feed.look(TONIGHT) == 2


def test_links_that_lead_out_are_not_followed(sqlite_service, open_feed, night):
    (night.root.parent / f"outside_{ARCHIVE}").write_bytes(b"secret")
    night.more_html = (
        f'<a href="../../outside_{ARCHIVE}">x</a><a href="..%2f..%2foutside_{ARCHIVE}">x</a>'
        f'<a href="http://127.0.0.1:9/{ARCHIVE}">x</a><a href="//127.0.0.1:9/{DATE}/{ARCHIVE}">x</a>'
    )
    open_feed(sqlite_service, night).look(TONIGHT)
    assert not any("outside" in asked.path or "%2f" in asked.path.lower() for asked in night.asked)
    assert len(journal(sqlite_service)) == 2


def test_password_comes_from_the_environment_and_goes_nowhere_else(
    sqlite_service, open_feed, night, monkeypatch
):
    night.login = "me:secret"
    with pytest.raises(DownloadError, match=r"401 .*SKYSIEVE_DEPOT_USER"):
        open_feed(sqlite_service, night).look(TONIGHT)
    monkeypatch.setenv("SKYSIEVE_DEPOT_USER", "me")
    with pytest.raises(ConfigurationError, match="SKYSIEVE_DEPOT_PASSWORD is not set"):
        open_feed(sqlite_service, night)
    monkeypatch.setenv("SKYSIEVE_DEPOT_PASSWORD", "secret")
    assert open_feed(sqlite_service, night).look(TONIGHT) == 2


def test_redirect_is_not_followed(sqlite_service, open_feed, night, monkeypatch):
    monkeypatch.setenv("SKYSIEVE_DEPOT_USER", "me")
    monkeypatch.setenv("SKYSIEVE_DEPOT_PASSWORD", "secret")
    night.failures = [(302, {"Location": "http://127.0.0.1:9/elsewhere/"})]
    with pytest.raises(DownloadError, match="redirects are not followed"):
        open_feed(sqlite_service, night).look(TONIGHT)
    assert len(night.asked) == 1


def test_broken_transfer_goes_on_where_it_broke_off(sqlite_service, open_feed, night):
    night.cuts = [1000, 500]
    assert open_feed(sqlite_service, night).look(TONIGHT) == 2
    ranges = [asked.headers["range"] for asked in night.asked if "range" in asked.headers]
    assert ranges == ["bytes=1000-", "bytes=1500-"]
    assert candidates(sqlite_service) == 6


def test_file_that_never_comes_whole_keeps_nobody_from_the_others(sqlite_service, open_feed, night):
    night.cuts = [0] * 5
    with pytest.raises(ServiceError, match="1 files could not be fetched"):
        open_feed(sqlite_service, night).look(TONIGHT)
    assert journal(sqlite_service) == {f"{PART}/{ARCHIVE}": "waiting"}
    assert open_feed(sqlite_service, night).look(TONIGHT) == 1
    assert candidates(sqlite_service) == 6


def test_file_or_folder_that_is_refused_keeps_nobody_from_the_others(sqlite_service, open_feed, night):
    night.refused = {f"{PART}/{ARCHIVE}", f"{DATE}/00h00m00s-01h00m00s/"}
    (night.root / DATE / "00h00m00s-01h00m00s").mkdir()
    feed = open_feed(sqlite_service, night)
    with pytest.raises(ServiceError, match=r"2 files .*: .*00h00m00s-01h00m00s/: answers 403 Forbidden"):
        feed.look(TONIGHT)
    assert journal(sqlite_service) == {f"{PART}/{TABLE}": "waiting"}
    night.refused = set()
    assert feed.look(TONIGHT) == 1


def test_file_that_has_grown_is_taken_again(sqlite_service, open_feed, night):
    place = night.root / PART / TABLE
    whole = place.read_text().splitlines(keepends=True)
    place.write_text("".join(whole[:5]))
    feed = open_feed(sqlite_service, night)
    feed.look(TONIGHT)
    before = candidates(sqlite_service)
    place.write_text("".join(whole))
    assert feed.look(TONIGHT) == 1
    assert before < candidates(sqlite_service) == 6


def test_half_an_archive_that_was_in_quarantine_is_resolved_by_the_whole(sqlite_service, open_feed, night):
    place = night.root / PART / ARCHIVE
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    feed = open_feed(sqlite_service, night)
    feed.look(TONIGHT)
    with sqlite_service.database.reading() as session:
        assert len(list_quarantine(session)) == 1
    place.write_bytes(whole)
    feed.look(TONIGHT)
    assert candidates(sqlite_service) == 6
    with sqlite_service.database.reading() as session:
        assert list_quarantine(session) == []


def test_file_that_changes_while_it_is_fetched_is_fetched_again(sqlite_service, open_feed, night):
    place = night.root / PART / TABLE
    whole = place.read_text()
    place.write_text(whole[: len(whole) // 2])

    def grow(path: Path) -> None:
        if path == place:
            night.sent = lambda _: None
            place.write_text(whole)

    night.sent = grow
    feed = open_feed(sqlite_service, night)
    assert feed.look(TONIGHT) == 1
    assert f"{PART}/{TABLE}" not in journal(sqlite_service)
    assert feed.look(TONIGHT) == 1
    assert candidates(sqlite_service) == 6


def test_what_somebody_wants_tried_again_is_fetched_again(sqlite_service, open_feed, night):
    (night.root / PART / "bad_streaks.txt").write_text("no table")
    age(night.root)
    feed = open_feed(sqlite_service, night)
    feed.look(TONIGHT)
    with sqlite_service.database.writing() as session:
        session.query(QuarantinedItem).update({"sha256": ""})
    retry(sqlite_service)
    night.asked.clear()
    assert feed.look(TONIGHT) == 1
    assert f"{PART}/bad_streaks.txt" in night.paths()


@pytest.mark.parametrize("change", ["no-head", "no-marks", "no-dates", "packed"])
def test_servers_differ(sqlite_service, open_feed, night, change):
    night.allows_head = change != "no-head"
    night.marks = change != "no-marks"
    night.dates = change != "no-dates"
    night.content_encoding = "x-gzip" if change == "packed" else ""
    if change == "packed":
        (night.root / PART / TABLE).unlink()
    feed = open_feed(sqlite_service, night)
    assert feed.look(TONIGHT) == (1 if change == "packed" else 2)
    assert feed.look(TONIGHT) == 0


def test_server_that_is_overloaded_is_asked_again(sqlite_service, open_feed, night):
    night.failures = [(503, {}), (502, {})]
    assert open_feed(sqlite_service, night).look(TONIGHT) == 2


def test_server_that_asks_to_wait_is_left_alone(sqlite_service, open_feed, night):
    night.failures = [(429, {"Retry-After": "100"})]
    feed = open_feed(sqlite_service, night)
    for _ in range(2):
        with pytest.raises(ServiceError, match="asked to wait"):
            feed.look(TONIGHT)
    assert len(night.asked) == 1


def test_night_without_a_folder_has_no_files(sqlite_service, open_feed, site):
    assert open_feed(sqlite_service, site).look(TONIGHT) == 0


def test_earlier_nights_are_looked_at_now_and_then(sqlite_service, open_feed, site):
    feed = open_feed(sqlite_service, site, nights_back=2)
    for _ in range(3):
        feed.look(TONIGHT)
    assert site.paths() == [
        *("20190215/", "20190214/", "20190213/", "20190212/"),
        *("20190215/", "20190214/"),
        *("20190215/", "20190214/"),
    ]
    assert dates_to_look_at("20191231", 0) == ["20200101", "20191231"]


def test_disk_without_room_stops_the_feed_before_the_file_is_fetched(
    sqlite_service, open_feed, night, monkeypatch
):
    feed = open_feed(sqlite_service, night)
    least = sqlite_service.settings.ingest.stop_free_mb * 1_000_000
    usage = shutil.disk_usage(sqlite_service.home.run)._replace(free=least + 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ServiceError) as caught:
        feed.look(TONIGHT)
    assert is_disk_full(caught.value)
    assert not any(path.endswith(ARCHIVE) for path in night.paths())


def test_run_looks_until_it_is_told_to_stop(sqlite_service, open_feed, night, monkeypatch):
    monkeypatch.setattr(depot_module, "observing_night", lambda *_: TONIGHT)
    left_over = sqlite_service.home.run / "depot" / "old"
    left_over.mkdir(parents=True)
    os.utime(left_over, (0, 0))
    stop = threading.Event()
    thread = threading.Thread(target=open_feed(sqlite_service, night).run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 20
    while candidates(sqlite_service) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert candidates(sqlite_service) == 6
    assert not left_over.exists()
    with sqlite_service.database.reading() as session:
        row = session.execute(select(Feed.state, Feed.place, Feed.error)).one()
    assert tuple(row) == ("stopped", night.url, "")


def test_one_process_asks_the_depot_for_all(sqlite_service, open_feed, night, monkeypatch):
    monkeypatch.setattr(depot_module, "observing_night", lambda *_: TONIGHT)
    feed = open_feed(sqlite_service, night)
    feed._sweep()
    with FileLock(sqlite_service.home.run / "depot" / "lock"):
        feed._look()
        assert night.asked == []
    feed._look()
    assert candidates(sqlite_service) == 6


def test_stop_breaks_a_fetch_off_and_keeps_what_came(sqlite_service, open_feed, night):
    feed = open_feed(sqlite_service, night)

    class StopsInTheFile(threading.Event):
        def is_set(self) -> bool:
            return any(asked.method == "GET" and asked.path.endswith(TABLE) for asked in night.asked)

    feed._server.stop = StopsInTheFile()
    assert feed.look(TONIGHT) == 0
    assert journal(sqlite_service) == {}
    assert len(list((sqlite_service.home.run / "depot").glob("*/*.part"))) == 1
    feed._server.stop = threading.Event()
    assert feed.look(TONIGHT) == 2
    assert "range" in next(
        asked.headers
        for asked in reversed(night.asked)
        if asked.method == "GET" and asked.path.endswith(TABLE)
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://depot/", "not an address"),
        ("http://me:secret@depot/", "holds a user"),
        ("https://depot/?night=1", "query"),
        ("https://de pot/", "not an address"),
    ],
)
def test_address_is_checked(sqlite_service, with_settings, url, expected):
    with pytest.raises(ConfigurationError, match=expected) as caught:
        FEEDS.get("depot")(with_settings(sqlite_service, depot=DepotSettings(url)))
    assert "secret" not in str(caught.value)


def test_feed_is_there_where_a_depot_is_named(sqlite_service):
    assert FEEDS.get("depot")(sqlite_service) is None
