"""The worker: a process that runs the feeds, scores what they bring, and sends what passes."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from skysieve.errors import ServiceError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_or_update
from skysieve.service.database.patience import once_it_answers
from skysieve.service.database.tables import Feed as FeedRow
from skysieve.service.database.tables import JournalEntry, PendingScore, WorkerBeat
from skysieve.service.ingest.feed import open_feeds
from skysieve.service.ingest.reception import join_waiting
from skysieve.service.judging.scorers import ensure_default_scorers
from skysieve.service.judging.scoring_loop import ScoringLoop
from skysieve.service.judging.standing import is_refreshing
from skysieve.service.outflow.sender import Sender
from skysieve.service.service import Service

__all__ = ["Part", "Worker", "run_worker"]

#: Seconds between two signs of life.
BEAT_S = 5.0
#: Seconds that what is under way has to finish when the worker is told to stop.
LEAVE_S = 20.0
#: Seconds between two looks whether all is quiet.
LOOK_S = 0.25
#: Seconds before a part that failed is started again, at first and at the most.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
#: Seconds over which the throughput is told.
THROUGHPUT_S = 60.0
#: Workers that have been silent for so long are forgotten.
FORGOTTEN = timedelta(days=1)

_log = logging.getLogger(__name__)


def run_worker(service: Service, stop: threading.Event, *, until_quiet: float | None = None) -> int:
    """Work until told to stop: feeds, scoring and sending, each in a thread.

    A database that is restarted is waited for: at the start for some minutes, by each thread for good.
    Everything is committed piece by piece and can be repeated, so that a worker may be killed at any moment.
    On PostgreSQL any number of them share the work.

    Parameters
    ----------
    service : Service
        The service.
    stop : threading.Event
        Ends it: batches at hand are finished and committed, within 20 seconds.
    until_quiet : float, optional
        Set the event when nothing has come in and nothing was left to score for so many seconds.

    Returns
    -------
    int
        Candidates that it has scored.

    Raises
    ------
    ServiceError
        If the database is SQLite and another worker runs, or the database does not answer at the start.
    ConfigurationError, ModelError, ContractError
        If feeds, destinations or models of the settings cannot be used.
    """
    with _alone_on_sqlite(service):
        worker = once_it_answers(lambda: _begun(service), stop=stop)
        if worker is None:
            return 0
        if until_quiet is not None:
            watcher = threading.Thread(
                target=_stop_when_quiet, args=(service, stop, until_quiet, worker.feeds), daemon=True
            )
            watcher.start()
        worker.run(stop)
        return worker.scored


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a worker does in a thread of its own.

    Parameters
    ----------
    name : str
        What it is called.
    run : callable
        Takes the event that ends it.
    is_feed : bool
        Whether failures are told in the row of a feed.
    """

    name: str
    run: Callable[[threading.Event], None]
    is_feed: bool = False


class Worker:
    """The parts of a worker, kept running, and its sign of life.

    Parameters
    ----------
    service : Service
        The service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scoring = ScoringLoop(service)
        sender = Sender(service)
        parts = [Part(self._scoring.name, self._scoring.run)]
        parts += [Part(feed.name, feed.run, is_feed=True) for feed in open_feeds(service)]
        parts += [] if sender.is_idle else [Part("outflow", sender.run)]
        self._kept = [_KeptRunning(service, part) for part in parts]
        self._beat = _Beat(service, self._scoring, self._kept)

    @property
    def feeds(self) -> list[str]:
        """Names of the feeds that it runs."""
        return [kept.part.name for kept in self._kept if kept.part.is_feed]

    @property
    def scored(self) -> int:
        """Candidates that it has scored so far."""
        return self._scoring.scored

    def run(self, stop: threading.Event) -> None:
        """Run all parts until ``stop`` is set, and leave when they have finished."""
        threads = [
            threading.Thread(target=kept.run, args=(stop,), name=kept.part.name, daemon=True)
            for kept in self._kept
        ]
        _log.info("the worker begins: %s", ", ".join(kept.part.name for kept in self._kept))
        self._beat.begin()
        for thread in threads:
            thread.start()
        while not stop.wait(BEAT_S):
            self._beat.tell()
        self._leave(threads)

    def _leave(self, threads: list[threading.Thread]) -> None:
        until = time.monotonic() + LEAVE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        late = [thread.name for thread in threads if thread.is_alive()]
        if late:
            _log.error("%s did not end within %.0f s; what is not committed comes again", late, LEAVE_S)
        self._beat.tell("stopped")
        _log.info("the worker leaves: %d candidates scored", self._scoring.scored)


class _KeptRunning:
    """Runs a part, and again after a failure, with longer and longer waits."""

    def __init__(self, service: Service, part: Part) -> None:
        self._service = service
        self.part = part
        self.error = ""

    def run(self, stop: threading.Event) -> None:
        wait = FIRST_WAIT_S
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.part.run(stop)
                return
            except Exception as error:  # whatever it was: the other parts go on, and this one comes again
                _log.exception("%s failed", self.part.name)
                self._tell(str(error) or type(error).__name__)
            if time.monotonic() - began > LONGEST_WAIT_S:
                wait = FIRST_WAIT_S
            stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)
            self.error = ""

    def _tell(self, error: str) -> None:
        self.error = error.replace("\0", "\\0")
        if not self.part.is_feed:
            return
        row = {"name": self.part.name, "state": "failing", "error": self.error, "error_at": utc_now()}
        with _logged("the failure of a feed"):
            self._service.database.write(
                lambda session: insert_or_update(session, FeedRow, [row], key=["name"])
            )


class _Beat:
    """The row that says that the worker lives, what fails, and how much comes through."""

    def __init__(self, service: Service, scoring: ScoringLoop, kept: list[_KeptRunning]) -> None:
        self._service, self._scoring, self._kept = service, scoring, kept
        self._name = f"{socket.gethostname()}:{os.getpid()}"[-80:]
        self._started = utc_now()
        #: When it was told, and how many candidates had scores then.
        self._told: list[tuple[float, int]] = []

    def begin(self) -> None:
        """Say that it begins, and forget workers that are long gone."""
        service = self._service
        # On SQLite nobody else can be there: the lock is held.
        before = utc_now() - (timedelta(0) if service.database.is_sqlite else FORGOTTEN)
        with _logged("the beginning of a worker"):
            service.database.write(
                lambda session: session.execute(delete(WorkerBeat).where(WorkerBeat.beat_at < before))
            )
        self.tell()

    def tell(self, state: str = "") -> None:
        """Write the row; a sign of life that cannot be written is logged and given up."""
        errors = self._errors()
        state = state or ("failing" if errors else "running")
        with _logged("the sign of life"):
            self._service.database.write(lambda session: self._write(session, state, errors))

    def _errors(self) -> dict[str, str]:
        found = {kept.part.name: kept.error for kept in self._kept}
        found[self._scoring.name] = self._scoring.error or found.get(self._scoring.name, "")
        return {name: error for name, error in found.items() if error}

    def _write(self, session: Session, state: str, errors: dict[str, str]) -> None:
        since = utc_now() - timedelta(seconds=THROUGHPUT_S)
        items = session.scalar(select(func.count()).select_from(JournalEntry).where(JournalEntry.at >= since))
        details: dict[str, Any] = {
            "parts": [kept.part.name for kept in self._kept],
            "errors": errors,
            "scored": self._scoring.scored,
            "kept_aside": self._scoring.kept_aside,
            "scores_per_s": round(self._scores_per_s(), 2),
            # Of the whole service, by its journal.
            "items_per_s": round((items or 0) / THROUGHPUT_S, 2),
        }
        row = {
            "name": self._name,
            "started_at": self._started,
            "beat_at": utc_now(),
            "state": state,
            "details": details,
        }
        insert_or_update(session, WorkerBeat, [row], key=["name"])

    def _scores_per_s(self) -> float:
        now = time.monotonic()
        self._told = [told for told in self._told if now - told[0] <= THROUGHPUT_S]
        self._told.append((now, self._scoring.scored))
        first, scored = self._told[0]
        return (self._scoring.scored - scored) / (now - first) if now > first else 0.0


def _begun(service: Service) -> Worker:
    """Do what comes before all work, which may be done twice."""
    ensure_default_scorers(service)
    join_waiting(service)
    return Worker(service)


def _stop_when_quiet(
    service: Service, stop: threading.Event, quiet_s: float, feeds: Sequence[str] = ()
) -> None:
    """Set the event when what is there has been scored, and no more has come for a while."""
    seen, since, began = -1, time.monotonic(), utc_now()
    while not stop.wait(LOOK_S):
        quiet = False
        with _logged("whether all is quiet"), service.database.reading() as session:
            items = session.scalar(select(func.max(JournalEntry.id))) or 0
            pending = session.scalar(select(PendingScore.candidate_id).limit(1))
            quiet = pending is None and items == seen and not is_refreshing(session)
            quiet = quiet and _have_looked(session, feeds, began)
            seen = items
        # A database that does not answer says nothing: it may be full of work.
        if not quiet:
            since = time.monotonic()
        elif time.monotonic() - since >= quiet_s:
            stop.set()


def _have_looked(session: Session, feeds: Sequence[str], since: datetime) -> bool:
    """Say whether each feed has looked, well or in vain: before, nobody knows what there is."""
    looked = or_(FeedRow.looked_at >= since, FeedRow.error_at >= since)
    return set(session.scalars(select(FeedRow.name).where(looked))) >= set(feeds)


@contextlib.contextmanager
def _alone_on_sqlite(service: Service) -> Iterator[None]:
    """Hold the lock of the only worker of a service on SQLite; the system lets go of it after a kill."""
    if not service.database.is_sqlite:
        yield
        return
    lock, note = FileLock(service.home.run / "worker.lock"), service.home.run / "worker.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = note.read_text(encoding="ascii").strip() if note.is_file() else "unknown"
        raise ServiceError(
            f"{service.home.folder}: another worker runs (process {who}), and a service on SQLite has one; "
            "stop that one first, or move to PostgreSQL (`database_url` in service.toml)"
        ) from None
    try:
        note.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    """Let nothing fail for want of a note: the database may be what has failed."""
    try:
        yield
    except Exception as error:
        _log.warning("%s is not known or noted: %s", what, error)
