"""Streaks put together from what comes in any order: a picture, the row of a table, a report.

A streak becomes a candidate when its picture is there, and its row where one is expected. Until then its
parts wait in `WaitingPart`; what comes later changes the candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from skysieve.service.candidates.images import CHANNELS
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, Night, WaitingPart
from skysieve.service.database.tables.candidates import STREAK
from skysieve.service.ingest.candidate_writes import CandidateWrite, write_candidates
from skysieve.service.ingest.pieces import Result, StreakPart
from skysieve.service.ingest.streak_columns import (
    SURVEY,
    PartStamps,
    new_streak,
    report_columns,
    row_columns,
)

__all__ = ["ReceivedPart", "join_parts"]

#: Key of the lock that processes of one service take in turn while they join (``streak`` in ASCII).
_JOIN_LOCK = 0x73747265616B
_PICTURE, _METADATA, _ADES = "picture", "metadata", "ades"


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """A part whose picture, if it is one, lies in the files.

    Parameters
    ----------
    name, part, stamp, values, media_type, source
        As of `StreakPart`.
    sha256 : str
        Of the picture.
    look : bytes
        What the picture looks like.
    """

    name: str
    part: str
    stamp: str
    values: Mapping[str, Any]
    sha256: str
    media_type: str
    look: bytes
    source: str

    @classmethod
    def of(cls, piece: StreakPart, sha256: str) -> ReceivedPart:
        """Return the part of a piece, its picture stored under a hash."""
        return cls(
            piece.name,
            piece.part,
            piece.stamp,
            piece.values,
            sha256,
            piece.media_type,
            piece.look,
            piece.source,
        )


def join_parts(
    session: Session,
    parts: Sequence[ReceivedPart],
    *,
    expect_metadata: bool,
    site: str,
    also: Iterable[str] = (),
) -> list[Result]:
    """Join parts with what is there of their streaks.

    Parameters
    ----------
    session : Session
        Of `Database.writing`, in which no candidate and no night has been written yet: two processes that
        hold what the other needs would wait for each other.
    parts : sequence of ReceivedPart
        Where the same part of a streak comes twice, the later counts.
    expect_metadata : bool
        Whether a streak waits for its row.
    site : str
        The observatory.
    also : iterable of str
        Names of further streaks whose waiting parts are looked at.

    Returns
    -------
    list of {"stored", "same", "waiting"}
        What each part did.
    """
    _take_turns(session)
    incoming: dict[str, dict[str, ReceivedPart]] = {name: {} for name in also}
    for part in parts:
        incoming.setdefault(part.name, {})[part.part] = part
    names = sorted(incoming)
    waiting, known = _waiting(session, names), _known(session, names)
    joined: dict[str, tuple[PartStamps, CandidateWrite]] = {}
    for name in names:
        have = waiting.get(name, {}) | incoming[name]
        complete = _PICTURE in have and (_METADATA in have or not expect_metadata)
        if name in known or complete:
            values = known.get(name) or new_streak(name, have[_PICTURE].source)
            before = PartStamps.of(values.get("stamp", ""))
            joined[name] = before, _joined(values, have, before, site)
    write_candidates(session, STREAK, [write for _, write in joined.values()])
    _forget(session, [name for name in joined if name in waiting])
    _let_wait(session, [part for name in names if name not in joined for part in incoming[name].values()])
    return [_result(part, joined) for part in parts]


def _take_turns(session: Session) -> None:
    """Wait until no other process joins: halves that come at the same time must find each other.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_JOIN_LOCK)))


def _result(part: ReceivedPart, joined: Mapping[str, tuple[PartStamps, CandidateWrite]]) -> Result:
    if part.name not in joined:
        return "waiting"
    before, _ = joined[part.name]
    return "same" if getattr(before, part.part) == part.stamp else "stored"


def _joined(
    values: Mapping[str, Any], have: Mapping[str, ReceivedPart], before: PartStamps, site: str
) -> CandidateWrite:
    """Return the candidate with the parts that have come."""
    values = dict(values)
    after = before
    changed = {part for part, each in have.items() if getattr(before, part) != each.stamp}
    cutouts: dict[str, Any] | None = None
    for part in sorted(changed):
        after = after.with_part(part, have[part].stamp)
    if _METADATA in changed:
        values |= row_columns(have[_METADATA].values, values["fields"], site=site)
    if _ADES in changed:
        values |= report_columns(have[_ADES].values, values["fields"])
    if _PICTURE in changed:
        picture = have[_PICTURE]
        values |= {"look": picture.look or None, "source": picture.source}
        cutouts = {
            "sha256": picture.sha256,
            "media_type": picture.media_type,
            "channels": [CHANNELS[-1]],
            "packet_sha256": "",
            "packet_record": 0,
        }
    # What a report says changes no score: it is about the orbit, not about the picture.
    return CandidateWrite(values | {"stamp": str(after)}, cutouts, scored=bool(changed - {_ADES}))


def _known(session: Session, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the columns of the streaks that are candidates already."""
    columns = {
        name: getattr(Candidate, name) for name in (*new_streak("", ""), "stamp", "look") if name != "night"
    }
    rows = session.execute(
        select(Night.name.label("night"), *columns.values())
        .join(Night, Candidate.night_id == Night.id)
        .where(Candidate.kind == STREAK, Candidate.survey == SURVEY, Candidate.name.in_(names))
    ).all()
    return {
        values["name"]: values
        for night, *rest in rows
        for values in ({"night": night} | dict(zip(columns, rest, strict=True)),)
    }


def _waiting(session: Session, names: Sequence[str]) -> dict[str, dict[str, ReceivedPart]]:
    found: dict[str, dict[str, ReceivedPart]] = {}
    rows = session.execute(
        select(
            WaitingPart.name,
            WaitingPart.part,
            WaitingPart.stamp,
            WaitingPart.values,
            WaitingPart.sha256,
            WaitingPart.media_type,
            WaitingPart.source,
        ).where(WaitingPart.name.in_(names))
    ).all()
    for name, part, stamp, content, sha256, media_type, source in rows:
        look = bytes.fromhex(content.pop("look", "")) if part == _PICTURE else b""
        found.setdefault(name, {})[part] = ReceivedPart(
            name, part, stamp, content, sha256, media_type, look, source
        )
    return found


def _forget(session: Session, names: Sequence[str]) -> None:
    if names:
        session.execute(delete(WaitingPart).where(WaitingPart.name.in_(names)))


def _let_wait(session: Session, parts: Sequence[ReceivedPart]) -> None:
    for kind in sorted({part.part for part in parts}):
        names = [part.name for part in parts if part.part == kind]
        session.execute(delete(WaitingPart).where(WaitingPart.name.in_(names), WaitingPart.part == kind))
    insert_new(
        session,
        WaitingPart,
        [
            {
                "name": part.name,
                "part": part.part,
                "stamp": part.stamp,
                "values": {"look": part.look.hex()} if part.part == _PICTURE else dict(part.values),
                "sha256": part.sha256,
                "media_type": part.media_type,
                "source": part.source,
            }
            for part in parts
        ],
    )
