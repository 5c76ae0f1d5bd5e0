"""How a service fares in numbers, read from its database: for its health and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from skysieve.service.database.tables import (
    Candidate,
    Delivery,
    Feed,
    Label,
    PendingScore,
    QuarantinedItem,
    Scorer,
    WaitingPart,
    WorkerBeat,
)
from skysieve.service.database.tables.judging import ON_DUTY

__all__ = ["FeedFigures", "Figures", "Heartbeats", "read_figures", "read_heartbeats"]


@dataclass(frozen=True, slots=True)
class FeedFigures:
    """How a feed fares.

    Parameters
    ----------
    name, state, error : str
        As of `skysieve.service.database.tables.Feed`.
    looked_at, item_at : datetime, optional
        When it last looked, and when something last came.
    lag : int, optional
        Messages of Kafka that were not read yet; None of other feeds.
    """

    name: str
    state: str
    error: str
    looked_at: datetime | None
    item_at: datetime | None
    lag: int | None


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """What tells whether a service is alive; cheap to read.

    Parameters
    ----------
    feeds : tuple of FeedFigures
        By name.
    beat_at : datetime, optional
        When a worker was last heard of that has not stopped; None: never.
    oldest_pending : datetime, optional
        Since when the oldest candidate waits for the scorer on duty; None: none waits. Others catch up
        with the past, which takes the time that it takes.
    """

    feeds: tuple[FeedFigures, ...]
    beat_at: datetime | None
    oldest_pending: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the whole database.

    Parameters
    ----------
    candidates, scored, labels : int
        Candidates, those with a score that counts, labels ever given.
    pending : mapping
        Candidates that wait for a score, by the name of the scorer.
    quarantine : mapping
        Items kept aside, by their state.
    deliveries : mapping
        What is to leave or has left, by its state.
    waiting : int
        Halves of streaks.
    """

    candidates: int
    scored: int
    labels: int
    pending: Mapping[str, int] = field(default_factory=dict)
    quarantine: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0


def read_heartbeats(session: Session) -> Heartbeats:
    """Read what tells whether a service is alive.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    """
    rows = session.execute(
        select(Feed.name, Feed.state, Feed.error, Feed.looked_at, Feed.item_at, Feed.memory).order_by(
            Feed.name
        )
    )
    feeds = tuple(
        FeedFigures(name, state, error, looked_at, item_at, _lag(memory))
        for name, state, error, looked_at, item_at, memory in rows
    )
    beat = session.scalar(select(func.max(WorkerBeat.beat_at)).where(WorkerBeat.state != "stopped"))
    on_duty = select(Scorer.id).where(Scorer.duty == ON_DUTY)
    oldest = select(func.min(PendingScore.asked_at)).where(PendingScore.scorer_id.in_(on_duty))
    return Heartbeats(feeds, beat, session.scalar(oldest))


def read_figures(session: Session) -> Figures:
    """Count; takes some tenths of a second of a million candidates.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    """
    waiting = select(Scorer.name, func.count()).join(PendingScore, PendingScore.scorer_id == Scorer.id)
    return Figures(
        candidates=_count(session, Candidate.id),
        scored=_count(session, Candidate.id, Candidate.score.is_not(None)),
        labels=_count(session, Label.id),
        pending={row[0]: row[1] for row in session.execute(waiting.group_by(Scorer.name))},
        quarantine=_by_state(session, QuarantinedItem.state),
        deliveries=_by_state(session, Delivery.state),
        waiting=_count(session, WaitingPart.name),
    )


def _count(
    session: Session,
    key: InstrumentedAttribute[int] | InstrumentedAttribute[str],
    which: ColumnElement[bool] | None = None,
) -> int:
    statement = select(func.count(key))
    return session.scalar(statement if which is None else statement.where(which)) or 0


def _by_state(session: Session, state: InstrumentedAttribute[str]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(select(state, func.count()).group_by(state))}


def _lag(memory: Mapping[str, object]) -> int | None:
    partitions = memory.get("partitions")
    if not isinstance(partitions, Mapping):
        return None
    return sum(int(each.get("lag") or 0) for each in partitions.values() if isinstance(each, Mapping))
