"""Keep processes running: watched, started again where they end, stopped in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

__all__ = ["Child", "Supervisor", "end_with_parent"]

#: Seconds until a process that ended is started again: at first, and at the most.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
#: A process that ran for so many seconds has not failed at its start.
STEADY_S = 60.0
#: Seconds in which a process must end when it is asked to.
GRACE_S = 40.0
_POLL_S = 0.1

_log: structlog.stdlib.BoundLogger = structlog.get_logger("skysieve.serve")


@dataclass(slots=True)
class Child:
    """A process that is to run.

    Parameters
    ----------
    name : str
        What logs call it.
    command : sequence of str
        What is run.
    descriptors : sequence of int
        Open files and sockets that it inherits.
    environment : mapping
        Variables besides those of this process.
    """

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    failures: int = field(default=0, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float = field(default=0.0, init=False)


class Supervisor:
    """Runs processes until it is told to stop.

    Each has a pipe for its standard input that nothing is written to: a process that reads its end
    (`end_with_parent`) ends when this one is gone, however it went.

    Parameters
    ----------
    children : sequence of Child
        The processes.
    clock : callable
        Seconds.
    """

    def __init__(self, children: Sequence[Child], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.children = children
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Keep all running until ``stop`` is set, then end them; returns when the last has ended."""
        try:
            while not stop.is_set():
                for child in self.children:
                    self._watch(child)
                stop.wait(_POLL_S)
        finally:
            self._end_all()

    def failures(self, name: str) -> int:
        """Return how often the processes of a name failed in a row, the worst of them."""
        return max((child.failures for child in self.children if child.name == name), default=0)

    def _watch(self, child: Child) -> None:
        if child.process is None:
            if self._clock() >= child.start_again_at:
                self._start(child)
            return
        status = child.process.poll()
        if status is None:
            return
        lived = self._clock() - child.started_at
        child.failures = 1 if lived >= STEADY_S else child.failures + 1
        pause = min(FIRST_PAUSE_S * 2.0 ** min(child.failures - 1, 30), LONGEST_PAUSE_S)
        child.start_again_at = self._clock() + pause
        _close(child.process)
        _log.error("process ended", name=child.name, status=status, lived_s=round(lived, 1), again_in_s=pause)
        child.process = None

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603 - a command of our own, without a shell
            child.command,
            stdin=subprocess.PIPE,
            pass_fds=child.descriptors,
            env={**os.environ, **child.environment},
            process_group=0,  # Ctrl-C on a terminal reaches this process only, which ends the others
        )
        child.started_at = self._clock()
        _log.info("process started", name=child.name, pid=child.process.pid)

    def _end_all(self) -> None:
        running = [child for child in self.children if child.process is not None]
        for child in running:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.error("process does not end and is killed", name=child.name, pid=child.process.pid)
                child.process.kill()
                child.process.wait()
            _log.info("process stopped", name=child.name, status=child.process.returncode)
            _close(child.process)
            child.process = None


def end_with_parent() -> None:
    """Let this process, started by a `Supervisor`, be asked to end when that is gone."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
