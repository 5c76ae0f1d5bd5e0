"""Many runs of one recipe, each in its own folder, some at the same time; those that are done stay done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import Interval
from skysieve.models.card import disclosure
from skysieve.progress import progress_bar
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.json_file import write_json
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.run import train_samples
from skysieve.recipes.scored_samples import SCORES, ScoredSamples
from skysieve.recipes.uncertainty.results import Subject
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples
from skysieve.samples.sample_set import SampleSet

__all__ = [
    "DONE",
    "RunOutcome",
    "RunTask",
    "changed_settings",
    "check_runs",
    "identities_of",
    "subject_of_recipe",
    "train_runs",
]

#: What a finished run leaves in its folder, so that it is not done again.
DONE = "uncertainty-run.json"


@dataclass(frozen=True)
class RunTask:
    """One run of a recipe on a variant of the samples.

    Parameters
    ----------
    name : str
        Of the run and of its folder.
    settings : Configuration
        Settings of this run.
    columns : mapping of str to ndarray
        Columns that take the place of those of the samples: another split, wrong labels.
    rows : ndarray of int, optional
        Rows to train and judge on, in this order, before the columns are put in; one may come twice, and
        is then two samples of one group.
    label_origin : str
        How the labels of this variant came about; empty: as those of the samples.
    """

    name: str
    settings: Configuration
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    rows: NDArray[np.int64] | None = None
    label_origin: str = ""

    def variant(self, samples: SampleSet) -> SampleSet:
        """Return the samples of this run."""
        columns = dict(self.columns)
        if self.rows is not None:
            columns["id"] = _own_ids(samples.ids[self.rows])
            samples = samples.select(self.rows)
        changes = {"label_origin": self.label_origin} if self.label_origin else {}
        return samples.with_columns(columns, **changes)


@dataclass(frozen=True)
class RunOutcome:
    """What a run left.

    Parameters
    ----------
    name : str
        Of the run.
    folder : Path
        Its run folder.
    figures : dict of str to Interval
        Of its test split.
    scored : ScoredSamples
        The scores of all its samples.
    """

    name: str
    folder: Path
    figures: dict[str, Interval]
    scored: ScoredSamples


def train_runs(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    samples: SampleSet,
    folder: Path,
    tasks: Sequence[RunTask],
    *,
    workers: int = 1,
    resume: bool = True,
    progress: bool = True,
) -> list[RunOutcome]:
    """Train every run that is not done, here or in processes of their own, and return all in their order.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    inputs : sequence of path
        What processes make the samples from anew.
    samples : SampleSet
        The samples.
    folder : Path
        Holds a run folder a task.
    tasks : sequence of RunTask
        The runs.
    workers : int
        Runs that are trained at the same time; each gets an equal share of the cores unless
        ``training.threads`` says otherwise. Another number of threads changes the last digits.
    resume : bool
        Go on with what lies in the folders.
    progress : bool
        Show progress.

    Raises
    ------
    ConfigurationError
        If there are no workers, other processes cannot find the recipe, or a folder holds another run.
    """
    check_runs(recipe, tasks[0].settings, workers)
    digest = digest_of_samples(samples)
    jobs = [
        _Job(recipe.name, tuple(map(str, inputs)), folder / task.name, task, digest, resume) for task in tasks
    ]
    waiting = [job for job in jobs if not (resume and job.done())]
    with progress_bar("runs", len(jobs), enabled=progress) as bar:
        bar.advance(len(jobs) - len(waiting))
        for job in _trained(recipe, samples, waiting, workers):
            bar.advance()
            bar.note(job.task.name)
    return [job.outcome() for job in jobs]


def check_runs(recipe: Recipe, settings: Configuration, workers: int) -> None:
    """Refuse what no run could start with.

    Raises
    ------
    ConfigurationError
        As of `train_runs`.
    """
    if workers < 1:
        raise ConfigurationError(f"workers is 1 or more, found {workers}")
    if settings.splits.folds:
        raise ConfigurationError("runs are trained on one split each; set splits.folds to 0")
    if workers > 1 and (recipe.name not in RECIPES or RECIPES.get(recipe.name) is not recipe):
        raise ConfigurationError(
            f"the recipe {recipe.name} is not registered, so other processes cannot find it; use workers=1"
        )


def identities_of(outcomes: Sequence[RunOutcome]) -> dict[str, str]:
    """Return the identity of the model of each run, by the name of its folder."""
    return {each.folder.name: str(each.scored.model["identity"]) for each in outcomes}


def changed_settings(recipe: Recipe, settings: Configuration) -> dict[str, Any]:
    """Return the settings in which runs differ from the recipe whose name a page bears.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from skysieve.recipes.braai import BRAAI
    >>> own = BRAAI.configuration
    >>> changed_settings(BRAAI, replace(own, training=replace(own.training, epochs=2)))
    {'training.epochs': 2}
    """
    before, after = _flat(as_dict(recipe.configuration)), _flat(as_dict(settings))
    return {name: value for name, value in after.items() if before.get(name, ...) != value}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def subject_of_recipe(recipe: Recipe, inputs: Sequence[str | Path], samples: SampleSet) -> Subject:
    """Return what a page says about runs of a recipe on samples."""
    description = samples.description
    data = {
        "inputs": [str(each) for each in inputs],
        "digest": digest_of_samples(samples),
        "origin": dict(description.origin),
    }
    return Subject(recipe.name, data=data, disclosure=disclosure(description.label_origin))


@dataclass(frozen=True)
class _Job:
    """A task with all that another process needs for it."""

    recipe: str
    inputs: tuple[str, ...]
    folder: Path
    task: RunTask
    digest: str
    resume: bool

    @property
    def key(self) -> str:
        """Digest of what makes this run this run."""
        settings = as_dict(self.task.settings)
        for name in ("threads", "device"):
            del settings["training"][name]
        columns = [fact for name in sorted(self.task.columns) for fact in (name, self.task.columns[name])]
        rows = [] if self.task.rows is None else [self.task.rows]
        return digest_of(self.recipe, self.digest, settings, *columns, *rows)

    def done(self) -> bool:
        """Tell whether the folder holds this run, finished."""
        try:
            stored = json.loads((self.folder / DONE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(stored.get("key") == self.key and (self.folder / SCORES).is_file())

    def train(self, recipe: Recipe, samples: SampleSet, *, progress: bool) -> None:
        """Train, judge, and note that it is done."""
        (self.folder / DONE).unlink(missing_ok=True)
        run = train_samples(
            recipe,
            self.task.variant(samples),
            self.folder,
            self.task.settings,
            resume=self.resume,
            progress=progress,
        )
        figures = {name: interval.to_json() for name, interval in run.evaluation.intervals.items()}
        write_json(self.folder / DONE, {"key": self.key, "figures": figures})

    def outcome(self) -> RunOutcome:
        """Read what was left."""
        stored = json.loads((self.folder / DONE).read_text(encoding="utf-8"))["figures"]
        undefined = {"value": np.nan, "low": np.nan, "high": np.nan}
        figures = {
            name: Interval(**undefined | {edge: value for edge, value in each.items() if value is not None})
            for name, each in stored.items()
        }
        return RunOutcome(self.task.name, self.folder, figures, ScoredSamples.read(self.folder / SCORES))


def _trained(recipe: Recipe, samples: SampleSet, jobs: list[_Job], workers: int) -> Iterator[_Job]:
    if workers == 1:
        for job in jobs:
            job.train(recipe, samples, progress=False)
            yield job
        return
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_train_in_process, _with_threads(job, threads)) for job in jobs]
        try:
            for job, future in zip(jobs, running, strict=True):
                future.result()
                yield job
        except BaseException:
            # What has not begun must not keep an error, or Ctrl-C, waiting for hours.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _train_in_process(job: _Job) -> None:
    recipe = RECIPES.get(job.recipe)
    job.train(recipe, recipe.prepare(job.inputs, job.task.settings), progress=False)


def _with_threads(job: _Job, threads: int) -> _Job:
    training = job.task.settings.training
    if training.threads is not None:
        return job
    settings = replace(job.task.settings, training=replace(training, threads=threads))
    return replace(job, task=replace(job.task, settings=settings))


def _own_ids(ids: NDArray[Any]) -> NDArray[np.str_]:
    """Give the second and later copies of a sample ids of their own."""
    copies: dict[str, int] = {}
    named = []
    for name in map(str, ids.tolist()):
        copies[name] = copies.get(name, 0) + 1
        named.append(name if copies[name] == 1 else f"{name}#{copies[name]}")
    return np.array(named, dtype=np.str_)
