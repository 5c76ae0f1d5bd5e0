"""``skysieve train``: from samples to a model and an honest report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_table
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.evaluation.sieve_evaluation import SieveEvaluation
    from skysieve.recipes.sieve_recipe import SieveConfiguration, SieveRecipe

__all__ = ["SetOption", "TomlOption", "add_to", "say_figures", "say_sieve_figures", "settings_of"]

C = TypeVar("C")

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="KEY=VALUE of a setting (`skysieve recipes NAME` lists them); may be repeated."
    ),
]
TomlOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings; --set goes above it.")
]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "train",
        epilog=examples(
            "skysieve train braai samples.parquet -o run/ --set training.epochs=2",
            "skysieve train braai night/packets -o labelled/ --set labels.table=night/truth.csv "
            "--set labels.column=label --set training.epochs=1",
            "skysieve train deepstreaks streaks-set.parquet -o sieve-run/ --set members=1 "
            "--set model.network.name=streaknet --set model.training.epochs=1 "
            "--set model.splits.validation=0.3",
            "skysieve train dmdt curves.parquet -o dmdt-run/ --set training.epochs=3",
            "skysieve train lightcurve-features curves.parquet -o features-run/ "
            "--set features.sets='[\"statistics\"]'",
        ),
    )(train)


def train(
    recipe: Annotated[str, typer.Argument(help="The recipe; `skysieve recipes` lists them.")],
    inputs: Annotated[
        list[str], typer.Argument(help="A sample set, or alerts (files, folders, archives, Parquet tables).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The run folder.")],
    set_: SetOption = None,
    config: TomlOption = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the model; that of the recipe if left out.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Model folder or shipped model whose weights to start from.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on with a run in the folder.")] = False,
    workers: Annotated[int, typer.Option(help="Members of a sieve that are trained at the same time.")] = 1,
) -> None:
    """Train a recipe, judge it on its test split, write a model folder and a report."""
    from skysieve.models.card import PRECISION, UNSTATED
    from skysieve.recipes.find_recipe import find_recipe
    from skysieve.recipes.run import train_recipe
    from skysieve.recipes.sieve_recipe import SieveRecipe

    chosen = find_recipe(recipe)
    if isinstance(chosen, SieveRecipe):
        if start is not None:
            raise ConfigurationError("a sieve has several models: --start is for the recipe of one of them")
        sieve_settings = settings_of(chosen.configuration, config, set_)
        require_inputs(inputs)
        _train_sieve(chosen, inputs, output, sieve_settings, name=name, resume=not fresh, workers=workers)
        return
    if workers != 1:
        raise ConfigurationError(f"--workers is for sieves; {recipe} trains one model")
    settings = settings_of(chosen.configuration, config, set_)
    if chosen.classes:
        settings.evaluation.true_shares(chosen.classes)
    require_inputs(inputs)
    options = {"name": name, "start": start, "resume": not fresh}
    if settings.splits.folds:
        from skysieve.recipes.cross_validation import cross_validate

        found = cross_validate(chosen, chosen.prepare(inputs, settings), output, settings, **options)
        told = {name: interval.to_json() for name, interval in found.figures.items()}
        say_figures(told | {PRECISION: found.precision.statement}, "all folds")
        for finding in found.findings:
            say(f"{finding.severity}: {finding.reason}")
        say(f"figures: {found.table}\nruns: {output}/fold_0 ... fold_{settings.splits.folds - 1}")
        return
    run = train_recipe(chosen, inputs, output, settings, **options)
    say_figures(run.figures)
    say(f"labels: {run.model.description.labels or UNSTATED}")
    say(f"model: {run.model.folder} ({run.model.identity[:12]})")
    say(f"report: {run.report}")


def _train_sieve(
    recipe: SieveRecipe, inputs: list[str], output: Path, settings: SieveConfiguration, **options: Any
) -> None:
    from skysieve.models.card import UNSTATED
    from skysieve.recipes.train_sieve import train_sieve

    run = train_sieve(recipe, inputs, output, settings, **options)
    say_sieve_figures(run.evaluation)
    say(f"labels: {run.sieve.labels or UNSTATED}")
    say(f"sieve: {run.sieve.folder} ({run.sieve.identity[:12]})")
    say(f"report: {run.report}")


def say_sieve_figures(evaluation: SieveEvaluation) -> None:
    """Print the figures of every rule with their intervals."""
    for rule in evaluation.rules:
        rows = {
            "recall (TPR)": rule.tpr,
            "false-positive rate": rule.fpr,
            f"purity at {evaluation.night.prevalence:.3%} reals": rule.purity,
        }
        say_table(
            {name: str(interval) for name, interval in rows.items()},
            title=f"{rule.name} ({evaluation.split}: {rule.n:,} streaks, {rule.n_positive:,} real)",
        )


def settings_of(configuration: C, config: Path | None, assignments: list[str] | None) -> C:
    """Apply the TOML file, then the assignments."""
    from skysieve.configuration import override, parse_assignments, read_toml

    if config is not None:
        configuration = override(configuration, read_toml(config))
    return override(configuration, parse_assignments(assignments or []))


def say_figures(figures: Mapping[str, object], title: str = "test split") -> None:
    """Print figures with their intervals, and below them what precision means where classes are rarer."""
    from skysieve.models.card import PRECISION, format_figure

    numbers = {name: format_figure(value) for name, value in figures.items() if name != PRECISION}
    say_table(numbers, title=title)
    if PRECISION in figures:
        say(f"precision: {figures[PRECISION]}")
