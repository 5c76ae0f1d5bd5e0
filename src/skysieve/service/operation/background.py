"""Start `skysieve serve` in the background, and wait until it answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from skysieve.errors import ServiceError
from skysieve.service.home import Home
from skysieve.service.operation.instance import Instance, running_instance

__all__ = ["log_file", "start_in_background"]

_POLL_S = 0.1
#: Characters of a log that a failure quotes.
_QUOTED = 500


def start_in_background(home: Home, command: Sequence[str], *, patience_s: float = 90.0) -> Instance:
    """Start a command that serves a folder, in a session of its own, and return when it answers.

    Parameters
    ----------
    home : Home
        The folder; its ``run/serve.log`` takes what the processes say.
    command : sequence of str
        The command.
    patience_s : float
        Seconds to wait.

    Raises
    ------
    ServiceError
        If it ends, or does not answer in time; the message quotes the end of the log.
    """
    path = log_file(home)
    began = path.stat().st_size if path.exists() else 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(  # noqa: S603 - a command of our own, without a shell
            command,
            stdin=subprocess.DEVNULL,
            # Lines for people at a terminal; the log is what goes to the error stream.
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + patience_s
    while process.poll() is None:
        instance = running_instance(home)
        if instance is not None and instance.pid == process.pid and instance.ready:
            process.returncode = 0  # it is to outlive us: Popen would warn that nobody waited for it
            return instance
        if time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise ServiceError(
                f"the service does not answer after {patience_s:.0f} s: {_end_of(path, began)}"
            )
        time.sleep(_POLL_S)
    raise ServiceError(f"the service ended at its start: {_end_of(path, began)}")


def log_file(home: Home) -> Path:
    """Return where processes in the background log to."""
    return home.run / "serve.log"


def _end_of(path: Path, began: int) -> str:
    """Return the last line that was logged since; the rest is in the file."""
    lines = path.read_bytes()[began:].decode(errors="replace").strip().splitlines()
    return f"{lines[-1][:_QUOTED] if lines else 'it said nothing'} (the log is {path})"
