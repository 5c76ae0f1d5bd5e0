"""A batch of pieces into the files and the database: first the files, then one transaction.

A kill between the two leaves files without a row, which harm nobody; the items are not in the journal
and come again. Where one piece spoils the transaction, each is stored by itself, and it alone is bad.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, StatementError
from sqlalchemy.orm import Session

from skysieve.service.candidates.images import CHANNELS, FITS_GZIP
from skysieve.service.database.tables.candidates import ALERT
from skysieve.service.ingest.candidate_writes import CandidateWrite, write_candidates
from skysieve.service.ingest.disk import require_space
from skysieve.service.ingest.items import Outcome
from skysieve.service.ingest.journal import Key, claim, write_lines
from skysieve.service.ingest.pieces import AlertPiece, Problem, Result, StreakPart, Unfinished
from skysieve.service.ingest.streak_joins import ReceivedPart, join_parts
from skysieve.service.ingest.tally import RetriedTally, Tally
from skysieve.service.service import Service

__all__ = ["Batch"]

#: Bytes of cutouts, packets and pictures after which a batch is full.
MOST_BYTES = 1 << 26
#: Pieces, for each item that a batch may hold, after which it is full.
_PIECES_AN_ITEM = 4
#: Longest text of a failure that is told.
_LONGEST_REASON = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A piece and the item it is of."""

    tally: Tally
    piece: AlertPiece | StreakPart

    @property
    def candidate(self) -> str:
        """Name of the candidate that it is about."""
        name: str = self.piece.values["name"] if isinstance(self.piece, AlertPiece) else self.piece.name
        return name


@dataclass(frozen=True, slots=True)
class _Written:
    """What a transaction did: to each piece, and to each item that was finished, by its place."""

    results: list[tuple[_Entry, Result]]
    outcomes: list[Outcome]


@dataclass(slots=True)
class Batch:
    """Pieces that are stored together.

    It is filled by one thread and then stored by another: tallies are changed while it is stored only.

    Parameters
    ----------
    service : Service
        Where to.
    """

    service: Service
    _entries: list[_Entry] = field(default_factory=list)
    _problems: list[tuple[Tally, Problem]] = field(default_factory=list)
    _unfinished: list[Tally] = field(default_factory=list)
    _finished: list[Tally] = field(default_factory=list)
    _keys: set[Key] = field(default_factory=set)
    #: What goes into files, by the identity of the bytes: a packet of many alerts is held once.
    _contents: dict[int, bytes] = field(default_factory=dict)
    _n_bytes: int = 0

    def add(self, tally: Tally, piece: AlertPiece | StreakPart | Problem | Unfinished) -> None:
        """Add a piece of an item, good or bad."""
        if isinstance(piece, Unfinished):
            self._unfinished.append(tally)
            return
        if isinstance(piece, Problem):
            self._problems.append((tally, piece))
            self._hold(piece.kept)
            return
        self._entries.append(_Entry(tally, piece))
        for data in _contents(piece):
            self._hold(data)

    def finish(self, tally: Tally) -> None:
        """Say that an item has no more pieces."""
        self._finished.append(tally)
        self._keys.add(tally.key)

    @property
    def is_full(self) -> bool:
        """Whether it is time to store."""
        most = self.service.settings.ingest.batch
        return (
            len(self._finished) >= most
            or len(self._entries) + len(self._problems) >= most * _PIECES_AN_ITEM
            or self._n_bytes >= MOST_BYTES
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self._entries or self._problems or self._unfinished or self._finished)

    def finishes(self, key: Key) -> bool:
        """Whether an item of that name is finished here."""
        return key in self._keys

    def store(self) -> None:
        """Store everything, once.

        Raises
        ------
        ServiceError
            If there is no room on the disk: one archive may hold more than is left.
        """
        require_space(self.service)
        hashes = dict(zip(self._contents, self.service.files.put_all(self._contents.values()), strict=True))
        for tally, problem in self._problems:
            tally.add_problem(_with_hash(problem, hashes))
        for tally in self._unfinished:
            tally.results["waiting"] += 1
        try:
            written = self.service.database.write(lambda session: self._work(session, self._entries, hashes))
        except Exception as error:
            if not _is_of_a_piece(error):
                raise
            _log.warning("a batch is stored piece by piece, since one of them is bad: %s", error)
            self._store_singly(hashes)
            written = self.service.database.write(lambda session: self._work(session, [], hashes))
        for entry, result in written.results:
            _count(entry, result)
        for tally, outcome in zip(self._finished, written.outcomes, strict=True):
            tally.outcome = outcome

    def _hold(self, data: bytes) -> None:
        if data and id(data) not in self._contents:
            self._contents[id(data)] = data
            self._n_bytes += len(data)

    def _store_singly(self, hashes: Mapping[int, str]) -> None:
        for entry in self._entries:
            try:
                [(_, result)] = self.service.database.write(
                    functools.partial(_write, entries=[entry], hashes=hashes, service=self.service)
                )
            except Exception as error:
                if not _is_of_a_piece(error):
                    raise
                entry.tally.add_problem(_unstorable(entry.piece, error, hashes))
            else:
                _count(entry, result)

    def _work(self, session: Session, entries: Sequence[_Entry], hashes: Mapping[int, str]) -> _Written:
        """Do the transaction; it may be called again, and so leaves tallies as they are."""
        taken = claim(session, [t.item for t in self._finished if not isinstance(t, RetriedTally)])
        left = [entry for entry in entries if entry.tally.key not in taken]
        results = _write(session, left, hashes, self.service)
        counted: dict[int, Counter[Result]] = defaultdict(Counter)
        changed: dict[int, set[str]] = defaultdict(set)
        for entry, result in results:
            counted[id(entry.tally)][result] += 1
            if result == "stored":
                changed[id(entry.tally)].add(entry.candidate)
        lines = []
        outcomes: list[Outcome] = []
        for tally in self._finished:
            if tally.key in taken:
                outcomes.append("duplicate")
                continue
            line = tally.close(session, counted[id(tally)], changed[id(tally)])
            outcomes.append(line.outcome)
            if not isinstance(tally, RetriedTally):
                lines.append(line)
        write_lines(session, lines)
        return _Written(results, outcomes)


def _contents(piece: AlertPiece | StreakPart) -> tuple[bytes, ...]:
    return (piece.images, piece.packet) if isinstance(piece, AlertPiece) else (piece.picture,)


def _count(entry: _Entry, result: Result) -> None:
    entry.tally.results[result] += 1
    if result == "stored":
        entry.tally.changed.add(entry.candidate)


def _with_hash(problem: Problem, hashes: Mapping[int, str]) -> Problem:
    if not problem.kept:
        return problem
    return dataclasses.replace(problem, kept=b"", sha256=hashes[id(problem.kept)])


def _write(
    session: Session, entries: Sequence[_Entry], hashes: Mapping[int, str], service: Service
) -> list[tuple[_Entry, Result]]:
    """Write pieces. Streaks come first: they wait for others of their kind, who must not wait for us."""
    streaks = [entry for entry in entries if isinstance(entry.piece, StreakPart)]
    alerts = [entry for entry in entries if isinstance(entry.piece, AlertPiece)]
    results: list[Result] = []
    if streaks:
        parts = [_part(entry.piece, hashes) for entry in streaks]
        results += join_parts(
            session,
            parts,
            expect_metadata=service.settings.ingest.expect_metadata,
            site=service.settings.site,
        )
    if alerts:
        writes = [_candidate(entry.piece, hashes) for entry in alerts]
        results += write_candidates(session, ALERT, writes)
    return list(zip([*streaks, *alerts], results, strict=True))


def _part(piece: AlertPiece | StreakPart, hashes: Mapping[int, str]) -> ReceivedPart:
    assert isinstance(piece, StreakPart)
    return ReceivedPart.of(piece, hashes.get(id(piece.picture), ""))


def _candidate(piece: AlertPiece | StreakPart, hashes: Mapping[int, str]) -> CandidateWrite:
    assert isinstance(piece, AlertPiece)
    cutouts = {
        "sha256": hashes[id(piece.images)],
        "media_type": FITS_GZIP,
        "channels": list(CHANNELS),
        "packet_sha256": hashes.get(id(piece.packet), "") if piece.packet else "",
        "packet_record": piece.packet_record,
    }
    return CandidateWrite(piece.values, cutouts)


def _is_of_a_piece(error: Exception) -> bool:
    """Say whether a value that no database takes may be the reason, not the database."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError | InterfaceError)
    return isinstance(error, StatementError | ValueError | OverflowError | TypeError)


def _unstorable(piece: AlertPiece | StreakPart, error: Exception, hashes: Mapping[int, str]) -> Problem:
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:_LONGEST_REASON]
    reason = f"can be read, but not be stored: {said}".replace("\0", "\\0")
    data = piece.packet if isinstance(piece, AlertPiece) else piece.picture
    return Problem(piece.record, "cannot-be-stored", reason, sha256=hashes.get(id(data), "") if data else "")
