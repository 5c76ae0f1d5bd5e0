"""``skysieve samples frame-encoder``: an encoder of frames, learned from frames without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_table
from skysieve.cli.verbs.train import TomlOption, settings_of
from skysieve.extras import require

__all__ = ["add_to"]


def add_to(verb: typer.Typer) -> None:
    """Add the command to ``skysieve samples``."""
    verb.command(
        "frame-encoder",
        epilog=examples(
            "skysieve samples frame-encoder frames.parquet -o encoder/ --set epochs=2 "
            "--set learning_rate=1e-3"
        ),
    )(frame_encoder)


def frame_encoder(
    samples: Annotated[
        Path, typer.Argument(metavar="FRAMES", help="A sample set of frame sequences (Parquet).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The run folder.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of a setting, such as epochs=20 or latent=78; may be repeated."
        ),
    ] = None,
    config: TomlOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start again instead of going on.")] = False,
) -> None:
    """Train an autoencoder on frames, and keep its encoder for `samples embed`; the same command goes on.

    Frames of the split test are not seen where the set has a split.
    """
    require("torch", extra="train", purpose="train networks")
    from skysieve.training.frame_vae_fit import FrameVaeConfig, fit_frame_vae

    chosen = settings_of(FrameVaeConfig(), config, settings)
    require_inputs([samples])
    fitted = fit_frame_vae(samples, output, chosen, resume=not fresh)
    best = fitted.history[fitted.best_epoch - 1]
    say_table(
        {
            "best epoch": f"{best.epoch} of {len(fitted.history)}",
            "log cosh": f"{best.log_cosh:.6f}",
            "divergence": f"{best.kld:.3f}",
        },
        title="validation frames:",
    )
    say(f"encoder: {fitted.weights}")
