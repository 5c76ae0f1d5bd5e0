"""Which conditions of a filter an index finds, and how to keep SQLite from an index that leads astray.

SQLite plans without knowing how many rows a condition leaves: it walks a million candidates in the order of
their scores to find the two of a cone, or sorts a hundred thousand to show fifty. What is decided here is
decided from counts. PostgreSQL keeps statistics and needs no help.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from skysieve.service.database.tables import MetadataField
from skysieve.service.filters.language import Filter
from skysieve.service.filters.syntax import And, Comparison, Condition, Cone, Membership, Meta, Name

__all__ = ["found_by_index", "without_index"]

#: Fields with an index of their own.
_INDEXED = frozenset({"id", "name", "object", "label", "mag", "jd", "observed", "score", "first_seen"})
_SIGNS = frozenset({"=", "<", "<=", ">", ">=", "~"})
_BEGINS_WITH_STAR = re.compile(r"[*?]")


def without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the same value, which SQLite does not look up in an index; to PostgreSQL it is the same column.

    Examples
    --------
    >>> from sqlalchemy.dialects import sqlite
    >>> from skysieve.service.database.tables import Candidate
    >>> print((without_index(Candidate.__table__.c.mag) < 19).compile(dialect=sqlite.dialect()))
    +candidates.mag < ?
    """
    return _WithoutIndex(column)


class _WithoutIndex(ColumnElement[Any]):
    inherit_cache = True
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - as SQLAlchemy asks

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type


@compiles(_WithoutIndex)
def _as_it_is(element: _WithoutIndex, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(_WithoutIndex, "sqlite")
def _with_a_sign(element: _WithoutIndex, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite looks up no expression for which there is no index; the sign changes no value.
    return "+" + compiler.process(element.column, **options)


def found_by_index(session: Session, given: Filter) -> list[Condition]:
    """Return the conditions that must hold and that an index finds, one for each field."""
    match given.condition:
        case None:
            return []
        case And(parts):
            pass
        case condition:
            parts = (condition,)
    groups: defaultdict[object, list[Condition]] = defaultdict(list)
    for part in parts:
        if isinstance(part, Cone):
            groups[part].append(part)
        elif isinstance(part, Comparison | Membership) and _has_index(session, part):
            groups[part.operand].append(part)
    return [group[0] if len(group) == 1 else And(tuple(group)) for group in groups.values()]


def _has_index(session: Session, test: Comparison | Membership) -> bool:
    match test.operand:
        case Name(name) if name in _INDEXED:
            pass
        case Meta(name) if (known := session.get(MetadataField, name)) is not None and known.indexed:
            pass
        case _:
            return False
    if isinstance(test, Membership):
        return not test.negated
    if test.sign == "~":
        return not _BEGINS_WITH_STAR.match(str(test.value))
    return test.sign in _SIGNS and test.value != ""
