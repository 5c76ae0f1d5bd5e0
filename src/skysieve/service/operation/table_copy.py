"""Copy all rows from one database to another: SQLite or PostgreSQL, whichever each is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from skysieve.errors import ServiceError
from skysieve.service.database.tables import Table

__all__ = ["copy_tables", "count_rows"]

#: Rows read and written at once.
CHUNK = 2000


def copy_tables(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every row of every table, with its key.

    Parameters
    ----------
    source : Connection
        In one transaction that sees one state of the database.
    target : Connection
        In a transaction; the tables are there, of the same revision, and empty.

    Returns
    -------
    dict
        Rows by the names of the tables.

    Raises
    ------
    ServiceError
        If the target refuses a row; the message names the table.
    """
    counts: dict[str, int] = {}
    for table in Table.metadata.sorted_tables:
        counts[table.name] = 0
        for rows in source.execution_options(yield_per=CHUNK).execute(sa.select(table)).partitions():
            try:
                target.execute(sa.insert(table), [_values(table, row) for row in rows])
            except DBAPIError as error:
                raise ServiceError(
                    f"a row of the table {table.name} does not fit into the other database: {error.orig}"
                ) from error
            counts[table.name] += len(rows)
        _count_on(target, table)
    return counts


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in Table.metadata.sorted_tables
    }


def _values(table: sa.Table, row: sa.Row[Any]) -> dict[str, Any]:
    # By position: a column may have another name in a row than in its table.
    return dict(zip(table.columns.keys(), row, strict=True))


def _count_on(target: Connection, table: sa.Table) -> None:
    """Let PostgreSQL give out keys behind those that were copied; SQLite does so by itself."""
    key = table.autoincrement_column
    if target.dialect.name != "postgresql" or key is None:
        return
    largest = sa.select(sa.func.coalesce(sa.func.max(key), 0) + 1).scalar_subquery()
    sequence = sa.func.pg_get_serial_sequence(table.name, key.name)
    target.execute(sa.select(sa.func.setval(sequence, largest, sa.false())))
