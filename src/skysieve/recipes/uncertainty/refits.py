"""Networks trained on resampled groups: the spread that a bootstrap of the test split leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import from_dict
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.model import Model
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty.runs import RunTask, train_runs
from skysieve.samples.sample_set import SampleSet

__all__ = ["recipe_of_model", "refit"]

#: Draws of training samples that lack a class, before giving up.
TRIES = 100


def refit(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    samples: SampleSet,
    folder: str | Path,
    settings: Configuration,
    *,
    refits: int,
    seed: int = 1,
    workers: int = 1,
    resume: bool = True,
    progress: bool = True,
) -> list[ScoredSamples]:
    """Train a recipe anew on resampled groups, to see the part of the spread that training has.

    Groups of the training split and those of the validation split are drawn with replacement, as many as
    there are; every refit has a seed of its own. The test split stays as it is.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    inputs : sequence of path
        What processes make the samples from anew.
    samples : SampleSet
        Labelled samples with a column ``split``.
    folder : path
        Holds ``refit_0``, ``refit_1`` ...: a run folder each.
    settings : Configuration
        Settings of every refit but for the seed.
    refits : int
        How many, 2 or more.
    seed : int
        Of the draws.
    workers, resume, progress
        As of `skysieve.recipes.uncertainty.runs.train_runs`.

    Returns
    -------
    list of ScoredSamples
        Of the test split, in the order of the samples.

    Raises
    ------
    ConfigurationError
        If there are fewer than two refits.
    SampleSetError
        If the samples have no split, or hardly any draw holds every class.
    """
    if refits < 2:
        raise ConfigurationError(f"{refits} refits; a spread needs 2 or more, a steady one some 20")
    if "split" not in samples.column_names:
        raise SampleSetError(
            "the samples have no split, and the model lies in no run: refits need to know what it learned "
            "from; make one with `skysieve samples split`"
        )
    test, split = samples.split_rows("test"), samples.scalar("split")
    tasks = []
    for number in range(refits):
        drawn = [_drawn(samples, part, seed, number) for part in ("train", "validation")]
        rows = np.concatenate([*drawn, test])
        own = settings.training.seed + settings.network.members * (number + 1)
        training = replace(settings.training, seed=own)
        # Processes make the samples anew, without the split that the model brought.
        columns = {"split": split[rows]}
        tasks.append(RunTask(f"refit_{number}", replace(settings, training=training), columns, rows))
    outcomes = train_runs(
        recipe, inputs, samples, Path(folder), tasks, workers=workers, resume=resume, progress=progress
    )
    return [each.scored.take(each.scored.rows("test")) for each in outcomes]


def recipe_of_model(model: Model) -> tuple[Recipe, Configuration]:
    """Return the recipe that made a model, and the settings that it was made with.

    Raises
    ------
    ConfigurationError
        If no recipe of this installation made it, or it does not say with which settings.
    """
    description = model.description
    settings: Any = description.provenance.get("configuration")
    if began := description.provenance.get("fine_tuning"):
        raise ConfigurationError(
            f"{model.folder}: the model was fine-tuned from {began['model']}; training it anew from random "
            "weights would tell of another model. Leave out --refits"
        )
    if description.recipe not in RECIPES or not settings:
        raise ConfigurationError(
            f"{model.folder}: the model does not say by which recipe and settings it was trained, so it "
            "cannot be trained again; leave out --refits"
        )
    recipe = RECIPES.get(description.recipe)
    return recipe, from_dict(type(recipe.configuration), settings)


def _drawn(samples: SampleSet, part: str, seed: int, number: int) -> NDArray[np.int64]:
    """Return the labelled rows of a split by groups drawn with replacement, all classes among them."""
    labels = samples.labels
    rows = samples.split_rows(part)
    rows = rows[labels[rows] >= 0]
    _, group = np.unique(samples.groups[rows], return_inverse=True)
    members = np.split(rows[np.argsort(group, kind="stable")], np.cumsum(np.bincount(group))[:-1])
    rng = np.random.default_rng([seed, number, ("train", "validation").index(part)])
    for _ in range(TRIES):
        drawn = np.concatenate([members[which] for which in rng.integers(len(members), size=len(members))])
        if len(np.unique(labels[drawn])) == len(samples.classes):
            return drawn
    raise SampleSetError(
        f"{TRIES} draws of {len(members)} groups of the split {part!r} lacked a class each; refits need "
        "several groups of every class"
    )
