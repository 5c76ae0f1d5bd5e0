"""What runs in threads of a test, and what a test waits for: never for longer than it takes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

__all__ = ["Runs", "running", "wait_until"]

#: Seconds after which something has not come to pass: a busy machine is slow, a broken one never done.
PATIENCE_S = 60.0


class Runs(Protocol):
    """A feed, a sender: whatever works until it is told to stop."""

    def run(self, stop: threading.Event, /) -> object:
        """Work until ``stop`` is set."""


@contextlib.contextmanager
def running(*parts: Runs) -> Iterator[None]:
    """Run parts, each in a thread, until the block ends; fail where one does not stop."""
    stop = threading.Event()
    threads = [threading.Thread(target=part.run, args=(stop,), daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in threads), "told to stop, it goes on"


def wait_until(condition: Callable[[], object], *, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds; fail where it does not come to pass."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
