"""Candidates into the database: new ones, changed ones, and those that came before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new, insert_or_update
from skysieve.service.database.tables import Candidate, Cutouts, MetadataField, Night
from skysieve.service.ingest.pieces import Result
from skysieve.service.judging.pending import ask_for_scores
from skysieve.service.sky.cells import cell_of

__all__ = ["CandidateWrite", "night_ids", "note_fields", "write_candidates"]

_LONGEST_FIELD = 80


@dataclass(frozen=True, slots=True)
class CandidateWrite:
    """A candidate as it is to stand in the database.

    Parameters
    ----------
    values : dict
        Its columns by the attributes of `Candidate`, all but ``cell`` and what is judged; ``night``, a
        name, in the place of ``night_id``.
    cutouts : mapping, optional
        Columns of its `Cutouts`; None leaves those that are there.
    scored : bool
        Whether it is to be scored, again where it has been.
    """

    values: dict[str, Any]
    cutouts: Mapping[str, Any] | None
    scored: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """Survey and name."""
        return self.values["survey"], self.values["name"]


def write_candidates(session: Session, kind: str, writes: Sequence[CandidateWrite]) -> list[Result]:
    """Write candidates of one kind; scores and labels of those that are there stay.

    New ones are written in the order of their names, then those that change in the order of their ids: of two
    processes that write the same candidates one waits for the other, and neither for the first again.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    kind : str
        Their kind.
    writes : sequence of CandidateWrite
        Where a candidate comes twice, the later counts.

    Returns
    -------
    list of {"stored", "same"}
        ``same`` where the candidate was there with the same stamp.
    """
    wanted = {write.key: write for write in writes}
    ordered = [wanted[key] for key in sorted(wanted)]
    before = _stamps(session, kind, wanted)
    fresh = [write for write in ordered if write.key not in before]
    touched = [write for write in ordered if before.get(write.key, (0, ""))[1] != write.values["stamp"]]
    note_fields(session, (write.values["fields"] for write in touched))
    columns = _columns(session, touched)
    insert_new(session, Candidate, [columns[write.key] for write in fresh])
    # Another process may have been quicker with some of them, and with another stamp.
    now = before | (_stamps(session, kind, [write.key for write in fresh]) if fresh else {})
    changed = [write for write in touched if now[write.key][1] != write.values["stamp"]]
    at = utc_now()
    if changed:
        rows = [{"id": now[write.key][0], **columns[write.key], "updated_at": at} for write in changed]
        # In the order in which scoring locks them.
        session.execute(update(Candidate), sorted(rows, key=itemgetter("id")))
    _write_cutouts(session, touched, now)
    ask_for_scores(session, sorted((now[write.key][0], kind) for write in touched if write.scored))
    changes = {write.key for write in touched}
    # The same content twice in a batch: the first brings it.
    first = {(write.key, write.values["stamp"]): write for write in reversed(writes)}
    return [
        "stored" if write.key in changes and first[write.key, write.values["stamp"]] is write else "same"
        for write in writes
    ]


def night_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of nights by name; those that are missing are made."""
    wanted = set(names)
    found = _nights(session, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        insert_new(session, Night, [{"name": name} for name in missing])
        found |= _nights(session, missing)
    return found


def note_fields(session: Session, fields: Iterable[Mapping[str, Any]]) -> None:
    """Make the names of fields known, with their types, so that searches may ask for them."""
    kinds: dict[str, str] = {}
    for each in fields:
        for name in each.keys() - kinds.keys():
            kinds[name] = _type(each[name])
    # A name that no column takes can be shown, not searched.
    names = sorted(name for name in kinds if len(name) <= _LONGEST_FIELD)
    known = set(session.scalars(select(MetadataField.name).where(MetadataField.name.in_(names))))
    missing = [name for name in names if name not in known]
    insert_new(session, MetadataField, [{"name": name, "type": kinds[name]} for name in missing])


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else "text"


def _nights(session: Session, names: Iterable[str]) -> dict[str, int]:
    nights = session.execute(select(Night.name, Night.id).where(Night.name.in_(names)))
    return {night.name: night.id for night in nights}


def _stamps(
    session: Session, kind: str, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, str]]:
    """Return id and stamp of the candidates that are there."""
    names: dict[str, list[str]] = defaultdict(list)
    for survey, name in keys:
        names[survey].append(name)
    found: dict[tuple[str, str], tuple[int, str]] = {}
    # One statement a survey: without the survey, the index of the three would be walked for all of a kind.
    for survey in sorted(names):
        rows = session.execute(
            select(Candidate.name, Candidate.id, Candidate.stamp).where(
                Candidate.kind == kind, Candidate.survey == survey, Candidate.name.in_(names[survey])
            )
        )
        found |= {(survey, row.name): (row.id, row.stamp) for row in rows}
    return found


def _columns(session: Session, writes: Sequence[CandidateWrite]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of candidates by key: with the ids of their nights, and cells."""
    nights = night_ids(session, (write.values["night"] for write in writes))
    cells = _cells(writes)
    return {
        write.key: {name: value for name, value in write.values.items() if name != "night"}
        | {"night_id": nights[write.values["night"]], "cell": cell}
        for write, cell in zip(writes, cells, strict=True)
    }


def _cells(writes: Sequence[CandidateWrite]) -> list[int | None]:
    cells: list[int | None] = [None] * len(writes)
    placed = [at for at, write in enumerate(writes) if write.values["ra"] is not None]
    if placed:
        ra, dec = (np.array([writes[at].values[name] for at in placed]) for name in ("ra", "dec"))
        for at, cell in zip(placed, cell_of(ra, dec).tolist(), strict=True):
            cells[at] = cell
    return cells


def _write_cutouts(
    session: Session, writes: Sequence[CandidateWrite], now: Mapping[tuple[str, str], tuple[int, str]]
) -> None:
    rows = [
        {"candidate_id": now[write.key][0], **write.cutouts} for write in writes if write.cutouts is not None
    ]
    rows.sort(key=lambda row: row["candidate_id"])
    insert_or_update(session, Cutouts, rows, key=["candidate_id"])
