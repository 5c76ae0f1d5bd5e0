"""Who sends what: deliveries are taken for some time, and marked when they are sent or have failed.

Several processes may send. On PostgreSQL they step over the rows that another is just taking; SQLite has
one writer at a time. What was taken is not due for others until the lease has passed, so that what a
killed process had taken is sent by another, or by itself when it is back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Delivery
from skysieve.service.outflow.deliveries import DUE, GIVEN_UP, SENT
from skysieve.service.outflow.patience import Patience

__all__ = ["is_due", "mark_failed", "mark_sent", "put_back", "take_due"]


def is_due(session: Session, destination: str) -> bool:
    """Say whether anything waits for a destination; asks for no lock."""
    due = exists().where(
        Delivery.state == DUE, Delivery.destination == destination, Delivery.next_at <= utc_now()
    )
    return bool(session.scalar(select(due)))


def take_due(session: Session, destination: str, most: int, lease_s: float) -> list[int]:
    """Take deliveries for oneself and return their ids, the longest due first.

    Parameters
    ----------
    session : Session
        Of `Database.writing`; they are taken once it is committed.
    destination : str
        For which destination.
    most : int
        How many at the most.
    lease_s : float
        Seconds for which nobody else takes them.
    """
    now = utc_now()
    ids = session.scalars(
        select(Delivery.id)
        .where(Delivery.state == DUE, Delivery.destination == destination, Delivery.next_at <= now)
        .order_by(Delivery.next_at, Delivery.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    if ids:
        until = now + timedelta(seconds=lease_s)
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(next_at=until))
    return list(ids)


def mark_sent(session: Session, ids: Sequence[int]) -> None:
    """Mark what has arrived."""
    _set(session, ids, state=SENT, sent_at=utc_now(), attempts=Delivery.attempts + 1, error="")


def mark_failed(session: Session, row: int, reason: str, patience: Patience, *, wait_s: float = 0.0) -> bool:
    """Count a failed attempt and say whether the message is given up.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    row : int
        Its delivery.
    reason : str
        Why; kept.
    patience : Patience
        When it is tried again.
    wait_s : float
        Seconds that the destination asked to wait at the least.
    """
    attempts = session.scalar(select(Delivery.attempts).where(Delivery.id == row, Delivery.state == DUE))
    if attempts is None:
        return False
    attempts += 1
    given_up = attempts >= patience.attempts
    due = utc_now() + timedelta(seconds=max(wait_s, patience.after(attempts)))
    state = GIVEN_UP if given_up else DUE
    _set(session, [row], state=state, attempts=attempts, error=reason, next_at=due)
    return given_up


def put_back(session: Session, ids: Sequence[int], *, wait_s: float = 0.0) -> None:
    """Give back what was taken and not tried, to be sent after some seconds; counts as no attempt."""
    _set(session, ids, next_at=utc_now() + timedelta(seconds=wait_s))


def _set(session: Session, ids: Sequence[int], **values: object) -> None:
    if ids:
        # Not what another process has sent since: a lease that ran out must not undo its mark.
        session.execute(update(Delivery).where(Delivery.id.in_(ids), Delivery.state == DUE).values(**values))
