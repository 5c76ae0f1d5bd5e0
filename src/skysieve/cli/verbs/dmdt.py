"""``skysieve dmdt``: light curves in, a sample set of their dmdt images out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.verbs.train import SetOption, TomlOption, settings_of

__all__ = ["add_to"]

PICTURES = (".pdf", ".png", ".svg")


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "dmdt",
        epilog=examples(
            "skysieve dmdt curves.parquet -o dmdt.parquet",
            "skysieve dmdt curves.parquet -o dmdt.parquet --picture means.png --set normalisation=dt "
            "--set smear=true",
            "skysieve dmdt split-curves.parquet -o dmdt.parquet --set bins=equalised "
            "--set 'equalised_shape=[20, 20]'",
        ),
    )(dmdt)


def dmdt(
    curves: Annotated[Path, typer.Argument(help="A sample set of light curves (Parquet).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")],
    set_: SetOption = None,
    config: TomlOption = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the mean image of every class, too (PNG, SVG or PDF).")
    ] = None,
    workers: Annotated[int, typer.Option(help="Threads that count pairs.", min=1)] = 1,
) -> None:
    """Count the differences of all pairs of points in bins of dm and dt, an image for each light curve.

    Settings are those of `DmdtConfiguration`: bins, dm_edges, dt_edges, equalised_shape, normalisation,
    smear, bands, cross_bands, seed.
    """
    from skysieve.errors import ConfigurationError
    from skysieve.preprocess.dmdt.sample_set import DMDT, DmdtConfiguration, write_dmdt
    from skysieve.samples.sample_set import SampleSet

    settings = settings_of(DmdtConfiguration(), config, set_)
    require_inputs([curves])
    if output.resolve() == curves.resolve():
        raise ConfigurationError(f"the images would replace the curves they are made of: {output}")
    if picture is not None and picture.suffix not in PICTURES:
        raise ConfigurationError(f"{picture}: a picture ends in {', '.join(PICTURES)}")
    written = write_dmdt(SampleSet.open(curves), output, settings, workers=workers, progress=True)
    column = written.description.tensors[DMDT]
    channels, rows, columns = column.fixed_shape
    shown = f"{rows} x {columns} pixels (dm x dt)"
    say(f"{len(written):,} images of {shown}, channels: {', '.join(column.channels) or channels}")
    say_findings(written.findings)
    told = written.description.origin[DMDT]
    say_table({name: told[name] for name in ("bins", "normalisation", "smear")})
    if picture is not None:
        from skysieve.evaluation.dmdt_images import draw_class_means

        draw_class_means(written, picture)
        say(f"picture: {picture}")
    say(f"samples: {output}")
