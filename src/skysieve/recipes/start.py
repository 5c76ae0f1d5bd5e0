"""What a run starts from: new networks, or those of another model, and what is said of that afterwards."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network as rebuild_network
from skysieve.networks import build_network
from skysieve.networks.registry import NETWORKS
from skysieve.networks.weights import load_backbone, load_state, load_weights
from skysieve.preprocess import Pipeline
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.light_curve_configuration import SequenceConfiguration
from skysieve.recipes.recipe import Recipe
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_plan import plan_fine_tuning

__all__ = ["fine_tuned_from", "network_json", "network_maker", "original_rate"]

#: Settings of readings by which a number means another thing.
_MEANING = ("kind", "unit", "dm_edges", "dt_edges", "normalisation", "smear", "fold_factor")


def network_maker(
    recipe: Recipe, settings: Configuration, start: str | Path | None = None
) -> Callable[[], Any]:
    """Return what builds the networks of a run, one after the other.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    settings : Configuration
        Name the network.
    start : path, optional
        A model whose weights every network starts from; each member of an ensemble from its own.
    """
    members = itertools.count()

    def make() -> Any:
        network = build_network(
            settings.network.name,
            shape=recipe.contract.fixed_shape,
            outputs=_outputs(recipe),
            **_arguments(settings),
        )
        if start is not None:
            _start_from(network, Model.load(start), settings, recipe, next(members))
        return network

    return make


def _start_from(network: Any, model: Model, settings: Configuration, recipe: Recipe, member: int) -> None:
    """Load the weights of another model, after checking that they mean the same here.

    Where the other model has other classes, its last layer is left out.
    """
    found, same_classes = model.description.network, model.description.classes == recipe.classes
    alone = replace(settings, network=replace(settings.network, members=1))
    ensemble = "members" in found
    expected = network_json(settings if ensemble else alone, recipe)
    same = found | {"outputs": expected["outputs"]} == expected and (same_classes or not ensemble)
    if not same or model.description.preprocess != Pipeline.of(*settings.preprocess).to_json():
        raise ConfigurationError(
            f"{model.folder}: cannot start from this model: it has the network {found} behind "
            f"{model.description.preprocess}, the run has {expected} behind {settings.preprocess}"
        )
    _check_same_reading(model, recipe)
    if ensemble:
        whole = rebuild_network(model.description, model.folder / WEIGHTS)
        load_state(network, whole.networks[member].state_dict(), str(model.folder))
        return
    load = load_weights if same_classes else load_backbone
    load(network, model.folder / WEIGHTS)


def _check_same_reading(model: Model, recipe: Recipe) -> None:
    """Check that inputs made of light curves mean the same to both: weights know columns by their place."""
    theirs, ours = model.description.contract, recipe.contract
    if not theirs.reading and not ours.reading:
        return
    told: list[tuple[str, Any, Any]] = [("channels", theirs.channels, ours.channels)]
    told += [(name, theirs.reading.get(name), ours.reading.get(name)) for name in _MEANING]
    for name, found, expected in told:
        # Images that were made before do not tell the unit of their curves.
        unknown = name == "unit" and not (found and expected)
        if found != expected and not unknown:
            raise ConfigurationError(
                f"{model.folder}: cannot start from this model: it reads light curves with {name} {found}, "
                f"the run with {expected}; give the run the settings and the bands of the model"
            )


def fine_tuned_from(begun: Model, fine_tuning: FineTuningConfig) -> dict[str, Any]:
    """Return what of a model learned on: ``words`` for the card of the new one, and ``facts``."""
    described = begun.description
    network = rebuild_network(described, begun.folder / WEIGHTS)
    alone = network.networks[0] if "members" in described.network else network
    blank = torch.zeros(1, *described.contract.image_shape)
    plan = plan_fine_tuning(alone, Pipeline.from_json(described.preprocess)(blank), fine_tuning).to_json()
    learned = f"{', '.join(plan['trained'])} learned ({plan['trained_parameters']:,} parameters a network)"
    words = f"from {described.name} (identity {begun.identity}), {fine_tuning.text}: {learned}"
    words += f"; {', '.join(plan['frozen'])} stayed as they were" if plan["frozen"] else ""
    facts = as_dict(fine_tuning) | plan | {"model": described.name, "identity": begun.identity}
    facts["original_rate"] = original_rate(begun)
    return {"words": words, "facts": facts}


def original_rate(model: Model) -> float | None:
    """Return the learning rate that a model had before it was ever fine-tuned; None if it is not known."""
    provenance = model.description.provenance
    if began := provenance.get("fine_tuning"):
        return began["original_rate"]  # type: ignore[no-any-return]
    rate: float | None = provenance.get("configuration", {}).get("training", {}).get("learning_rate")
    return rate


def network_json(settings: Configuration, recipe: Recipe) -> dict[str, Any]:
    """Return the network of a run as ``model.json`` describes it."""
    arguments: dict[str, Any] = json.loads(json.dumps(_arguments(settings)))
    described = {"name": settings.network.name, "outputs": _outputs(recipe), "arguments": arguments}
    return described if settings.network.members == 1 else described | {"members": settings.network.members}


def _arguments(settings: Configuration) -> dict[str, Any]:
    """Return the arguments of the network, with what follows from how a curve is read."""
    arguments = dict(settings.network.arguments)
    if not isinstance(settings, SequenceConfiguration):
        return arguments
    network, read = settings.network.name, settings.sequence
    known = inspect.signature(NETWORKS.get(network)).parameters
    for name, value, setting in (
        ("errors", read.errors, "errors"),
        ("folded", bool(read.fold), "fold"),
    ):
        if name not in known and value:
            raise ConfigurationError(
                f"network {network!r} does not read {name} curves; leave sequence.{setting} out"
                if name == "folded"
                else f"network {network!r} does not read errors; set sequence.errors to false"
            )
        if name in known and arguments.setdefault(name, value) != value:
            raise ConfigurationError(
                f"network.arguments.{name} is {arguments[name]} and sequence.{setting} says {value}; leave "
                "the argument out"
            )
    return arguments


def _outputs(recipe: Recipe) -> int:
    return 1 if len(recipe.classes) == 2 else len(recipe.classes)
