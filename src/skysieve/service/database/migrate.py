"""Migrations: from an empty database, or one of an earlier skysieve, to the tables of this one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database

__all__ = ["check_revision", "current_revision", "is_empty", "latest_revision", "upgrade"]

MIGRATIONS = Path(__file__).parent / "migrations"
#: Key of the lock under which tables are made and changed (``tables`` in ASCII).
_LOCK = 0x7461626C6573


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the tables to a revision, in one transaction.

    Of several processes that start on an empty database at once one makes the tables; the others wait
    for it and find them.

    Parameters
    ----------
    database : Database
        Empty, or of an earlier revision; one of that revision is left alone.
    revision : str
        ``head`` or the name of a revision.
    """
    with database.writing() as session:
        if not database.is_sqlite:
            session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, revision)


def current_revision(database: Database) -> str | None:
    """Return the revision of a database; None of one without tables."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def latest_revision() -> str:
    """Return the revision that this skysieve works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def is_empty(database: Database) -> bool:
    """Say whether there are no tables at all."""
    return not inspect(database.engine).get_table_names()


def check_revision(database: Database) -> None:
    """Raise unless the tables are those of this skysieve.

    Raises
    ------
    ServiceError
        If the database is empty, older or newer.
    """
    found, expected = current_revision(database), latest_revision()
    if found != expected:
        raise ServiceError(
            f"the database is at revision {found or 'none'}, this skysieve works with {expected}; "
            "make a backup with the skysieve that it worked with, then run `skysieve database upgrade`"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
