"""Work on the whole of a service that must not run beside other such work: backups, pruning."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from skysieve.errors import ServiceError
from skysieve.service.service import Service

__all__ = ["alone"]


@contextlib.contextmanager
def alone(service: Service, work: str) -> Iterator[None]:
    """Hold the lock of such work; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    service : Service
        The service; its web processes and its worker go on.
    work : str
        What is to run, for the message.

    Raises
    ------
    ServiceError
        If a backup is being made, or the service pruned, by another process.
    """
    lock = FileLock(service.home.run / "maintenance.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ServiceError(
            f"{work}: a backup is being made or nights are being removed in {service.home.folder} at this "
            "moment; wait until that is done, then try again"
        ) from None
    try:
        yield
    finally:
        lock.release()
