"""``skysieve simulate``: nights, and samples of alerts, streaks, galaxies and light curves, with truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.simulate_curves import add_curve_command
from skysieve.cli.simulate_galaxies import add_galaxy_commands

if TYPE_CHECKING:
    from skysieve.sources.simulators.camera import Camera

__all__ = ["add_to"]

_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="KEY=VALUE of a setting of the camera, such as camera.seeing=2.0; may be repeated."
    ),
]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Simulate alerts, streaks, galaxies and light curves whose truth is known.", no_args_is_help=True
    )
    verb.command(
        "night", epilog=examples("skysieve simulate night night/ --alerts 100 --seed 1 --bad-packets")
    )(night)
    verb.command("triplets", epilog=examples("skysieve simulate triplets triplets.parquet -n 64 --seed 1"))(
        triplets
    )
    verb.command(
        "streak-night",
        epilog=examples("skysieve simulate streak-night streak-night/ --streaks 30 --seed 1 --bad-files"),
    )(streak_night)
    verb.command(
        "streaks",
        epilog=examples(
            "skysieve simulate streaks streaks-set.parquet -n 100 --seed 1",
            "skysieve simulate streaks two-kinds.parquet -n 20 --kind asteroid --kind satellite",
            "skysieve simulate streaks long.parquet -n 20 --set camera.exposure_time=60",
        ),
    )(streaks)
    add_galaxy_commands(verb)
    add_curve_command(verb)
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


def streak_night(
    folder: Annotated[Path, typer.Argument(help="Folder for the night and, beside it, its truth.")],
    streaks: Annotated[int, typer.Option(help="Number of sound streaks.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    real_fraction: Annotated[float, typer.Option(help="Share of plausible asteroids.")] = 0.02,
    ades: Annotated[str, typer.Option(help="Which streaks have a report: all, plausible, none.")] = "all",
    bad_files: Annotated[
        bool, typer.Option("--bad-files", help="Add one of each kind of damaged or incomplete streak.")
    ] = False,
    date: Annotated[str, typer.Option(help="Evening of the night at Palomar, YYYYMMDD.")] = "20190214",
    settings: _Settings = None,
) -> None:
    """Write a small night of streaks as ZTF's depot has it, and its truth as a table."""
    from skysieve.sources.simulators.streak_night import simulate_streak_night

    # The simulator says what ``ades`` can be.
    chosen: dict[str, Any] = {"real_fraction": real_fraction, "bad_files": bad_files, "ades": ades}
    chosen["date"], chosen["camera"] = date, _camera(settings)
    summary = simulate_streak_night(folder, n=streaks, seed=seed, **chosen)
    say(f"{summary.n_streaks:,} streaks, {summary.n_plausible:,} of them plausible: {summary.night}")
    if summary.n_bad:
        say(f"{summary.n_bad} bad ones beside them")
    say(f"truth: {summary.truth}")


def streaks(
    path: Annotated[Path, typer.Argument(help="The sample set to write (Parquet).")],
    n: Annotated[int, typer.Option("-n", help="Number of cutouts.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same cutouts.")] = 1,
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of streak to draw; may be repeated; all if left out.")
    ] = None,
    real_fraction: Annotated[float, typer.Option(help="Share of plausible asteroids.")] = 0.5,
    workers: Annotated[int, typer.Option(help="Processes; their number changes nothing.")] = 1,
    settings: _Settings = None,
) -> None:
    """Write simulated streak cutouts, with their truth, as a sample set."""
    from skysieve.sources.simulators.streaks.samples import write_streak_samples

    written = write_streak_samples(
        path,
        n=n,
        seed=seed,
        camera=_camera(settings),
        real_fraction=real_fraction,
        kinds=kind,
        workers=workers,
        progress=True,
    )
    say(f"{n:,} simulated streaks: {written}")


def _camera(settings: list[str] | None) -> Camera:
    """Return the camera that settings describe."""
    from skysieve.configuration import override, parse_assignments
    from skysieve.sources.simulators.streaks.settings import StreakSimulation

    return override(StreakSimulation(), parse_assignments(settings or [])).camera
