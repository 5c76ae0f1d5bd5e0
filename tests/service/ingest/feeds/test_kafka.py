"""Topics come in whole and once, through a cluster that speaks Kafka."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import itertools
import json
import threading
import time

import fastavro
import pytest
from sqlalchemy import select

import mock_cluster
from skysieve.configuration import override
from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.database.tables import Candidate, Feed, JournalEntry, QuarantinedItem
from skysieve.service.ingest.feed import FEEDS
from skysieve.service.ingest.feeds import kafka as kafka_module
from skysieve.service.ingest.feeds.kafka import KafkaFeed
from skysieve.service.ingest.topics import subscription as subscription_module
from skysieve.service.ingest.topics.subscription import Subscription
from skysieve.service.settings import KafkaSettings
from waiting import running, wait_until


class Killed(BaseException):
    """What no handler of errors sees."""


@pytest.fixture
def reading(with_settings):
    """Return what lets a service read topics of a cluster."""

    def change(service, brokers, *topics, **more):
        return with_settings(
            service, kafka=KafkaSettings(brokers, topics, options=mock_cluster.QUICK, **more)
        )

    return change


@pytest.fixture
def values(packets) -> list[bytes]:
    """Return sound packets."""
    return [path.read_bytes() for path in packets]


def journal(service) -> dict[str, str]:
    with service.database.reading() as session:
        found = session.execute(select(JournalEntry.item, JournalEntry.outcome)).all()
        return dict(found)


def feed_row(service) -> dict:
    columns = (Feed.state, Feed.error, Feed.place, Feed.memory, Feed.item_at)
    with service.database.reading() as session:
        row = session.execute(select(*columns)).one_or_none()
        return {} if row is None else dict(row._mapping)


def candidates(service) -> int:
    with service.database.reading() as session:
        return session.query(Candidate).count()


def turn_until_kept(service, count: int) -> None:
    """Let one member read, in this thread, until so many items are in the journal."""
    feed, deadline = KafkaFeed(service, linger_s=0.1), time.monotonic() + 30
    with contextlib.closing(Subscription(service.settings.ingest.kafka)) as subscription:
        while len(journal(service)) < count:
            assert time.monotonic() < deadline
            feed.turn(subscription)


def test_messages_are_kept_and_then_acknowledged(service, reading, cluster, values):
    read = reading(service, cluster.brokers, "alerts")
    cluster.produce("alerts", {str(number): value for number, value in enumerate(values)})
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: len(journal(read)) == len(values))
        wait_until(lambda: sum(cluster.committed("skysieve", "alerts").values()) == len(values))
    assert set(journal(read).values()) == {"stored"}
    assert candidates(read) == len(values)
    row = feed_row(read)
    assert (row["state"], row["error"]) == ("stopped", "")
    assert row["place"] == f"alerts at {cluster.brokers}"
    assert row["item_at"] is not None


def test_what_was_kept_and_not_acknowledged_comes_again_and_changes_nothing(
    sqlite_service, reading, cluster, values, monkeypatch
):
    read = reading(sqlite_service, cluster.brokers, "alerts")
    cluster.produce("alerts", values)

    def die(_: Subscription, messages: list) -> None:
        if messages:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Subscription, "commit", die)
        with pytest.raises(Killed):
            turn_until_kept(read, len(values))
    before = journal(read)
    assert before
    assert cluster.committed("skysieve", "alerts") == {}
    outcomes = []
    real = kafka_module.receive

    def noting(service, items):
        reception = real(service, items)
        outcomes.extend(reception.outcomes)
        return reception

    monkeypatch.setattr(kafka_module, "receive", noting)
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: cluster.committed("skysieve", "alerts") == {0: len(values)})
    assert outcomes.count("duplicate") == len(before)
    assert len(journal(read)) == candidates(read) == len(values)


def test_two_members_of_a_group_share_the_partitions(sqlite_service, reading, cluster):
    read = reading(sqlite_service, cluster.brokers, "alerts")
    with running(KafkaFeed(read, linger_s=0.1), KafkaFeed(read, linger_s=0.1)):
        for wave in range(3):
            names = [f"{wave}-{number}" for number in range(20)]
            cluster.produce("alerts", {name: f"no packet: {name}".encode() for name in names})
            wait_until(lambda wave=wave: len(journal(read)) == 20 * (wave + 1))
    assert set(journal(read).values()) == {"quarantined"}
    assert sum(cluster.committed("skysieve", "alerts").values()) == 60
    with read.database.reading() as session:
        assert {row.attempts for row in session.query(QuarantinedItem)} == {1}


def test_bad_messages_go_into_quarantine_and_the_offsets_go_on(
    sqlite_service, reading, cluster, values, monkeypatch
):
    read = reading(sqlite_service, cluster.brokers, "alerts")
    with read.database.writing() as session:
        old = {"offset": 1, "lag": 1, "at": "2020-01-01T00:00:00+00:00"}
        session.add(Feed(name="kafka", memory={"partitions": {"gone/0": old}}))
    monkeypatch.setattr(kafka_module, "_STANDING_S", 0.0)
    cluster.produce("alerts", [b"", b"<html>", None, values[0], values[1][:100], b"\0\0\0\0\7x"])
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: cluster.committed("skysieve", "alerts") == {0: 6})
    partitions = feed_row(read)["memory"]["partitions"]
    assert "gone/0" not in partitions
    assert {name: known["lag"] for name, known in partitions.items()} == {f"alerts/{n}": 0 for n in range(4)}
    assert partitions["alerts/0"]["offset"] == 6
    assert journal(read) == {
        "alerts/0/0": "quarantined",
        "alerts/0/1": "quarantined",
        "alerts/0/3": "stored",
        "alerts/0/4": "quarantined",
        "alerts/0/5": "quarantined",
    }
    with read.database.reading() as session:
        kinds = [row.kind for row in session.query(QuarantinedItem).order_by(QuarantinedItem.item)]
    assert kinds == ["empty-file", "not-avro", "truncated-avro", "missing-schema"]


def test_bare_and_framed_records_are_read_with_their_schema(
    sqlite_service, reading, cluster, values, tmp_path
):
    reader = fastavro.reader(io.BytesIO(values[0]))
    schema = reader.writer_schema
    bare, framed = io.BytesIO(), io.BytesIO()
    fastavro.schemaless_writer(bare, schema, next(reader))
    fastavro.schemaless_writer(framed, schema, next(fastavro.reader(io.BytesIO(values[1]))))
    (tmp_path / "7.avsc").write_text(json.dumps(schema))
    read = reading(sqlite_service, cluster.brokers, "fink", "framed", schemas=str(tmp_path))
    cluster.produce("fink", {json.dumps(schema): bare.getvalue()})
    cluster.produce("framed", [b"\0\0\0\0\7" + framed.getvalue()])
    turn_until_kept(read, 2)
    assert set(journal(read).values()) == {"stored"}
    assert candidates(read) == 2


def test_an_alert_that_comes_bare_and_framed_is_one_candidate(
    sqlite_service, reading, cluster, values, tmp_path
):
    reader = fastavro.reader(io.BytesIO(values[0]))
    schema, record = reader.writer_schema, next(reader)
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, record)
    (tmp_path / "7.avsc").write_text(json.dumps(schema))
    read = reading(sqlite_service, cluster.brokers, "fink", "framed", schemas=str(tmp_path))
    cluster.produce("fink", {json.dumps(schema): buffer.getvalue()})
    cluster.produce("framed", [b"\0\0\0\0\7" + buffer.getvalue()])
    turn_until_kept(read, 2)
    # Whichever is read first is stored; the other brings nothing new.
    assert sorted(journal(read).values()) == ["duplicate", "stored"]
    assert candidates(read) == 1


def test_pattern_finds_the_topic_of_the_next_night(sqlite_service, reading, cluster, values):
    read = reading(sqlite_service, cluster.brokers, "^ztf_[0-9]{8}_programid1")
    cluster.produce("ztf_20261121_programid1", values[:2])
    cluster.produce("other", values[:1])
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: len(journal(read)) == 2)
        cluster.produce("ztf_20261122_programid1", values[2:4])
        wait_until(lambda: len(journal(read)) == 4)
    assert sorted(journal(read)) == [
        f"ztf_202611{day}_programid1/0/{number}" for day in (21, 22) for number in (0, 1)
    ]


def test_batches_that_could_not_be_kept_are_read_again(sqlite_service, reading, cluster, monkeypatch):
    read = reading(sqlite_service, cluster.brokers, "alerts")
    read = dataclasses.replace(read, settings=override(read.settings, {"ingest.batch": 7}))
    names = [f"message {number}" for number in range(60)]
    cluster.produce("alerts", {name: name.encode() for name in names})
    calls, real = itertools.count(), kafka_module.receive

    def fail_half_of_the_time(service, items):
        if next(calls) % 4 in (0, 1):
            raise RuntimeError("the database is gone")
        return real(service, items)

    monkeypatch.setattr(kafka_module, "receive", fail_half_of_the_time)
    monkeypatch.setattr(kafka_module, "FIRST_WAIT_S", 0.02)
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: sum(cluster.committed("skysieve", "alerts").values()) == 60)
    assert len(journal(read)) == 60


class Scripted:
    """A member whose cluster has nothing to say, to see what a feed does with it."""

    is_broken, has_faults = False, False

    def __init__(self, _: KafkaSettings) -> None:
        self.rests: list[float] = []

    def take(self, *_: object) -> list:
        if self.is_broken:
            raise ServiceError("the client failed")
        return []

    def rest(self, seconds: float, stop: threading.Event) -> None:
        self.rests.append(seconds)
        stop.wait(0.01)

    def nothing(self, *_: object) -> dict:
        return {}

    commit = rewind = close = standing = nothing


def test_full_disk_stops_the_feed_until_there_is_room(sqlite_service, reading, monkeypatch):
    read = reading(sqlite_service, "broker:9092", "alerts")
    feed, room, member = KafkaFeed(read), threading.Event(), Scripted(read.settings.ingest.kafka)

    def keep(_: list) -> None:
        if not room.is_set():
            raise ServiceError("3 MB are free") from OSError(errno.ENOSPC, "")

    monkeypatch.setattr(feed, "_keep", keep)
    monkeypatch.setattr(kafka_module, "Subscription", lambda _: member)
    with running(feed):
        wait_until(lambda: feed_row(read).get("state") == "disk-full" and len(member.rests) >= 8)
        assert feed_row(read)["error"] == "3 MB are free"
        room.set()
        wait_until(lambda: feed_row(read)["state"] == "running")
    assert member.rests[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_cluster_that_is_gone_is_told_of_and_waited_for(sqlite_service, reading, monkeypatch):
    monkeypatch.setattr(subscription_module, "_ASKED_S", 0.2)
    read = reading(sqlite_service, "127.0.0.1:1", "alerts")
    with running(KafkaFeed(read, linger_s=0.1)):
        wait_until(lambda: feed_row(read).get("state") == "failing")
    row = feed_row(read)
    assert row["state"] == "stopped"
    assert row["error"].startswith("Kafka at 127.0.0.1:1: ")


def test_messages_that_the_cluster_threw_away_are_told_of(sqlite_service, reading, cluster, caplog):
    read = reading(sqlite_service, cluster.brokers, "alerts")
    # The mock keeps 5 MB a partition.
    cluster.produce("alerts", [b"x" * 900_000] * 9)
    cluster.commit("skysieve", "alerts", 0, 1)
    found, deadline = [], time.monotonic() + 30
    with contextlib.closing(Subscription(read.settings.ingest.kafka)) as subscription:
        while not found:
            assert time.monotonic() < deadline
            found = subscription.take(1, 0.1)
        lost = found[0].offset() - 1
        assert 2 <= lost < 8
        assert subscription.lost == {("alerts", 0): lost}
        assert subscription.standing()["alerts", 0]["lost"] == lost
    assert f"threw {lost} messages away before they were read, from offset 1 on" in caplog.text


def test_pattern_that_nothing_fits_yet_is_no_failure(sqlite_service, reading, cluster, monkeypatch):
    read = reading(sqlite_service, cluster.brokers, "^ztf_.*")
    feed, heard, real = KafkaFeed(read, linger_s=0.1), [], Subscription._is_good

    def noting(subscription, message):
        heard.append(message.topic())
        return real(subscription, message)

    monkeypatch.setattr(Subscription, "_is_good", noting)
    deadline = time.monotonic() + 30
    with contextlib.closing(Subscription(read.settings.ingest.kafka)) as subscription:
        while "^ztf_.*" not in heard:
            assert time.monotonic() < deadline
            feed.turn(subscription)
        assert not subscription.has_faults
    assert feed_row(read)["state"] == "running"


def test_topic_that_is_not_there_keeps_no_other_from_being_read(
    sqlite_service, reading, cluster, values, monkeypatch
):
    monkeypatch.setattr(kafka_module, "_CHECK_S", 0.0)
    read = reading(sqlite_service, cluster.brokers, "alerts")
    cluster.produce("alerts", values)
    feed = KafkaFeed(read, linger_s=0.1)
    deadline = time.monotonic() + 30
    with contextlib.closing(Subscription(read.settings.ingest.kafka)) as subscription:
        # The mock makes every topic that it is asked for.
        subscription._faults["no_such_topic"] = "unknown topic"
        while len(journal(read)) < len(values):
            assert time.monotonic() < deadline
            feed.turn(subscription)
        row = feed_row(read)
        assert (row["state"], row["error"]) == (
            "failing",
            f"Kafka at {cluster.brokers}: no_such_topic: unknown topic",
        )
        del subscription._faults["no_such_topic"]
        feed.turn(subscription)
        assert feed_row(read)["state"] == "running"


def test_member_that_is_broken_is_replaced(sqlite_service, reading, monkeypatch):
    monkeypatch.setattr(kafka_module, "FIRST_WAIT_S", 0.01)
    read = reading(sqlite_service, "broker:9092", "alerts")
    opened: list[Scripted] = []

    def open_one(settings: KafkaSettings) -> Scripted:
        member = Scripted(settings)
        member.is_broken = not opened
        opened.append(member)
        return member

    monkeypatch.setattr(kafka_module, "Subscription", open_one)
    with running(KafkaFeed(read)):
        wait_until(lambda: feed_row(read).get("state") == "running")
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start": "yesterday"}, "expected earliest or latest"),
        ({"topics": ()}, "name topics"),
        ({"topics": (r"^ztf_\d+",)}, r"write \[0-9\]"),
        ({"options": {"no.such": "1"}}, r"no\.such"),
        ({"options": {"group.id": "other"}}, "is set by skysieve"),
    ],
)
def test_settings_that_cannot_be_are_told_when_it_is_opened(changes, expected):
    settings = override(KafkaSettings("127.0.0.1:1", ("alerts",)), changes)
    with pytest.raises(ConfigurationError, match=expected):
        Subscription(settings)


def test_half_of_the_credentials_is_told_when_the_service_starts(sqlite_service, reading, monkeypatch):
    monkeypatch.setenv("SKYSIEVE_KAFKA_USER", "me")
    monkeypatch.delenv("SKYSIEVE_KAFKA_PASSWORD", raising=False)
    with pytest.raises(ConfigurationError, match="SKYSIEVE_KAFKA_PASSWORD is not set"):
        FEEDS.get("kafka")(reading(sqlite_service, "broker:9092", "alerts"))


def test_feed_is_there_where_a_cluster_is_named(sqlite_service, reading):
    assert FEEDS.get("kafka")(sqlite_service) is None
    assert isinstance(FEEDS.get("kafka")(reading(sqlite_service, "broker:9092", "alerts")), KafkaFeed)
