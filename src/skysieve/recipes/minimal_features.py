"""Minimal feature sets: how few features lose how little.

Greedy removal: from all features on, the one that is needed least is left out, again and again. It is chosen
among the least important ones (permutation importances on the validation folds) by fitting without each of
them. All is cross-validated by group within the samples given. Those of a test split are not to be among
them: the set that is chosen is the best of many on these samples, and its figure a little too good. Judge it
on the test split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.progress import progress_bar
from skysieve.recipes.feature_classifiers import FEATURE_CLASSIFIERS, fit_feature_classifier
from skysieve.recipes.feature_importances import FIGURES, permutation_importances
from skysieve.recipes.feature_table import FeatureTable
from skysieve.samples.splits import assign_groups

__all__ = ["MinimalFeatures", "Removal", "minimal_features"]


@dataclass(frozen=True)
class Removal:
    """One step of the removal.

    Parameters
    ----------
    features : tuple of str
        Those that are left.
    removed : str
        The one that was left out in this step; empty for the first.
    mean, sd : float
        Of the figure over the validation folds.
    """

    features: tuple[str, ...]
    removed: str
    mean: float
    sd: float


@dataclass(frozen=True)
class MinimalFeatures:
    """What greedy removal found.

    Parameters
    ----------
    figure : str
        What may be lost.
    loss : float
        How much of it.
    steps : tuple of Removal
        From all features to the last that was tried.
    features : tuple of str
        The smallest set whose figure is not lower than that of all features by more than the loss.
    """

    figure: str
    loss: float
    steps: tuple[Removal, ...]
    features: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the order and the curve as a JSON-ready dictionary."""
        curve = [
            {"count": len(step.features), "removed": step.removed, "mean": step.mean, "sd": step.sd}
            for step in self.steps
        ]
        return {
            "figure": self.figure,
            "loss": self.loss,
            "features": list(self.features),
            "curve": curve,
            "judged_on": "validation folds",
        }


def minimal_features(
    name: str,
    table: FeatureTable,
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    classes: tuple[str, ...],
    *,
    loss: float = 0.01,
    figure: str = "balanced_accuracy",
    candidates: int = 3,
    least: int = 1,
    folds: int = 5,
    seed: int = 0,
    progress: bool = False,
) -> MinimalFeatures:
    """Remove features one by one, the one that is needed least first.

    Parameters
    ----------
    name : {"svm", "forest", "boosting"}
        The classifier.
    table : FeatureTable
        Samples for training and validation, none of the test split.
    labels, groups : ndarray, shape (N,)
        Classes, and what must not be divided between folds.
    classes : tuple of str
        Names of the classes.
    loss : float
        How much of the figure may be lost, from that of all features.
    figure : {"accuracy", "balanced_accuracy"}
        What may be lost; its mean over the folds.
    candidates : int
        How many of the least important features are tried in a step. The number of fits is about
        features · candidates · folds.
    least : int
        Features at which to stop.
    folds, seed : int
        Of the cross-validation.
    progress : bool
        Show progress.

    Raises
    ------
    ConfigurationError
        If a setting makes no sense.
    SampleSetError
        As of `fit_feature_classifier`; if a fold lacks samples.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> values = generator.normal(size=(200, 4)) + np.array([0, 4, 0, 0]) * labels[:, None]
    >>> table = FeatureTable(("a", "b", "c", "d"), values)
    >>> found = minimal_features(
    ...     "forest", table, labels, np.arange(200), ("EW", "RRab"), folds=3, candidates=1, loss=0.02
    ... )
    >>> found.features, [len(step.features) for step in found.steps]
    (('b',), [4, 3, 2, 1])
    """
    if name not in FEATURE_CLASSIFIERS or figure not in FIGURES:
        raise ConfigurationError(
            f"the classifier is one of {', '.join(FEATURE_CLASSIFIERS)}, the figure one of "
            f"{', '.join(FIGURES)}; found {name!r} and {figure!r}"
        )
    if loss < 0 or candidates < 1 or folds < 2 or not 1 <= least <= len(table.names):
        raise ConfigurationError(
            "loss is 0 or more, candidates 1 or more, folds 2 or more, least 1 to the number of features; "
            f"found {loss}, {candidates}, {folds}, {least}"
        )
    parts = assign_groups(groups, labels, np.ones(folds), seed=seed)
    judged = _Judged(name, table, labels, classes, parts, figure, seed)
    scores, importances = judged.of(table.names, ranked=True)
    steps = [_step(table.names, "", scores)]
    with progress_bar("removing features", len(table.names) - least, enabled=progress) as bar:
        while len(left := steps[-1].features) > least:
            order = [left[number] for number in np.argsort(importances, kind="stable")]
            tried = [
                (tuple(each for each in left if each != out), out)
                for out in order[: candidates if len(left) > 1 else 1]
            ]
            found = [judged.of(features)[0] for features, _ in tried]
            best = int(np.argmax([scores.mean() for scores in found]))
            steps.append(_step(*tried[best], found[best]))
            if len(tried[best][0]) > least:
                importances = judged.of(tried[best][0], ranked=True)[1]
            bar.advance()
    enough = [step for step in steps if step.mean >= steps[0].mean - loss]
    return MinimalFeatures(figure, loss, tuple(steps), enough[-1].features)


@dataclass(frozen=True)
class _Judged:
    """Cross-validation of subsets of the features, always on the same folds."""

    name: str
    table: FeatureTable
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    parts: NDArray[np.int64]
    figure: str
    seed: int

    def of(
        self, features: Sequence[str], *, ranked: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the figure in every fold and, if asked, the mean importance of every feature."""
        table = self.table.checked(tuple(features))
        scores, losses = [], []
        for fold in np.unique(self.parts):
            held = self.parts == fold
            fitted = fit_feature_classifier(
                self.name, table.take(~held), self.labels[~held], self.classes, seed=self.seed
            )
            called = fitted.predicted(table.take(held))
            scores.append(float(FIGURES[self.figure](self.labels[held], called)))
            if ranked:
                found = permutation_importances(
                    fitted, table.take(held), self.labels[held], figure=self.figure, repeats=1, seed=self.seed
                )
                losses.append(found.losses.mean(1))
        means = np.mean(losses, axis=0) if losses else np.empty(0)
        return np.array(scores), means


def _step(features: tuple[str, ...], removed: str, scores: NDArray[np.float64]) -> Removal:
    return Removal(features, removed, float(scores.mean()), float(scores.std(ddof=1)))
