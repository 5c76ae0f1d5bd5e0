"""How far figures move with the seed of the training, and with the split of the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.evaluation.uncertainty_page import PageSection, PageTable
from skysieve.evaluation.uncertainty_plots import page_figure, run_plot
from skysieve.evaluation.variance_components import VarianceComponents, variance_components
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.split_samples import SPLITS, check_split_names
from skysieve.recipes.uncertainty.figures import headlines
from skysieve.recipes.uncertainty.results import Written, write_results
from skysieve.recipes.uncertainty.runs import (
    RunOutcome,
    RunTask,
    changed_settings,
    check_runs,
    identities_of,
    subject_of_recipe,
    train_runs,
)
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import assign_groups

__all__ = ["SplitSpread", "spread_over_splits"]


@dataclass(frozen=True)
class SplitSpread:
    """What was found, and where it lies.

    Parameters
    ----------
    components : dict of str to VarianceComponents
        Of every figure.
    values : dict of str to ndarray, shape (splits, seeds)
        Every figure of every run.
    sampling : dict of str to float
        Mean standard error of a single run by bootstrap over its test groups, to compare with.
    written : Written
        JSON and page.
    """

    components: dict[str, VarianceComponents]
    values: dict[str, NDArray[np.float64]]
    sampling: dict[str, float]
    written: Written


def spread_over_splits(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    folder: str | Path,
    configuration: Configuration | None = None,
    *,
    splits: int = 3,
    seeds: int = 3,
    workers: int = 1,
    resume: bool = True,
    progress: bool = True,
) -> SplitSpread:
    """Train a recipe with several seeds on each of several splits, and separate the two spreads.

    Splits are made anew by group; the set's own split only says which samples are used. Runs that are done
    are not done again.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    inputs : sequence of path
        A sample set, or what the recipe can make one from.
    folder : path
        Holds ``split_0_seed_0`` ...: a run folder each.
    configuration : Configuration, optional
        Settings; ``splits.seed`` and ``training.seed`` are the first of theirs.
    splits, seeds : int
        How many, 2 or more of each.
    workers, resume, progress
        As of `skysieve.recipes.uncertainty.runs.train_runs`.

    Raises
    ------
    ConfigurationError
        If there are fewer than two splits or seeds, or a folder holds another run.
    SampleSetError
        As of `skysieve.recipes.run.train_samples`.
    """
    settings = configuration or recipe.configuration
    if min(splits, seeds) < 2:
        raise ConfigurationError(f"{splits} splits and {seeds} seeds; a spread needs 2 or more of each")
    check_runs(recipe, settings, workers)
    samples = recipe.prepare(inputs, settings)
    recipe = recipe.of_samples(samples, configuration or recipe.configuration)
    tasks = _tasks(samples, settings, splits, seeds)
    place = Path(folder)
    outcomes = train_runs(
        recipe, inputs, samples, place, tasks, workers=workers, resume=resume, progress=progress
    )
    values = {
        name: np.array([each.figures[name].value for each in outcomes]).reshape(splits, seeds)
        for name in outcomes[0].figures
    }
    components = {name: variance_components(table) for name, table in values.items()}
    sampling = {name: _standard_error(outcomes, name) for name in values}
    written = write_results(
        place,
        "splits",
        subject_of_recipe(recipe, inputs, samples),
        settings={
            "splits": splits,
            "seeds": seeds,
            "first_split_seed": settings.splits.seed,
            "seed": settings.training.seed,
            **changed_settings(recipe, settings),
        },
        results={
            "components": {name: each.to_json() for name, each in components.items()},
            "standard_error_of_a_run": sampling,
            "values": values,
            "runs": identities_of(outcomes),
        },
        sections=_sections(components, values, sampling),
        findings=_findings(samples),
        title=f"Spread of {recipe.name} over {splits} splits and {seeds} seeds",
    )
    return SplitSpread(components, values, sampling, written)


def _tasks(samples: SampleSet, settings: Configuration, splits: int, seeds: int) -> list[RunTask]:
    used = np.ones(len(samples), dtype=bool)
    if "split" in samples.column_names:
        check_split_names(samples)
        used = samples.scalar("split") != ""
    shares = [getattr(settings.splits, name) for name in SPLITS]
    tasks = []
    for number in range(splits):
        made = replace(settings.splits, seed=settings.splits.seed + number)
        parts = assign_groups(samples.groups[used], samples.labels[used], shares, seed=made.seed)
        column = np.full(len(samples), "", dtype="<U10")
        column[used] = np.array(SPLITS)[parts]
        for other in range(seeds):
            # Members of an ensemble take the seeds that follow on the first.
            seed = settings.training.seed + settings.network.members * other
            training = replace(settings.training, seed=seed)
            tasks.append(
                RunTask(
                    f"split_{number}_seed_{other}",
                    replace(settings, training=training, splits=made),
                    columns={"split": column},
                )
            )
    return tasks


def _standard_error(outcomes: Sequence[RunOutcome], name: str) -> float:
    """Return what the bootstrap of a single run says of its spread: a quarter of a 95 % interval, roughly."""
    widths = np.array([each.figures[name].high - each.figures[name].low for each in outcomes])
    return float(widths.mean() / (2 * 1.959964))


def _findings(samples: SampleSet) -> tuple[Finding, ...]:
    if "split" not in samples.column_names:
        return ()
    reason = (
        "the set has a split of its own; it was set aside, and new ones were made from the samples it uses"
    )
    return (Finding("split", "split-set-aside", reason, "note"),)


def _sections(
    components: Mapping[str, VarianceComponents],
    values: Mapping[str, NDArray[Any]],
    sampling: Mapping[str, float],
) -> list[PageSection]:
    columns = [
        "figure",
        "mean",
        "seeds",
        "range of it",
        "splits besides",
        "both",
        "F",
        "p",
        "bootstrap of one",
    ]
    rows = [
        [
            name,
            f"{found.mean:.4f}",
            f"{found.seed:.4f}",
            f"{found.seed_low:.4f} \N{EN DASH} {found.seed_high:.4f}",
            f"{found.split:.4f}",
            f"{found.total:.4f}",
            f"{found.f:.2f}",
            f"{found.p:.3f}",
            f"{sampling[name]:.4f}",
        ]
        for name, found in components.items()
    ]
    text = (
        "Standard deviations. Seeds: runs on one split that differ in their random start, order and dropout. "
        "Splits besides: what splits differ beyond that; other training samples and other test samples are "
        "both in it. F and p compare the two. The last column is the standard error that the bootstrap of a "
        "single "
        "run claims: where it is smaller than both together, an interval from one run promises too much."
    )
    figures = [
        page_figure(
            f"runs-{number}",
            name,
            run_plot(values[name], [f"split {row}" for row in range(len(values[name]))], name),
            "A dot a run, a row a split; the bar is the mean of the split.",
        )
        for number, name in enumerate(headlines(list(values)))
    ]
    return [PageSection("Two sources of spread", text, [PageTable(columns, rows)], figures)]
