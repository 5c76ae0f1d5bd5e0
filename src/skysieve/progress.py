"""Progress of long work: a bar on a terminal, a line now and then elsewhere.

Everything goes to standard error, so that standard output stays free for
results. A log file thus gets one line every half minute instead of thousands.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["ProgressBar", "progress_bar", "track"]

T = TypeVar("T")


class ProgressBar(Protocol):
    """What `progress_bar` gives."""

    def advance(self, steps: float = 1) -> None:
        """Say that so many more steps are done."""

    def note(self, text: str) -> None:
        """Show a short text beside the bar, for instance a loss."""


@contextlib.contextmanager
def progress_bar(
    description: str,
    total: float | None = None,
    *,
    enabled: bool = True,
    every: float = 30.0,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ProgressBar]:
    """Show the progress of the block.

    Parameters
    ----------
    description : str
        What is being done: ``training``.
    total : float, optional
        Steps to do; None if not known.
    enabled : bool
        False shows nothing.
    every : float
        Seconds between two lines where there is no terminal. Work that ends
        before that prints nothing.
    stream : text file, optional
        Where to show it; standard error by default.
    clock : callable
        Returns seconds; for tests.

    Examples
    --------
    >>> with progress_bar("scoring", 3, stream=sys.stdout, every=0) as bar:
    ...     for _ in range(3):
    ...         bar.advance()
    scoring: 1/3 (33 %), 0 s
    scoring: 2/3 (67 %), 0 s
    scoring: 3/3 (100 %), 0 s
    """
    stream = sys.stderr if stream is None else stream
    if not enabled:
        yield _Silent()
    elif stream.isatty():
        with _terminal_bar(description, total, stream) as bar:
            yield bar
    else:
        yield _Lines(description, total, every, stream, clock)


def track(
    items: Iterable[T], description: str, total: float | None = None, *, enabled: bool = True
) -> Iterator[T]:
    """Yield items and show how many have been taken.

    Examples
    --------
    >>> [2 * number for number in track(range(3), "doubling")]
    [0, 2, 4]
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress_bar(description, total, enabled=enabled) as bar:
        for item in items:
            yield item
            bar.advance()


class _Silent:
    def advance(self, steps: float = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class _Lines:
    """Writes a plain line whenever enough time has passed since the last."""

    def __init__(
        self, description: str, total: float | None, every: float, stream: TextIO, clock: Callable[[], float]
    ) -> None:
        self._description, self._total, self._every = description, total, every
        self._stream, self._clock = stream, clock
        self._start = self._last = clock()
        self._done = 0.0
        self._note = ""

    def advance(self, steps: float = 1) -> None:
        self._done += steps
        now = self._clock()
        if now - self._last >= self._every:
            self._last = now
            self._stream.write(self._line(now - self._start) + "\n")
            self._stream.flush()

    def note(self, text: str) -> None:
        self._note = text

    def _line(self, seconds: float) -> str:
        done = f"{self._done:,.0f}"
        if self._total:
            done += f"/{self._total:,.0f} ({100 * self._done / self._total:.0f} %)"
        return ", ".join(filter(None, [f"{self._description}: {done}", f"{seconds:.0f} s", self._note]))


class _TerminalBar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def advance(self, steps: float = 1) -> None:
        self._progress.advance(self._task, steps)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=text)


@contextlib.contextmanager
def _terminal_bar(description: str, total: float | None, stream: TextIO) -> Iterator[ProgressBar]:
    # rich costs a tenth of a second to import, and most programs show no bar.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
    ]
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield _TerminalBar(progress, progress.add_task(description, total=total, note=""))
