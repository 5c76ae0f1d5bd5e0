"""``skysieve samples curves``: light curves as the user has them, to a sample set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings
from skysieve.cli.verbs.train import TomlOption, settings_of

__all__ = ["add_to"]

_NAMES = "--set columns.time=hjd --set columns.value=V --set columns.error=eV"
_LABELS = "--set labels.table=stars.csv --set labels.label=kind"


def add_to(verb: typer.Typer) -> None:
    """Add the command to ``skysieve samples``."""
    verb.command(
        "curves",
        epilog=examples(
            f"skysieve samples curves points.csv -o curves.parquet {_LABELS}",
            f"skysieve samples curves stars/ -o curves.parquet {_NAMES} --set cleaning.min_points=5",
            "skysieve samples curves catalogue/ -o curves.parquet --set columns.label=kind",
        ),
    )(curves)


def curves(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Tables (Parquet, CSV, ECSV, FITS) with a row a point or a row a curve, folders, "
            "HATS catalogues, globs."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="KEY=VALUE of a setting, such as columns.time=hjd, labels.table=stars.csv or "
            "cleaning.same_time=average; may be repeated.",
        ),
    ] = None,
    config: TomlOption = None,
) -> None:
    """Make a sample set of light curves, under your own column names; what is cleaned is counted."""
    from skysieve.sources.light_curves import CurveReading, write_curve_samples

    reading = settings_of(CurveReading(), config, settings)
    require_inputs(inputs)
    report = write_curve_samples(inputs, output, reading, progress=True)
    say_findings(report.findings)
    say(f"{report.curves:,} light curves with {report.points:,} points: {report.path}")
