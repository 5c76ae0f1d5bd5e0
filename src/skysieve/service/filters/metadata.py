"""Fields of metadata as expressions of SQL, with their types: the same in searches and in indexes."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Double,
    String,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
)

from skysieve.service.filters.fields import ValueType

__all__ = ["can_be_asked", "can_be_indexed", "metadata_value"]

#: Names that may stand in the text of a statement, as indexes need them.
_INDEXABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}")
#: SQLite finds names as they stand in the JSON, where other characters are written in another way.
_ASKABLE = re.compile(r"[ !#-\[\]-~]{1,80}")

#: The words for a type in JSON: of SQLite's ``json_type``, of PostgreSQL's ``jsonb_typeof``.
_SQLITE_TYPES = {
    ValueType.NUMBER: "'integer', 'real'",
    ValueType.TEXT: "'text'",
    ValueType.TRUTH: "'true', 'false'",
}
_POSTGRESQL_TYPES = {
    ValueType.NUMBER: "'number'",
    ValueType.TEXT: "'string'",
    ValueType.TRUTH: "'boolean'",
}


def can_be_asked(name: str) -> bool:
    """Say whether a search can ask for a field of that name: printable ASCII without quote and backslash."""
    return _ASKABLE.fullmatch(name) is not None


def can_be_indexed(name: str) -> bool:
    """Say whether a field of that name can have an index: letters, digits, underscores and dots."""
    return _INDEXABLE.fullmatch(name) is not None


def metadata_value(
    column: ColumnElement[Any], name: str, kind: ValueType, *, dialect: str
) -> ColumnElement[Any]:
    """Return a field of metadata with its type; null where it is absent or of another type.

    Parameters
    ----------
    column : ColumnElement
        The JSON.
    name : str
        Name of the field, as `can_be_asked` allows.
    kind : ValueType
        Number, text or truth.
    dialect : str
        ``sqlite`` or ``postgresql``.
    """
    return _on_sqlite(column, name, kind) if dialect == "sqlite" else _on_postgresql(column, name, kind)


def _on_sqlite(column: ColumnElement[Any], name: str, kind: ValueType) -> ColumnElement[Any]:
    path = _in_text_if_indexable(name, f'$."{name}"')
    value: ColumnElement[Any] = func.json_extract(column, path, type_=_python_type(kind))
    if kind is ValueType.NUMBER:
        value = cast(value, Double)
    right_type = func.json_type(column, path).in_([literal_column(_SQLITE_TYPES[kind])])
    return case((right_type, value))


def _on_postgresql(column: ColumnElement[Any], name: str, kind: ValueType) -> ColumnElement[Any]:
    key = _in_text_if_indexable(name, name)
    right_type = func.jsonb_typeof(column.op("->")(key)) == literal_column(_POSTGRESQL_TYPES[kind])
    value: ColumnElement[Any] = column.op("->>")(key)
    return case((right_type, cast(value, _python_type(kind))))


def _python_type(kind: ValueType) -> Any:
    return {ValueType.NUMBER: Double(), ValueType.TEXT: Text(), ValueType.TRUTH: Boolean()}[kind]


def _in_text_if_indexable(name: str, value: str) -> ColumnElement[str]:
    # An expression is found in an index only if it is the same text. SQLAlchemy quotes what it writes, and
    # only plain names come here.
    return bindparam(None, value, type_=String(), unique=True, literal_execute=can_be_indexed(name))
