"""``skysieve restore``: a service from a backup, on SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_table

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command("restore", epilog=examples("skysieve restore service.tar --home restored"))(restore)


def restore(
    archive: Annotated[Path, typer.Argument(help="What `skysieve backup` wrote.")],
    home: Annotated[
        Path | None,
        typer.Option(help="A new or empty folder.", envvar="SKYSIEVE_HOME", show_default="skysieve-service"),
    ] = None,
) -> None:
    """Make a service from a backup, in an empty folder; a damaged backup leaves nothing behind.

    The rows go to SQLite in the folder, or to the empty PostgreSQL database that SKYSIEVE_DATABASE_URL or
    a service.toml in the folder names, wherever they came from.
    """
    from skysieve.service.home import find_home
    from skysieve.service.operation.restore import restore as restore_service

    require_inputs([archive])
    manifest = restore_service(archive, home, tell=say)
    say_table(
        {
            "made at": manifest.made_at,
            "candidates": f"{manifest.rows.get('candidates', 0):,}",
            "labels": f"{manifest.rows.get('labels', 0):,}",
            "files": f"{manifest.files:,}",
        },
        f"restored: {find_home(home).folder}",
    )
