"""k-fold cross-validation of a recipe: every sample judged by a model that never saw its fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.evaluation.prevalence import PrecisionByShare, precision_by_share
from skysieve.models.card import PRECISION
from skysieve.recipes.alert_samples import KNOWN_REAL, WEAK_LABEL
from skysieve.recipes.configuration import Configuration, SplitConfig
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judging import KNOWN_REAL_RECALL, WEAK_AUC
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import TrainingRun, train_samples
from skysieve.recipes.split_samples import check_split_names
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import assign_groups

__all__ = ["CrossValidation", "cross_validate"]


@dataclass(frozen=True)
class CrossValidation:
    """What k-fold cross-validation found.

    Parameters
    ----------
    figures : dict of str to Interval
        Pooled over the folds, unusable samples aside; every sample is called by the threshold of its
        own fold's model.
    runs : tuple of TrainingRun
        One run a fold, each with its model and report.
    scores : ndarray, shape (N,)
        Calibrated score of every sample from the model that judged its fold; NaN where a sample is
        unusable or left out.
    called : ndarray of bool, shape (N,)
        Whether that score reaches that model's threshold.
    findings : tuple of Finding
        What was left out.
    table : Path
        The figures as JSON.
    precision : PrecisionByShare
        How the precision depends on how common the classes are, pooled over the folds as well.
    """

    figures: dict[str, Interval]
    runs: tuple[TrainingRun, ...]
    scores: NDArray[np.float64]
    called: NDArray[np.bool_]
    findings: tuple[Finding, ...]
    table: Path
    precision: PrecisionByShare


def cross_validate(
    recipe: Recipe,
    samples: SampleSet,
    folder: str | Path,
    configuration: Configuration,
    **options: Any,
) -> CrossValidation:
    """Train and judge a recipe on every fold in turn, by group and stratified by class.

    For fold k the next fold chooses (early stopping, calibration, threshold), the others train. A
    column ``fold`` of the set is respected. Samples whose column ``split`` says ``test``, or nothing,
    are left out: they are kept for a last judgement.

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
        If ``splits.folds`` is not set, or not the number of folds in the set, or the recipe has more
        than two classes.
    SampleSetError
        As `skysieve.recipes.run.train_samples`.
    """
    count = configuration.splits.folds
    recipe = recipe.of_samples(samples, configuration)
    if count < 3 or len(recipe.classes) > 2:
        raise ConfigurationError(
            "cross-validation needs splits.folds of 3 or more, and a recipe of two classes"
        )
    folds = _folds(samples, configuration.splits)
    left_out = _left_out(folds)
    scores, called = np.full(len(samples), np.nan), np.zeros(len(samples), dtype=bool)
    judged = np.zeros(len(samples), dtype=bool)
    runs = []
    for fold in range(count):
        split = np.where(folds == fold, "test", np.where(folds == (fold + 1) % count, "validation", "train"))
        part = samples.with_columns({"split": np.where(folds < 0, "", split)})
        part.findings += left_out
        run = train_samples(
            recipe,
            part,
            Path(folder) / f"fold_{fold}",
            configuration,
            **options,
        )
        rows = (folds == fold) & run.split.usable
        threshold = run.model.description.threshold
        scores[rows] = run.scores[rows]
        called[rows] = run.scores[rows] >= (0.5 if threshold is None else threshold["value"])
        judged |= rows
        runs.append(run)
    figures = _pooled(samples, scores, called, judged, configuration)
    precision = _precision(samples, called, judged & (samples.labels >= 0), configuration)
    if precision.main.sky is not None:
        figures[f"precision_at_prevalence_{precision.main.sky.share:.3g}"] = precision.main.sky.precision
    table = Path(folder) / "cross_validation.json"
    told = {name: interval.to_json() for name, interval in figures.items()}
    write_json(table, told | {PRECISION: precision.statement, "precision_by_share": precision.to_json()})
    return CrossValidation(figures, tuple(runs), scores, called, left_out, table, precision)


def _folds(samples: SampleSet, splits: SplitConfig) -> NDArray[np.int64]:
    """Return the fold of every sample, -1 for those that the set's own split keeps out of training."""
    columns, kept = samples.column_names, np.ones(len(samples), dtype=bool)
    if "split" in columns:
        check_split_names(samples)
        kept = ~np.isin(samples.scalar("split"), ["test", ""])
    folds = np.full(len(samples), -1)
    if "fold" not in columns:
        shares = np.ones(splits.folds)
        folds[kept] = assign_groups(samples.groups[kept], samples.labels[kept], shares, seed=splits.seed)
        return folds
    own = samples.scalar("fold")[kept]
    if not (np.issubdtype(own.dtype, np.number) and np.array_equal(np.unique(own), np.arange(splits.folds))):
        raise ConfigurationError(
            f"the column 'fold' of the samples holds {', '.join(map(str, np.unique(own)[:10]))}; "
            f"splits.folds={splits.folds} expects the numbers 0 to {splits.folds - 1}; set splits.folds to "
            "the number of folds in the set, or leave the column out"
        )
    folds[kept] = own
    return folds


def _left_out(folds: NDArray[np.int64]) -> tuple[Finding, ...]:
    count = int((folds < 0).sum())
    if not count:
        return ()
    reason = (
        f"{count} of {len(folds)} samples are left out of the folds: the set keeps them for its test split"
    )
    return (Finding("split", "left-out", reason, "note"),)


def _pooled(
    samples: SampleSet,
    scores: NDArray[np.float64],
    called: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    configuration: Configuration,
) -> dict[str, Interval]:
    columns = samples.column_names
    weak = samples.scalar(WEAK_LABEL).astype(int) if WEAK_LABEL in columns else np.full(len(samples), -1)
    known = samples.scalar(KNOWN_REAL).astype(bool) if KNOWN_REAL in columns else np.zeros(len(samples), bool)
    return bootstrap_intervals(
        _figures,
        samples.labels[judged],
        weak[judged],
        known[judged],
        scores[judged],
        called[judged],
        groups=samples.groups[judged],
        replicates=configuration.evaluation.replicates,
        seed=configuration.evaluation.seed,
    )


def _precision(
    samples: SampleSet, called: NDArray[np.bool_], judged: NDArray[np.bool_], configuration: Configuration
) -> PrecisionByShare:
    return precision_by_share(
        samples.labels[judged],
        called[judged].astype(np.int64),
        samples.classes,
        np.unique(samples.groups[judged], return_inverse=True)[1],
        shares=configuration.evaluation.true_shares(samples.classes),
        replicates=configuration.evaluation.replicates,
        seed=configuration.evaluation.seed,
    )


def _figures(
    labels: NDArray[Any], weak: NDArray[Any], known: NDArray[Any], scores: NDArray[Any], called: NDArray[Any]
) -> Mapping[str, float]:
    figures = {
        "roc_auc": _auc(labels, scores),
        "precision": _mean(labels[called & (labels >= 0)] == 1),
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
