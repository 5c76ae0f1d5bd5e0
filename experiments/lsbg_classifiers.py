"""The classifiers of galaxies of low surface brightness, with protocols chosen on validation samples only.

The published network learns as published, but for the number of epochs and samples: 100 epochs of 30,000
pictures would take half a day on one core. The compact network learns as modern ones do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsbg_figures import Judged
from lsbg_sets import LsbgSet, border_levels
from skysieve.recipes.configuration import Configuration, NetworkConfig
from skysieve.recipes.deepshadows import DEEPSHADOWS
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty.runs import RunTask, train_runs
from skysieve.samples import SampleSet

__all__ = [
    "CLASSIFIERS",
    "NETWORKS",
    "Effort",
    "judged_by_features",
    "judged_by_networks",
    "judged_by_the_border",
    "settings_of",
]

NETWORKS = ("deepshadows", "compact")

#: Classifiers of features: what they are called, which they are, and whether they see half-light radii too.
CLASSIFIERS = {
    "svm": ("svm", False),
    "forest": ("forest", False),
    "svm with radii": ("svm", True),
    "forest with radii": ("forest", True),
}


@dataclass(frozen=True)
class Effort:
    """How long everything takes.

    Parameters
    ----------
    counts : dict of str to int
        Samples of each split.
    epochs : dict of str to int
        Of each network, and of those that learn from wrong labels (``noise``).
    fractions, biased : tuple of float
        Shares of wrong labels in training: at random, and in one direction.
    repeats : int
        Draws of wrong labels, each with a seed of its own.
    replicates : int
        Of the bootstrap.
    """

    counts: dict[str, int]
    epochs: dict[str, int]
    fractions: tuple[float, ...] = (0.01, 0.05, 0.1, 0.33)
    biased: tuple[float, ...] = (0.01, 0.05, 0.1)
    repeats: int = 2
    replicates: int = 1000


def settings_of(network: str, epochs: int, replicates: int) -> Configuration:
    """Return the settings of a network."""
    published = DEEPSHADOWS.configuration
    training = replace(published.training, epochs=epochs, patience=epochs, threads=1)
    if network == "compact":
        training = replace(
            training,
            optimizer="adamw",
            learning_rate=3e-3,
            weight_decay=0.05,
            schedule="cosine",
            warmup_epochs=1 if epochs > 1 else 0,
            precision="float32",
        )
    return replace(
        published,
        network=NetworkConfig(name=network),
        training=training,
        evaluation=replace(published.evaluation, replicates=replicates),
    )


def judged_by_networks(
    recipe: Recipe,
    found: LsbgSet,
    samples: SampleSet,
    folder: Path,
    effort: Effort,
    networks: Sequence[str] = NETWORKS,
) -> tuple[dict[str, ScoredSamples], dict[str, Any]]:
    """Return the scores of the test samples by each network, and how its training went.

    Parameters
    ----------
    recipe : Recipe
        With two classes, or with three.
    found : LsbgSet
        The set.
    samples : SampleSet
        Its samples with the labels of the recipe.
    folder : Path
        Holds a run for each network; what is done is not done again.
    effort : Effort
        Epochs and replicates.
    networks : sequence of str
        Which of `NETWORKS`.
    """
    tasks = [
        RunTask(name, settings_of(name, effort.epochs[name], min(200, effort.replicates)))
        for name in networks
    ]
    outcomes = train_runs(recipe, [found.path], samples, folder, tasks)
    scored, told = {}, {}
    for outcome in outcomes:
        scored[outcome.name] = outcome.scored.take(outcome.scored.rows("test"))
        told[outcome.name] = training_of(outcome.folder)
    return scored, told


def training_of(folder: Path) -> dict[str, Any]:
    """Return how a training went: epochs, the best of them, and its figures on validation samples."""
    (path,) = folder.glob("training/**/history.json")
    history = json.loads(path.read_text())
    records = history["epochs"] if isinstance(history, dict) else history
    best = min(records, key=lambda each: each["validation_loss"])
    accuracies = [each["validation_accuracy"] for each in records]
    return {
        "epochs": len(records),
        "best_epoch": best["epoch"],
        "validation_accuracy": best["validation_accuracy"],
        "training_accuracy": best["training_accuracy"],
        "lowest_validation_accuracy_after_half": min(accuracies[len(accuracies) // 2 :]),
    }


def judged_by_features(
    found: LsbgSet,
    labels: NDArray[np.int64],
    classes: Sequence[str],
    names: Sequence[str] = tuple(CLASSIFIERS),
) -> dict[str, Judged]:
    """Return what classifiers of features say of the test samples.

    Where nothing was measured, features are the medians of the training samples: a sample counts, and is
    called whatever an average one is called.
    """
    judged = {}
    for name in names:
        kind, radii = CLASSIFIERS[name]
        judged[name] = _judged(kind, found.features if radii else found.sixteen(), found, labels, classes)
    return judged


def judged_by_the_border(
    found: LsbgSet, labels: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, Judged]:
    """Return what a forest says of the test samples that sees no subject, only the border of each picture.

    It is no rival but a question to the simulator: what it gets right, a network may, too, without having
    looked at a galaxy.
    """
    return {"border": _judged("forest", border_levels(found), found, labels, classes)}


def _judged(
    kind: str, table: FeatureTable, found: LsbgSet, labels: NDArray[np.int64], classes: Sequence[str]
) -> Judged:
    train, test = found.rows("train"), found.rows("test")
    fitted = fit_feature_classifier(kind, table.take(train), labels[train], tuple(classes))
    return Judged(fitted.scores(table.take(test)), fitted.predicted(table.take(test)))
