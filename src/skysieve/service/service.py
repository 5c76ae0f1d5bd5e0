"""A service that is opened: its folder, settings, database and files, which everything else is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve.service.database.database import Database
from skysieve.service.database.migrate import check_revision, is_empty, upgrade
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home, find_home
from skysieve.service.settings import ServiceSettings, load_settings

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
        If the database is of another revision.
    """
    home = find_home(folder)
    settings = load_settings(home, overrides)
    home.create()
    database = Database(settings.database_address(home))
    if is_empty(database):
        upgrade(database)
    check_revision(database)
    return Service(home, settings, database, ContentStore(home.files))
