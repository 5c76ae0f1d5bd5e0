"""``skysieve simulate galaxies`` and ``lsbg``: cutouts of galaxies, and of what is taken for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.simulate_options import KindOption, SetPath, WorkersOption, shares_of_kinds

if TYPE_CHECKING:
    from skysieve.sources.simulators.galaxies.survey import Survey

__all__ = ["add_galaxy_commands"]

_SEEING = "--set survey.seeing=[1.5,1.4,1.3]"

_Number = Annotated[int, typer.Option("-n", help="Number of cutouts.")]
_Seed = Annotated[int, typer.Option(help="The same seed gives the same cutouts.")]
_Name = Annotated[str, typer.Option("--survey", help="The survey: des or hsc.")]
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="KEY=VALUE of a setting of the survey, such as survey.seeing=[1.5,1.4,1.3]; may be repeated.",
    ),
]
_Size = Annotated[int, typer.Option(help="Side of a cutout, in pixels.")]
_Width = Annotated[
    float, typer.Option(help="Side of a cutout, in arcsec; 0 for pixels of the survey's own size.")
]
_Pictures = Annotated[
    bool, typer.Option("--pictures/--fluxes", help="Colour pictures, or fluxes in g, r and z.")
]


def add_galaxy_commands(verb: typer.Typer) -> None:
    """Add the commands."""
    verb.command(
        "galaxies",
        epilog=examples(
            "skysieve simulate galaxies galaxies.parquet -n 40 --seed 1",
            "skysieve simulate galaxies rare.parquet -n 20 --kind elliptical=0.95 --kind merger=0.05",
            f"skysieve simulate galaxies hsc.parquet -n 10 --survey hsc --fluxes {_SEEING}",
        ),
    )(galaxies)
    verb.command(
        "lsbg",
        epilog=examples(
            "skysieve simulate lsbg lsbg.parquet -n 40 --seed 1",
            "skysieve simulate lsbg three-classes.parquet -n 20 --survey hsc --artifact-types",
        ),
    )(lsbg)


def galaxies(
    path: SetPath,
    n: _Number = 1000,
    seed: _Seed = 1,
    kind: KindOption = None,
    survey: _Name = "des",
    settings: _Settings = None,
    size: _Size = 64,
    width: _Width = 25.6,
    pictures: _Pictures = True,
    workers: WorkersOption = 1,
) -> None:
    """Write simulated ellipticals, spirals, edge-on discs and mergers, with their truth, as a sample set."""
    from skysieve.sources.simulators.galaxies.samples import write_galaxy_samples

    asked = _asked(kind, survey, settings, size, width, pictures, workers)
    written = write_galaxy_samples(path, n, seed, **asked)
    say(f"{n:,} simulated galaxies: {written}")


def lsbg(
    path: SetPath,
    n: _Number = 1000,
    seed: _Seed = 1,
    kind: KindOption = None,
    survey: _Name = "des",
    settings: _Settings = None,
    size: _Size = 64,
    width: _Width = 30.0,
    pictures: _Pictures = True,
    artifact_types: Annotated[
        bool, typer.Option("--artifact-types", help="Label the two types of artefacts as classes.")
    ] = False,
    workers: WorkersOption = 1,
) -> None:
    """Write simulated galaxies of low surface brightness and artefacts, with their truth, as a sample set."""
    from skysieve.sources.simulators.galaxies.samples import write_lsbg_samples

    asked = _asked(kind, survey, settings, size, width, pictures, workers)
    written = write_lsbg_samples(path, n, seed, artifact_types=artifact_types, **asked)
    say(f"{n:,} simulated galaxies and artefacts: {written}")


def _asked(
    kinds: list[str] | None,
    survey: str,
    settings: list[str] | None,
    size: int,
    width: float,
    pictures: bool,
    workers: int,
) -> dict[str, Any]:
    """Return what both writers of sample sets take."""
    return {
        "kinds": shares_of_kinds(kinds),
        "survey": _survey(survey, settings),
        "size": size,
        "width": width or None,
        "pictures": pictures,
        "workers": workers,
        "progress": True,
    }


def _survey(name: str, settings: list[str] | None) -> Survey:
    """Return the survey of a name with its settings."""
    from skysieve.configuration import override, parse_assignments
    from skysieve.sources.simulators.galaxies.settings import GalaxySimulation
    from skysieve.sources.simulators.galaxies.survey import survey_named

    return override(GalaxySimulation(survey_named(name)), parse_assignments(settings or [])).survey
