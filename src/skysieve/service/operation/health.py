"""Whether a service is well: each of its parts, and the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy.exc import SQLAlchemyError

from skysieve.errors import SkysieveError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.migrate import current_revision, latest_revision
from skysieve.service.database.reason import reason_of
from skysieve.service.operation.disk import disk_state
from skysieve.service.operation.figures import FeedFigures, Heartbeats, read_heartbeats
from skysieve.service.service import Service

__all__ = ["Check", "Health", "State", "check_health"]

#: A worker beats every few seconds; one that was not heard of for so long hangs, or has gone.
SILENT_S = 60.0
#: Scoring is behind where a candidate waits longer.
WAITS_TOO_LONG = timedelta(minutes=15)
#: A feed that looks is heard of at least so often.
FEED_SILENT = timedelta(minutes=15)


class State(IntEnum):
    """How well something is, from well to worst."""

    OK = 0
    DEGRADED = 1
    DOWN = 2

    @property
    def label(self) -> str:
        """Its name in lower case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """How one part is.

    Parameters
    ----------
    name : str
        ``database``, ``worker``, ``feed folder``, ``scoring``, ``disk`` ...
    state : State
        How it is.
    message : str
        In a sentence; what to do where it is not well.
    """

    name: str
    state: State
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is.

    Parameters
    ----------
    checks : tuple of Check
        Of its parts.
    """

    checks: tuple[Check, ...]

    @property
    def state(self) -> State:
        """That of the part that is worst."""
        return max((check.state for check in self.checks), default=State.OK)


def check_health(service: Service, *, now: datetime | None = None) -> Health:
    """Look at every part of a service.

    It is down where its database does not answer: nothing can be shown or kept. It is degraded where a
    part needs somebody: pages and what came in are there.

    Parameters
    ----------
    service : Service
        The service.
    now : datetime, optional
        The present time.
    """
    now = now or utc_now()
    checks = [_disk(service)]
    try:
        with service.database.reading() as session:
            beats = read_heartbeats(session)
        checks += [_revision(service), *_heartbeats(beats, now)]
    except (SkysieveError, SQLAlchemyError) as error:
        checks.append(Check("database", State.DOWN, f"does not answer: {reason_of(error)}"))
    return Health(tuple(checks))


def _revision(service: Service) -> Check:
    found, expected = current_revision(service.database), latest_revision()
    if found == expected:
        what = "SQLite" if service.database.is_sqlite else "PostgreSQL"
        return Check("database", State.OK, f"{what} answers, at revision {found}")
    return Check(
        "database",
        State.DEGRADED,
        f"is at revision {found}, this skysieve works with {expected}; restart the service with the skysieve "
        "that was installed last",
    )


def _disk(service: Service) -> Check:
    try:
        disk = disk_state(service)
    except OSError as error:
        return Check("disk", State.DEGRADED, f"cannot be looked at: {error.strerror}")
    return Check("disk", State.DEGRADED if disk.state == "full" else State.OK, disk.message)


def _heartbeats(beats: Heartbeats, now: datetime) -> Iterator[Check]:
    yield _worker(beats.beat_at, now)
    oldest = beats.oldest_pending
    if oldest is not None and now - oldest > WAITS_TOO_LONG:
        minutes = (now - oldest) // timedelta(minutes=1)
        reason = f"a candidate has been waiting for its score for {minutes:,} minutes"
        yield Check("scoring", State.DEGRADED, f"{reason}; look at the log of the worker")
    else:
        yield Check("scoring", State.OK, "keeps up")
    yield from (_feed(feed, now) for feed in beats.feeds)


def _worker(beat_at: datetime | None, now: datetime) -> Check:
    if beat_at is None:
        return Check(
            "worker",
            State.DEGRADED,
            "none runs; start one with `skysieve serve` or "
            "`skysieve worker`; where one was started, its log says why it ended",
        )
    silent = (now - beat_at).total_seconds()
    if silent > SILENT_S:
        return Check(
            "worker",
            State.DEGRADED,
            f"was last heard of {silent:,.0f} s ago; look at its log, then start it again",
        )
    return Check("worker", State.OK, "works")


def _feed(feed: FeedFigures, now: datetime) -> Check:
    name = f"feed {feed.name}"
    if feed.state in ("failing", "disk-full"):
        return Check(name, State.DEGRADED, f"{feed.state}: {feed.error}")
    if feed.state == "running" and feed.looked_at is not None and now - feed.looked_at > FEED_SILENT:
        return Check(name, State.DEGRADED, f"has not looked since {feed.looked_at:%Y-%m-%d %H:%M} UTC")
    if feed.state == "stopped" and feed.looked_at is not None:
        return Check(name, State.OK, f"stopped; looked last {feed.looked_at:%Y-%m-%d %H:%M} UTC")
    return Check(name, State.OK, feed.state)
