"""Scores of a saved model on labelled samples, for those who ask how sure its figures are."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.models.card import disclosure
from skysieve.models.model import DESCRIPTION, Model
from skysieve.models.readings import read_inputs
from skysieve.recipes.alert_samples import is_sample_set
from skysieve.recipes.configuration import LabelConfig
from skysieve.recipes.model_samples import check_classes_of_model, prepare_for_model, threshold_of
from skysieve.recipes.scored_samples import SCORES, ScoredSamples
from skysieve.recipes.seen_groups import seen_samples
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.recipes.uncertainty.results import Subject
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples, stored_chunks
from skysieve.samples.sample_set import SampleSet

__all__ = ["open_model", "samples_of_model", "score_model", "scores_of", "subject_of"]


def scores_of(
    source: str | Path,
    inputs: Sequence[str | Path],
    folder: Path,
    *,
    labels: LabelConfig | None = None,
    progress: bool = True,
) -> ScoredSamples:
    """Return the scores of a run, of a table of scores, or of a model on samples.

    Parameters
    ----------
    source : path or str
        A run folder or a table of scores, if there are no inputs; else a model, or a run folder with one.
    inputs : sequence of path
        Labelled samples.
    folder : Path
        Where the scores of a model are kept for the next question.
    labels, progress
        As of `score_model`.

    Raises
    ------
    SampleSetError
        If a run has no scores, or nothing can be scored.
    """
    if inputs:
        return score_model(open_model(source), inputs, folder, labels=labels, progress=progress)
    path = Path(source)
    if path.is_file():
        return ScoredSamples.read(path)
    for place in (path, path.parent):
        # The model folder of a run stands for the run.
        if (place / SCORES).is_file() and (place == path or (path / DESCRIPTION).is_file()):
            return ScoredSamples.read(place / SCORES)
    raise SampleSetError(
        f"{source}: is no run folder with {SCORES} and no table of scores; give labelled samples besides, to "
        "have a model score them"
    )


def open_model(source: str | Path) -> Model:
    """Open a model folder, a shipped model by its name, or the model of a run folder.

    Raises
    ------
    ModelError
        As of `Model.load`.
    """
    of_run = Path(source) / "model"
    return Model.load(of_run if (of_run / DESCRIPTION).is_file() else source)


def score_model(
    model: Model,
    inputs: Sequence[str | Path],
    folder: Path,
    *,
    labels: LabelConfig | None = None,
    progress: bool = True,
) -> ScoredSamples:
    """Score labelled samples, or read the scores that an earlier call left.

    Parameters
    ----------
    model : Model
        The model; its exported graph is what scores.
    inputs : sequence of path
        A sample set, or what the model's recipe can make one from.
    folder : Path
        Keeps the scores as ``uncertainty-scores.parquet``.
    labels : LabelConfig, optional
        Where labels come from; as in the model's recipe if not given.
    progress : bool
        Show progress.

    Raises
    ------
    ContractError
        If the samples are not what the model expects.
    SampleSetError
        If no sample has a label.
    """
    samples = samples_of_model(model, inputs, labels)
    rows = np.flatnonzero(samples.labels >= 0)
    if not len(rows):
        raise SampleSetError(f"none of {len(samples)} samples has a label; there is nothing to judge by")
    split = samples.scalar("split") if "split" in samples.column_names else np.full(len(samples), "")
    digest = digest_of(digest_of_samples(samples), split)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"uncertainty-{SCORES}"
    if path.is_file():
        stored = ScoredSamples.read(path)
        if (stored.model.get("identity"), stored.data.get("digest")) == (model.identity, digest):
            return stored
    contract, parts = model.description.contract, folder / "uncertainty-scores.parts"

    def compute(first: int, behind: int) -> NDArray[Any]:
        return model.predict(read_inputs(contract, samples, rows[first:behind]))

    key = f"{model.identity[:12]}-{digest}"
    scores = stored_chunks(parts, key, len(rows), compute, what="scoring", progress=progress)
    learned, seen = _part_in_training(model, samples)
    scored = ScoredSamples(
        ids=samples.ids[rows],
        groups=samples.groups[rows],
        labels=samples.labels[rows],
        split=split[rows],
        scores=scores,
        classes=samples.classes,
        threshold=threshold_of(model),
        learned=learned[rows],
        seen=seen[rows],
        model={"name": model.description.name, "identity": model.identity, "folder": str(model.folder)},
        data={
            "inputs": [str(each) for each in inputs],
            "digest": digest,
            "label_origin": samples.description.label_origin,
            "says_what_it_saw": "seen_groups" in model.description.provenance,
        },
    )
    scored = scored.take(np.isfinite(scores).reshape(len(rows), -1).all(1))
    scored.write(path)
    shutil.rmtree(parts)
    return scored


def samples_of_model(
    model: Model, inputs: Sequence[str | Path], labels: LabelConfig | None = None, *, labelled: bool = True
) -> SampleSet:
    """Make the sample set that a model's recipe makes, with the split of its run if it has none.

    Parameters
    ----------
    model, inputs, labels
        As of `score_model`.
    labelled : bool
        Whether the classes must be those of the model; samples from elsewhere may have others.

    Raises
    ------
    ContractError
        If the classes differ.
    """
    if not labelled and len(inputs) == 1 and is_sample_set(inputs[0]):
        return SampleSet.open(inputs[0])
    samples = prepare_for_model(model, inputs, labels)
    if labelled:
        check_classes_of_model(model, samples)
    return with_split_of_run(samples, model.folder) if labelled else samples


def subject_of(scored: ScoredSamples) -> Subject:
    """Return what a page says about scores."""
    origin = str(scored.data.get("label_origin", ""))
    return Subject(
        str(scored.model.get("name", "")),
        str(scored.model.get("identity", "")),
        scored.data,
        disclosure(origin),
    )


def _part_in_training(model: Model, samples: SampleSet) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of which samples the model learned from the group, and of which it saw the group at all."""
    found = seen_samples(samples, model.description.provenance)
    seen = np.zeros(len(samples), dtype=bool) if found is None else found
    learned = np.zeros(len(samples), dtype=bool)
    stored = model.folder.parent / "splits.parquet"
    if stored.is_file():
        table = pq.read_table(stored, columns=["group", "split"]).to_pydict()
        groups = {
            str(group) for group, name in zip(table["group"], table["split"], strict=True) if name == "train"
        }
        # Only groups that the model itself says it saw: beside a copied model may lie another run.
        learned = seen & np.array([str(group) in groups for group in samples.groups.tolist()])
    return learned, seen
