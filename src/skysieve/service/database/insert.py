"""Insert what may be there already, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from skysieve.service.database.columns import Table

__all__ = ["insert_new", "insert_or_update"]

#: Parameters in one statement: SQLite takes 32,766.
_MOST_PARAMETERS = 30_000


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
    for part in _parts(rows):
        session.execute(_insert(session)(table).values(part).on_conflict_do_nothing())


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
    for part in _parts(rows):
        statement = _insert(session)(table).values(part)
        changed = {name: statement.excluded[name] for name in part[0] if name not in key}
        session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def _parts(rows: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    if not rows:
        return []
    size = max(1, _MOST_PARAMETERS // max(1, len(rows[0])))
    return [[dict(row) for row in rows[start : start + size]] for start in range(0, len(rows), size)]


def _insert(session: Session) -> Any:
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
