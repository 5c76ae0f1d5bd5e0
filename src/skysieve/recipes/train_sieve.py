"""Train a sieve: every member on one split, thresholds together on validation, the joint verdict on test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.evaluation.joint_thresholds import JointThresholds, joint_thresholds
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.evaluation.sieve_rates import Night
from skysieve.models.model import Model
from skysieve.models.sieve import Member, Sieve
from skysieve.models.sieve_save import write_sieve
from skysieve.progress import progress_bar
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judge_sieve import judge_samples
from skysieve.recipes.run import train_samples
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration, SieveRecipe
from skysieve.recipes.sieve_report import write_report_of_sieve
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_splits

__all__ = ["SieveRun", "train_sieve"]


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
    *,
    name: str | None = None,
    workers: int = 1,
    resume: bool = True,
    progress: bool = True,
) -> SieveRun:
    """Train a sieve on what a user has, judge it, and leave a sieve and a report.

    All members see the same split. Early stopping, calibration and the thresholds of the families see
    the validation split only, the figures come from the test split only. Killed and called again with
    the same arguments, the run goes on where it was.

    Parameters
    ----------
    recipe : SieveRecipe
        The experiment.
    inputs : sequence of path
        A sample set with a label column a family and one of the joint truth, or what the recipe can make
        one from; a column ``split`` is respected.
    folder : path
        The run folder.
    configuration : SieveConfiguration, optional
        Settings; those of the recipe if not given.
    name : str, optional
        Name of the sieve; that of the recipe if not given.
    workers : int
        Members that are trained at the same time, each in a process of its own. The outcome is the same
        if ``training.threads`` is set; without it a thread more changes the last digits.
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
    _check(recipe, settings, workers)
    title, place = name or recipe.name, Path(folder)
    families, rules = recipe.questions(settings), recipe.rules_of(recipe.questions(settings))
    place.mkdir(parents=True, exist_ok=True)
    samples = _split_samples(recipe, inputs, settings)
    # Asked of every family before the first one is trained: what lacks must not come out hours later.
    labels = {family: recipe.family_samples(samples, family).labels for family in families}

    def tasks_of(families: Sequence[str], started: bool) -> list[_Task]:
        given = (recipe.name, tuple(map(str, inputs)), place, title, settings)
        return [
            _Task(*given, family, number, resume, progress, started=started)
            for family in families
            for number in range(settings.members)
        ]

    pretrained = settings.pretraining_epochs > 0
    if pretrained:
        list(_train_members(recipe, tasks_of([recipe.pretraining], started=False), samples, workers))
    tasks = tasks_of(families, started=pretrained)
    trained = list(_train_members(recipe, tasks, samples, workers))
    shutil.copyfile(tasks[0].folder / "splits.parquet", place / "splits.parquet")
    members = [Member(task.member, task.family, Model.load(each.model)) for task, each in trained]
    # As scores are stored and compared: thresholds chosen on more digits would pass others.
    scores = {task.member: each.scores.astype(np.float32) for task, each in trained}
    thresholds = _thresholds(recipe.truth(samples), samples, members, scores, rules, settings.max_fpr)
    sieve = _write(recipe, title, place / "sieve", samples, members, thresholds, settings, figures={})
    rows = samples.split_rows("test")
    evaluation = judge_samples(
        sieve,
        samples,
        scores,
        split="test",
        rows=rows,
        labels=labels | {"os": recipe.truth(samples)},
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
        histories={task.member: task.folder / "training" / "member_0" / "history.json" for task in tasks},
    )
    return SieveRun(place, sieve, evaluation, figures, report)


@dataclass(frozen=True)
class _Task:
    """One member to train; everything of it can be sent to another process."""

    recipe: str
    inputs: tuple[str, ...]
    place: Path
    title: str
    settings: SieveConfiguration
    family: str
    number: int
    resume: bool
    progress: bool
    started: bool

    @property
    def member(self) -> str:
        """Name of the member."""
        return f"{self.family}-{self.number + 1}"

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return self.place / self.member


@dataclass(frozen=True)
class _Trained:
    """The model folder of a member, and its score of every sample."""

    model: Path
    scores: NDArray[Any]


def _split_samples(
    recipe: SieveRecipe, inputs: Sequence[str | Path], settings: SieveConfiguration
) -> SampleSet:
    samples = recipe.samples(inputs, settings.model)
    if "split" in samples.column_names:
        return samples
    shares = {part: getattr(settings.model.splits, part) for part in ("train", "validation", "test")}
    return with_splits(samples, shares, seed=settings.model.splits.seed)


def _train_members(
    recipe: SieveRecipe, tasks: list[_Task], samples: SampleSet, workers: int
) -> Iterator[tuple[_Task, _Trained]]:
    """Train every member, here or in processes of their own, and yield them in their order."""
    if workers == 1:
        for task in tasks:
            yield task, _train(recipe, task, samples)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        # Bars of several processes would write over each other: one line a member instead.
        running = [pool.submit(_train_in_process, replace(task, progress=False)) for task in tasks]
        with progress_bar("training", len(tasks), enabled=tasks[0].progress) as bar:
            for task, future in zip(tasks, running, strict=True):
                yield task, future.result()
                bar.advance()


def _train_in_process(task: _Task) -> _Trained:
    recipe = SIEVE_RECIPES.get(task.recipe)
    return _train(recipe, task, _split_samples(recipe, task.inputs, task.settings))


def _train(recipe: SieveRecipe, task: _Task, samples: SampleSet) -> _Trained:
    model = task.settings.model
    training = replace(model.training, seed=model.training.seed + task.number)
    if task.family == recipe.pretraining:
        epochs = task.settings.pretraining_epochs
        training = replace(training, epochs=epochs, warmup_epochs=min(training.warmup_epochs, epochs - 1))
    start = replace(task, family=recipe.pretraining).folder / "model" if task.started else None
    run = train_samples(
        recipe.families[task.family],
        recipe.family_samples(samples, task.family),
        task.folder,
        replace(model, training=training),
        name=f"{task.title}-{task.member}",
        start=start,
        resume=task.resume,
        progress=task.progress,
    )
    return _Trained(run.model.folder, np.asarray(run.scores))


def _check(recipe: SieveRecipe, settings: SieveConfiguration, workers: int) -> None:
    if settings.model.splits.folds:
        raise ConfigurationError("a sieve is trained on one split; set model.splits.folds to 0")
    if workers < 1:
        raise ConfigurationError(f"workers is 1 or more, found {workers}")
    if settings.pretraining_epochs and not recipe.pretraining:
        raise ConfigurationError(f"the recipe {recipe.name} has no pretraining; set pretraining_epochs=0")
    if workers > 1 and (recipe.name not in SIEVE_RECIPES or SIEVE_RECIPES.get(recipe.name) is not recipe):
        raise ConfigurationError(
            f"the recipe {recipe.name} is not registered, so other processes cannot find it; "
            "train with workers=1"
        )


def _thresholds(
    truth: NDArray[np.int64],
    samples: SampleSet,
    members: list[Member],
    scores: dict[str, NDArray[Any]],
    rules: Mapping[str, tuple[str, ...]],
    max_fpr: float,
) -> dict[str, JointThresholds]:
    """Choose the thresholds of the families of each rule together, on the validation split."""
    rows = np.flatnonzero((samples.scalar("split") == "validation") & (truth >= 0))
    return {
        rule: joint_thresholds(
            truth[rows],
            {
                family: np.max([scores[each.name][rows] for each in members if each.family == family], axis=0)
                for family in families
            },
            max_fpr,
        )
        for rule, families in rules.items()
    }


def _write(
    recipe: SieveRecipe,
    name: str,
    folder: Path,
    samples: SampleSet,
    members: list[Member],
    thresholds: Mapping[str, JointThresholds],
    settings: SieveConfiguration,
    figures: dict[str, Any],
) -> Sieve:
    origin = samples.description.label_origin
    return write_sieve(
        folder,
        name=name,
        members=members,
        rules={rule: dict(recipe.rules[rule]) for rule in thresholds},
        summary=recipe.summary,
        thresholds={family: value for each in thresholds.values() for family, value in each.values.items()},
        labels=origin,
        figures={"test": figures} if figures else {},
        provenance={
            "recipe": recipe.name,
            "paper": recipe.paper,
            "thresholds": {rule: _account(each, settings.max_fpr) for rule, each in thresholds.items()},
            "samples": dict(samples.description.origin),
            "configuration": as_dict(settings),
        },
    )


def _account(chosen: JointThresholds, max_fpr: float) -> str:
    """Say how thresholds were chosen, and what they do on the samples that chose them."""
    how = f"most complete verdict with FPR <= {max_fpr:g}"
    if not chosen.within:
        how = f"fewest false positives, for no choice that keeps a real has FPR <= {max_fpr:g}"
    return f"{how}; on the validation split, which chose them, TPR {chosen.tpr:.4f} and FPR {chosen.fpr:.4f}"
