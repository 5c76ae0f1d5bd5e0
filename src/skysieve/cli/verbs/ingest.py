"""``skysieve ingest``: files into a service, by the same reception as every feed."""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.service_home import MadeHomeOption
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.samples.findings import Finding
    from skysieve.service.ingest.feed import FeedReport
    from skysieve.service.ingest.items import Item, Reception
    from skysieve.service.service import Service

__all__ = ["add_to"]

_FEED = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
#: What becomes of items, in the order in which it is told.
_OUTCOMES = ("stored", "partly", "waiting", "duplicate", "ignored", "quarantined", "vanished")


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "ingest",
        epilog=examples(
            "skysieve ingest night/packets --home observatory",
            "skysieve ingest night.tar.gz --home observatory --feed archive",
            "skysieve ingest streak-night/night --home observatory",
        ),
    )(ingest)


def ingest(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Avro packets, Parquet tables of alerts, streak cutouts, their tables and reports; folders, "
            "globs, .tar.gz archives of them."
        ),
    ],
    home: MadeHomeOption = None,
    feed: Annotated[str, typer.Option(help="What the journal calls where they came from.")] = "command",
) -> None:
    """Take files into a service. What came before is passed over, what is bad goes into quarantine.

    Killed, it goes on where it was: the same command once more takes in what is left.
    """
    from skysieve.service.home import find_home
    from skysieve.service.ingest.feed import FeedReport
    from skysieve.service.operation.existing import reached_service

    if not _FEED.fullmatch(feed):
        raise ConfigurationError(f"--feed takes small letters, digits and hyphens, found {feed!r}")
    require_inputs(inputs)
    items, findings = _items(inputs, feed)
    place = find_home(home)
    if not place.files.is_dir():
        say(f"{place.folder} becomes a new service")
    with closing(reached_service(home)) as service:
        report = FeedReport(service, feed, "files named on the command line")
        reception = _receive(service, items, report)
        report.stopped()
        is_scored = _has_worker(service)
    counts = {outcome: reception.counts[outcome] for outcome in _OUTCOMES if outcome in reception.counts}
    title = "1 file" if len(items) == 1 else f"{len(items):,} files"
    say(f"{reception.candidates:,} candidates are new or have changed")
    say_table({word: f"{count:,}" for word, count in counts.items()}, title=title)
    if reception.problems:
        problems = sorted(reception.problems.items(), key=lambda pair: (-pair[1], pair[0]))
        say_table({kind: f"{count:,}" for kind, count in problems}, title="in quarantine")
    say_findings(findings)
    if reception.candidates and not is_scored:
        say("no worker runs: they are scored when `skysieve serve` or `skysieve worker` is started")


def _items(inputs: list[str], feed: str) -> tuple[list[Item], list[Finding]]:
    """Return the files that the inputs name, each under its full path, and what was found wrong."""
    from skysieve.samples.findings import Finding
    from skysieve.service.ingest.items import Item, file_stamp
    from skysieve.sources.inputs import list_items

    items: list[Item] = []
    findings: list[Finding] = []
    for found in list_items(inputs):
        if isinstance(found, Finding):
            findings.append(found)
            continue
        # What a person names may be a link; the service itself follows none.
        path = Path(os.path.realpath(found.path))
        try:
            items.append(Item(feed, str(found.path.absolute()), file_stamp(path.stat()), path=path))
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            findings.append(Finding(found.name, "unreadable-file", reason))
    return items, findings


def _has_worker(service: Service) -> bool:
    from skysieve.service.operation.health import State, check_health

    return any(check.name == "worker" and check.state is State.OK for check in check_health(service).checks)


def _receive(service: Service, items: list[Item], report: FeedReport) -> Reception:
    from skysieve.progress import progress_bar
    from skysieve.service.ingest.items import Reception
    from skysieve.service.ingest.reception import receive

    total = Reception()
    # Several batches: one is read while another is stored.
    size = 4 * service.settings.ingest.batch
    with progress_bar("taking in", len(items)) as bar:
        for start in range(0, len(items), size):
            some = items[start : start + size]
            total += receive(service, some)
            report.looked(items=len(some))
            bar.advance(len(some))
    return total
