"""``skysieve fetch``: public data sets, cutouts of positions, frames of objects, tables of votes."""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from skysieve.cli import fetch_archives
from skysieve.cli.output import examples, say, say_table

__all__ = ["add_to"]


class _DatasetsByName(TyperGroup):
    """Takes ``fetch braai`` for ``fetch dataset braai``, and ``fetch`` alone for the list of data sets."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        mistyped = bool(difflib.get_close_matches(first, self.commands, n=1, cutoff=0.75))
        if first not in (*self.commands, "-h", "--help") and not mistyped:
            args = ["dataset", *args]
        return list(super().parse_args(ctx, args))


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Fetch public data sets, cutouts of positions, frames of objects, tables of votes.",
        cls=_DatasetsByName,
    )
    verb.command(
        "dataset",
        epilog=examples("skysieve fetch dataset", "skysieve fetch dataset braai -o braai-data/"),
    )(dataset)
    fetch_archives.add_to(verb)
    application.add_typer(verb, name="fetch")


def dataset(
    name: Annotated[str, typer.Argument(help="A data set; all that are known if left out.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to put it in.")] = Path("data"),
) -> None:
    """Fetch a public data set; a cut download goes on where it stopped."""
    from skysieve.progress import progress_bar
    from skysieve.sources.archives.dataset import DATASETS

    if not name:
        say_table({known: DATASETS.get(known).summary for known in DATASETS})
        return
    chosen = DATASETS.get(name)
    with progress_bar("fetching (bytes)") as bar:
        reached = 0

        def advance(done: int, _: int | None) -> None:
            nonlocal reached
            # A new file counts from zero again.
            bar.advance(done - reached if done >= reached else done)
            reached = done

        folder = chosen.fetch(output, progress=advance)
    say(f"{chosen.name}: {folder}\n{chosen.citation}")
    say(f"next: skysieve samples dataset {chosen.name} {shlex.quote(str(folder))} -o {chosen.name}.parquet")
