"""Batches that are stored while the next is read: in their order, each once, none after a failure."""

import threading

import pytest
from sqlalchemy import select

from skysieve.errors import ServiceError
from skysieve.service.database.tables import JournalEntry, QuarantinedItem
from skysieve.service.ingest.batch import Batch
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.pieces import Problem, Unfinished
from skysieve.service.ingest.storing import Storing
from skysieve.service.ingest.tally import Tally


def _tally(name):
    return Tally(Item("folder", name, "1", data=b"1"))


@pytest.fixture
def small(sqlite_service, with_settings):
    """Return a service whose batches hold one item."""
    return with_settings(sqlite_service, batch=1)


def _journal(service):
    with service.database.reading() as session:
        return [(row.item, row.outcome) for row in session.scalars(select(JournalEntry).order_by("id"))]


def test_everything_is_stored_in_order_at_the_end_of_the_block(small):
    tallies = [_tally(f"{at}.avro") for at in range(5)]
    with Storing(small) as storing:
        for tally in tallies:
            storing.add(tally, Problem("", "not-avro", "is none", b"bytes"))
            storing.finish(tally)
            assert storing.finishes(tally.key)
        assert not storing.finishes(("folder", "other"))
    assert _journal(small) == [(f"{at}.avro", "quarantined") for at in range(5)]
    assert {tally.outcome for tally in tallies} == {"quarantined"}


def test_problems_of_an_item_that_spans_batches_are_all_kept(small):
    tally = _tally("night.tar")
    with Storing(small) as storing:
        for at in range(23):
            storing.add(tally, Problem(f"{at}.avro", "not-avro", "is none", b"%d" % at))
        storing.add(tally, Unfinished("t"))
        storing.finish(tally)
    with small.database.reading() as session:
        kept = {row.record: row.sha256 for row in session.scalars(select(QuarantinedItem))}
    assert {small.files.get(sha256) for sha256 in kept.values()} == {b"%d" % at for at in range(23)}
    assert (len(kept), tally.outcome) == (23, "partly")


def test_a_failure_is_raised_and_nothing_is_stored_after_it(small, monkeypatch):
    stored = []

    def store(batch):
        stored.append(batch)
        raise ServiceError("the database does not answer")

    monkeypatch.setattr(Batch, "store", store)

    def bring(count):
        with Storing(small) as storing:
            for at in range(count):
                storing.finish(_tally(f"{at}.avro"))

    for count in (5, 1):
        stored.clear()
        with pytest.raises(ServiceError, match="does not answer"):
            bring(count)
        assert len(stored) == 1


def test_a_failure_of_the_reader_stores_nothing_more(sqlite_service):
    def read():
        with Storing(sqlite_service) as storing:
            storing.finish(_tally("1.avro"))
            raise ServiceError("the reader fails")

    with pytest.raises(ServiceError, match="the reader fails"):
        read()
    assert _journal(sqlite_service) == []


def test_the_next_batch_is_read_while_one_is_stored(small, monkeypatch):
    reading, release = threading.Event(), threading.Event()
    monkeypatch.setattr(Batch, "store", lambda _: (reading.wait(10), release.set()))
    with Storing(small) as storing:
        storing.finish(_tally("1.avro"))
        # Here already, though the first is not stored: it waits for us.
        assert not release.is_set()
        reading.set()
    assert release.is_set()
