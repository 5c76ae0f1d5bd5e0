"""What is written down to leave: what passes, once for each destination."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import select, update

from skysieve.errors import ConfigurationError
from skysieve.service.database.tables import Delivery
from skysieve.service.database.tables.judging import BESIDE
from skysieve.service.outflow.deliveries import DUE, GIVEN_UP, SENT, count_deliveries, enqueue, send_again

HOOKS = {"webhooks": ["http://one.example/a", "http://two.example/b"]}


def test_every_destination_gets_what_passes_the_filter(service, with_outflow, scored):
    told = with_outflow(
        service, **HOOKS, kafka_brokers="broker:9092", kafka_topic="plausible", where="passes = true"
    )
    night = scored(told, 4)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    with told.database.reading() as session:
        rows = session.execute(select(Delivery.destination, Delivery.candidate_id, Delivery.state)).all()
    names = ("webhook:http://one.example/a", "webhook:http://two.example/b", "kafka:plausible")
    assert set(rows) == {(name, candidate, DUE) for name in names for candidate in night.candidates[:2]}


def test_what_is_written_down_already_stays_as_it_is(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a"])
    night = scored(told, 2)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates[:1])
    with told.database.writing() as session:
        session.execute(update(Delivery).values(state=SENT, attempts=3))
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    with told.database.reading() as session:
        rows = session.execute(select(Delivery.state, Delivery.attempts).order_by(Delivery.id)).all()
    assert [tuple(row) for row in rows] == [(SENT, 3), (DUE, 0)]


def test_who_scores_beside_tells_nobody(sqlite_service, with_outflow, scored):
    told = with_outflow(sqlite_service, webhooks=["http://one.example/a"])
    night = scored(told, duty=BESIDE)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
        assert count_deliveries(session) == {}


def test_no_destination_writes_nothing(sqlite_service, scored):
    night = scored(sqlite_service)
    with sqlite_service.database.writing() as session:
        enqueue(session, sqlite_service, night.scorer, night.candidates)
        assert count_deliveries(session) == {}


def test_filter_that_cannot_be_used_keeps_what_passes_with_the_reason(service, with_outflow, scored, caplog):
    told = with_outflow(service, webhooks=["http://one.example/a"], where="passes = = 3")
    night = scored(told, 4)
    with caplog.at_level(logging.ERROR), told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    assert "outflow.where" in caplog.text
    with told.database.reading() as session:
        rows = session.execute(select(Delivery.candidate_id, Delivery.state, Delivery.error)).all()
    assert {(row.candidate_id, row.state) for row in rows} == {
        (candidate, GIVEN_UP) for candidate in night.candidates[:2]
    }
    assert all("outflow.where" in row.error for row in rows)


def test_what_was_given_up_can_be_sent_again(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a"])
    night = scored(told, 3)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
        rows = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        session.execute(update(Delivery).where(Delivery.id.in_(rows[:2])).values(state=GIVEN_UP, attempts=48))
    with told.database.writing() as session:
        assert send_again(session, rows[1:]) == 1
        assert count_deliveries(session) == {
            ("webhook:http://one.example/a", DUE): 2,
            ("webhook:http://one.example/a", GIVEN_UP): 1,
        }
        assert send_again(session) == 1
        assert session.scalars(select(Delivery.attempts)).all() == [0, 0, 0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("file:///etc/passwd", "not an address of http or https"),
        ("gopher://host/", "not an address of http or https"),
        ("https:///path", "not an address of http or https"),
        ("http://host:99999/", "not an address of http or https"),
        ("http://host/\r\nX-Evil: 1", "not an address of http or https"),
        ("http://me:secret@host/", "user or a password"),
        ("http://host/#part", "fragment"),
        ("http://host/" + "a" * 400, "300 are the most"),
    ],
)
def test_address_of_a_webhook_is_checked(sqlite_service, with_outflow, scored, address, expected):
    told = with_outflow(sqlite_service, webhooks=[address])
    night = scored(told)
    with pytest.raises(ConfigurationError, match=expected) as caught, told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    assert "secret" not in str(caught.value)


def test_topic_needs_its_brokers(sqlite_service, with_outflow, scored):
    told = with_outflow(sqlite_service, kafka_topic="plausible")
    night = scored(told)
    with pytest.raises(ConfigurationError, match="go together"), told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
