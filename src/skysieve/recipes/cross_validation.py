"""k-fold cross-validation of a recipe: every sample judged by a model that never saw its fold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.recipes.alert_samples import KNOWN_REAL, WEAK_LABEL
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.judging import KNOWN_REAL_RECALL, WEAK_AUC
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import TrainingRun, train_samples
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_folds

__all__ = ["CrossValidation", "cross_validate"]


@dataclass(frozen=True)
class CrossValidation:
    """What k-fold cross-validation found.

    Parameters
    ----------
    figures : dict of str to Interval
        Pooled over the folds; every sample is called by the threshold of its own fold's model.
    runs : tuple of TrainingRun
        One run a fold, each with its model and report.
    scores : ndarray, shape (N,)
        Calibrated score of every sample from the model that judged its fold.
    called : ndarray of bool, shape (N,)
        Whether that score reaches that model's threshold.
    table : Path
        The figures as JSON.
    """

    figures: dict[str, Interval]
    runs: tuple[TrainingRun, ...]
    scores: NDArray[np.float64]
    called: NDArray[np.bool_]
    table: Path


def cross_validate(
    recipe: Recipe,
    samples: SampleSet,
    folder: str | Path,
    configuration: Configuration,
    **options: Any,
) -> CrossValidation:
    """Train and judge a recipe on every fold in turn, by group and stratified by class.

    For fold k the next fold chooses (early stopping, calibration, threshold), the others train.

    Parameters
    ----------
    recipe : Recipe
        The experiment, of two classes.
    samples : SampleSet
        Labelled samples.
    folder : path
        Holds a run folder a fold; a killed run goes on.
    configuration : Configuration
        Settings; ``splits.folds`` and ``splits.seed`` make the folds.
    **options
        As of `skysieve.recipes.run.train_samples`.

    Raises
    ------
    ConfigurationError
        If ``splits.folds`` is not set, or the recipe has more than two classes.
    SampleSetError
        As `skysieve.recipes.run.train_samples`.
    """
    count = configuration.splits.folds
    if count < 3 or len(recipe.classes) > 2:
        raise ConfigurationError(
            "cross-validation needs splits.folds of 3 or more, and a recipe of two classes"
        )
    recipe.check_classes(samples)
    folds = with_folds(samples, count, seed=configuration.splits.seed).scalar("fold")
    scores, called = np.full(len(samples), np.nan), np.zeros(len(samples), dtype=bool)
    runs = []
    for fold in range(count):
        split = np.where(folds == fold, "test", np.where(folds == (fold + 1) % count, "validation", "train"))
        run = train_samples(
            recipe,
            samples.with_columns({"split": split}),
            Path(folder) / f"fold_{fold}",
            configuration,
            **options,
        )
        rows = folds == fold
        threshold = run.model.description.threshold
        scores[rows] = run.scores[rows]
        called[rows] = run.scores[rows] >= (0.5 if threshold is None else threshold["value"])
        runs.append(run)
    figures = _pooled(samples, scores, called, configuration)
    table = Path(folder) / "cross_validation.json"
    content = {name: interval.to_json() for name, interval in figures.items()}
    table.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return CrossValidation(figures, tuple(runs), scores, called, table)


def _pooled(
    samples: SampleSet, scores: NDArray[np.float64], called: NDArray[np.bool_], configuration: Configuration
) -> dict[str, Interval]:
    columns = samples.column_names
    weak = samples.scalar(WEAK_LABEL).astype(int) if WEAK_LABEL in columns else np.full(len(samples), -1)
    known = samples.scalar(KNOWN_REAL).astype(bool) if KNOWN_REAL in columns else np.zeros(len(samples), bool)
    return bootstrap_intervals(
        _figures,
        samples.labels,
        weak,
        known,
        scores,
        called,
        groups=samples.groups,
        replicates=configuration.evaluation.replicates,
        seed=configuration.evaluation.seed,
    )


def _figures(
    labels: NDArray[Any], weak: NDArray[Any], known: NDArray[Any], scores: NDArray[Any], called: NDArray[Any]
) -> Mapping[str, float]:
    figures = {
        "roc_auc": _auc(labels, scores),
        "recall": _mean(called[labels == 1]),
        "fpr": _mean(called[labels == 0]),
    }
    if (weak >= 0).any():
        figures[WEAK_AUC] = _auc(weak, scores)
    if known.any():
        figures[KNOWN_REAL_RECALL] = _mean(called[known])
    return figures


def _auc(labels: NDArray[Any], scores: NDArray[Any]) -> float:
    rows = labels >= 0
    if len(np.unique(labels[rows])) < 2:
        return float("nan")
    return float(roc_auc_score(labels[rows], scores[rows]))


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")
