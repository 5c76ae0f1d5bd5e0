"""``skysieve fetch``: public data sets."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command("fetch", epilog=examples("skysieve fetch", "skysieve fetch braai -o braai-data/"))(
        fetch
    )


def fetch(
    name: Annotated[str, typer.Argument(help="A data set; all that are known if left out.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to put it in.")] = Path("data"),
) -> None:
    """Fetch a public data set; a cut download goes on where it stopped."""
    from skysieve.progress import progress_bar
    from skysieve.sources.archives.dataset import DATASETS

    if not name:
        say_table({known: DATASETS.get(known).summary for known in DATASETS})
        return
    dataset = DATASETS.get(name)
    with progress_bar("fetching (bytes)") as bar:
        reached = 0

        def advance(done: int, _: int | None) -> None:
            nonlocal reached
            # A new file counts from zero again.
            bar.advance(done - reached if done >= reached else done)
            reached = done

        folder = dataset.fetch(output, progress=advance)
    say(f"{dataset.name}: {folder}\n{dataset.citation}")
    say(f"next: skysieve samples dataset {dataset.name} {shlex.quote(str(folder))} -o {dataset.name}.parquet")
