"""Judge a saved model on samples: the exported graph, the model's own threshold, a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.evaluate import Evaluation
from skysieve.models.model import Model
from skysieve.models.readings import read_inputs
from skysieve.recipes.configuration import EvaluationConfig, LabelConfig
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judging import absent_magnitude, figures_json, further_figures, judge
from skysieve.recipes.model_samples import (
    check_classes_of_model,
    judging_settings,
    prepare_for_model,
    threshold_of,
)
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.report import write_model_report
from skysieve.recipes.seen_groups import SEEN, seen_finding, seen_samples
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.recipes.stored_rows import images_of, pictures_of, scalars_of
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.validation import validate

__all__ = ["EvaluationRun", "evaluate_model"]


@dataclass(frozen=True)
class EvaluationRun:
    """What an evaluation left.

    Parameters
    ----------
    evaluation : Evaluation
        The samples, judged.
    figures : dict
        Figures with intervals; ``samples_seen_in_training`` counts samples of groups that the model
        was trained or chosen on, if the model says which these are.
    findings : tuple of Finding
        What limits the figures: samples the model has seen, a magnitude that they lack.
    report, table : Path
        The HTML report, and the figures and curves as JSON.
    """

    evaluation: Evaluation
    figures: dict[str, Any]
    findings: tuple[Finding, ...]
    report: Path
    table: Path


def evaluate_model(
    model: Model,
    inputs: Sequence[str | Path],
    folder: str | Path,
    *,
    labels: LabelConfig | None = None,
    settings: EvaluationConfig | None = None,
    split: str = "",
) -> EvaluationRun:
    """Judge a model by its exported graph, at the threshold that its training chose.

    Parameters
    ----------
    model : Model
        The model.
    inputs : sequence of path
        A sample set, or alerts.
    folder : path
        Where report and figures go.
    labels : LabelConfig, optional
        Where labels come from; as in the model's recipe if not given.
    settings : EvaluationConfig, optional
        Replicates, seed, magnitude, true shares; as in the model's recipe if not given, with the shares that
        were stated when it was trained.
    split : str
        Judge this split only: the set's own, or that of the run folder in which the model lies. All
        labelled samples if empty; those that the model was trained on flatter it.

    Returns
    -------
    EvaluationRun
        Figures and places.

    Raises
    ------
    ContractError
        If the samples are not what the model expects.
    SampleSetError
        If no sample has a label.
    """
    description = model.description
    recipe = RECIPES.get(description.recipe) if description.recipe in RECIPES else None
    settings = settings or judging_settings(model).evaluation
    samples = prepare_for_model(model, inputs, labels)
    check_classes_of_model(model, samples)
    if split:
        samples = with_split_of_run(samples, model.folder)
    validation = validate(samples)
    rows = _rows(samples, split)
    judged = scalars_of(samples, rows)
    scores = _scores(model, samples, rows)
    threshold = threshold_of(model)
    name = split or "all labelled samples"
    evaluation = judge(judged, scores, settings, threshold=threshold, split=name)
    further = further_figures(judged, scores, settings, threshold)
    seen = seen_samples(judged, description.provenance)
    figures = figures_json(evaluation, further)
    if seen is not None:
        figures[SEEN] = int(seen.sum())
    findings = seen_finding(seen) + absent_magnitude(judged, settings)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    table = place / "evaluation.json"
    write_json(table, evaluation.to_json() | {"figures": figures})
    report = write_model_report(
        place / "report.html",
        model,
        evaluation,
        recipe=recipe,
        further=further,
        judged=judged,
        images=images_of(samples, description.contract, rows),
        pictures=pictures_of(samples, evaluation, rows),
        magnitude=settings.magnitude,
        findings=(*findings, *validation.findings),
    )
    return EvaluationRun(evaluation, figures, findings, report, table)


def _rows(samples: SampleSet, split: str) -> NDArray[np.int64]:
    labelled = np.flatnonzero(samples.labels >= 0)
    rows = np.intersect1d(labelled, samples.split_rows(split)) if split else labelled
    if not len(rows):
        raise SampleSetError(f"no sample of the split {split!r} has a label; there is nothing to judge")
    return rows


def _scores(model: Model, samples: SampleSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Score some rows, in ascending order, a batch in memory at a time."""
    contract, first, parts = model.description.contract, 0, []
    for piece in samples.batches(1024):
        wanted = rows[(rows >= first) & (rows < first + len(piece))] - first
        if len(wanted):
            parts.append(model.predict(read_inputs(contract, piece, wanted)))
        first += len(piece)
    return np.concatenate(parts)
