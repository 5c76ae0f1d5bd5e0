"""``skysieve model``: look at a model folder, check it, import published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Look at model folders, check them, import published weights.", no_args_is_help=True
    )
    verb.command("show", epilog=examples("skysieve model show braai-weak"))(show)
    verb.command("check", epilog=examples("skysieve model check braai-weak"))(check)
    verb.command(
        "import-keras",
        epilog=examples(
            "skysieve model import-keras braai.weights.h5 --norm l2-per-cutout -o imported/",
            "skysieve model import-keras sl.weights.h5 --family sl --network vgg4 -o sl-vgg4/",
        ),
    )(import_keras)
    application.add_typer(verb, name="model")


ModelArgument = Annotated[str, typer.Argument(help="A model folder, or the name of a shipped model.")]


def show(model: ModelArgument) -> None:
    """Print the model card."""
    from skysieve.models.model import CARD, Model

    opened = Model.load(model)
    say((opened.folder / CARD).read_text(encoding="utf-8"))
    say_table({"identity": opened.identity, "folder": opened.folder})


def check(model: ModelArgument) -> None:
    """Verify hashes, contract, and that ONNX and PyTorch agree to 1e-5."""
    from skysieve.models.check import check_model
    from skysieve.models.model import Model

    outcomes = check_model(Model.load(model))
    for outcome in outcomes:
        say(f"{outcome.outcome:>7}  {outcome.name}: {outcome.detail}")
    if any(outcome.outcome == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def import_keras(
    weights: Annotated[
        Path, typer.Argument(help="Keras weight file (.h5) of braai, of DeepStreaks, or of their kin.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    norm: Annotated[
        str | None,
        typer.Option(
            help="Of alert triplets: the norm it was trained with, l2-per-row (braai d6_m7) or "
            "l2-per-cutout (d6_m9)."
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="Of DeepStreaks cutouts, instead of a norm: the question it answers: rb, sl, kd, os."
        ),
    ] = None,
    network: Annotated[
        str, typer.Option(help="Its architecture: vgg6, vgg4, fc4, resnet50 or densenet121.")
    ] = "vgg6",
    name: Annotated[str | None, typer.Option(help="Name of the model; that of the file if left out.")] = None,
) -> None:
    """Make a model folder from published Keras weights, without TensorFlow."""
    from skysieve.models.keras_import import import_keras_model

    model = import_keras_model(weights, output, network=network, norm=norm, family=family, name=name)
    say(f"{model.description.name}: {model.folder} ({model.identity[:12]})")
