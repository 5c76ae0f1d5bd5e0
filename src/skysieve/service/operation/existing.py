"""Open a service from a command: in plain words where there is none, or its database does not answer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from skysieve.errors import ServiceError
from skysieve.service.database.patience import PATIENCE_S, once_it_answers
from skysieve.service.database.reason import reason_of
from skysieve.service.home import Home, find_home
from skysieve.service.service import Service, open_service

__all__ = ["awaited_service", "existing_service", "reached_service", "require_home"]


@contextlib.contextmanager
def existing_service(folder: str | Path | None = None) -> Iterator[Service]:
    """Yield the service of a folder, and close it at the end.

    Who prunes a folder that is no service, or backs it up, has mistyped it: none is made.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`.

    Raises
    ------
    ServiceError
        If there is no service in the folder, or its database does not answer, or no more.
    """
    home = find_home(folder)
    require_home(home)
    service = reached_service(home.folder)
    try:
        yield service
    except (OperationalError, InterfaceError) as error:
        raise _unreached(error) from error
    finally:
        service.close()


def reached_service(folder: str | Path | None = None, overrides: Mapping[str, Any] | None = None) -> Service:
    """Open a service as `skysieve.service.service.open_service` does, new or not.

    Raises
    ------
    ServiceError
        If its database does not answer, besides what else may be wrong.
    """
    try:
        return open_service(folder, overrides)
    except SQLAlchemyError as error:
        raise _unreached(error) from error


def awaited_service(
    folder: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    stop: threading.Event | None = None,
    patience_s: float = PATIENCE_S,
    tell: Callable[[str], object] | None = None,
) -> Service | None:
    """Open a service as `reached_service` does, and wait for a database that does not answer yet.

    Parameters
    ----------
    folder, overrides
        As of `skysieve.service.service.open_service`.
    stop, patience_s, tell
        As of `skysieve.service.database.patience.once_it_answers`; told to the log if not given.

    Returns
    -------
    Service or None
        None if ``stop`` was set while it waited.

    Raises
    ------
    ServiceError
        As of `reached_service`.
    """
    told = {} if tell is None else {"tell": tell}
    return once_it_answers(
        lambda: reached_service(folder, overrides), stop=stop, patience_s=patience_s, **told
    )


def require_home(home: Home) -> None:
    """Raise `ServiceError` if a folder holds no service."""
    if not home.files.is_dir():
        raise ServiceError(
            f"{home.folder} is not the folder of a service; name it with --home or SKYSIEVE_HOME, "
            "or make a new one with `skysieve serve`"
        )


def _unreached(error: SQLAlchemyError) -> ServiceError:
    return ServiceError(
        f"the database does not answer: {reason_of(error)}; look whether it runs, and at "
        "SKYSIEVE_DATABASE_URL"
    )
