"""``skysieve evaluate``: judge a saved model on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say
from skysieve.cli.verbs.train import SetOption, say_figures, say_sieve_figures, settings_of

if TYPE_CHECKING:
    from skysieve.recipes.evaluate import EvaluationRun
    from skysieve.recipes.evaluate_sieve import SieveEvaluationRun

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "evaluate",
        epilog=examples(
            "skysieve evaluate braai-weak samples.parquet -o judged/",
            "skysieve evaluate braai-weak night/packets -o night-judged/ --set labels.table=night/truth.csv "
            "--set labels.column=label",
            "skysieve evaluate streak-sieve/ streaks-set.parquet -o sieve-judged/",
            "skysieve evaluate curve-model/ curves.parquet -o curves-judged/",
        ),
    )(evaluate)


def evaluate(
    model: Annotated[str, typer.Argument(help="A model folder, a sieve, or the name of a shipped one.")],
    inputs: Annotated[
        list[str], typer.Argument(help="A sample set, or alerts (files, folders, archives, Parquet tables).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report and figures.")],
    split: Annotated[
        str, typer.Option(help="Judge this split of the set only; all labelled samples if left out.")
    ] = "",
    set_: SetOption = None,
) -> None:
    """Judge a model or a sieve at its own thresholds: figures with intervals, and a report."""
    from skysieve.models.model import Model
    from skysieve.models.sieve import is_sieve
    from skysieve.recipes.evaluate import evaluate_model
    from skysieve.recipes.model_samples import judging_settings

    if is_sieve(model):
        _evaluate_sieve(model, inputs, output, split, set_)
        return
    opened = Model.load(model)
    require_inputs(inputs)
    stated = any(each.startswith("evaluation.prevalence") for each in set_ or [])
    base = judging_settings(opened, shares=not stated)
    _check_settings(base, set_)
    settings = settings_of(base, None, set_)
    settings.evaluation.true_shares(opened.description.classes)
    run = evaluate_model(
        opened, inputs, output, labels=settings.labels, settings=settings.evaluation, split=split
    )
    say_figures(run.figures, run.evaluation.split)
    _say_outcome(run)


def _evaluate_sieve(
    place: str, inputs: list[str], output: Path, split: str, assignments: list[str] | None
) -> None:
    from skysieve.models.sieve import Sieve
    from skysieve.recipes.evaluate_sieve import evaluate_sieve
    from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration

    sieve = Sieve.load(place)
    require_inputs(inputs)
    name = str(sieve.description.provenance.get("recipe", ""))
    base = SIEVE_RECIPES.get(name).configuration if name in SIEVE_RECIPES else SieveConfiguration()
    _check_sieve_settings(assignments)
    run = evaluate_sieve(sieve, inputs, output, settings=settings_of(base, None, assignments), split=split)
    say_sieve_figures(run.evaluation)
    _say_outcome(run)


def _say_outcome(run: EvaluationRun | SieveEvaluationRun) -> None:
    """Say what limits the figures, and where they lie."""
    for finding in run.findings:
        say(f"{finding.severity}: {finding.item}: {finding.reason}")
    say(f"figures: {run.table}")
    say(f"report: {run.report}")


def _check_sieve_settings(assignments: list[str] | None) -> None:
    """Refuse settings that training has settled."""
    from skysieve.configuration import parse_assignments
    from skysieve.errors import ConfigurationError

    for name in parse_assignments(assignments or []):
        if not name.startswith(("model.labels.", "model.evaluation.")) and name not in (
            "night",
            "prevalence",
        ):
            raise ConfigurationError(
                f"{name!r} was settled by training and is part of the sieve; evaluate takes night, "
                "prevalence, model.labels.* and model.evaluation.* only"
            )


def _check_settings(configuration: Any, assignments: list[str] | None) -> None:
    """Refuse settings that exist but change nothing here: training has settled them in the model."""
    from skysieve.configuration import flatten, parse_assignments
    from skysieve.errors import ConfigurationError

    groups = {name.partition(".")[0] for name in flatten(configuration)} - {"labels", "evaluation"}
    for name in parse_assignments(assignments or []):
        if name.partition(".")[0] in groups:
            raise ConfigurationError(
                f"{name!r} was settled by training and is part of the model; "
                "evaluate takes labels.* and evaluation.* only"
            )
