"""The revision of a database that may be of another skysieve, which a service itself refuses to open."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from alembic.util import CommandError

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import current_revision, latest_revision, upgrade
from skysieve.service.home import find_home
from skysieve.service.operation.existing import require_home
from skysieve.service.settings import load_settings

__all__ = ["revisions", "upgrade_known", "upgrade_tables"]


def revisions(folder: str | Path | None = None) -> tuple[str, str]:
    """Return the revision of the tables (``none`` without tables), and the one that is needed.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`.
    """
    with _database(folder) as database:
        return current_revision(database) or "none", latest_revision()


def upgrade_tables(folder: str | Path | None = None) -> tuple[str, str]:
    """Bring the tables to the revision of this skysieve, and return the revision before and after.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`.

    Raises
    ------
    ServiceError
        If the tables are those of a later skysieve, or there is no service in the folder.
    """
    with _database(folder) as database:
        before = current_revision(database) or "none"
        upgrade_known(database)
        return before, current_revision(database) or "none"


def upgrade_known(database: Database) -> None:
    """Bring a database to the revision of this skysieve, unless it is one of a later skysieve.

    Raises
    ------
    ServiceError
        If the revision is not known.
    """
    try:
        upgrade(database)
    except CommandError as error:
        raise ServiceError(
            f"the database is at revision {current_revision(database)}, this skysieve works with "
            f"{latest_revision()} and earlier ones; install the skysieve that made it, or a later one"
        ) from error


@contextlib.contextmanager
def _database(folder: str | Path | None) -> Iterator[Database]:
    home = find_home(folder)
    require_home(home)
    database = Database(load_settings(home).database_address(home))
    try:
        yield database
    finally:
        database.close()
