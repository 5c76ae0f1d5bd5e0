"""``skysieve uncertainty``: how sure are the figures of a model, and its single scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_table
from skysieve.cli.verbs.train import SetOption, TomlOption, settings_of
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.evaluation.intervals import Interval
    from skysieve.recipes.configuration import LabelConfig
    from skysieve.recipes.recipe import Recipe
    from skysieve.recipes.uncertainty.results import Written

__all__ = ["add_to"]

TINY = "--set training.epochs=1 --set network.name=compact --set evaluation.replicates=20"

OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder for results and runs.")]
ModelArgument = Annotated[str, typer.Argument(help="A model or run folder, or the name of a shipped model.")]
RecipeArgument = Annotated[str, typer.Argument(help="The recipe; `skysieve recipes` lists them.")]
InputsArgument = Annotated[
    list[str], typer.Argument(help="A sample set, or what the recipe can make one from.")
]
SplitOption = Annotated[str, typer.Option(help="The split to judge; '' for all labelled samples.")]
ReplicatesOption = Annotated[int, typer.Option(help="Bootstrap replicates, drawn by group.")]
SeedOption = Annotated[int, typer.Option(help="Seed of everything random; the same gives the same.")]
WorkersOption = Annotated[int, typer.Option(help="Runs that are trained at the same time.")]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Do not go on with runs in the folder.")]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="How sure are figures, and single scores: resample, retrain, disturb, and tell what is strange.",
        no_args_is_help=True,
    )
    verb.command(
        "bootstrap",
        epilog=examples(
            "skysieve uncertainty bootstrap trained/ -o sure/",
            "skysieve uncertainty bootstrap braai-weak samples.parquet -o sure/ --split '' --replicates 50",
            f"skysieve uncertainty bootstrap trained/model samples.parquet -o sure/ --refits 2 {TINY}",
        ),
    )(bootstrap)
    verb.command(
        "splits",
        epilog=examples(
            f"skysieve uncertainty splits braai samples.parquet -o spread/ --splits 2 --seeds 2 {TINY}"
        ),
    )(splits)
    verb.command(
        "label-noise",
        epilog=examples(
            "skysieve uncertainty label-noise braai samples.parquet -o biased/ --fraction 0.1 "
            f"--from bogus --to real {TINY}",
        ),
    )(label_noise)
    verb.command(
        "conformal",
        epilog=examples(
            "skysieve uncertainty conformal trained/ -o sets/ --coverage 0.8",
            "skysieve uncertainty conformal trained/model samples.parquet -o sets/ --coverage 0.6 "
            "--method aps --class-conditional",
        ),
    )(conformal)
    verb.command(
        "dropout",
        epilog=examples("skysieve uncertainty dropout trained/model samples.parquet -o opinions/ --passes 5"),
    )(dropout)
    verb.command(
        "members",
        epilog=examples("skysieve uncertainty members trained/model samples.parquet -o opinions/"),
    )(members)
    verb.command(
        "ood",
        epilog=examples(
            "skysieve uncertainty ood trained/model samples.parquet --against strange.parquet -o strangers/"
        ),
    )(ood)
    application.add_typer(verb, name="uncertainty")


def bootstrap(
    source: Annotated[str, typer.Argument(help="A run folder, a table of scores, or (with inputs) a model.")],
    output: OutputOption,
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Labelled samples for the model to score.")
    ] = None,
    split: SplitOption = "test",
    replicates: ReplicatesOption = 1000,
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    seed: SeedOption = 1,
    refits: Annotated[
        int, typer.Option(help="Train so many times anew on resampled groups, for the spread of training.")
    ] = 0,
    workers: WorkersOption = 1,
    fresh: FreshOption = False,
    set_: SetOption = None,
) -> None:
    """Give every figure an interval over resampled groups, of training samples too if asked."""
    from skysieve.recipes.uncertainty.bootstrap import bootstrap as draw
    from skysieve.recipes.uncertainty.score_model import scores_of

    require_inputs(inputs or [source])
    # Before anything is scored or trained, which may take hours.
    if refits and split != "test":
        raise ConfigurationError(f"refits are judged on the test split, found --split {split!r}")
    labels = _labels(source, set_, refitted=refits > 0) if inputs else None
    scored = scores_of(source, inputs or [], output, labels=labels)
    trained: Any = ()
    if refits:
        if not inputs:
            raise ConfigurationError("--refits needs a model and the samples that it was trained on")
        trained = _refit(source, inputs, output, refits, seed, workers, fresh, set_)
    found = draw(scored, output, split=split, replicates=replicates, level=level, seed=seed, refits=trained)
    _say_intervals(found.by_group, f"{split or 'all labelled samples'}, {level:.0%} intervals by group:")
    if found.refits is not None:
        _say_intervals(found.refits.intervals, "with the spread of training:")
    _say_written(found.written)


def splits(
    recipe: RecipeArgument,
    inputs: InputsArgument,
    output: OutputOption,
    number: Annotated[int, typer.Option("--splits", help="Splits of the samples, 2 or more.")] = 3,
    seeds: Annotated[int, typer.Option(help="Seeds of the training on each split, 2 or more.")] = 3,
    workers: WorkersOption = 1,
    fresh: FreshOption = False,
    set_: SetOption = None,
    config: TomlOption = None,
) -> None:
    """Train with several seeds on several splits, and separate the spread of the two."""
    from skysieve.recipes.uncertainty.splits import spread_over_splits

    chosen = _recipe(recipe)
    settings = settings_of(chosen.configuration, config, set_)
    require_inputs(inputs)
    found = spread_over_splits(
        chosen, inputs, output, settings, splits=number, seeds=seeds, workers=workers, resume=not fresh
    )
    say_table(
        {
            name: f"{each.mean:.4f}  seeds {each.seed:.4f}  splits {each.split:.4f}  both {each.total:.4f}  "
            f"(bootstrap of one run {found.sampling[name]:.4f})"
            for name, each in found.components.items()
        },
        title="means and standard deviations:",
    )
    _say_written(found.written)


def label_noise(
    recipe: RecipeArgument,
    inputs: InputsArgument,
    output: OutputOption,
    fraction: Annotated[
        list[float] | None,
        typer.Option(help="Share of wrong labels, 0 to 1; may be repeated. Without: 0.01, 0.05, 0.1, 0.33."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Make wrong only labels of this class.")
    ] = None,
    target: Annotated[str | None, typer.Option("--to", help="Turn them into this class.")] = None,
    clean_validation: Annotated[
        bool, typer.Option("--clean-validation", help="Make labels of the training split wrong only.")
    ] = False,
    repeats: Annotated[int, typer.Option(help="Draws of the noise, each with a seed of its own.")] = 1,
    seed: SeedOption = 1,
    workers: WorkersOption = 1,
    fresh: FreshOption = False,
    set_: SetOption = None,
    config: TomlOption = None,
) -> None:
    """Train on labels of which more and more are wrong, and judge on clean ones."""
    from skysieve.cli.output import in_words
    from skysieve.recipes.uncertainty.figures import headlines
    from skysieve.recipes.uncertainty.label_noise import FRACTIONS, label_noise_curve

    chosen = _recipe(recipe)
    settings = settings_of(chosen.configuration, config, set_)
    require_inputs(inputs)
    found = label_noise_curve(
        chosen,
        inputs,
        output,
        settings,
        fractions=fraction or FRACTIONS,
        source=source,
        target=target,
        clean_validation=clean_validation,
        repeats=repeats,
        seed=seed,
        workers=workers,
        resume=not fresh,
    )
    rows = {}
    for point in found.points:
        told = {name: str(point.figures[name]) for name in headlines(list(point.figures))[:3]}
        rows[f"{point.fraction:.3g} ({point.wrong:,} labels)"] = in_words(told)
    say_table(rows, title=f"wrong labels ({found.direction}), judged on clean ones:")
    say(f"curve: {found.plot}")
    _say_written(found.written)


def conformal(
    source: Annotated[str, typer.Argument(help="A run folder, a table of scores, or (with inputs) a model.")],
    output: OutputOption,
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Labelled samples for the model to score.")
    ] = None,
    coverage: Annotated[float, typer.Option(help="How often a set is to hold the truth.")] = 0.9,
    method: Annotated[str, typer.Option(help="lac (smallest sets) or aps (sets that adapt).")] = "lac",
    class_conditional: Annotated[
        bool, typer.Option("--class-conditional", help="Ask the coverage of each class on its own.")
    ] = False,
    replicates: ReplicatesOption = 1000,
    seed: SeedOption = 1,
    set_: SetOption = None,
) -> None:
    """Make sets of classes that hold the truth as often as asked: on validation, judged on test."""
    from skysieve.recipes.uncertainty.conformal import conformal as make_sets
    from skysieve.recipes.uncertainty.score_model import scores_of

    require_inputs(inputs or [source])
    scored = scores_of(source, inputs or [], output, labels=_labels(source, set_) if inputs else None)
    found = make_sets(
        scored,
        output,
        coverage=coverage,
        method=method,  # type: ignore[arg-type]  # checked where it is used
        class_conditional=class_conditional,
        replicates=replicates,
        seed=seed,
    )
    rows = {"groups covered": found.coverage.coverage, "samples covered": found.coverage.by_sample}
    rows |= {f"samples covered, {name}": each for name, each in found.coverage.by_class.items()}
    _say_intervals(rows | {"classes in a set": found.coverage.mean_size}, f"sets of {coverage:g} on test:")
    for finding in found.findings:
        say(f"{finding.severity}: {finding.item}: {finding.reason}")
    say(f"sets: {found.table}")
    _say_written(found.written)


def dropout(
    model: ModelArgument,
    inputs: InputsArgument,
    output: OutputOption,
    passes: Annotated[int, typer.Option(help="Passes with dropout on.")] = 30,
    split: SplitOption = "test",
    replicates: ReplicatesOption = 1000,
    seed: SeedOption = 1,
    set_: SetOption = None,
) -> None:
    """Ask a network several times with dropout on: mean, spread and mutual information of every sample."""
    options = {"passes": passes, "split": split, "replicates": replicates, "seed": seed}
    _opinions(model, inputs, output, set_, source="dropout", **options)


def members(
    model: ModelArgument,
    inputs: InputsArgument,
    output: OutputOption,
    split: SplitOption = "test",
    replicates: ReplicatesOption = 1000,
    seed: SeedOption = 1,
    set_: SetOption = None,
) -> None:
    """Ask every member of an ensemble: mean, spread and mutual information of every sample."""
    options = {"split": split, "replicates": replicates, "seed": seed}
    _opinions(model, inputs, output, set_, source="members", **options)


def ood(
    model: ModelArgument,
    inputs: InputsArgument,
    against: Annotated[list[str], typer.Option(help="Samples from elsewhere; may be repeated.")],
    output: OutputOption,
    neighbours: Annotated[int, typer.Option(help="Which neighbour `nearest` measures to.")] = 20,
    replicates: ReplicatesOption = 1000,
    seed: SeedOption = 1,
    set_: SetOption = None,
) -> None:
    """Score how little samples are like those a model learned from, and tell how well that parts two sets."""
    from skysieve.recipes.uncertainty.score_model import open_model
    from skysieve.recipes.uncertainty.strangers import strangers

    opened = open_model(model)
    require_inputs(inputs)
    require_inputs(against)
    found = strangers(
        opened,
        inputs,
        against,
        output,
        neighbours=neighbours,
        labels=_labels(model, set_),
        replicates=replicates,
        seed=seed,
    )
    _say_intervals(
        {name: each["auroc"] for name, each in found.separation.items()}, "AUROC, outside against test:"
    )
    _say_intervals({name: each["fpr_at_95"] for name, each in found.separation.items()}, "FPR at 95 % found:")
    say(f"scores: {found.tables[0]}, {found.tables[1]}")
    _say_written(found.written)


def _opinions(
    model: str, inputs: list[str], output: Path, assignments: list[str] | None, **options: Any
) -> None:
    from skysieve.recipes.uncertainty.opinions import opinions
    from skysieve.recipes.uncertainty.score_model import open_model

    opened = open_model(model)
    require_inputs(inputs)
    found = opinions(opened, inputs, output, labels=_labels(model, assignments), **options)
    _say_intervals(found.figures, f"the mean opinion on {options['split'] or 'all labelled samples'}:")
    say(f"opinions: {found.table}")
    _say_written(found.written)


def _refit(
    model: str,
    inputs: list[str],
    output: Path,
    refits: int,
    seed: int,
    workers: int,
    fresh: bool,
    assignments: list[str] | None,
) -> Any:
    from skysieve.recipes.uncertainty.refits import recipe_of_model, refit
    from skysieve.recipes.uncertainty.score_model import open_model, samples_of_model

    opened = open_model(model)
    recipe, settings = recipe_of_model(opened)
    settings = settings_of(settings, None, assignments)
    samples = samples_of_model(opened, inputs, settings.labels)
    return refit(
        recipe,
        inputs,
        samples,
        output,
        settings,
        refits=refits,
        seed=seed,
        workers=workers,
        resume=not fresh,
    )


def _labels(model: str, assignments: list[str] | None, *, refitted: bool = False) -> LabelConfig:
    """Return where labels come from: as in the model's recipe, or as it is set."""
    from skysieve.configuration import parse_assignments
    from skysieve.recipes.configuration import Configuration
    from skysieve.recipes.recipe import RECIPES
    from skysieve.recipes.uncertainty.score_model import open_model

    name = open_model(model).description.recipe
    base = RECIPES.get(name).configuration if name in RECIPES else Configuration()
    found = settings_of(base, None, assignments).labels
    for key in () if refitted else parse_assignments(assignments or []):
        if not key.startswith("labels."):
            raise ConfigurationError(f"{key!r} was settled by training; only labels.* can be set here")
    return found


def _recipe(name: str) -> Recipe:
    from skysieve.recipes.find_recipe import find_recipe
    from skysieve.recipes.recipe import Recipe

    found = find_recipe(name)
    if not isinstance(found, Recipe):
        raise ConfigurationError(f"{name} is a sieve of several models; name the recipe of a single model")
    return found


def _say_intervals(intervals: Mapping[str, Interval], title: str) -> None:
    say_table({name: str(interval) for name, interval in intervals.items()}, title=title)


def _say_written(written: Written) -> None:
    if written.disclosure:
        say(f"labels: {written.disclosure}")
    say(f"figures: {written.table}")
    say(f"report: {written.report}")
