"""``skysieve simulate``: nights of alerts whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Simulate nights of alerts whose truth is known.", no_args_is_help=True)
    verb.command(
        "night", epilog=examples("skysieve simulate night night/ --alerts 100 --seed 1 --bad-packets")
    )(night)
    verb.command("triplets", epilog=examples("skysieve simulate triplets triplets.parquet -n 64 --seed 1"))(
        triplets
    )
    application.add_typer(verb, name="simulate")


def night(
    folder: Annotated[Path, typer.Argument(help="Folder for the packets and, beside them, their truth.")],
    alerts: Annotated[int, typer.Option(help="Number of packets.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    archive: Annotated[bool, typer.Option("--archive", help="Write one .tar.gz instead of files.")] = False,
    bad_packets: Annotated[
        bool, typer.Option("--bad-packets", help="Add one of each kind of damaged packet.")
    ] = False,
) -> None:
    """Write a small night of ZTF-like alert packets (Avro), and its truth as a table."""
    from skysieve.sources.simulators.night import simulate_night

    summary = simulate_night(folder, n=alerts, seed=seed, bad_packets=bad_packets, archive=archive)
    say(f"{summary.n_packets:,} packets of {summary.n_objects:,} objects: {summary.packets}")
    if summary.n_bad:
        say(f"{summary.n_bad} damaged packets beside them")
    say(f"truth: {summary.truth}")


def triplets(
    path: Annotated[Path, typer.Argument(help="The sample set to write (Parquet).")],
    n: Annotated[int, typer.Option("-n", help="Number of triplets.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same triplets.")] = 1,
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of triplet to draw; may be repeated; all if left out.")
    ] = None,
) -> None:
    """Write simulated alert triplets, with their truth, as a sample set."""
    from skysieve.sources.simulators.samples import write_triplet_samples

    written = write_triplet_samples(path, n=n, seed=seed, kinds=kind, progress=True)
    say(f"{n:,} simulated triplets: {written}")
