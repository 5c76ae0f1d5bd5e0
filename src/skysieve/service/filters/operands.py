"""What a name in a filter stands for: a column, a field of metadata, rows of another table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, not_, or_, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.tables import (
    Campaign,
    CampaignItem,
    Candidate,
    Comment,
    Label,
    MetadataField,
    Score,
    Scorer,
    User,
    Verdict,
)
from skysieve.service.filters.fields import FIELDS, FUNCTIONS, MANY, Field, Function, ValueType
from skysieve.service.filters.metadata import can_be_asked, metadata_value
from skysieve.service.filters.problem import bad_filter, did_you_mean
from skysieve.service.filters.syntax import Call, Meta, Name, Operand

__all__ = ["Resolved", "resolve"]

#: A condition on a value becomes one on the candidate.
Quantified = Callable[[ColumnElement[bool]], ColumnElement[bool]]
#: Characters of an identity that tell one scorer from another.
_IDENTITY = 8


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name stands for in this database.

    Parameters
    ----------
    type : ValueType
        What it holds.
    value : ColumnElement
        The expression to compare.
    empty : ColumnElement
        Whether the candidate has none.
    that : callable
        Makes of a condition on ``value`` one on the candidate: itself, or that there is such a row.
    choices : tuple of str
        The only texts it can hold; empty: any.
    """

    type: ValueType
    value: ColumnElement[Any]
    empty: ColumnElement[bool]
    that: Quantified
    choices: tuple[str, ...] = ()
    #: Whether ``value`` stands in the row of the candidate.
    of_candidate: bool = True


def resolve(session: Session, text: str, operand: Operand) -> Resolved:
    """Find what an operand stands for.

    Raises
    ------
    InputError
        If nothing has that name; the message names the nearest that has.
    """
    match operand:
        case Meta():
            return _metadata(session, text, operand)
        case Call():
            return _call(session, text, operand)
        case Name(name) if name in FIELDS:
            return _column(FIELDS[name])
        case Name(name) if name in MANY:
            return _many(name)
        case Name(name, position):
            if name in FUNCTIONS:
                raise bad_filter(text, position, f"{name} is written {FUNCTIONS[name].form}")
            if session.get(MetadataField, name) is not None:
                hint = f"; did you mean meta.{name}?"
            else:
                hint = did_you_mean(name, [*FIELDS, *MANY, *FUNCTIONS, "cone"])
            raise bad_filter(text, position, f"no field is called {name!r}{hint}")


def _column(field: Field) -> Resolved:
    column: ColumnElement[Any] = getattr(Candidate, field.column)
    empty = column == "" if field.type is ValueType.TEXT else column.is_(None)
    return Resolved(field.type, column, empty, _itself, field.choices)


def _metadata(session: Session, text: str, operand: Meta) -> Resolved:
    known = session.get(MetadataField, operand.name)
    if known is None:
        names = session.scalars(select(MetadataField.name))
        raise bad_filter(
            text,
            operand.position,
            f"no candidate has a field {operand.name!r} in its metadata{did_you_mean(operand.name, names)}",
        )
    if not can_be_asked(known.name):
        raise bad_filter(text, operand.position, "fields with such a name can be shown, not searched")
    kind = ValueType(known.type)
    dialect = session.get_bind().dialect.name
    value = metadata_value(Candidate.__table__.c.metadata, known.name, kind, dialect=dialect)
    empty = value.is_(None)
    return Resolved(kind, value, or_(empty, value == "") if kind is ValueType.TEXT else empty, _itself)


def _many(name: str) -> Resolved:
    if name == "comment":
        links = (Comment.candidate_id == Candidate.id, Comment.withdrawn_at.is_(None))
        return _rows(ValueType.TEXT, Comment.text, links)
    return _rows(
        ValueType.TEXT, Label.value, (Label.candidate_id == Candidate.id, Label.withdrawn_at.is_(None))
    )


def _call(session: Session, text: str, call: Call) -> Resolved:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise bad_filter(
            text,
            call.position,
            f"there is no {call.name!r} with parentheses{did_you_mean(call.name, [*FUNCTIONS, 'cone'])}",
        )
    if len(call.arguments) != function.arguments or (call.member and call.name != "scorer"):
        raise bad_filter(text, call.position, f"expected {function.form}")
    return _CALLS[call.name](session, _Place(text, call, function))


@dataclass(frozen=True, slots=True)
class _Place:
    """A call, and where it stands."""

    text: str
    call: Call
    function: Function

    @property
    def names(self) -> list[str]:
        return [str(argument) for argument in self.call.arguments]

    def problem(self, reason: str) -> InputError:
        return bad_filter(self.text, self.call.position, reason)

    def unknown(self, what: str, known: Iterable[str]) -> InputError:
        return self.problem(f"no {what} is called {self.names[0]!r}{did_you_mean(self.names[0], known)}")


def _scorer(session: Session, place: _Place) -> Resolved:
    member = place.call.member or "score"
    links = (
        Score.candidate_id == Candidate.id,
        Score.scorer_id.in_(_scorer_ids(session, place)),
        Score.member == member,
    )
    return _rows(ValueType.NUMBER, Score.value, links)


def _verdict(session: Session, place: _Place) -> Resolved:
    links = (
        Verdict.candidate_id == Candidate.id,
        Verdict.scorer_id.in_(_scorer_ids(session, place)),
        Verdict.rule == place.names[1],
    )
    return _rows(ValueType.TRUTH, Verdict.passes, links)


def _scorer_ids(session: Session, place: _Place) -> list[int]:
    asked = place.names[0]
    scorers = session.execute(select(Scorer.id, Scorer.name, Scorer.identity)).all()
    found = [
        number
        for number, name, identity in scorers
        if name == asked or (len(asked) >= _IDENTITY and identity.startswith(asked.lower()))
    ]
    if not found:
        raise place.unknown("scorer", (name for _, name, _ in scorers))
    return found


def _labelled_by(session: Session, place: _Place) -> Resolved:
    user = session.scalar(select(User.id).where(User.name == place.names[0].lower()))
    if user is None:
        # Who has an account is nobody's business here: no near names.
        raise place.unknown("user", ())
    # SQLite would read all labels of the person for each candidate.
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    of = Label.user_id + 0 if on_sqlite else Label.user_id
    links = (Label.candidate_id == Candidate.id, of == user, Label.withdrawn_at.is_(None))
    return _rows(ValueType.TEXT, Label.value, links)


def _campaign(session: Session, place: _Place) -> Resolved:
    number = session.scalar(select(Campaign.id).where(Campaign.name == place.names[0]))
    if number is None:
        # Drafts are for curators to know of.
        raise place.unknown(
            "campaign", session.scalars(select(Campaign.name).where(Campaign.state != "draft"))
        )
    inside = exists().where(CampaignItem.campaign_id == number, CampaignItem.candidate_id == Candidate.id)
    return Resolved(ValueType.TRUTH, inside, not_(inside), _itself, of_candidate=False)


_CALLS = {"scorer": _scorer, "verdict": _verdict, "labelled_by": _labelled_by, "campaign": _campaign}


def _rows(kind: ValueType, value: Any, links: tuple[ColumnElement[bool], ...]) -> Resolved:
    """Return what is compared with the rows of another table: one of them must fulfil a condition."""

    def that(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(*links, condition).correlate(Candidate)

    none = not_(exists().where(*links).correlate(Candidate))
    return Resolved(kind, value, none, that, of_candidate=False)


def _itself(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return condition
