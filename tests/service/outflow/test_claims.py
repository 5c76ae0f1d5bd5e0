"""Deliveries are taken by one process at a time, and never lost by one that dies."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Delivery
from skysieve.service.outflow.claims import is_due, mark_failed, mark_sent, put_back, take_due
from skysieve.service.outflow.deliveries import DUE, GIVEN_UP, SENT, enqueue
from skysieve.service.outflow.patience import Patience, growing_pause

HOOK = "webhook:http://one.example/a"


@pytest.fixture
def waiting(service, with_outflow, scored):
    """Return a service with deliveries for two destinations, six for each."""
    told = with_outflow(service, webhooks=["http://one.example/a", "http://two.example/b"])
    night = scored(told, 6)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    return told


def take(service, most=10, lease_s=60.0):
    return service.database.write(lambda session: take_due(session, HOOK, most, lease_s))


def rows(service):
    with service.database.reading() as session:
        found = session.scalars(
            select(Delivery).where(Delivery.destination == HOOK).order_by(Delivery.id)
        ).all()
        session.expunge_all()
        return found


def test_what_one_has_taken_another_does_not_get(waiting):
    first, second, third = take(waiting, 4), take(waiting, 4), take(waiting, 4)
    assert (len(first), len(second), third) == (4, 2, [])
    assert not set(first) & set(second)
    with waiting.database.reading() as session:
        assert not is_due(session, HOOK)
        assert is_due(session, "webhook:http://two.example/b")


def test_what_a_dead_process_had_taken_is_due_again_after_its_lease(waiting):
    taken = take(waiting, lease_s=0.0)
    assert sorted(take(waiting)) == sorted(taken)


def test_many_at_once_share_without_overlap(waiting):
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while found := take(waiting, 1):
            taken.extend(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One may find nothing because others hold all rows at the moment it looks: that is no loss.
    taken.extend(take(waiting))
    assert sorted(taken) == [row.id for row in rows(waiting)]


def test_marks(waiting):
    sent, failed, untried, hopeless, *_ = take(waiting)
    patience = Patience(attempts=2, first_s=100.0)
    with waiting.database.writing() as session:
        session.execute(update(Delivery).where(Delivery.id == hopeless).values(attempts=1))
    with waiting.database.writing() as session:
        mark_sent(session, [sent])
        assert not mark_failed(session, failed, "HTTP 400", patience, wait_s=500.0)
        assert mark_failed(session, hopeless, "HTTP 404", patience)
        put_back(session, [untried])
    found = {row.id: row for row in rows(waiting)}
    assert (found[sent].state, found[sent].attempts, found[sent].error) == (SENT, 1, "")
    assert found[sent].sent_at is not None
    assert (found[failed].state, found[failed].attempts, found[failed].error) == (DUE, 1, "HTTP 400")
    assert found[failed].next_at > utc_now() + timedelta(seconds=400)
    assert (found[hopeless].state, found[hopeless].attempts, found[hopeless].error) == (
        GIVEN_UP,
        2,
        "HTTP 404",
    )
    assert (found[untried].state, found[untried].attempts) == (DUE, 0)
    assert found[untried].next_at <= utc_now()


def test_who_comes_late_does_not_undo_what_another_has_sent(waiting):
    taken = take(waiting)
    with waiting.database.writing() as session:
        mark_sent(session, taken)
    with waiting.database.writing() as session:
        assert not mark_failed(session, taken[0], "no answer in time", Patience(attempts=1))
        put_back(session, taken)
    assert {row.state for row in rows(waiting)} == {SENT}


def test_refused_message_is_tried_for_more_than_a_day():
    patience = Patience()
    least = sum(patience.after(attempts) for attempts in range(1, patience.attempts))
    assert least > 0.5 * 86_400  # every pause at its shortest is half of what the table says
    assert growing_pause(10**9, first_s=1.0, longest_s=60.0) <= 60.0
