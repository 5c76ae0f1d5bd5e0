"""Columns of a table of candidates: their own, the survey's metadata, the scores of all scorers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import MetadataField, Score, Scorer

if TYPE_CHECKING:
    from skysieve.service.candidates.export.source import Row

__all__ = ["Column", "table_columns"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        Its name: ``mag``, ``meta.rb``, ``score.braai.score``.
    type : str
        ``number``, ``whole``, ``text``, ``truth`` or ``time``.
    value : callable
        From a row to a float, int, str, bool, datetime; None where there is none.
    meaning, unit, ucd : str
        What it says, in which unit, and in the words of the Virtual Observatory.
    """

    name: str
    type: str
    value: Callable[[Row], Any]
    meaning: str = ""
    unit: str = ""
    ucd: str = ""


def table_columns(session: Session) -> list[Column]:
    """Return the columns of a table of candidates."""
    known = session.scalars(select(MetadataField).order_by(MetadataField.name))
    return [*OWN, *(_of_metadata(field.name, field.type) for field in known), *_of_scores(session)]


def _own(
    name: str, type_: str, meaning: str, *, attribute: str = "", unit: str = "", ucd: str = ""
) -> Column:
    of = attribute or name
    return Column(name, type_, lambda row: getattr(row.candidate, of), meaning, unit, ucd)


def _labels(row: Row) -> str:
    given = [
        {"user": label.user, "value": label.value, "made_at": label.made_at.isoformat()}
        for label in row.labels
    ]
    return json.dumps(given, ensure_ascii=False) if given else ""


OWN = (
    _own("id", "whole", "number of the candidate in its service", ucd="meta.record"),
    _own("kind", "text", "alert or streak"),
    _own("survey", "text", "survey it comes from"),
    _own("name", "text", "identifier in the survey", ucd="meta.id;meta.main"),
    _own("object", "text", "object it belongs to", attribute="object_id", ucd="meta.id"),
    Column("night", "text", lambda row: row.candidate.night.name, "date of the evening"),
    _own("jd", "number", "time of the exposure, UTC", unit="d", ucd="time.epoch"),
    _own("ra", "number", "right ascension, ICRS", unit="deg", ucd="pos.eq.ra;meta.main"),
    _own("dec", "number", "declination, ICRS", unit="deg", ucd="pos.eq.dec;meta.main"),
    _own("band", "text", "passband in the survey's word", ucd="meta.id;instr.filter"),
    _own("mag", "number", "magnitude", unit="mag", ucd="phot.mag"),
    _own("score", "number", "headline score of the scorer on duty"),
    _own("passes", "truth", "whether its rule lets the candidate pass"),
    _own("label", "text", "what most people say; empty without a majority"),
    _own("label_count", "whole", "people who have labelled it"),
    Column("labels", "text", _labels, "labels that stand, as JSON: user, value, made_at"),
    _own("first_seen", "time", "when it came in, UTC"),
    _own("source", "text", "where it came from"),
)


def _of_metadata(name: str, type_: str) -> Column:
    right: tuple[type, ...] = {"number": (int, float), "truth": (bool,)}.get(type_, (str,))

    def value(row: Row) -> Any:
        found = row.candidate.fields.get(name)
        return found if type(found) in right else None

    return Column(f"meta.{name}", type_, value, "metadata of the survey")


def _of_scores(session: Session) -> Iterator[Column]:
    scorers = session.execute(select(Scorer.id, Scorer.name, Scorer.identity).order_by(Scorer.id)).all()
    names = Counter(name for _, name, _ in scorers)
    for number, name, identity in scorers:
        # Versions of one model have one name.
        called = name if names[name] == 1 else f"{name}@{identity[:8]}"
        for member in _members(session, number):
            yield _of_score(f"score.{called}.{member}", (number, member), f"score by {called}")


def _of_score(name: str, key: tuple[int, str], meaning: str) -> Column:
    return Column(name, "number", lambda row: row.scores.get(key), meaning)


def _members(session: Session, scorer: int) -> Iterator[str]:
    """Yield the members of a scorer: a step in the index for each, not a look at all its scores."""
    query = select(func.min(Score.member)).where(Score.scorer_id == scorer)
    member = session.scalar(query)
    while member is not None:
        yield member
        member = session.scalar(query.where(Score.member > member))
