"""How classifiers of galaxies of low surface brightness are judged, all on the same test samples.

Intervals are of a bootstrap over groups in which all classifiers see the same resampled samples, so that
differences have intervals of their own. They hold the networks as they are: how much another training would
move them is told by repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from skysieve.evaluation.intervals import Interval, bootstrap_intervals, wilson_interval

__all__ = [
    "Judged",
    "compare",
    "figures_of",
    "mcnemar",
    "roc_bands",
    "shares_called",
    "three_class_figures",
]

#: False positive rates at which ROC curves are kept.
RATES = np.unique(np.concatenate([np.linspace(0, 0.1, 21), np.linspace(0.1, 1, 37)]).round(4))


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier says of the test samples.

    Parameters
    ----------
    scores : ndarray, shape (N,)
        Large for galaxies; a probability or a distance from a boundary.
    called : ndarray, shape (N,), int64
        The class that it gives.
    """

    scores: NDArray[np.float64]
    called: NDArray[np.int64]


def figures_of(
    labels: NDArray[np.int64], called: NDArray[np.int64], scores: NDArray[np.float64]
) -> dict[str, float]:
    """Return accuracy, completeness and purity of class 1, and the area under the ROC curve."""
    true, found = labels == 1, called == 1
    both = float((true & found).sum())
    defined = 0 < true.sum() < len(true)
    return {
        "accuracy": float((labels == called).mean()),
        "completeness": both / true.sum() if true.any() else np.nan,
        "purity": both / found.sum() if found.any() else np.nan,
        "roc_auc": float(roc_auc_score(labels, scores)) if defined else np.nan,
    }


def compare(
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    judged: Mapping[str, Judged],
    pairs: Sequence[tuple[str, str]],
    *,
    replicates: int,
    seed: int = 1,
) -> tuple[dict[str, dict[str, Interval]], dict[tuple[str, str], dict[str, Interval]]]:
    """Return the figures of all classifiers, and the differences of some, from the same replicates."""
    names = list(judged)

    def statistics(*arrays: NDArray[Any]) -> dict[str, float]:
        truth, called, scores = arrays
        found = {
            name: figures_of(truth, called[:, number], scores[:, number]) for number, name in enumerate(names)
        }
        flat = {f"{name}|{figure}": value for name in names for figure, value in found[name].items()}
        for first, second in pairs:
            for figure, value in found[first].items():
                flat[f"{first}|{second}|{figure}"] = value - found[second][figure]
        return flat

    called = np.stack([judged[name].called for name in names], axis=1)
    scores = np.stack([judged[name].scores for name in names], axis=1)
    flat = bootstrap_intervals(
        statistics, labels, called, scores, groups=groups, replicates=replicates, seed=seed
    )
    figures = {
        name: {key.split("|")[1]: each for key, each in flat.items() if key.split("|")[:-1] == [name]}
        for name in names
    }
    differences = {
        pair: {key.split("|")[2]: each for key, each in flat.items() if key.split("|")[:-1] == list(pair)}
        for pair in pairs
    }
    return figures, differences


def mcnemar(
    labels: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> dict[str, float | int]:
    """Return how many samples only one of two classifiers has right, and how likely that is by chance.

    The exact test of McNemar (1947); every sample is a group of its own.
    """
    right_first, right_second = first == labels, second == labels
    only_first = int((right_first & ~right_second).sum())
    only_second = int((right_second & ~right_first).sum())
    discordant = only_first + only_second
    chance = float(binomtest(only_first, discordant).pvalue) if discordant else 1.0
    return {"only_first_right": only_first, "only_second_right": only_second, "p_value": chance}


def shares_called(
    kinds: NDArray[np.str_], called: NDArray[np.int64], wanted: int = 1
) -> dict[str, dict[str, Any]]:
    """Return the share of every kind that is called one class, with Wilson's interval."""
    shares = {}
    for kind in np.unique(kinds).tolist():
        inside = kinds == kind
        shares[kind] = wilson_interval(int((called[inside] == wanted).sum()), int(inside.sum())).to_json()
        shares[kind]["n"] = int(inside.sum())
    return shares


def roc_bands(
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    judged: Mapping[str, Judged],
    *,
    replicates: int,
    seed: int = 1,
) -> dict[str, Any]:
    """Return the true positive rate of every classifier at `RATES`, with its interval there."""

    def curve(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, float]:
        if not 0 < truth.sum() < len(truth):
            return dict.fromkeys(map(str, RATES.tolist()), np.nan)
        fpr, tpr, _ = roc_curve(truth, scores)
        return dict(zip(map(str, RATES.tolist()), np.interp(RATES, fpr, tpr).tolist(), strict=True))

    bands: dict[str, Any] = {"fpr": RATES.tolist()}
    for name, each in judged.items():
        found = bootstrap_intervals(
            curve, labels, each.scores, groups=groups, replicates=replicates, seed=seed
        ).values()
        bands[name] = {
            edge: [round(getattr(interval, edge), 4) for interval in found]
            for edge in ("value", "low", "high")
        }
    return bands


def three_class_figures(
    labels: NDArray[np.int64],
    called: NDArray[np.int64],
    groups: NDArray[Any],
    *,
    replicates: int,
    seed: int = 1,
) -> dict[str, Any]:
    """Return the confusion of three classes, and what is left of it if both types of artefacts are one.

    ``shares[i][j]`` is the share of class i that is called j; the reduced figures are of class 2.
    """

    def statistics(truth: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, float]:
        matrix = confusion_matrix(truth, found, labels=range(3)).astype(float)
        rows = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        flat = {f"{i}{j}": rows[i, j] for i in range(3) for j in range(3)}
        total, right = matrix[:, 2].sum(), matrix[2, 2]
        return flat | {
            "accuracy": float((truth == found).mean()),
            "completeness": right / max(matrix[2].sum(), 1),
            "purity": right / total if total else np.nan,
            "reduced_accuracy": float(((truth == 2) == (found == 2)).mean()),
        }

    told = {
        name: each.to_json()
        for name, each in bootstrap_intervals(
            statistics, labels, called, groups=groups, replicates=replicates, seed=seed
        ).items()
    }
    return {
        "confusion": confusion_matrix(labels, called, labels=range(3)).tolist(),
        "shares": [[told.pop(f"{i}{j}") for j in range(3)] for i in range(3)],
        "figures": told,
    }
