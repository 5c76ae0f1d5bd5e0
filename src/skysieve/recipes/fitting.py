"""Fit what a recipe names: networks, or an ensemble of decision trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.models.description import TREES
from skysieve.models.tree_graph import tree_logits
from skysieve.preprocess import Pipeline
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.light_curve_configuration import SequenceConfiguration
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.split_samples import SplitSamples
from skysieve.recipes.start import network_json, network_maker
from skysieve.recipes.tree_classifiers import TREES as TREE_CLASSIFIERS
from skysieve.recipes.tree_classifiers import fit_trees
from skysieve.recipes.vote_targets import examples_of
from skysieve.training.ensemble import fit_ensemble
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_fit import fit_fine_tuned
from skysieve.training.fit import FitResult, fit
from skysieve.training.history import EpochRecord
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences
from skysieve.training.thinning import Thinning

__all__ = ["Fitted", "fit_recipe"]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was fitted, and what it says of all samples.

    Parameters
    ----------
    model : torch.nn.Module, or a classifier of scikit-learn
        What `skysieve.models.save.save_model` writes.
    logits : ndarray, shape (N, outputs), float32
        Of every sample, whatever its split; not calibrated.
    preprocess : Pipeline
        What stands before the network.
    described : mapping
        The network, for ``model.json``.
    told : mapping of str to str
        How it went, for the model card.
    history : sequence of EpochRecord
        Learning curves of the first network; empty for trees.
    """

    model: Any
    logits: NDArray[np.float32]
    preprocess: Pipeline
    described: Mapping[str, Any]
    told: Mapping[str, str]
    history: Sequence[EpochRecord] = field(default=())


def fit_recipe(
    recipe: Recipe,
    settings: Configuration,
    split: SplitSamples,
    folder: Path,
    *,
    start: str | Path | None = None,
    fine_tuning: FineTuningConfig | None = None,
    resume: bool = True,
    progress: bool = True,
) -> Fitted:
    """Fit the networks, or the trees, that the settings name, on the training part of a split.

    Parameters
    ----------
    recipe : Recipe
        With its classes and contract.
    settings : Configuration
        Name network and protocol.
    split : SplitSamples
        The samples.
    folder : Path
        Holds the checkpoints of networks.
    start, fine_tuning, resume, progress
        As of `skysieve.recipes.run.train_samples`.

    Raises
    ------
    ConfigurationError
        If trees are to start from a model, or to be preprocessed.
    """
    if settings.network.name in TREE_CLASSIFIERS:
        if start is not None or settings.preprocess or settings.network.members > 1:
            raise ConfigurationError(
                f"{settings.network.name!r} is an ensemble of trees: it starts from no model, has no "
                "preprocessing, and is one member"
            )
        return _fit_trees(recipe, settings, split)
    preprocess = Pipeline.of(*settings.preprocess)
    train, validation = (examples_of(split, part, settings.training) for part in ("train", "validation"))
    fitted = fit_ensemble(
        network_maker(recipe, settings, start),
        train,
        validation,
        settings.network.members,
        settings.training,
        folder,
        preprocess=preprocess,
        resume=resume,
        progress=progress,
        fit_member=_fit_member(settings, split, fine_tuning),
    )
    members = fitted.members
    network = members[0].network if len(members) == 1 else fitted.network
    return Fitted(
        network,
        predict_logits(network, split.images, preprocess=preprocess, progress=progress),
        preprocess,
        network_json(settings, recipe),
        {"best epoch": ", ".join(f"{member.best_epoch} of {len(member.history)}" for member in members)},
        members[0].history,
    )


def _fit_member(
    settings: Configuration, split: SplitSamples, fine_tuning: FineTuningConfig | None
) -> Callable[..., FitResult]:
    if fine_tuning is not None:
        return partial(fit_fine_tuned, fine_tuning=fine_tuning)
    if isinstance(settings, SequenceConfiguration) and isinstance(split.images, RaggedSequences):
        return partial(fit, augmenter=_thinning(settings))
    return fit


def _thinning(settings: SequenceConfiguration) -> Callable[[Tensor, torch.Generator], Tensor] | None:
    keep = settings.sequence.keep
    return None if keep == (1.0, 1.0) else Thinning(keep, settings.sequence.least)


def _fit_trees(recipe: Recipe, settings: Configuration, split: SplitSamples) -> Fitted:
    if isinstance(split.images, RaggedSequences) or split.images.ndim != 2:
        raise ConfigurationError(
            f"{settings.network.name!r} takes features, one row a sample; found samples of shape "
            f"{split.images.shape[1:]}: name a network instead"
        )
    rows, network = split.rows("train"), settings.network
    classifier = fit_trees(
        network.name,
        split.images[rows],
        split.labels[rows],
        len(recipe.classes),
        network.arguments,
        seed=settings.training.seed,
        class_weights=settings.training.class_weights,
    )
    return Fitted(
        classifier,
        tree_logits(classifier, split.images),
        Pipeline.of(),
        network_json(settings, recipe) | {"kind": TREES},
        {"learned from": f"{len(rows):,} samples"},
    )
