"""Indexes behind fields of metadata that people search by often."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, Index, MetaData, select, text, update
from sqlalchemy.schema import CreateIndex, DropIndex
from sqlalchemy.sql.elements import Grouping

from skysieve.errors import InputError
from skysieve.service.database.database import Database
from skysieve.service.database.tables import Candidate, MetadataField
from skysieve.service.filters.fields import ValueType
from skysieve.service.filters.metadata import can_be_indexed, metadata_value
from skysieve.service.filters.problem import did_you_mean

__all__ = ["drop_field_index", "index_field", "index_name"]


def index_field(database: Database, name: str) -> bool:
    """Put an index behind a field of metadata, and let the database count what is in it.

    PostgreSQL goes on reading and writing meanwhile. SQLite lets nobody write until it is done, some
    seconds for a million candidates.

    Parameters
    ----------
    database : Database
        Of the service.
    name : str
        Name of the field, without ``meta.``

    Returns
    -------
    bool
        False: there was one already.

    Raises
    ------
    InputError
        If no candidate has such a field, or its name cannot stand in an index; kind ``no-such-field`` or
        ``bad-name``.
    """
    known = _known(database, name)
    if known.indexed and _there(database, name):
        return False
    # What an attempt that was interrupted has left behind is not used by PostgreSQL, and in the way.
    _drop(database, name)
    index = _index(database, known)
    with _building(database) as connection:
        connection.execute(CreateIndex(index))
        if not database.is_sqlite:
            connection.execute(text("ANALYZE candidates"))
    _mark(database, name, indexed=True)
    return True


def drop_field_index(database: Database, name: str) -> bool:
    """Remove the index behind a field of metadata; return whether there was one.

    Raises
    ------
    InputError
        If no candidate has such a field.
    """
    _known(database, name)
    there = _there(database, name)
    _drop(database, name)
    _mark(database, name, indexed=False)
    return there


def index_name(name: str) -> str:
    """Return the name of the index of a field.

    Examples
    --------
    >>> index_name("rb")
    'ix_candidates_meta_rb_64f23261'
    """
    # Names of indexes are short, and SQLite takes capitals and small letters in them for the same.
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"ix_candidates_meta_{name[:24].replace('.', '_')}_{digest}"


def _known(database: Database, name: str) -> MetadataField:
    with database.reading() as session:
        known = session.get(MetadataField, name)
        names = list(session.scalars(select(MetadataField.name)))
        # It is read after the session has ended.
        session.expunge_all()
    if known is None:
        raise InputError(
            f"meta.{name}", "no-such-field", f"no candidate has a field {name!r}{did_you_mean(name, names)}"
        )
    if not can_be_indexed(name):
        raise InputError(
            f"meta.{name}", "bad-name", "an index needs a name of letters, digits, underscores and dots"
        )
    return known


def _index(database: Database, known: MetadataField) -> Index:
    # A copy of the table: an index that not every service has is no part of the tables.
    table = Candidate.metadata.tables["candidates"].to_metadata(MetaData())
    kind, dialect = ValueType(known.type), database.engine.dialect.name
    value = metadata_value(table.c.metadata, known.name, kind, dialect=dialect)
    operators = {"value": "text_pattern_ops"} if kind is ValueType.TEXT else {}
    return Index(
        index_name(known.name),
        # PostgreSQL wants an expression in parentheses.
        Grouping(value).label("value"),
        table.c.id,
        postgresql_concurrently=True,
        postgresql_ops=operators,
    )


def _there(database: Database, name: str) -> bool:
    wanted = index_name(name)
    with database.engine.connect() as connection:
        if database.is_sqlite:
            query = text("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = :name")
        else:
            query = text("SELECT 1 FROM pg_indexes WHERE indexname = :name")
        return connection.execute(query, {"name": wanted}).first() is not None


def _drop(database: Database, name: str) -> None:
    table = Candidate.metadata.tables["candidates"].to_metadata(MetaData())
    index = Index(index_name(name), table.c.id, postgresql_concurrently=True)
    with _building(database) as connection:
        connection.execute(DropIndex(index, if_exists=True))


@contextlib.contextmanager
def _building(database: Database) -> Iterator[Connection]:
    """Yield a connection: in one transaction on SQLite, outside any on PostgreSQL, beside its other work."""
    options = {"immediate": True} if database.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
    with database.engine.execution_options(**options).connect() as connection, connection.begin():
        yield connection


def _mark(database: Database, name: str, *, indexed: bool) -> None:
    database.write(
        lambda session: session.execute(
            update(MetadataField).where(MetadataField.name == name).values(indexed=indexed)
        )
    )
