"""A service that is opened: its folder, settings, database and files, which everything else is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import check_revision, is_empty, upgrade
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home, find_home
from skysieve.service.settings import DATABASE_VARIABLE, ServiceSettings, load_settings

__all__ = ["Service", "open_service"]


@dataclass(frozen=True, slots=True)
class Service:
    """What a service has.

    Parameters
    ----------
    home : Home
        Its folder.
    settings : ServiceSettings
        Its settings.
    database : Database
        Its database, at the revision of this skysieve.
    files : ContentStore
        Its files.
    """

    home: Home
    settings: ServiceSettings
    database: Database
    files: ContentStore

    def close(self) -> None:
        """Close the connections."""
        self.database.close()


def open_service(folder: str | Path | None = None, overrides: Mapping[str, Any] | None = None) -> Service:
    """Open the service of a folder; a new folder becomes a service with an empty database.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`.
    overrides : mapping, optional
        Settings that count more than those of the folder, under dotted names.

    Raises
    ------
    ConfigurationError
        If a setting is wrong.
    ServiceError
        If the database is of another revision, or is SQLite and has gone while its files are there.
    """
    home = find_home(folder)
    settings = load_settings(home, overrides)
    home.create()
    _require_rows_of_files(home, settings)
    database = Database(settings.database_address(home))
    if is_empty(database):
        upgrade(database)
    check_revision(database)
    return Service(home, settings, database, ContentStore(home.files))


def _require_rows_of_files(home: Home, settings: ServiceSettings) -> None:
    """Make no empty database beside files: somebody has forgotten to say where their rows are."""
    if settings.database_address(home) != f"sqlite:///{home.database}" or home.database.exists():
        return
    if any(home.files.iterdir()):
        raise ServiceError(
            f"{home.folder} has files and no {home.database.name}: where its database is PostgreSQL, set "
            f"{DATABASE_VARIABLE}, or database_url in {home.settings.name}; else restore a backup elsewhere"
        )
