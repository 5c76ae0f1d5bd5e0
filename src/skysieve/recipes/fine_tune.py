"""Fine-tune a saved model on other samples: the recipe, settings and samples that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.contract import InputContract
from skysieve.models.model import DESCRIPTION, SHIPPED, WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Sieve, is_sieve
from skysieve.preprocess import Pipeline
from skysieve.recipes.configuration import Configuration, NetworkConfig
from skysieve.recipes.made_images import with_images
from skysieve.recipes.model_samples import classes_by_name, settings_of_run
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.run import TrainingRun, train_samples
from skysieve.recipes.seen_groups import seen_samples
from skysieve.recipes.split_samples import SPLITS
from skysieve.recipes.start import original_rate
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_splits
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_blocks import Block, blocks_of

__all__ = [
    "blocks_of_model",
    "check_samples",
    "fine_tune",
    "fine_tune_settings",
    "open_trained",
    "recipe_of_trained",
    "tuned_samples",
]

#: Passes over the samples, and samples a step, as in the published fine-tuning of DeepShadows.
EPOCHS, BATCH = 30, 16

#: The learning rate of a network that is trained already, as a share of the one it was trained with.
RATE = 0.1


def fine_tune(
    model: Model | str | Path,
    inputs: Sequence[str | Path],
    folder: str | Path,
    fine_tuning: FineTuningConfig | None = None,
    configuration: Configuration | None = None,
    *,
    new_head: bool = False,
    name: str | None = None,
    resume: bool = True,
    progress: bool = True,
) -> TrainingRun:
    """Train a saved model on, judge it on the test split of the new samples, write a model and a report.

    Parameters
    ----------
    model : Model or path
        A model or run folder, a shipped model by its name, or a member of a sieve (``streaks/rb-1``).
    inputs : sequence of path
        A sample set, or what the model's recipe can make one from; its own split is respected.
    folder : path
        The run folder. Called again with the same arguments, a killed run goes on.
    fine_tuning : FineTuningConfig, optional
        What learns, and how fast; the whole network if not given.
    configuration : Configuration, optional
        Settings; those of `fine_tune_settings` if not given.
    new_head : bool
        Take the classes of the samples instead of the model's, and draw the last layer anew for them.
    name : str, optional
        Name of the new model.
    resume, progress : bool
        As of `skysieve.recipes.run.train_samples`.

    Returns
    -------
    TrainingRun
        The model's card says from which model it was fine-tuned, and how.

    Raises
    ------
    SampleSetError
        If the samples are not what the model takes; the message names both.
    ConfigurationError
        If the model is a sieve, or settings contradict it.
    """
    opened = open_trained(model)
    tuning = fine_tuning or FineTuningConfig()
    settings = configuration or fine_tune_settings(opened, tuning)
    recipe = recipe_of_trained(opened)
    samples = tuned_samples(opened, recipe, inputs, settings, new_head=new_head)
    if new_head:
        recipe = replace(recipe, classes=samples.classes, published=())
        settings = _with_shares_of(samples.classes, settings, opened)
    return train_samples(
        recipe,
        samples,
        folder,
        settings,
        name=name or f"{opened.description.name}-fine-tuned",
        start=opened.folder,
        fine_tuning=tuning,
        resume=resume,
        progress=progress,
    )


def open_trained(model: Model | str | Path) -> Model:
    """Open a model or run folder, a shipped model, or a member of a sieve.

    Raises
    ------
    ModelError
        If there is no such model.
    ConfigurationError
        If it is a sieve; the message names its members.
    """
    if isinstance(model, Model):
        return model
    if is_sieve(model):
        members = ", ".join(str(Path(model) / each.name) for each in Sieve.load(model).members)
        raise ConfigurationError(f"{model} is a sieve of several models; fine-tune one of them: {members}")
    for place in (Path(model) / "model", SHIPPED / model):
        if not (Path(model) / DESCRIPTION).is_file() and (place / DESCRIPTION).is_file():
            return Model.load(place)
    return Model.load(model)


def recipe_of_trained(model: Model) -> Recipe:
    """Return the recipe that a model is trained on by, with the classes that the model has.

    A model of no registered recipe, such as an imported one or a member of a sieve, gets one that takes
    sample sets.
    """
    described = model.description
    registered = RECIPES.get(described.recipe) if described.recipe in RECIPES else None
    if registered is not None and registered.contract == described.contract:
        same = registered.classes == described.classes
        return registered if same else replace(registered, classes=described.classes, published=())
    return Recipe(
        name=described.recipe or described.name,
        title=described.summary,
        paper="none",
        summary=described.summary,
        limits=str(described.provenance.get("limits", "")),
        classes=described.classes,
        contract=described.contract,
        configuration=fine_tune_settings(model),
        prepare=partial(_prepare_images, described.contract, registered),
    )


def fine_tune_settings(model: Model, fine_tuning: FineTuningConfig | None = None) -> Configuration:
    """Return the settings that a model was trained with, made gentler.

    30 epochs of batches of 16 without a warm-up, all of them looked at; and a tenth of the learning rate,
    unless the head alone learns, which has nothing below it to forget.

    Parameters
    ----------
    model : Model
        The model. One that does not say how it was trained gets the defaults of training.
    fine_tuning : FineTuningConfig, optional
        What learns.

    Raises
    ------
    ConfigurationError
        If the model is not a network of images.
    """
    described = model.description
    _check_tunable(model)
    settings, network = settings_of_run(model), described.network
    if settings is None:
        steps = tuple(str(step["step"]) for step in described.preprocess)
        of = NetworkConfig(network["name"], network["arguments"], network.get("members", 1))
        settings = replace(Configuration(), preprocess=steps, network=of)
    if Pipeline.of(*settings.preprocess).to_json() != described.preprocess:
        raise ConfigurationError(
            f"{model.folder}: its preprocessing {described.preprocess} has other settings than "
            "this version's; it cannot be fine-tuned"
        )
    # Of a model that was fine-tuned before, a tenth of a tenth would teach it nothing.
    rate = original_rate(model) or settings.training.learning_rate
    tuning = fine_tuning or FineTuningConfig()
    training = replace(
        settings.training,
        epochs=EPOCHS,
        patience=EPOCHS,
        warmup_epochs=0,
        batch_size=min(BATCH, settings.training.batch_size),
        learning_rate=rate if tuning.strategy == "head" else float(f"{RATE * rate:.6g}"),
    )
    return replace(settings, training=training, splits=replace(settings.splits, folds=0))


def tuned_samples(
    model: Model,
    recipe: Recipe,
    inputs: Sequence[str | Path],
    settings: Configuration,
    *,
    new_head: bool = False,
) -> SampleSet:
    """Make the sample set of a fine-tuning, split, and note what the model has seen of its test split.

    Parameters
    ----------
    model, inputs, new_head
        As of `fine_tune`.
    recipe : Recipe
        Makes the samples.
    settings : Configuration
        For ``labels`` and ``splits``.

    Raises
    ------
    SampleSetError
        As of `check_samples`.
    """
    samples = recipe.prepare(inputs, settings)
    if not new_head:
        samples = classes_by_name(model, samples)
    check_samples(model, samples, new_head=new_head)
    if "split" not in samples.column_names:
        shares = {name: getattr(settings.splits, name) for name in SPLITS}
        samples = with_splits(samples, shares, seed=settings.splits.seed)
    seen = seen_samples(samples, model.description.provenance)
    test = samples.scalar("split") == "test"
    if seen is not None and (seen & test).any():
        reason = (
            f"{int((seen & test).sum())} of {int(test.sum())} test samples are of groups that "
            f"{model.description.name} was trained or chosen on; they flatter the figures"
        )
        samples.findings += (Finding("group", "seen-in-training", reason, "warning"),)
    return samples


def check_samples(model: Model, samples: SampleSet, *, new_head: bool = False) -> None:
    """Check that samples are what a model takes and tells apart.

    Raises
    ------
    SampleSetError
        If column, shape, channels, unit or classes are others; the message names both sides.
    """
    contract, name = model.description.contract, model.description.name
    layout = samples.description.tensors.get(contract.column)
    if layout is None:
        raise SampleSetError(
            f"the samples have the tensor columns {', '.join(samples.description.tensors) or 'none'}; the "
            f"model {name} takes {contract.column!r}"
        )
    facts = (
        ("images of shape", layout.shape, contract.shape),
        ("the channels", layout.channels, contract.channels),
        ("values in the unit", layout.unit, contract.unit),
    )
    for what, found, expected in facts:
        if found and found != expected:
            raise SampleSetError(
                f"the samples have {what} {_told(found)}, the model {name} was trained on {_told(expected)}; "
                "make the samples as those of the model, its weights mean nothing on others"
            )
    if samples.classes != model.description.classes and not new_head:
        raise SampleSetError(
            f"the samples have the classes {_told(samples.classes) or 'none'}, the model {name} has "
            f"{_told(model.description.classes)}, in this order; name them alike, or draw a new head for the "
            "classes of the samples (--new-head, in Python new_head=True)"
        )


def blocks_of_model(model: Model) -> tuple[Block, ...]:
    """Return the blocks of a model's network, from the input to the head; of an ensemble those of a member.

    Examples
    --------
    >>> [block.name for block in blocks_of_model(Model.load("braai-weak"))]
    ['conv1', 'conv2', 'conv3', 'conv4', 'fc_1', 'fc_out']
    """
    _check_tunable(model)
    network = build_network(model.description, model.folder / WEIGHTS)
    alone = network.networks[0] if "members" in model.description.network else network
    blank = torch.from_numpy(np.zeros((1, *model.description.contract.shape), dtype=np.float32))
    return blocks_of(alone, Pipeline.from_json(model.description.preprocess)(blank))


def _with_shares_of(classes: tuple[str, ...], settings: Configuration, model: Model) -> Configuration:
    """Leave out the true shares that the model has stated of classes that are no more."""
    stored, own = fine_tune_settings(model).evaluation, settings.evaluation
    if classes == model.description.classes:
        return settings
    gone = {name for name in stored.prevalences if name not in classes}
    kept = {name: share for name, share in own.prevalences.items() if name not in gone}
    one = None if own.prevalence == stored.prevalence else own.prevalence
    return replace(settings, evaluation=replace(own, prevalence=one, prevalences=kept))


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _check_tunable(model: Model) -> None:
    """Refuse what has no blocks to learn one after the other."""
    described = model.description
    if described.trees or not described.contract.image:
        what = "decision trees" if described.trees else f"sequences of {described.contract.column}"
        raise ConfigurationError(
            f"{described.name} is a model of {what}; networks of images alone are fine-tuned: train it anew "
            f"on all samples (skysieve train {described.recipe or 'RECIPE'})"
        )


def _prepare_images(
    contract: InputContract, recipe: Recipe | None, inputs: Sequence[str | Path], settings: Configuration
) -> SampleSet:
    """Open a sample set; of light curves make the images that the model takes, with its own bins."""
    if contract.reading and recipe is not None:
        return with_images(contract, recipe.prepare(inputs, settings))
    if len(inputs) != 1:
        raise ConfigurationError(f"found {len(inputs)} inputs; give one sample set")
    return SampleSet.open(inputs[0])
