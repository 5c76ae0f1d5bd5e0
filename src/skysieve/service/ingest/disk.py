"""Room on the disk: ingest stops before there is none, says so, and goes on when there is some again."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from skysieve.errors import ServiceError
from skysieve.service.service import Service

__all__ = ["is_disk_full", "require_space", "watching_space"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: PostgreSQL's code of a full disk.
_POSTGRESQL_FULL = "53100"
_SQLITE_FULL = "database or disk is full"
_MEGABYTE = 1_000_000


def require_space(service: Service, *, folder: Path | None = None, coming: int = 0) -> None:
    """Raise where less space is left, or would be, than the settings keep free.

    Parameters
    ----------
    service : Service
        The service.
    folder : path, optional
        What is written to; that of the files if not given.
    coming : int
        Bytes that are about to be written there.

    Raises
    ------
    ServiceError
        For which `is_disk_full` holds.
    """
    least = service.settings.ingest.stop_free_mb
    place = folder or service.files.folder
    free = shutil.disk_usage(place).free
    if free - coming < least * _MEGABYTE:
        wanted = f" and {coming:,} bytes are to come" if coming else ""
        reason = f"{free // _MEGABYTE:,} MB are free where {place} lies{wanted}, {least:,} MB are kept free"
        raise _full(service, reason) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def watching_space(service: Service) -> Iterator[None]:
    """Turn what files and databases raise on a full disk into the same signal as `require_space`.

    Raises
    ------
    ServiceError
        For which `is_disk_full` holds; everything else passes as it is.
    """
    try:
        yield
    except (OSError, DBAPIError) as error:
        if not _says_full(error):
            raise
        reason = f"the disk is full: {getattr(error, 'orig', None) or error}"
        raise _full(service, reason) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error of `require_space` or `watching_space` means that the disk is full.

    Examples
    --------
    >>> is_disk_full(ServiceError("the database does not answer"))
    False
    """
    cause = error.__cause__
    return isinstance(error, ServiceError) and isinstance(cause, OSError) and cause.errno in _FULL


def _full(service: Service, reason: str) -> ServiceError:
    return ServiceError(
        f"{reason}; nothing is taken in until there is room: `skysieve prune --home {service.home.folder}` "
        "removes old nights"
    )


def _says_full(error: OSError | DBAPIError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    if getattr(error.orig, "sqlstate", None) == _POSTGRESQL_FULL:
        return True
    return _SQLITE_FULL in str(error.orig)
