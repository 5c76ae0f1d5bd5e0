"""``skysieve features``: light curves in, a sample set of their features out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_findings

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "features",
        no_args_is_help=True,
        epilog=examples(
            "skysieve features curves.parquet -o features.parquet",
            "skysieve features curves.parquet -o statistics.parquet --features statistics --workers 2",
            "skysieve features curves.parquet -o p.parquet --features periods --set periods.peaks=2",
        ),
    )(features)


def features(
    curves: Annotated[Path, typer.Argument(help="Sample set of light curves (Parquet).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set of features (Parquet).")],
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            help="A feature set: statistics, malanchev2021, periods, three-frequencies, folded-shape, "
            "light-curve; may be repeated. Statistics and periods if left out.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE, such as periods.maximum_frequency=10 or prefix=f_; may be repeated."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; their number changes nothing.")] = 1,
) -> None:
    """Measure features of light curves: amplitudes, moments, trends, periods, Fourier series.

    Labels, splits and all other columns are carried over. A killed run goes on where it stopped.
    """
    from skysieve.cli.inputs import require_inputs
    from skysieve.configuration import override, parse_assignments
    from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
    from skysieve.preprocess.curve_features.sample_set import feature_columns, write_features
    from skysieve.samples import SampleSet

    require_inputs([curves])
    chosen = FeatureConfiguration(sets=tuple(sets)) if sets else FeatureConfiguration()
    configuration = override(chosen, parse_assignments(settings or []))
    start = time.perf_counter()
    findings = write_features(curves, output, configuration, workers=workers, progress=True)
    seconds = time.perf_counter() - start
    made = SampleSet.open(output)
    say(f"{len(feature_columns(made))} features of {len(made):,} light curves in {seconds:.1f} s")
    say_findings(findings)
    say(f"features: {output}")
