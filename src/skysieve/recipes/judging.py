"""Judge a model on samples it has not seen: scores, figures with intervals, what is known besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.intervals import Interval, bootstrap_interval, wilson_interval
from skysieve.evaluation.thresholds import Threshold
from skysieve.models.card import PRECISION
from skysieve.recipes.alert_samples import KNOWN_REAL, WEAK_LABEL
from skysieve.recipes.configuration import EvaluationConfig
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = [
    "KNOWN_REAL_RECALL",
    "WEAK_AUC",
    "absent_magnitude",
    "figures_json",
    "further_figures",
    "judge",
    "share_interval",
]

#: Names of the figures that rest on the columns of `prepare_alert_samples`.
KNOWN_REAL_RECALL = "recall_known_real"
WEAK_AUC = "roc_auc_weak_labels"


def judge(
    samples: SampleSet,
    scores: NDArray[Any],
    settings: EvaluationConfig,
    *,
    threshold: Threshold | None,
    split: str,
    logits: NDArray[Any] | None = None,
) -> Evaluation:
    """Judge the scores of labelled samples.

    Parameters
    ----------
    samples : SampleSet
        The samples of one split, all labelled.
    scores : ndarray, shape (N,) or (N, K)
        Calibrated probabilities.
    settings : EvaluationConfig
        Replicates, seed, magnitude, true shares of the classes.
    threshold : Threshold or None
        Chosen on another split; None for more than two classes.
    split : str
        Name of the split.
    logits : ndarray, optional
        To show reliability before calibration.
    """
    magnitude = settings.magnitude if settings.magnitude in samples.column_names else ""
    return evaluate(
        samples.labels,
        scores,
        groups=samples.groups,
        split=split,
        seed=settings.seed,
        threshold=threshold,
        classes=samples.classes,
        logits=logits,
        magnitudes=samples.scalar(magnitude) if magnitude else None,
        magnitude_name=magnitude or "magnitude",
        ids=samples.ids,
        shares=settings.true_shares(samples.classes),
        replicates=settings.replicates,
    )


def absent_magnitude(samples: SampleSet, settings: EvaluationConfig) -> tuple[Finding, ...]:
    """Return the note that there is no completeness by magnitude, where the samples lack the column."""
    if not settings.magnitude or settings.magnitude in samples.column_names:
        return ()
    reason = (
        "the samples have no such column, so completeness and purity by magnitude are left out; "
        "evaluation.magnitude names the column"
    )
    return (Finding(settings.magnitude, "magnitude-column-absent", reason, "note"),)


def further_figures(
    samples: SampleSet, scores: NDArray[Any], settings: EvaluationConfig, threshold: Threshold | None
) -> dict[str, Interval]:
    """Return the figures that rest on more than the label.

    Parameters
    ----------
    samples, scores, settings, threshold
        As of `judge`.

    Returns
    -------
    dict of str to Interval
        `KNOWN_REAL_RECALL`: recall on samples known to be real independently of any score.
        `WEAK_AUC`: ROC AUC against the weak labels alone. Empty where the columns are absent.
    """
    found: dict[str, Interval] = {}
    if threshold is None:
        return found
    groups = samples.groups
    if KNOWN_REAL in samples.column_names and (known := samples.scalar(KNOWN_REAL).astype(bool)).any():
        found[KNOWN_REAL_RECALL] = share_interval(
            scores[known] >= threshold.value, groups[known], settings.replicates, settings.seed
        )
    if WEAK_LABEL in samples.column_names:
        weak = samples.scalar(WEAK_LABEL).astype(int)
        rows = weak >= 0
        if len(np.unique(weak[rows])) == 2:
            found[WEAK_AUC] = bootstrap_interval(
                roc_auc_score,
                weak[rows],
                scores[rows],
                groups=groups[rows],
                replicates=settings.replicates,
                seed=settings.seed,
            )
    return found


def share_interval(called: NDArray[np.bool_], groups: NDArray[Any], replicates: int, seed: int) -> Interval:
    """Return a share with its interval, by bootstrap over groups.

    A share of exactly 0 or 1 has no spread in a bootstrap; it gets Wilson's interval, with groups as
    trials.

    Examples
    --------
    >>> print(share_interval(np.ones(20, dtype=bool), np.arange(20), 100, 1))
    1.0000 [0.8389, 1.0000]
    """
    share = float(np.mean(called))
    if share in (0.0, 1.0):
        trials = len(np.unique(groups))
        return wilson_interval(round(share) * trials, trials)
    return bootstrap_interval(np.mean, called, groups=groups, replicates=replicates, seed=seed)


def figures_json(evaluation: Evaluation, further: Mapping[str, Interval]) -> dict[str, Any]:
    """Return all figures of a split as a JSON-ready dictionary.

    Counts, values with intervals, and under `PRECISION` in words how the precision depends on the shares of
    the classes.
    """
    figures: dict[str, Any] = {"samples": len(evaluation.labels), "groups": evaluation.n_groups}
    for number, name in enumerate(evaluation.classes):
        figures[f"samples_{name}"] = int((evaluation.labels == number).sum())
    for name, interval in {**evaluation.intervals, **further}.items():
        sky = evaluation.precision.main.sky
        if name == "precision_at_prevalence" and sky is not None:
            name = f"{name}_{sky.share:.3g}"
        figures[name] = {
            edge: value if np.isfinite(value := float(getattr(interval, edge))) else None
            for edge in ("value", "low", "high")
        }
    figures[PRECISION] = evaluation.precision.statement
    return figures
