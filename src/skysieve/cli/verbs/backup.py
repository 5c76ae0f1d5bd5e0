"""``skysieve backup``: everything that a service keeps in one file, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table
from skysieve.cli.service_home import HomeOption

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "backup",
        epilog=examples(
            "skysieve backup service.tar --home service",
            "skysieve backup service.tar.gz --home service",
        ),
    )(backup)


def backup(
    archive: Annotated[Path, typer.Argument(help="File to write: .tar, or .tar.gz to compress it.")],
    home: HomeOption = None,
) -> None:
    """Write database, files, settings and models to one file, and read it again to be sure. Keep it safe.

    The service may run meanwhile. The file holds password hashes, but no secret of the environment.
    """
    from skysieve.service.operation.backup import backup as back_up
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service:
        manifest = back_up(service, archive, tell=say)
    say_table(
        {
            "candidates": f"{manifest.rows.get('candidates', 0):,}",
            "labels": f"{manifest.rows.get('labels', 0):,}",
            "files": f"{manifest.files:,} ({manifest.file_bytes / 1e6:,.1f} MB)",
            "revision": f"{manifest.revision} ({manifest.origin})",
        },
        f"backup: {archive} (checked)",
    )
    if manifest.missing:
        say(
            f"{len(manifest.missing):,} files that the database names are lost or damaged, and not in the "
            f"backup: {manifest.missing[0]}" + (" ..." if len(manifest.missing) > 1 else "")
        )
