"""What is due leaves at least once, whoever is killed and whoever is down."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from skysieve.errors import ConfigurationError
from skysieve.service.database.tables import Delivery
from skysieve.service.outflow import sender as sender_module
from skysieve.service.outflow.claims import take_due
from skysieve.service.outflow.deliveries import DUE, GIVEN_UP, SENT, enqueue
from skysieve.service.outflow.patience import Patience
from skysieve.service.outflow.sender import Courier, Sender
from skysieve.service.outflow.webhook_signature import key_bytes
from skysieve.service.outflow.webhooks import Webhook
from waiting import running, wait_until

HASTY = Patience(attempts=3, first_s=0.01, longest_s=0.02, rest_s=0.02, look_s=0.01)


@pytest.fixture
def waiting(service, with_outflow, scored, receiver, key):
    """Return a service with five deliveries for the receiver."""
    return _fill(service, with_outflow, scored, receiver)


@pytest.fixture
def waiting_on_sqlite(sqlite_service, with_outflow, scored, receiver, key):
    """Return a service on SQLite with five deliveries for the receiver."""
    return _fill(sqlite_service, with_outflow, scored, receiver)


def _fill(service, with_outflow, scored, receiver):
    told = with_outflow(service, webhooks=[receiver.address])
    night = scored(told, 5)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    return told


@pytest.fixture
def make_courier(receiver) -> Iterator[Callable[..., Courier]]:
    """Yield what makes a courier to the receiver."""
    with contextlib.ExitStack() as stack:

        def make(service, patience: Patience) -> Courier:
            webhook = Webhook(receiver.address, key_bytes("a key that nobody can guess"))
            stack.callback(webhook.close)
            return Courier(service, webhook, patience)

        yield make


def states(service) -> dict[str, int]:
    with service.database.reading() as session:
        found = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
        return dict(found.all())


def test_everything_that_is_due_is_sent_once(waiting, receiver):
    with running(Sender(waiting, HASTY)):
        wait_until(lambda: states(waiting) == {SENT: 5})
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == len(receiver.posts) == 5


def test_what_was_sent_and_not_marked_is_sent_again_by_the_same_name(
    waiting, receiver, monkeypatch, make_courier
):
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    lost = Patience(look_s=0.01, lease_s=0.05)
    courier = make_courier(waiting, lost)
    with monkeypatch.context() as patched:
        patched.setattr(sender_module, "mark_sent", die)
        with pytest.raises(Killed):
            courier.turn(threading.Event())
    before = [post.headers["webhook-id"] for post in receiver.posts]
    assert len(before) == 5
    assert states(waiting) == {DUE: 5}
    with running(Sender(waiting, HASTY)):
        wait_until(lambda: states(waiting) == {SENT: 5})
    after = [post.headers["webhook-id"] for post in receiver.posts[5:]]
    assert sorted(after) == sorted(before)


def test_receiver_that_was_down_gets_everything_when_it_is_up(waiting, receiver):
    receiver.go_down()
    patient = Patience(attempts=10_000, first_s=0.01, longest_s=0.02, rest_s=0.02, look_s=0.01)
    with running(Sender(waiting, patient)):
        wait_until(lambda: _attempts(waiting) >= 3)
        assert states(waiting) == {DUE: 5}
        receiver.come_up()
        wait_until(lambda: states(waiting) == {SENT: 5})
    assert len(receiver.posts) == 5


def test_message_that_is_refused_each_time_is_given_up_with_the_reason(waiting, receiver, caplog):
    receiver.answer = (422, {}, "no such field")
    with caplog.at_level(logging.ERROR), running(Sender(waiting, HASTY)):
        wait_until(lambda: states(waiting) == {GIVEN_UP: 5})
    assert len(receiver.posts) == 15
    with waiting.database.reading() as session:
        reasons = {(row.attempts, row.error) for row in session.scalars(select(Delivery))}
    assert reasons == {(3, "HTTP 422 Unprocessable Entity: no such field")}
    assert "given up" in caplog.text


def test_two_processes_share_the_work(waiting, receiver):
    with running(Sender(waiting, HASTY), Sender(waiting, HASTY)):
        wait_until(lambda: states(waiting) == {SENT: 5})
    assert len(receiver.posts) == 5


def test_outage_costs_attempts_of_one_message_a_turn_only(waiting_on_sqlite, receiver, make_courier):
    receiver.answer = (503, {}, "")
    courier = make_courier(waiting_on_sqlite, Patience(first_s=50.0))
    assert courier.turn(threading.Event()) > 0
    assert _attempts(waiting_on_sqlite) == 1
    assert len(receiver.posts) == 1


def test_destination_that_asks_to_wait_is_left_alone(waiting_on_sqlite, receiver, make_courier):
    receiver.answer = (429, {"Retry-After": "1234"}, "")
    courier = make_courier(waiting_on_sqlite, HASTY)
    assert courier.turn(threading.Event()) == 1234.0


def test_stop_gives_back_what_was_not_tried(waiting_on_sqlite, receiver, make_courier):
    stop = threading.Event()
    stop.set()
    make_courier(waiting_on_sqlite, HASTY).turn(stop)
    taken = waiting_on_sqlite.database.write(
        lambda session: take_due(session, f"webhook:{receiver.address}", 10, 1.0)
    )
    assert len(taken) == 5
    assert receiver.posts == []


def test_failure_of_the_database_ends_nothing(waiting_on_sqlite, receiver, monkeypatch, caplog):
    failures = iter([RuntimeError("gone"), RuntimeError("gone")])
    real = sender_module.is_due

    def fail_twice(*arguments: object) -> bool:
        for failure in failures:
            raise failure
        return real(*arguments)

    monkeypatch.setattr(sender_module, "is_due", fail_twice)
    with running(Sender(waiting_on_sqlite, HASTY)):
        wait_until(lambda: states(waiting_on_sqlite) == {SENT: 5})
    assert caplog.text.count("sending is tried again") == 2


def test_service_without_destinations_waits_for_the_stop(sqlite_service):
    sender = Sender(sqlite_service)
    assert sender.is_idle
    with running(sender):
        pass


def test_webhooks_need_the_key_that_signs(sqlite_service, with_outflow, monkeypatch):
    monkeypatch.delenv("SKYSIEVE_WEBHOOK_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="SKYSIEVE_WEBHOOK_KEY"):
        Sender(with_outflow(sqlite_service, webhooks=["http://one.example/a"]))


def _attempts(service) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.sum(Delivery.attempts))) or 0
