"""The one `skysieve serve` of a folder: a lock that it holds, and a file that tells where it answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from skysieve.atomic_file import replacing
from skysieve.errors import ServiceError
from skysieve.service.home import Home

__all__ = ["Instance", "announce", "hold", "running_instance", "stop_instance"]

#: Who looks whether one runs holds the lock for a moment: a start waits that out.
_LOOK_S = 2.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Instance:
    """A service that runs.

    Parameters
    ----------
    pid : int
        The process that holds the others.
    address : str
        Where it answers, on this machine.
    ready : bool
        Whether it does already.
    """

    pid: int
    address: str
    ready: bool


@contextlib.contextmanager
def hold(home: Home) -> Iterator[None]:
    """Be the one that serves a folder; the system lets go when the process ends, however it ends.

    Parameters
    ----------
    home : Home
        The folder; made where it is missing.

    Raises
    ------
    ServiceError
        If another serves it.
    """
    home.create()
    lock = FileLock(_lock_file(home))
    try:
        lock.acquire(timeout=_LOOK_S, poll_interval=_POLL_S)
    except Timeout:
        other = _told(home)
        where = f" at {other.address} (process {other.pid})" if other else ""
        raise ServiceError(
            f"the service of {home.folder} runs already{where}; stop it with `skysieve serve --stop "
            f"--home {home.folder}`, or serve another folder"
        ) from None
    try:
        _told_in(home).unlink(missing_ok=True)
        yield
    finally:
        _told_in(home).unlink(missing_ok=True)
        lock.release()


def announce(home: Home, address: str, *, ready: bool) -> None:
    """Tell other processes where this one answers; who announces holds the folder."""
    with replacing(_told_in(home)) as path:
        path.write_text(json.dumps(asdict(Instance(os.getpid(), address, ready))))


def running_instance(home: Home) -> Instance | None:
    """Return the service that runs in a folder; None where there is none.

    Raises
    ------
    ServiceError
        If one runs and does not tell where, long after its start.
    """
    deadline = time.monotonic() + _LOOK_S
    while _is_held(home):
        if (told := _told(home)) is not None:
            return told
        if time.monotonic() > deadline:
            raise ServiceError(f"a service holds {home.run} and does not say where it answers; try again")
        time.sleep(_POLL_S)
    return None


def stop_instance(home: Home, *, patience_s: float = 60.0) -> Instance | None:
    """Ask the service of a folder to stop, and wait until it has.

    Parameters
    ----------
    home : Home
        The folder.
    patience_s : float
        Seconds to wait.

    Returns
    -------
    Instance or None
        What ran; None where nothing did.

    Raises
    ------
    ServiceError
        If it still runs after that.
    """
    instance = running_instance(home)
    if instance is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(instance.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while _is_held(home):
        if time.monotonic() > deadline:
            raise ServiceError(
                f"the service of {home.folder} (process {instance.pid}) has not stopped after "
                f"{patience_s:.0f} s; look at {home.run / 'serve.log'}, or end the process"
            )
        time.sleep(_POLL_S)
    return instance


def _is_held(home: Home) -> bool:
    if not home.run.is_dir():
        return False
    lock = FileLock(_lock_file(home))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _told(home: Home) -> Instance | None:
    try:
        return Instance(**json.loads(_told_in(home).read_text()))
    except FileNotFoundError:
        return None


def _told_in(home: Home) -> Path:
    return home.run / "serve.json"


def _lock_file(home: Home) -> Path:
    return home.run / "serve.lock"
