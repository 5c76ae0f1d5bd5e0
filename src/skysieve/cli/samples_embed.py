"""``skysieve samples embed``: frame sequences to sequences of embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings
from skysieve.extras import require

__all__ = ["add_to"]


def add_to(verb: typer.Typer) -> None:
    """Add the command to ``skysieve samples``."""
    verb.command(
        "embed",
        epilog=examples(
            "skysieve samples embed frames.parquet -o embeddings.parquet --encoder encoder.zip",
            "skysieve samples embed frames.parquet -o embeddings.parquet --encoder vae.safetensors",
        ),
    )(embed)


def embed(
    samples: Annotated[
        Path, typer.Argument(metavar="FRAMES", help="A sample set of frame sequences (Parquet).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")],
    encoder: Annotated[
        Path,
        typer.Option(
            metavar="WEIGHTS", help="The published encoder.zip, or weights of your own (.safetensors)."
        ),
    ],
    batch: Annotated[int, typer.Option(help="Frames that go through the encoder together.")] = 256,
) -> None:
    """Make embeddings of the frames of a sample set; the same command goes on where it stopped.

    Recipes such as snad-frames take them. The set says which encoder it was.
    """
    require_inputs([samples])
    require_inputs([encoder])
    require("torch", extra="train", purpose="embed frames")
    from skysieve.training.frame_embeddings import write_frame_embeddings

    summary = write_frame_embeddings(samples, output, encoder, batch=batch, progress=True)
    say_findings(summary.findings)
    say(f"encoder: {summary.encoder}")
    say(f"{summary.samples:,} sequences of {summary.frames:,} frames: {summary.path}")
