"""Open a service that is there already: who prunes or backs up a folder that is none has mistyped it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from skysieve.errors import ServiceError
from skysieve.service.home import Home, find_home
from skysieve.service.service import Service, open_service

__all__ = ["existing_service", "require_home"]


@contextlib.contextmanager
def existing_service(folder: str | Path | None = None) -> Iterator[Service]:
    """Yield the service of a folder, and close it at the end.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`.

    Raises
    ------
    ServiceError
        If there is no service in the folder.
    """
    home = find_home(folder)
    require_home(home)
    service = open_service(home.folder)
    try:
        yield service
    finally:
        service.close()


def require_home(home: Home) -> None:
    """Raise `ServiceError` if a folder holds no service."""
    if not home.files.is_dir():
        raise ServiceError(
            f"{home.folder} is not the folder of a service; name it with --home or SKYSIEVE_HOME, "
            "or make a new one with `skysieve serve`"
        )
