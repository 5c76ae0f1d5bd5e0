"""``skysieve prune``: remove old nights, and the files that nothing names any more."""

from __future__ import annotations

from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table
from skysieve.cli.service_home import HomeOption
from skysieve.errors import ConfigurationError

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "prune",
        epilog=examples(
            "skysieve prune --keep-days 90 --home service --dry-run",
            "skysieve prune --keep-days 90 --home service",
        ),
    )(prune)


def prune(
    keep_days: Annotated[
        int | None,
        typer.Option(
            help="Nights that began so many days ago, or less, stay; as in the settings if left out.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    labelled: Annotated[
        bool,
        typer.Option("--labelled", help="Remove what people labelled, commented on or campaign for, too."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove nights older than some days, and files that nothing names. The service may run meanwhile.

    What people labelled, commented on or put into a campaign stays, unless told otherwise.
    """
    from skysieve.service.operation.existing import existing_service
    from skysieve.service.operation.retention import prune as prune_service

    with existing_service(home) as service:
        days = service.settings.keep_days if keep_days is None else keep_days
        if keep_days is None and not days:
            raise ConfigurationError(
                "neither --keep-days nor `keep_days` of the settings says for how long nights are kept"
            )
        pruned = prune_service(service, days, labelled=labelled, dry_run=dry_run)
    kept, counts = pruned.kept, pruned.counts()
    size = counts.pop("file_bytes") / 1e6
    counts.pop("kept")
    say_table(
        {name.replace("_", "-"): f"{number:,}" for name, number in counts.items()},
        "would be removed:" if dry_run else "removed:",
    )
    say(f"{size:,.1f} MB of files; {kept:,} old candidates stay because people worked on them")
