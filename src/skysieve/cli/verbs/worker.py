"""``skysieve worker``: runs the feeds of a service, scores what they bring, sends what passes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.service_home import MadeHomeOption

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command("worker", epilog=examples("skysieve worker --home vetting --until-quiet 2"))(worker)


def worker(
    home: MadeHomeOption = None,
    until_quiet: Annotated[
        float | None,
        typer.Option(
            help="Leave when nothing has come in and nothing was left to score for so many seconds; "
            "without it, work until told to stop (Ctrl-C or SIGTERM)."
        ),
    ] = None,
) -> None:
    """Take in what the feeds bring, score it, send what passes; killed at any moment, nothing is lost.

    Told to stop, it finishes the batch at hand and leaves within 20 seconds. On PostgreSQL several may run. A
    database that does not answer is waited for, five minutes at its start, and for good later on.
    """
    from skysieve.service.operation.existing import awaited_service
    from skysieve.service.operation.logs import configure_logs
    from skysieve.service.worker import run_worker

    configure_logs(process="worker")
    stop = threading.Event()
    # Before signals are heard: the first one ends the wait for a database.
    opened = awaited_service(home)
    assert opened is not None
    with closing(opened) as service, _told_by_signals(stop):
        scored = run_worker(service, stop, until_quiet=until_quiet)
    say(f"{scored:,} candidates scored")


@contextmanager
def _told_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let the first SIGTERM or SIGINT set the event, and the second end the process."""
    before: dict[int, Any] = {}

    def tell(number: int, _: Any) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, tell)
    try:
        yield
    finally:
        for told, handler in before.items():
            signal.signal(told, handler)
