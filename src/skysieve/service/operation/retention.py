"""Remove old nights, and the files that no row names any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from skysieve.errors import ConfigurationError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import (
    CampaignItem,
    Candidate,
    Comment,
    JournalEntry,
    Label,
    Night,
    QuarantinedItem,
    SignInAttempt,
    UserSession,
    WaitingPart,
)
from skysieve.service.database.tables.candidates import UNKNOWN_NIGHT
from skysieve.service.operation.exclusion import alone
from skysieve.service.operation.unnamed_files import remove_unnamed_files
from skysieve.service.service import Service
from skysieve.service.settings import resolve

__all__ = ["Pruned", "prune"]

#: The feed that looks back at some nights again and again.
DEPOT = "depot"
#: Rows removed in one transaction: others write in between, and a kill costs little.
CHUNK = 500


@dataclass(slots=True)
class Pruned:
    """What was removed, or would be.

    Parameters
    ----------
    nights, candidates, journal, quarantine, waiting, sign_ins : int
        How many rows of each went.
    files, file_bytes : int
        Files that no row names, and what they held.
    kept : int
        Old candidates that stayed because people worked on them.
    """

    nights: int = 0
    candidates: int = 0
    journal: int = 0
    quarantine: int = 0
    waiting: int = 0
    sign_ins: int = 0
    files: int = 0
    file_bytes: int = 0
    kept: int = 0

    def counts(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return dataclasses.asdict(self)


def prune(
    service: Service,
    keep_days: int,
    *,
    labelled: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Pruned:
    """Remove nights older than some days with all that belongs to them, then files without a row.

    It works in small transactions beside a running service. Killed, it has removed whole candidates
    only, and the next run goes on.

    Parameters
    ----------
    service : Service
        The service.
    keep_days : int
        Nights whose evening was so many days ago, or less, stay.
    labelled : bool
        Remove also what people labelled, commented on or put into a campaign.
    dry_run : bool
        Only count. The files counted are those without a row now; more follow their candidates.
    now : datetime, optional
        The present time.

    Returns
    -------
    Pruned
        What went.

    Raises
    ------
    ConfigurationError
        If ``keep_days`` is less than 1.
    ServiceError
        If a backup is made, or another prune runs, at the same time.
    """
    if keep_days < 1:
        raise ConfigurationError(f"prune cannot keep {keep_days} days; expected 1 or more")
    now = now or utc_now()
    with alone(service, "prune"):
        done = _RowRemoval(service, now, keep_days, labelled, dry_run).run()
        files = remove_unnamed_files(service, now=now, dry_run=dry_run)
    return dataclasses.replace(done, files=files.count, file_bytes=files.bytes)


class _RowRemoval:
    """Removes rows that are older than a time, a table after the other."""

    def __init__(
        self, service: Service, now: datetime, keep_days: int, labelled: bool, dry_run: bool
    ) -> None:
        self.service, self.dry_run = service, dry_run
        self.until = until = now - timedelta(days=keep_days)
        # Nights that the depot is still asked for: without their entries all of them came anew.
        asked = timedelta(days=max(0, service.settings.ingest.depot.nights_back) + 2)
        self.depot_until = min(until, now - asked)
        self.old = _is_old(until)
        self.doomed = self.old if labelled else and_(self.old, ~_is_worked_on())

    def run(self) -> Pruned:
        """Remove old candidates, then nights that are empty, then what is old and stands by itself."""
        until, done = self.until, Pruned()
        with self.service.database.reading() as session:
            done.kept = _count(session, Candidate.id, self.old) - _count(session, Candidate.id, self.doomed)
        done.candidates = self._remove(Candidate.id, self.doomed)
        left = self.old & ~self.doomed if self.dry_run else True
        empty = ~exists().where((Candidate.night_id == Night.id) & left)
        # A night that was made lately waits for candidates that come late.
        done.nights = self._remove(Night.id, _is_old_night(until) & (Night.created_at < until) & empty)
        done.quarantine = self._remove(QuarantinedItem.id, QuarantinedItem.last_at < until)
        done.sign_ins = self._remove(UserSession.id, UserSession.expires_at < until)
        done.sign_ins += self._remove(SignInAttempt.id, SignInAttempt.at < until)
        at = JournalEntry.at
        taken = (at < until) & ((JournalEntry.feed != DEPOT) | (at < self.depot_until))
        done.journal = self._remove(JournalEntry.id, taken, self._without_file)
        done.waiting = self._remove_waiting()
        return done

    def _remove(
        self,
        key: InstrumentedAttribute[int],
        which: ColumnElement[bool],
        choose: Callable[[Session, Sequence[int]], list[int]] | None = None,
    ) -> int:
        """Remove what a condition names, and ``choose`` does not hold back, in chunks by the key."""
        removed = after = 0
        while True:
            with self.service.database.reading() as session:
                chunk = session.scalars(
                    select(key).where(key > after, which).order_by(key).limit(CHUNK)
                ).all()
                ids = choose(session, chunk) if choose else list(chunk)
            if not chunk:
                return removed
            after = chunk[-1]
            if self.dry_run:
                removed += len(ids)
            elif ids:
                removed += self.service.database.write(_deletion(key, ids, which))

    def _without_file(self, session: Session, ids: Sequence[int]) -> list[int]:
        """Keep entries of files that still lie in the watched folder: without them they came in anew."""
        ingest = self.service.settings.ingest
        folder = resolve(self.service.home, ingest.folder.path, self.service.home.inbox)
        rows = session.execute(
            select(JournalEntry.id, JournalEntry.feed, JournalEntry.item).where(JournalEntry.id.in_(ids))
        )
        return [id_ for id_, feed, item in rows if feed != "folder" or not (folder / item).exists()]

    def _remove_waiting(self) -> int:
        which = WaitingPart.since < self.until
        with self.service.database.reading() as session:
            count = _count(session, WaitingPart.name, which)
        if not self.dry_run:
            self.service.database.write(lambda session: session.execute(delete(WaitingPart).where(which)))
        return count


def _is_old_night(until: datetime) -> ColumnElement[bool]:
    return (Night.name < f"{until:%Y%m%d}") & (Night.name != UNKNOWN_NIGHT)


def _is_old(until: datetime) -> ColumnElement[bool]:
    # A candidate without a time is as old as its coming.
    dated = select(Night.id).where(_is_old_night(until))
    undated = select(Night.id).where(Night.name == UNKNOWN_NIGHT)
    return or_(
        Candidate.night_id.in_(dated), Candidate.night_id.in_(undated) & (Candidate.first_seen < until)
    )


def _is_worked_on() -> ColumnElement[bool]:
    # The count stands in the row itself: whoever labels changes it, and so is seen by a deletion under way.
    return or_(
        Candidate.label_count > 0,
        exists().where(Label.candidate_id == Candidate.id, Label.withdrawn_at.is_(None)),
        exists().where(Comment.candidate_id == Candidate.id, Comment.withdrawn_at.is_(None)),
        exists().where(CampaignItem.candidate_id == Candidate.id),
    )


def _count(
    session: Session, key: InstrumentedAttribute[int] | InstrumentedAttribute[str], which: ColumnElement[bool]
) -> int:
    return session.scalar(select(func.count(key)).where(which)) or 0


def _deletion(
    key: InstrumentedAttribute[int], ids: list[int], which: ColumnElement[bool]
) -> Callable[[Session], int]:
    def work(session: Session) -> int:
        statement = delete(key.class_).where(key.in_(ids), which).returning(key)
        return len(session.scalars(statement.execution_options(synchronize_session=False)).all())

    return work
