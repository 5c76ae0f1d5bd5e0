"""Run a recipe: samples -> fit -> calibrate -> threshold -> judge -> model -> report."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.evaluation.calibration import Calibrator, Sigmoid, Softmax
from skysieve.evaluation.calibration_fitting import choose_calibration, fit_isotonic, fit_temperature
from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.thresholds import Threshold, equal_error, fixed, max_f1, max_fpr, min_recall
from skysieve.models.description import ModelDescription
from skysieve.models.model import Model
from skysieve.models.save import save_model
from skysieve.models.training_quantiles import quantiles_of, training_quantiles
from skysieve.recipes.configuration import CalibrationConfig, Configuration, ThresholdConfig
from skysieve.recipes.fitting import Fitted, fit_recipe
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judging import absent_magnitude, figures_json, further_figures, judge
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.report import write_model_report
from skysieve.recipes.scored_samples import SCORES, ScoredSamples
from skysieve.recipes.seen_groups import SEEN_GROUPS, seen_groups
from skysieve.recipes.split_samples import SplitSamples, split_samples
from skysieve.recipes.start import fine_tuned_from
from skysieve.recipes.stored_rows import images_of, pictures_of, scalars_of
from skysieve.recipes.vote_targets import examples_of
from skysieve.samples.sample_set import SampleSet
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.ragged import RaggedSequences

__all__ = ["TrainingRun", "train_recipe", "train_samples"]


@dataclass(frozen=True)
class TrainingRun:
    """What a run left.

    Parameters
    ----------
    folder : Path
        The run folder: configuration, splits, learning curves, checkpoints, evaluation, report.
    model : Model
        The model, opened; it lies in ``folder/model``.
    evaluation : Evaluation
        The test split, judged.
    figures : dict
        Figures of the test split, with their intervals.
    report : Path
        The HTML report.
    split : SplitSamples
        The samples as they were split.
    scores : ndarray, shape (N,) or (N, K)
        Calibrated score of every sample, whatever its split.
    """

    folder: Path
    model: Model
    evaluation: Evaluation
    figures: dict[str, Any]
    report: Path
    split: SplitSamples
    scores: NDArray[Any]


def train_recipe(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    folder: str | Path,
    configuration: Configuration | None = None,
    **options: Any,
) -> TrainingRun:
    """Train a recipe on what a user has, judge it, and leave a model and a report.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    inputs : sequence of path
        A sample set, or what the recipe can make one from.
    folder : path
        The run folder.
    configuration : Configuration, optional
        Settings; those of the recipe if not given.
    **options
        As of `train_samples`.
    """
    settings = configuration or recipe.configuration
    return train_samples(recipe, recipe.prepare(inputs, settings), folder, settings, **options)


def train_samples(
    recipe: Recipe,
    samples: SampleSet,
    folder: str | Path,
    configuration: Configuration | None = None,
    *,
    name: str | None = None,
    start: str | Path | None = None,
    fine_tuning: FineTuningConfig | None = None,
    resume: bool = True,
    progress: bool = True,
) -> TrainingRun:
    """Train a recipe on a sample set.

    Early stopping, calibration and threshold see the validation split only; the figures come from
    the test split only. Killed and called again with the same arguments, the run goes on where it
    was.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    samples : SampleSet
        Labelled samples; a column ``split`` is respected.
    folder : path
        The run folder.
    configuration : Configuration, optional
        Settings; those of the recipe if not given.
    name : str, optional
        Name of the model; that of the recipe if not given.
    start : path, optional
        A model folder, or the name of a shipped model, whose weights training starts from; of one with
        other classes all but the last layer.
    fine_tuning : FineTuningConfig, optional
        Which blocks of the network that training starts from learn, and how fast; all alike if not given.
    resume : bool
        Go on with what lies in the folder.
    progress : bool
        Show progress.

    Returns
    -------
    TrainingRun
        Model, figures, places.

    Raises
    ------
    SampleSetError
        If the samples have other classes, cannot be split honestly, or a split lacks a class.
    ConfigurationError
        If settings contradict each other, or the folder holds another run.
    """
    settings = configuration or recipe.configuration
    if fine_tuning is not None and start is None:
        raise ConfigurationError("fine-tuning starts from a model; name it (start)")
    recipe = recipe.of_samples(samples, settings)
    settings.evaluation.true_shares(recipe.classes)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    split = split_samples(samples, recipe.contract, settings.splits, place)
    fitted = fit_recipe(
        recipe,
        settings,
        split,
        place / "training",
        start=start,
        fine_tuning=fine_tuning,
        resume=resume,
        progress=progress,
    )
    logits = fitted.logits
    calibrator = _calibrate(settings.calibration, logits, split, settings.splits.seed)
    scores = np.asarray(calibrator(logits.astype(np.float64)))
    threshold = _choose_threshold(settings.threshold, scores, split)

    test = split.rows("test")
    judged = scalars_of(split.samples, test)
    evaluation = judge(
        judged, scores[test], settings.evaluation, threshold=threshold, split="test", logits=logits[test]
    )
    further = further_figures(judged, scores[test], settings.evaluation, threshold)
    figures = figures_json(evaluation, further)
    description = ModelDescription(
        name=name or recipe.name,
        summary=recipe.summary,
        classes=recipe.classes,
        contract=recipe.contract,
        preprocess=fitted.preprocess.to_json(),
        network=dict(fitted.described),
        calibration=calibrator.to_json(),
        thresholds=[] if threshold is None else [dict(threshold.to_json())],
        training_quantiles=_quantiles(split, scores, recipe),
        figures={"test": figures},
        labels=split.samples.description.label_origin,
        recipe=recipe.name,
        provenance=_provenance(recipe, settings, split, fitted, start, fine_tuning),
    )
    # Not before: a run that is refused must leave the split of the model that lies here as it was.
    split.write_splits(place / "splits.parquet")
    model = save_model(place / "model", fitted.model, description)
    _write_scores(place / SCORES, model, split, scores, threshold)
    write_json(place / "evaluation.json", evaluation.to_json() | {"figures": figures})
    report = write_model_report(
        place / "report.html",
        model,
        evaluation,
        recipe=recipe,
        further=further,
        judged=judged,
        images=images_of(split.samples, recipe.contract, test),
        pictures=pictures_of(split.samples, evaluation, test),
        magnitude=settings.evaluation.magnitude,
        findings=(*absent_magnitude(judged, settings.evaluation), *split.findings),
        history=fitted.history,
    )
    return TrainingRun(place, model, evaluation, figures, report, split, scores)


def _write_scores(
    path: Path, model: Model, split: SplitSamples, scores: NDArray[Any], threshold: Threshold | None
) -> None:
    """Keep every usable score beside its label, for those who ask later how sure the figures are."""
    learned = np.isin(split.samples.groups, split.samples.groups[split.split == "train"])
    chosen = np.isin(split.samples.groups, split.samples.groups[split.split == "validation"])
    ScoredSamples(
        ids=split.samples.ids,
        groups=split.samples.groups,
        labels=split.labels,
        split=split.split,
        scores=scores,
        classes=split.samples.classes,
        threshold=threshold,
        learned=learned,
        seen=learned | chosen,
        model={"name": model.description.name, "identity": model.identity, "folder": model.folder.name},
        data={
            "origin": dict(split.samples.description.origin),
            "label_origin": split.samples.description.label_origin,
            "says_what_it_saw": True,
        },
    ).take(split.usable).write(path)


def _calibrate(
    settings: CalibrationConfig, logits: NDArray[np.float32], split: SplitSamples, seed: int
) -> Calibrator:
    rows = split.rows("validation")
    chosen, labels = logits[rows], split.labels[rows]
    if settings.method == "none":
        return Sigmoid() if logits.shape[1] == 1 else Softmax()
    if settings.method == "temperature":
        return fit_temperature(chosen, labels)
    if settings.method == "isotonic":
        return fit_isotonic(chosen, labels)
    return choose_calibration(chosen, labels, split.samples.groups[rows], seed=seed).calibrator


def _choose_threshold(
    settings: ThresholdConfig, scores: NDArray[Any], split: SplitSamples
) -> Threshold | None:
    if scores.ndim > 1:
        return None
    rows = split.rows("validation")
    labels, chosen = split.labels[rows], scores[rows]
    if settings.rule == "fixed":
        return fixed(settings.value)
    if settings.rule == "max-fpr":
        return max_fpr(labels, chosen, settings.value, split="validation")
    if settings.rule == "min-recall":
        return min_recall(labels, chosen, settings.value, split="validation")
    if settings.rule == "equal-error":
        return equal_error(labels, chosen, split="validation")
    return max_f1(labels, chosen, split="validation")


def _quantiles(split: SplitSamples, scores: NDArray[Any], recipe: Recipe) -> dict[str, Any]:
    # Quantiles of ten thousand samples are known to a percent; more would only cost memory. Of large
    # images fewer do: each holds more pixels, and all of them are sorted.
    enough = max(1_000, min(10_000, 40_000_000 // int(np.prod(recipe.contract.fixed_shape[1:]))))
    if isinstance(split.images, RaggedSequences):
        # Padded to the longest.
        enough = min(enough, max(100, 10_000_000 // int(split.images.lengths.max())))
    rows = split.rows("train")
    rows = rows[:: max(1, len(rows) // enough)]
    inputs, channels = split.images[rows], recipe.contract.channels
    if not isinstance(split.images, RaggedSequences):
        return training_quantiles(inputs, channels, scores[rows])
    quantiles = training_quantiles(inputs.transpose(0, 2, 1), channels, scores[rows])
    return quantiles | {"length": quantiles_of(split.images.lengths[rows].astype(np.float64))}


def _provenance(
    recipe: Recipe,
    settings: Configuration,
    split: SplitSamples,
    fitted: Fitted,
    start: str | Path | None,
    fine_tuning: FineTuningConfig | None = None,
) -> dict[str, Any]:
    counts = {name: len(split.rows(name)) for name in ("train", "validation", "test")}
    begun = None if start is None else Model.load(start)
    learned = [examples_of(split, part, settings.training).rows for part in ("train", "validation")]
    seen = np.concatenate([rows for rows in learned if rows is not None])
    packages = ("torch", "numpy", "scikit-learn", "onnx")
    tuned = {} if fine_tuning is None or begun is None else fine_tuned_from(begun, fine_tuning)
    return {
        "summary": {
            "recipe": f"{recipe.name} ({recipe.paper})",
            "samples": ", ".join(f"{name} {count:,}" for name, count in counts.items()) + f", {split.made}",
            **fitted.told,
            "started from": "random weights" if begun is None else begun.description.name,
            **({"fine-tuned": tuned["words"]} if tuned else {}),
        },
        "limits": recipe.limits,
        "configuration": as_dict(settings),
        "samples": dict(split.samples.description.origin),
        "splits": dict(split.samples.description.splits),
        "started_from": None if begun is None else begun.identity,
        **({"fine_tuning": tuned["facts"]} if tuned else {}),
        SEEN_GROUPS: seen_groups(
            split.samples, seen, None if begun is None else begun.description.provenance
        ),
        "versions": {name: version(name) for name in packages},
        "machine": {"cores": len(os.sched_getaffinity(0)), "processor": platform.machine()},
    }
