"""One state of a database as an SQLite file, whichever database it is, while others go on writing."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.database.tables import SignInAttempt, UserSession
from skysieve.service.operation.revisions import upgrade_known
from skysieve.service.operation.table_copy import copy_tables

__all__ = ["check_snapshot", "sqlite_file", "write_snapshot"]

#: Tables of what lasts for hours only.
_OF_THE_MOMENT = (UserSession.__tablename__, SignInAttempt.__tablename__)


def write_snapshot(database: Database, path: Path) -> None:
    """Write the present state of a database to a new SQLite file.

    An SQLite database is copied page by page by its own online backup. The rows of PostgreSQL are read
    in one transaction of repeatable reads. Either way nobody waits, and no half of a change is copied.
    Sessions stay out of it: whoever was signed out since must not be signed in again by restoring.

    Parameters
    ----------
    database : Database
        At the revision of this skysieve.
    path : Path
        The file to write; there is none of that name.
    """
    if database.is_sqlite:
        _copy_pages(sqlite_file(database), path)
    else:
        _copy_rows(database, path)
    with contextlib.closing(sqlite3.connect(path)) as written, written:
        for table in _OF_THE_MOMENT:
            written.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own


def check_snapshot(path: Path) -> None:
    """Raise unless a file is a sound SQLite database that this skysieve can work with; bring it up to date.

    Parameters
    ----------
    path : Path
        A snapshot, of this revision or an earlier one.

    Raises
    ------
    ServiceError
        If it is damaged, or of a later skysieve.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise ServiceError(f"the database of the backup is damaged: {found}; take an earlier backup")
    database = Database(f"sqlite:///{path}")
    try:
        upgrade_known(database)
    finally:
        database.close()


def sqlite_file(database: Database) -> Path:
    """Return the file of an SQLite database."""
    name = make_url(database.address).database
    if not name or name == ":memory:":
        raise ServiceError("the database is kept in memory; there is no file of it")
    return Path(name)


def _copy_rows(database: Database, path: Path) -> None:
    target = Database(f"sqlite:///{path}")
    try:
        upgrade(target)
        reading = database.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with reading as source, source.begin(), target.engine.connect() as written, written.begin():
            copy_tables(source, written)
    finally:
        target.close()


def _copy_pages(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(target)) as written,
    ):
        # All pages at once: in steps it would begin anew with every change that somebody commits.
        read.backup(written, pages=-1)
