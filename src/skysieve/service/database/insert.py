"""Insert what may be there already, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from skysieve.service.database.columns import Table

__all__ = ["insert_new", "insert_or_update"]


def insert_new(session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those whose key is there already change nothing.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    table : type
        A table of `skysieve.service.database.tables`.
    rows : sequence of mapping
        Values by the attributes of the table; all rows have the same.
    """
    if rows:
        session.execute(_insert(session)(table).on_conflict_do_nothing(), [dict(row) for row in rows])


def insert_or_update(
    session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows; of those whose key is there already, set everything else.

    Parameters
    ----------
    session, table, rows
        As of `insert_new`; no key may come twice.
    key : sequence of str
        Columns of a unique constraint.
    """
    if not rows:
        return
    statement = _insert(session)(table)
    columns = inspect(table).column_attrs
    changed = {
        columns[name].columns[0].name: statement.excluded[columns[name].columns[0].key]
        for name in rows[0]
        if name not in key
    }
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    session.execute(statement, [dict(row) for row in rows])


def _insert(session: Session) -> Any:
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
