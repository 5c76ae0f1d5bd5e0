"""Train a sieve: every member on one split, thresholds together on validation, the joint verdict on test."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.evaluation.joint_thresholds import joint_thresholds
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.evaluation.sieve_rates import Night
from skysieve.models.sieve import Member, Sieve
from skysieve.models.sieve_save import write_sieve
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judge_sieve import judge_samples
from skysieve.recipes.run import TrainingRun, train_samples
from skysieve.recipes.sieve_recipe import SieveConfiguration, SieveRecipe
from skysieve.recipes.sieve_report import write_report_of_sieve
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_splits

__all__ = ["SieveRun", "train_sieve", "train_sieve_samples"]


@dataclass(frozen=True)
class SieveRun:
    """What a run left.

    Parameters
    ----------
    folder : Path
        The run folder, with a run of its own below it for every member.
    sieve : Sieve
        The sieve, opened; it lies in ``folder/sieve``.
    evaluation : SieveEvaluation
        The test split, judged.
    figures : dict
        Its figures, with their intervals.
    report : Path
        The HTML report.
    """

    folder: Path
    sieve: Sieve
    evaluation: SieveEvaluation
    figures: dict[str, Any]
    report: Path


def train_sieve(
    recipe: SieveRecipe,
    inputs: Sequence[str | Path],
    folder: str | Path,
    configuration: SieveConfiguration | None = None,
    **options: Any,
) -> SieveRun:
    """Train a sieve on what a user has, judge it, and leave a sieve and a report.

    Parameters
    ----------
    recipe : SieveRecipe
        The experiment.
    inputs : sequence of path
        A sample set with the labels of all families, or what the recipe can make one from.
    folder : path
        The run folder.
    configuration : SieveConfiguration, optional
        Settings; those of the recipe if not given.
    **options
        As of `train_sieve_samples`.
    """
    settings = configuration or recipe.configuration
    return train_sieve_samples(recipe, recipe.samples(inputs, settings.model), folder, settings, **options)


def train_sieve_samples(
    recipe: SieveRecipe,
    samples: SampleSet,
    folder: str | Path,
    configuration: SieveConfiguration | None = None,
    *,
    name: str | None = None,
    resume: bool = True,
    progress: bool = True,
) -> SieveRun:
    """Train a sieve on a sample set.

    All members see the same split. Early stopping, calibration and the thresholds of the families see
    the validation split only, the figures come from the test split only. Killed and called again with
    the same arguments, the run goes on where it was.

    Parameters
    ----------
    recipe : SieveRecipe
        The experiment.
    samples : SampleSet
        Samples with a label column a family and one of the joint truth; a column ``split`` is respected.
    folder : path
        The run folder.
    configuration : SieveConfiguration, optional
        Settings; those of the recipe if not given.
    name : str, optional
        Name of the sieve; that of the recipe if not given.
    resume, progress
        As of `skysieve.recipes.run.train_samples`.

    Raises
    ------
    SampleSetError
        If a family's labels are absent, or the samples cannot be split honestly.
    ConfigurationError
        If settings contradict each other, or the folder holds another run.
    """
    settings = configuration or recipe.configuration
    if settings.model.splits.folds:
        raise ConfigurationError("a sieve is trained on one split; set model.splits.folds to 0")
    title = name or recipe.name
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    if "split" not in samples.column_names:
        shares = {part: getattr(settings.model.splits, part) for part in ("train", "validation", "test")}
        samples = with_splits(samples, shares, seed=settings.model.splits.seed)
    members: list[Member] = []
    scores: dict[str, NDArray[Any]] = {}
    runs: dict[str, TrainingRun] = {}
    for family, family_recipe in recipe.families.items():
        labelled = recipe.family_samples(samples, family)
        for number in range(settings.members):
            member = f"{family}-{number + 1}"
            training = settings.model.training
            run = train_samples(
                family_recipe,
                labelled,
                place / member,
                dataclasses.replace(
                    settings.model, training=dataclasses.replace(training, seed=training.seed + number)
                ),
                name=f"{title}-{member}",
                resume=resume,
                progress=progress,
            )
            members.append(Member(member, family, run.model))
            scores[member], runs[member] = np.asarray(run.scores), run
    thresholds = _thresholds(recipe, samples, members, scores, settings)
    sieve = _write(recipe, title, place / "sieve", samples, members, thresholds, settings, figures={})
    rows = np.flatnonzero(samples.scalar("split") == "test")
    evaluation = judge_samples(
        sieve,
        samples,
        scores,
        split="test",
        rows=rows,
        labels={family: recipe.family_samples(samples, family).labels for family in recipe.families},
        night=Night(streaks=settings.night, prevalence=settings.prevalence),
        replicates=settings.model.evaluation.replicates,
        seed=settings.model.evaluation.seed,
    )
    figures = sieve_figures_json(evaluation)
    write_json(place / "evaluation.json", figures)
    sieve = _write(recipe, title, place / "sieve", samples, members, thresholds, settings, figures)
    report = write_report_of_sieve(
        place / "report.html",
        sieve,
        evaluation,
        samples,
        rows,
        published=recipe.published,
        histories={
            member: run.folder / "training" / "member_0" / "history.json" for member, run in runs.items()
        },
    )
    return SieveRun(place, sieve, evaluation, figures, report)


def _thresholds(
    recipe: SieveRecipe,
    samples: SampleSet,
    members: list[Member],
    scores: dict[str, NDArray[Any]],
    settings: SieveConfiguration,
) -> dict[str, float]:
    """Choose the threshold of each family on the validation split: those of a rule, together."""
    rows = np.flatnonzero((samples.scalar("split") == "validation") & (samples.scalar(recipe.truth) >= 0))
    truth = samples.scalar(recipe.truth)[rows]
    best = {
        family: np.max([scores[each.name][rows] for each in members if each.family == family], axis=0)
        for family in recipe.families
    }
    chosen: dict[str, float] = {}
    for rule in recipe.rules.values():
        named = [family for family in best if f'"{family}"' in json.dumps(rule)]
        chosen |= joint_thresholds(truth, {family: best[family] for family in named}, settings.max_fpr)
    return chosen


def _write(
    recipe: SieveRecipe,
    name: str,
    folder: Path,
    samples: SampleSet,
    members: list[Member],
    thresholds: dict[str, float],
    settings: SieveConfiguration,
    figures: dict[str, Any],
) -> Sieve:
    origin = samples.description.label_origin
    return write_sieve(
        folder,
        name=name,
        members=members,
        rules={rule: dict(expression) for rule, expression in recipe.rules.items()},
        summary=recipe.summary,
        thresholds=thresholds,
        labels=origin,
        figures={"test": figures} if figures else {},
        provenance={
            "recipe": recipe.name,
            "paper": recipe.paper,
            "thresholds": f"most complete verdict with FPR <= {settings.max_fpr:g}, chosen on validation",
            "samples": dict(samples.description.origin),
            "configuration": as_dict(settings),
        },
    )
