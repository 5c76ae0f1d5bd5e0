"""How far the survey that a model comes from lies from another one, before and after learning from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.domain_shift import embedding_shift, score_shift
from skysieve.evaluation.shift_by_chance import Shift
from skysieve.models.model import Model
from skysieve.models.readings import read_arrays
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.fine_tune import check_samples
from skysieve.recipes.model_samples import classes_by_name
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.seen_groups import seen_samples
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.recipes.transfer_configuration import TransferConfig
from skysieve.recipes.transfer_draws import TargetSamples
from skysieve.recipes.transfer_runs import AS_IT_IS, Transferred, probabilities
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples

__all__ = ["SourceSamples", "source_samples", "survey_shift"]

#: Samples of either survey at most that distances between surveys are measured on.
SHIFTED = 1000


@dataclass(frozen=True, eq=False)
class SourceSamples:
    """Some samples of the survey that a model comes from.

    Parameters
    ----------
    images, labels, groups : ndarray
        Of N samples.
    digest : str
        Of the set and the rows.
    seen : bool
        Whether the model has learned from some of them.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]
    groups: NDArray[Any]
    digest: str
    seen: bool


def source_samples(
    model: Model, recipe: Recipe, source: Sequence[str | Path], settings: Configuration
) -> SourceSamples | None:
    """Return at most 1000 samples of the survey that a model comes from: its test split, where there is one.

    Parameters
    ----------
    model : Model
        The model.
    recipe : Recipe
        Makes the samples.
    source : sequence of path
        What it makes them from; nothing gives None.
    settings : Configuration
        For labels.
    """
    if not source:
        return None
    samples = classes_by_name(model, recipe.prepare(source, settings))
    samples = with_split_of_run(samples, model.folder)
    check_samples(model, samples)
    rows = np.arange(len(samples))
    if "split" in samples.column_names and (judges := samples.scalar("split") == "test").any():
        rows = np.flatnonzero(judges)
    rows = _some(rows)
    seen = seen_samples(samples, model.description.provenance)
    return SourceSamples(
        read_arrays(model.description.contract, samples, rows),
        samples.labels[rows],
        samples.groups[rows],
        digest_of(digest_of_samples(samples), rows),
        bool(seen is not None and seen[rows].any()),
    )


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most so many rows as distances are measured on."""
    return rows[:: max(1, -(-len(rows) // SHIFTED))]


def survey_shift(
    found: Mapping[tuple[str, int], Sequence[Transferred]],
    divided: TargetSamples,
    near: SourceSamples | None,
    asked: TransferConfig,
) -> dict[str, dict[str, dict[str, Shift]]]:
    """Return the distances between the surveys before, and after the largest number of samples.

    Parameters
    ----------
    found, divided, asked
        As of `skysieve.recipes.transfer_points.transfer_points`.
    near : SourceSamples or None
        Samples of the source survey.
    """
    if near is None:
        return {}
    told = {"before": found[AS_IT_IS, 0][0]}
    told |= {name: made[0] for (name, size), made in found.items() if size and size == asked.sizes[-1]}
    far = _some(np.arange(len(divided.test)))
    rows = divided.test[far]
    # Groups of the two surveys are not the same, whatever they are called.
    _, first = np.unique(near.groups, return_inverse=True)
    _, second = np.unique(divided.samples.groups[rows], return_inverse=True)
    groups = np.concatenate([first, second + first.max() + 1])
    sides = (near.labels, divided.samples.labels[rows])
    options: dict[str, Any] = {"permutations": asked.permutations, "seed": asked.seed}
    shifts = {}
    for name, made in told.items():
        if made.source is None or made.target is None or made.source_logits is None:
            continue
        scores = [_one_score(each) for each in (made.source_logits, made.test[far])]
        by_class = {}
        for number, title in enumerate(divided.samples.classes):
            own = [side == number for side in sides]
            if min(each.sum() for each in own) >= 2:
                both = np.concatenate(own)
                pair = (scores[0][own[0]], scores[1][own[1]])
                by_class[title] = score_shift(*pair, groups=groups[both], **options)["ks"]
        shifts[name] = {
            "scores": score_shift(*scores, groups=groups, **options),
            "scores by class": by_class,
            "embeddings": embedding_shift(made.source, made.target[far], groups=groups, **options),
        }
    return shifts


def _one_score(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return one number a sample: the score of two classes, the largest probability of more."""
    found = probabilities(logits)
    return found if found.ndim == 1 else found.max(1)
