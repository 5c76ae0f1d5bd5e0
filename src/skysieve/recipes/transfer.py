"""From one survey to another: what n samples of the target survey bring, by several strategies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.evaluation.shift_by_chance import Shift
from skysieve.models.model import Model
from skysieve.models.readings import read_arrays
from skysieve.progress import progress_bar
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.fine_tune import check_samples, fine_tune_settings, open_trained, recipe_of_trained
from skysieve.recipes.model_samples import classes_by_name, settings_of_run
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.seen_groups import seen_finding, seen_samples
from skysieve.recipes.transfer_configuration import TransferConfig
from skysieve.recipes.transfer_draws import TargetSamples, check_division, draw_rows, target_samples
from skysieve.recipes.transfer_page import TransferWritten, write_transfer
from skysieve.recipes.transfer_points import TransferPoint, transfer_points
from skysieve.recipes.transfer_runs import (
    AS_IT_IS,
    SCRATCH,
    Transferred,
    TransferRun,
    score_as_is,
    train_on_draw,
)
from skysieve.recipes.transfer_shift import SourceSamples, source_samples, survey_shift
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.losses import LABEL_LOSSES

__all__ = ["TransferCurve", "transfer_curve"]


@dataclass(frozen=True)
class TransferCurve:
    """What was found, and where it lies.

    Parameters
    ----------
    points : tuple of TransferPoint
        The model as it is first.
    shift : dict
        By the name of a network (``before``, or a strategy after the largest number of samples): its
        distances between source and target, ``scores``, ``embeddings`` and ``scores by class``.
    findings : tuple of Finding
        What limits the figures.
    written : TransferWritten
        JSON, page and curves.
    """

    points: tuple[TransferPoint, ...]
    shift: dict[str, dict[str, dict[str, Shift]]]
    findings: tuple[Finding, ...]
    written: TransferWritten


def transfer_curve(
    model: Model | str | Path,
    target: Sequence[str | Path],
    folder: str | Path,
    config: TransferConfig | None = None,
    *,
    source: Sequence[str | Path] = (),
    tuned: Mapping[str, Any] | None = None,
    scratch: Mapping[str, Any] | None = None,
    resume: bool = True,
    progress: bool = True,
) -> TransferCurve:
    """Measure how well a model does on another survey, and what samples of that survey bring.

    The target samples that judge stay the same throughout. Every network is called at a probability of one
    half (or by its largest one), without calibration, for which 20 samples are too few.

    Parameters
    ----------
    model : Model or path
        As of `skysieve.recipes.fine_tune.fine_tune`.
    target : sequence of path
        Labelled samples of the target survey; a column ``split`` is respected.
    folder : path
        Holds ``runs``, ``transfer.json`` and ``transfer.html``; a killed curve goes on.
    config : TransferConfig, optional
        What to measure.
    source : sequence of path
        Samples of the survey that the model comes from, best such that it has not learned from: the test
        split, where they have one. With them the shift between the surveys is measured.
    tuned, scratch : mapping, optional
        Settings such as ``training.epochs``: of fine-tuning, above
        `skysieve.recipes.fine_tune.fine_tune_settings`; of training from scratch, above those that the model
        was trained with.
    resume, progress : bool
        As of `skysieve.recipes.run.train_samples`.

    Raises
    ------
    SampleSetError
        If samples are not what the model takes, or cannot be divided honestly.
    ConfigurationError
        If more samples are asked for than there are.
    """
    from skysieve.configuration import override

    asked = config or TransferConfig()
    opened = open_trained(model)
    recipe = recipe_of_trained(opened)
    plans: dict[str, tuple[Configuration, FineTuningConfig | None]] = {}
    for text in asked.strategies:
        fine_tuning = FineTuningConfig.of_text(text)
        plans[text] = (override(fine_tune_settings(opened, fine_tuning), tuned or {}), fine_tuning)
    if asked.scratch:
        plans[SCRATCH] = (override(_as_trained(opened), scratch or {}), None)
    _check_losses(plans)
    settings = next(iter(plans.values()))[0]
    samples = classes_by_name(opened, recipe.prepare(target, settings))
    check_samples(opened, samples)
    divided = target_samples(samples, asked.test, asked.seed)
    divided, leaks = check_division(divided)
    near = source_samples(opened, recipe, source, settings)
    place = Path(folder)
    runs = _runs(divided, asked, plans)
    found = _train(opened, recipe, divided, near, runs, place, asked, resume=resume, progress=progress)
    points = transfer_points(found, divided, asked)
    shift = survey_shift(found, divided, near, asked)
    findings = (*_findings(opened, divided, samples), *leaks)
    written = write_transfer(
        place,
        model={"name": opened.description.name, "identity": opened.identity},
        data=_told_of_data(divided, target, source, near),
        config=asked,
        plans={name: each[0] for name, each in plans.items()},
        points=points,
        shift=shift,
        findings=findings,
        label_origin=samples.description.label_origin,
    )
    return TransferCurve(points, shift, findings, written)


def _check_losses(plans: Mapping[str, tuple[Configuration, FineTuningConfig | None]]) -> None:
    """Refuse losses of votes before anything is trained: draws are of labels."""
    for name, (settings, _) in plans.items():
        if settings.training.loss not in LABEL_LOSSES:
            option = "--set-scratch (scratch)" if name == SCRATCH else "--set (tuned)"
            raise ConfigurationError(
                f"the loss {settings.training.loss!r} takes votes, and a transfer curve learns from "
                f"labels: {option} training.loss=cross-entropy"
            )


def _as_trained(model: Model) -> Configuration:
    """Return the settings that a model was trained with."""
    settings = settings_of_run(model) or fine_tune_settings(model)
    return replace(settings, splits=replace(settings.splits, folds=0))


def _runs(
    divided: TargetSamples,
    asked: TransferConfig,
    plans: Mapping[str, tuple[Configuration, FineTuningConfig | None]],
) -> list[TransferRun]:
    runs = []
    for size in asked.sizes[1:]:
        for draw in range(asked.draws):
            train, validation = draw_rows(
                divided, size, validation=asked.validation, seed=1000 * asked.seed + draw
            )
            runs += [
                TransferRun(name, size, draw, train, validation, settings, fine_tuning)
                for name, (settings, fine_tuning) in plans.items()
            ]
    return runs


def _train(
    model: Model,
    recipe: Recipe,
    divided: TargetSamples,
    near: SourceSamples | None,
    runs: Sequence[TransferRun],
    place: Path,
    asked: TransferConfig,
    *,
    resume: bool,
    progress: bool,
) -> dict[tuple[str, int], list[Transferred]]:
    """Return what every network made of the samples that judge, by strategy and size; the model first."""
    images = read_arrays(model.description.contract, divided.samples)
    labels = divided.samples.labels
    sources = None if near is None else near.images
    data = digest_of(digest_of_samples(divided.samples), "" if near is None else near.digest)
    found = {(AS_IT_IS, 0): [score_as_is(model, images, divided.test, sources)]}
    with progress_bar("runs", len(runs), enabled=progress) as bar:
        for run in runs:
            # Embeddings of one network a strategy are enough: that which saw the most.
            looked_into = run.size == asked.sizes[-1] and run.draw == 0
            made = train_on_draw(
                run,
                model,
                recipe,
                images,
                labels,
                divided.test,
                sources if looked_into else None,
                place / "runs" / run.name,
                data=data,
                resume=resume,
            )
            found.setdefault((run.strategy, run.size), []).append(made)
            bar.advance()
            bar.note(run.name)
    return found


def _findings(model: Model, divided: TargetSamples, samples: SampleSet) -> tuple[Finding, ...]:
    seen = seen_samples(samples, model.description.provenance)
    told = () if seen is None else seen_finding(seen[divided.test])
    return (*samples.findings, *told)


def _told_of_data(
    divided: TargetSamples,
    target: Sequence[str | Path],
    source: Sequence[str | Path],
    near: SourceSamples | None,
) -> dict[str, Any]:
    return {
        "target": [str(each) for each in target],
        "target_origin": dict(divided.samples.description.origin),
        "test": len(divided.test),
        "pool": len(divided.pool),
        "source": [str(each) for each in source],
        "source_samples": 0 if near is None else len(near.labels),
        "source_seen_in_training": near is not None and near.seen,
    }
