"""``skysieve finetune``: train a saved model on, on other samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.verbs.train import SetOption, TomlOption, say_figures

if TYPE_CHECKING:
    from skysieve.models.model import Model
    from skysieve.recipes.configuration import Configuration
    from skysieve.training.fine_tuning import FineTuningConfig

__all__ = ["StrategyHelp", "add_to"]

TINY = "--set training.epochs=1 --set evaluation.replicates=20"

StrategyHelp = (
    "What learns: head; last-blocks:K (K blocks and the head); whole; with @DECAY the learning rate "
    "falls by that factor from block to block, from the head down."
)


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "finetune",
        epilog=examples(
            "skysieve finetune braai-weak",
            f"skysieve finetune braai-weak samples.parquet -o tuned/ --strategy head {TINY}",
            "skysieve finetune braai-weak samples.parquet -o tuned-blocks/ --strategy last-blocks:1@0.5 "
            f"{TINY}",
        ),
    )(finetune)


def finetune(
    model: Annotated[
        str,
        typer.Argument(help="A model or run folder, a shipped model, or a member of a sieve (streaks/rb-1)."),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="A sample set, or what the model's recipe can make one from. Without: say what "
            "blocks the network has."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The run folder.")] = None,
    strategy: Annotated[str, typer.Option(help=StrategyHelp)] = "whole",
    frozen_statistics: Annotated[
        bool,
        typer.Option("--frozen-statistics", help="Keep the statistics of batch normalisation everywhere."),
    ] = False,
    features: Annotated[
        str,
        typer.Option(help="Of the strategy head: cache what goes into it: auto, none, memory, disk."),
    ] = "auto",
    new_head: Annotated[
        bool, typer.Option("--new-head", help="Draw a new head for the classes of the samples.")
    ] = False,
    set_: SetOption = None,
    config: TomlOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the new model.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on with a run in the folder.")] = False,
) -> None:
    """Train a saved model on, on other samples; judge it on their test split, write a model and a report.

    Settings are those that the model was trained with, but 30 epochs and a tenth of its learning rate
    (its own rate for the head alone).
    """
    from skysieve.cli.verbs.train import settings_of
    from skysieve.models.card import UNSTATED
    from skysieve.recipes.fine_tune import fine_tune, fine_tune_settings, open_trained
    from skysieve.training.fine_tuning import FineTuningConfig

    opened = open_trained(model)
    if not inputs:
        _say_blocks(opened)
        return
    if output is None:
        raise typer.BadParameter("is missing: name the run folder", param_hint="--output")
    tuning = FineTuningConfig.of_text(strategy, frozen_statistics=frozen_statistics, features=features)
    settings = settings_of(fine_tune_settings(opened, tuning), config, set_)
    require_inputs(inputs)
    _say_plan(opened, tuning, settings)
    run = fine_tune(opened, inputs, output, tuning, settings, new_head=new_head, name=name, resume=not fresh)
    say_figures(run.figures)
    say_findings(run.split.findings)
    say(f"labels: {run.model.description.labels or UNSTATED}")
    say(f"model: {run.model.folder} ({run.model.identity[:12]})")
    say(f"report: {run.report}")


def _say_blocks(model: Model) -> None:
    from skysieve.recipes.fine_tune import blocks_of_model

    blocks = blocks_of_model(model)
    rows = {block.name: f"{block.parameters:,} parameters" for block in blocks}
    rows[blocks[-1].name] += ", the head"
    say_table(rows, title=f"blocks of {model.description.name}, from the input on:")


def _say_plan(model: Model, tuning: FineTuningConfig, settings: Configuration) -> None:
    from skysieve.errors import ConfigurationError
    from skysieve.recipes.fine_tune import blocks_of_model
    from skysieve.training.fine_tuning_plan import describe_blocks

    blocks = blocks_of_model(model)
    try:
        factors = tuning.rate_factors(len(blocks))
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}: {describe_blocks(blocks)}") from None
    rate = settings.training.learning_rate
    rows = {
        block.name: f"learns at {factor * rate:g}" if factor else "frozen"
        for block, factor in zip(blocks, factors, strict=True)
    }
    say_table(rows, title=f"{model.description.name} ({model.identity[:12]}), {tuning.text}:")
