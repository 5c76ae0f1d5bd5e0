"""Put together what the HTML report of a model shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.mistake_pictures import MistakePictures
from skysieve.evaluation.report import write_report
from skysieve.evaluation.report_content import PublishedFigure, ReportContent, worst_examples
from skysieve.evaluation.thresholds import fixed
from skysieve.models.card import model_card_of
from skysieve.models.model import Model
from skysieve.recipes.judging import KNOWN_REAL_RECALL, WEAK_AUC
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.stored_rows import StoredImages
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["model_card_of", "write_model_report"]

#: How the further figures are called, and why nothing published stands beside them.
_FURTHER = {
    KNOWN_REAL_RECALL: ("recall of samples known to be real without any score", "no published figure"),
    WEAK_AUC: ("ROC AUC against the weak labels alone", "no published figure"),
}


def write_model_report(
    path: Path,
    model: Model,
    evaluation: Evaluation,
    *,
    recipe: Recipe | None,
    further: Mapping[str, Interval],
    judged: SampleSet,
    images: StoredImages | None = None,
    pictures: MistakePictures | None = None,
    magnitude: str = "",
    findings: Sequence[Finding] = (),
    history: Sequence[Any] = (),
) -> Path:
    """Write the report of a model on the samples that it was judged on.

    Parameters
    ----------
    path : Path
        The HTML file.
    model : Model
        The model.
    evaluation : Evaluation
        Its figures.
    recipe : Recipe or None
        Brings the published figures.
    further : mapping of str to Interval
        As of `skysieve.recipes.judging.further_figures`.
    judged : SampleSet
        The samples behind the evaluation, row by row; their scalars are enough.
    images : StoredImages, optional
        Their images; those of the mistakes that are shown are read. None where samples are no images.
    pictures : MistakePictures, optional
        How mistakes are drawn that are no images.
    magnitude : str
        Column to tell beside each mistake; left out where the samples have no such column.
    findings : sequence of Finding
        What was found in the samples.
    history : sequence of EpochRecord
        Learning curves, if the model was just trained.
    """
    contract = model.description.contract
    columns = {"group": judged.groups}
    if magnitude in judged.column_names:
        columns[magnitude] = np.round(judged.scalar(magnitude), 2)
    published = [] if recipe is None else _published(recipe, evaluation, judged)
    for name, interval in further.items():
        quantity, source = _FURTHER[name]
        published.append(PublishedFigure(quantity, "–", source, ours=interval))  # noqa: RUF001
    content = ReportContent(
        title=f"{model.description.name} on {evaluation.split}",
        card=model_card_of(model),
        evaluation=evaluation,
        published=published,
        history=[_epoch(record) for record in history],
        mistakes=worst_examples(
            evaluation,
            images,
            columns={name: list(v) for name, v in columns.items()},
            pictures=pictures,
        ),
        picture_legend="" if pictures is None else pictures.legend,
        channels=contract.channels,
        findings=findings,
        provenance=_provenance(model),
    )
    return write_report(path, content)


def _published(recipe: Recipe, evaluation: Evaluation, judged: SampleSet) -> list[PublishedFigure]:
    """Set our figures beside the published ones, at the published threshold where there is one."""
    if evaluation.threshold is None:
        return list(recipe.published)
    at_half = evaluate(
        evaluation.labels,
        evaluation.scores,
        groups=judged.groups,
        split=evaluation.split,
        seed=0,
        threshold=fixed(0.5),
        classes=evaluation.classes,
    )
    return [
        dataclasses.replace(row, ours=at_half.intervals[row.figure])
        if row.quantity.endswith("at 0.5")
        else row
        for row in recipe.published
    ]


def _epoch(record: Any) -> dict[str, float]:
    """Return an epoch under the names that the plot of learning curves knows."""
    return {name.replace("training_", "train_"): value for name, value in dataclasses.asdict(record).items()}


def _provenance(model: Model) -> dict[str, Mapping[str, Any]]:
    provenance = model.description.provenance
    tables = {
        name: provenance[name]
        for name in ("summary", "configuration", "samples", "splits", "versions", "machine")
        if provenance.get(name)
    }
    return tables | {"model": {"identity": model.identity, "skysieve": model.description.skysieve}}
