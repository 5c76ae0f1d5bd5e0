"""What a saved model needs to be judged: samples as its recipe makes them, and its threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skysieve.configuration import from_dict
from skysieve.errors import ContractError
from skysieve.evaluation.thresholds import Threshold, fixed
from skysieve.models.model import Model
from skysieve.models.readings.light_curve_steps import SEARCH
from skysieve.recipes.alert_samples import prepare_alert_samples
from skysieve.recipes.configuration import Configuration, LabelConfig
from skysieve.recipes.light_curve_samples import with_periods
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.renamed_classes import with_classes
from skysieve.samples.sample_set import SampleSet

__all__ = [
    "check_classes_of_model",
    "classes_by_name",
    "judging_settings",
    "prepare_for_model",
    "settings_of_run",
    "threshold_of",
]


def prepare_for_model(
    model: Model, inputs: Sequence[str | Path], labels: LabelConfig | None = None
) -> SampleSet:
    """Make the sample set as a model's recipe does; that of an imported model is made of alerts.

    Parameters
    ----------
    model : Model
        The model.
    inputs : sequence of path
        A sample set, or what the recipe can make one from.
    labels : LabelConfig, optional
        Where labels come from; as in the recipe if not given.
    """
    described = model.description
    if described.recipe in RECIPES:
        recipe = RECIPES.get(described.recipe)
        configuration = replace(recipe.configuration, labels=labels or recipe.configuration.labels)
        samples = recipe.prepare(inputs, configuration)
        fold = described.contract.reading.get("fold", SEARCH)
        return classes_by_name(model, with_periods(samples, fold) if fold not in ("", SEARCH) else samples)
    return prepare_alert_samples(
        inputs, labels or LabelConfig(), described.contract, classes=described.classes
    )


def classes_by_name(model: Model, samples: SampleSet) -> SampleSet:
    """Return samples numbered as the model numbers its classes, if it learned these from its own samples.

    A recipe that names its classes takes no others: there a set with another order is refused later.
    """
    name = model.description.recipe
    if name in RECIPES and not RECIPES.get(name).classes and samples.classes:
        return with_classes(samples, model.description.classes)
    return samples


def check_classes_of_model(model: Model, samples: SampleSet) -> None:
    """Check that samples have the classes of a model, in the same order.

    Raises
    ------
    ContractError
        If they have others.
    """
    expected = model.description.classes
    if samples.classes != expected:
        raise ContractError(
            f"the samples have the classes {samples.classes}, the model {expected}, in this order"
        )


def threshold_of(model: Model) -> Threshold | None:
    """Return the threshold that a model comes with, 0.5 without one; None for more than two classes."""
    if len(model.description.classes) > 2:
        return None
    stored = model.description.threshold
    return fixed(0.5) if stored is None else Threshold(**stored)


def judging_settings(model: Model, *, shares: bool = True) -> Configuration:
    """Return the settings that a model is judged with: those of its recipe, and the true shares of its run.

    A share that was stated when the model was trained holds for it until another is stated.

    Parameters
    ----------
    model : Model
        The model; one of no registered recipe has the defaults.
    shares : bool
        Whether the shares of its run count; False where others are stated.
    """
    base = _settings_of_recipe(model)
    stored = settings_of_run(model)
    if not shares or stored is None:
        return base
    own = stored.evaluation
    if own.prevalence is None and not own.prevalences:
        return base
    stated = replace(base.evaluation, prevalence=own.prevalence, prevalences=own.prevalences)
    return replace(base, evaluation=stated)


def settings_of_run(model: Model) -> Configuration | None:
    """Return the settings that a model was trained with; None if it does not say."""
    stored = model.description.provenance.get("configuration")
    return from_dict(type(_settings_of_recipe(model)), stored) if stored else None


def _settings_of_recipe(model: Model) -> Configuration:
    name = model.description.recipe
    return RECIPES.get(name).configuration if name in RECIPES else Configuration()
