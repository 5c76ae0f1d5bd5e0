"""From a filter to a condition of SQL in which every value is a parameter."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.tables import Candidate, Night
from skysieve.service.filters.comparisons import check_sign, compare, convert, one_of
from skysieve.service.filters.fields import ValueType
from skysieve.service.filters.index_choice import without_index
from skysieve.service.filters.language import Filter, parse_filter
from skysieve.service.filters.operands import Resolved, resolve
from skysieve.service.filters.problem import bad_filter
from skysieve.service.filters.syntax import (
    And,
    Call,
    Comparison,
    Condition,
    Cone,
    Emptiness,
    Holds,
    Membership,
    Not,
    Operand,
    Or,
)
from skysieve.service.sky.cells import in_cone

__all__ = ["compile_filter", "nights_that"]

_COMPARES: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_filter(session: Session, text: str | Filter, *, by_index: bool = True) -> ColumnElement[bool]:
    """Return the condition on candidates that a filter means in this database.

    Parameters
    ----------
    session : Session
        Of `Database.reading` or `Database.writing`: names of metadata, scorers, people, campaigns and
        nights are looked up there.
    text : str or Filter
        In the language of `skysieve.service.filters.language`.
    by_index : bool
        Off: SQLite looks nothing up in an index for it, but one single night.

    Returns
    -------
    ColumnElement
        For ``select(Candidate.id).where(...)``. A comparison with something absent does not hold, and so
        ``not`` of it holds.

    Raises
    ------
    InputError
        If the filter is none, a name is unknown or a value is of the wrong type; kind ``bad-filter``, with
        the place and the nearest name.

    Examples
    --------
    >>> from skysieve.service.database.database import Database
    >>> with Database("sqlite://").reading() as session:
    ...     print(compile_filter(session, "score >= 0.9 and not passes"))
    candidates.score >= :param_1 AND NOT coalesce(candidates.passes = :param_2, false)
    """
    given = parse_filter(text) if isinstance(text, str) else text
    if given.condition is None:
        return true()
    return _Compiler(session, given.text, by_index=by_index).condition(given.condition)


def nights_that(session: Session, holds: Callable[[str], bool]) -> ColumnElement[bool]:
    """Return that a candidate is of one of the nights whose name fulfils something."""
    found = [number for number, name in session.execute(select(Night.id, Night.name)) if holds(name)]
    if not found:
        return false()
    if len(found) == 1:
        return Candidate.night_id == found[0]
    # Fifty of several nights are found sooner in the order of the page.
    return _column_without_index(session, Candidate.__table__.c.night_id).in_(found)


class _Compiler:
    """Compiles the conditions of one filter."""

    def __init__(self, session: Session, text: str, *, by_index: bool) -> None:
        self.session, self.text = session, text
        self.by_index = by_index or session.get_bind().dialect.name != "sqlite"
        self.dialect = session.get_bind().dialect.name

    def condition(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case And(parts):
                return and_(*map(self.condition, parts))
            case Or(parts):
                return or_(*map(self.condition, parts))
            case Not(part):
                return _opposite(self.condition(part))
            case Cone(ra, dec, radius, position):
                return self.cone(ra, dec, radius, position)
            case Comparison():
                return self.comparison(condition)
            case Membership():
                return self.membership(condition)
            case Emptiness(operand, negated):
                return self.emptiness(operand, negated)
            case Holds(operand):
                return self.holds(operand)

    def cone(self, ra: float, dec: float, radius: float, position: int) -> ColumnElement[bool]:
        try:
            cell = None if self.by_index else without_index(Candidate.__table__.c.cell)
            return in_cone(ra, dec, radius, cell=cell)
        except InputError as error:
            raise bad_filter(self.text, position, error.reason) from None

    def comparison(self, test: Comparison) -> ColumnElement[bool]:
        found = self.resolve(test.operand)
        try:
            check_sign(found.type, test.sign)
            value = convert(found.type, test.value, choices=found.choices if test.sign in ("=", "!=") else ())
            if found.type is ValueType.NIGHT:
                return self.nights(test.sign, value)
            return found.that(compare(found.value, found.type, test.sign, value, dialect=self.dialect))
        except ValueError as error:
            raise bad_filter(self.text, test.position, str(error)) from None

    def membership(self, test: Membership) -> ColumnElement[bool]:
        found = self.resolve(test.operand)
        try:
            values = [convert(found.type, value, choices=found.choices) for value in test.values]
            if found.type is ValueType.NIGHT:
                return nights_that(self.session, lambda name: (name in values) != test.negated)
            inside = one_of(found.value, found.type, values)
        except ValueError as error:
            raise bad_filter(self.text, test.position, str(error)) from None
        return found.that(not_(inside) if test.negated else inside)

    def nights(self, sign: str, value: str) -> ColumnElement[bool]:
        holds = _COMPARES[sign]
        ordered = sign not in ("=", "!=")
        if ordered and value == "unknown":
            raise ValueError("an unknown night comes neither before nor after another")
        return nights_that(
            self.session, lambda name: holds(name, value) and not (ordered and name == "unknown")
        )

    def emptiness(self, operand: Operand, negated: bool) -> ColumnElement[bool]:
        found = self.resolve(operand)
        if found.type is ValueType.NIGHT:
            return nights_that(self.session, lambda name: (name == "unknown") != negated)
        return not_(found.empty) if negated else found.empty

    def holds(self, operand: Operand) -> ColumnElement[bool]:
        found = self.resolve(operand)
        if found.type is ValueType.TRUTH:
            return found.that(compare(found.value, found.type, "=", True, dialect=self.dialect))
        if isinstance(operand, Call):
            return not_(found.empty)
        raise bad_filter(
            self.text, operand.position, f"this is a {found.type.value}: say what it is compared with"
        )

    def resolve(self, operand: Operand) -> Resolved:
        found = resolve(self.session, self.text, operand)
        # What is found in another table is looked up there by candidate.
        if self.by_index or not found.of_candidate:
            return found
        value = without_index(found.value)
        return replace(found, value=value)


def _column_without_index(session: Session, column: ColumnElement[int]) -> ColumnElement[int]:
    return without_index(column) if session.get_bind().dialect.name == "sqlite" else column


def _opposite(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return that a condition does not hold: what is null does not."""
    return not_(func.coalesce(condition, false()))
