"""What a feed is, which there are, and what the service tells of how each fares."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import select

from skysieve.errors import SkysieveError
from skysieve.registry import Registry
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_or_update
from skysieve.service.database.tables import Feed as FeedRow
from skysieve.service.ingest.disk import is_disk_full
from skysieve.service.service import Service

__all__ = ["FEEDS", "Feed", "FeedFactory", "FeedReport", "keep_looking", "open_feeds"]

#: Seconds that a feed waits after a failure, at first and at the most.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
#: Seconds between two notes that all is well.
_NOTE_S = 5.0

_log = logging.getLogger(__name__)


class Feed(Protocol):
    """Something that brings items, by `skysieve.service.ingest.reception.receive`."""

    @property
    def name(self) -> str:
        """What it is called in the journal."""

    def run(self, stop: threading.Event) -> None:
        """Bring items until ``stop`` is set; failures are reported, waited for and never end it."""


FeedFactory = Callable[[Service], Feed | None]

#: What makes the feeds of a service; None where the settings say that there is none of the kind.
FEEDS: Registry[FeedFactory] = Registry("feed", package="skysieve.service.ingest.feeds")


def open_feeds(service: Service) -> list[Feed]:
    """Return the feeds that the settings of a service ask for.

    Raises
    ------
    ConfigurationError
        If one is set up wrongly.
    """
    made = [FEEDS.get(name)(service) for name in FEEDS]
    return [feed for feed in made if feed is not None]


class FeedReport:
    """Keeps the row of a feed: its state, when it last looked, what last went wrong.

    A report that cannot be written is logged and given up: a feed does not fail for want of a report.

    Parameters
    ----------
    service : Service
        The service.
    name : str
        Of the feed.
    place : str
        What it is, without secrets: the folder, the address, the topics.
    """

    def __init__(self, service: Service, name: str, place: str) -> None:
        self._service, self._name, self._place = service, name, place
        self._noted = 0.0
        self._failing = True

    def looked(self, *, items: int = 0) -> None:
        """Say that a look went well and how many items it brought; written every few seconds."""
        now = time.monotonic()
        if not items and not self._failing and now - self._noted < _NOTE_S:
            return
        self._noted, self._failing = now, False
        at = utc_now()
        changes: dict[str, Any] = {"state": "running", "looked_at": at, "error": ""}
        self._write(changes | ({"item_at": at} if items else {}))

    def failed(self, error: BaseException) -> None:
        """Say what went wrong: the feed is ``disk-full`` or ``failing`` until a look goes well."""
        self._failing = True
        state = "disk-full" if is_disk_full(error) else "failing"
        if isinstance(error, SkysieveError | OSError):
            _log.warning("feed %s: %s", self._name, error)
        else:
            _log.error("feed %s failed", self._name, exc_info=error)
        text = str(error) or type(error).__name__
        self._write({"state": state, "error": text.replace("\0", "\\0"), "error_at": utc_now()})

    def stopped(self) -> None:
        """Say that nobody looks any more."""
        self._failing = True
        self._write({"state": "stopped"})

    @property
    def memory(self) -> dict[str, Any]:
        """What the feed was told to remember."""
        with self._service.database.reading() as session:
            found = session.scalar(select(FeedRow.memory).where(FeedRow.name == self._name))
        return dict(found or {})

    def remember(self, memory: dict[str, Any]) -> None:
        """Keep what the feed must know when it starts again; plain values without secrets."""
        row = {"name": self._name, "place": self._place, "memory": memory}
        self._service.database.write(lambda session: insert_or_update(session, FeedRow, [row], key=["name"]))

    def _write(self, changes: dict[str, Any]) -> None:
        row = {"name": self._name, "place": self._place} | changes
        try:
            self._service.database.write(
                lambda session: insert_or_update(session, FeedRow, [row], key=["name"])
            )
        except Exception as error:  # the database may be what has failed
            _log.warning("the report of feed %s could not be written: %s", self._name, error)


def keep_looking(report: FeedReport, look: Callable[[], float], stop: threading.Event) -> None:
    """Look again and again until told to stop, whatever goes wrong.

    Parameters
    ----------
    report : FeedReport
        Told of every look that went well, of failures, and of the end.
    look : callable
        Looks once and returns how many seconds to wait before it looks again. After a failure that is
        one second, then twice as long each time, up to a minute.
    stop : threading.Event
        Ends it, also while it waits.
    """
    wait = FIRST_WAIT_S
    while not stop.is_set():
        try:
            pause = look()
        except Exception as error:  # a feed outlives whatever one look brings
            report.failed(error)
            pause, wait = wait, min(2 * wait, LONGEST_WAIT_S)
        else:
            report.looked()
            wait = FIRST_WAIT_S
        stop.wait(pause)
    report.stopped()
