"""``skysieve simulate curves``: light curves whose truth is known."""

from __future__ import annotations

from typing import Annotated

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.simulate_options import KindOption, SetPath, WorkersOption, shares_of_kinds

__all__ = ["add_curve_command"]


def add_curve_command(verb: typer.Typer) -> None:
    """Add the command."""
    verb.command(
        "curves",
        epilog=examples(
            "skysieve simulate curves curves.parquet -n 200 --seed 1",
            "skysieve simulate curves ztf.parquet -n 40 --survey ztf --kind RRab=0.9 --kind RRd=0.1",
            "skysieve simulate curves lsst.parquet -n 10 --survey lsst --fluxes --set survey.years=2",
        ),
    )(curves)


def curves(
    path: SetPath,
    n: Annotated[int, typer.Option("-n", help="Number of light curves.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same light curves.")] = 1,
    kind: KindOption = None,
    survey: Annotated[str, typer.Option(help="The survey: crts, ztf or lsst.")] = "crts",
    fluxes: Annotated[
        bool, typer.Option("--fluxes", help="Fluxes at every exposure, not magnitudes of what was detected.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of a setting of the survey, such as survey.years=2; may be repeated."
        ),
    ] = None,
    workers: WorkersOption = 1,
) -> None:
    """Write simulated variable stars and transients, with their truth, as a sample set."""
    from skysieve.configuration import override, parse_assignments
    from skysieve.sources.simulators.light_curves.samples import write_light_curve_samples
    from skysieve.sources.simulators.light_curves.survey import LightCurveSimulation, curve_survey_named

    given = LightCurveSimulation(curve_survey_named(survey))
    written = write_light_curve_samples(
        path,
        n,
        seed,
        kinds=shares_of_kinds(kind),
        survey=override(given, parse_assignments(settings or [])).survey,
        flux=fluxes,
        workers=workers,
        progress=True,
    )
    say(f"{n:,} simulated light curves: {written}")
