"""Explain samples batch by batch: maps to disk, figures and the samples to show in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.explanation_page import DrawnSample, ExplainedSample
from skysieve.explanation.registry import Explainer
from skysieve.explanation.sequence_registry import SequenceExplainer
from skysieve.progress import progress_bar
from skysieve.recipes.explain_configuration import ExplainConfig, target_classes
from skysieve.recipes.explained_model import ExplainedModel, Verdicts
from skysieve.recipes.explained_panels import PanelKeeper, panel_plans
from skysieve.recipes.explanation_figures import CollectedFigures
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.sample_set import SampleSet

__all__ = [
    "ExplainPlan",
    "Explained",
    "ExplainedBatch",
    "Subject",
    "explain_batches",
    "mean_figures",
    "own_columns",
]


class Attributed(Protocol):
    """What a method made of samples: `Attribution`, or `SequenceAttribution`."""

    @property
    def target(self) -> NDArray[np.int64]:
        """The class that was explained."""

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its settings, and what it found out."""

    @property
    def figures(self) -> Mapping[str, NDArray[np.float32]]:
        """Figures of each sample."""


class ExplainedBatch(Protocol):
    """Some samples, judged and explained."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """Their rows in the set."""

    @property
    def verdicts(self) -> Verdicts:
        """What the model says of them."""

    @property
    def attribution(self) -> Attributed:
        """What spoke for the class."""

    @property
    def mask_figures(self) -> dict[str, NDArray[np.float64]]:
        """Figures against true masks; empty without."""

    def columns(self, plan: ExplainPlan, piece: SampleSet) -> dict[str, Any]:
        """Return the columns of the set of maps."""

    def compared(
        self, plan: ExplainPlan, rows: NDArray[np.bool_], others: list[ExplainedModel]
    ) -> tuple[dict[str, NDArray[np.float64]], ...]:
        """Return figures of the trained network, of the others, and of how alike the maps are."""

    def sample(self, plan: ExplainPlan, at: int) -> ExplainedSample | DrawnSample:
        """Return what is shown of one of them."""


class Subject(Protocol):
    """What is explained: images, or sequences."""

    def explained(self, plan: ExplainPlan, rows: NDArray[np.int64], piece: SampleSet) -> ExplainedBatch:
        """Explain the samples of a piece, which is in memory."""

    def layout(self, plan: ExplainPlan) -> dict[str, TensorColumn]:
        """Return the tensor columns of the set of maps."""


@dataclass(frozen=True)
class ExplainPlan:
    """All that is settled before the first sample is explained.

    Parameters
    ----------
    explained : ExplainedModel
        The model.
    subject : Subject
        Images, or sequences.
    explainer : Explainer or SequenceExplainer
        The method.
    config : ExplainConfig
        What is explained and shown.
    samples : SampleSet
        What the model takes, as `ExplainedModel.check` has found.
    labels : ndarray, shape (N,), int64
        Labels of all samples; -1: none.
    rows : ndarray of int, ascending
        The samples to explain.
    sanity : bool
        Whether randomised networks explain some of them, too.
    """

    explained: ExplainedModel
    subject: Subject
    explainer: Explainer | SequenceExplainer
    config: ExplainConfig
    samples: SampleSet
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    sanity: bool

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the model's classes."""
        return self.explained.model.description.classes

    def targets(self, called: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class to explain of each sample, as of `target_classes`."""
        return target_classes(self.config.target, self.classes, called)


@dataclass(frozen=True)
class Explained:
    """What explaining left in memory.

    Parameters
    ----------
    figures : CollectedFigures
        Of every sample.
    keepers : list of PanelKeeper
        The samples to show.
    method : dict
        The explainer by name, its settings, and what it found out.
    """

    figures: CollectedFigures
    keepers: list[PanelKeeper]
    method: dict[str, Any]


def explain_batches(plan: ExplainPlan, path: Path, *, progress: bool = False) -> Explained:
    """Explain the samples of a plan, and write their maps as a sample set.

    Parameters
    ----------
    plan : ExplainPlan
        What to do.
    path : Path
        The set of maps; it appears when it is complete.
    progress : bool
        Whether to show a bar.
    """
    # On one sample first, so that what cannot be done is told before anything is written.
    rows, piece = next(_pieces(plan))
    first = plan.subject.explained(plan, rows[:1], piece.select([0]))
    method = {"name": first.attribution.method} | dict(first.attribution.settings)
    config = plan.config
    labelled = bool((plan.labels[plan.rows] >= 0).any())
    keepers = [
        PanelKeeper(each, config.shown, config.order)
        for each in panel_plans(plan.classes, config.low, config.high, labelled)
    ]
    generator = np.random.default_rng(config.seed)
    # Drawn for all rows at once, so that who is shown does not depend on the size of a batch.
    priorities = generator.random(len(plan.rows))
    drawn, others = _randomised(plan, generator)
    figures = CollectedFigures()
    with (
        progress_bar("explaining", len(plan.rows), enabled=progress) as bar,
        SampleWriter(path, _layout(plan, method)) as writer,
    ):
        for rows, piece in _pieces(plan):
            batch = plan.subject.explained(plan, rows, piece)
            figures.add(piece.groups, batch.mask_figures, batch.attribution.figures)
            if (compared := np.isin(rows, drawn)).any():
                figures.compare(piece.groups[compared], *batch.compared(plan, compared, others))
            writer.write(batch.columns(plan, piece))
            for keeper in keepers:
                _offer(keeper, plan, batch, priorities[np.searchsorted(plan.rows, rows)])
            bar.advance(len(rows))
    return Explained(figures, keepers, method)


def own_columns(plan: ExplainPlan, batch: ExplainedBatch, piece: SampleSet) -> dict[str, Any]:
    """Return the columns that every set of maps has."""
    labels = plan.labels[batch.rows]
    return {
        "id": piece.ids,
        "group": piece.groups,
        "label": [None if label < 0 else int(label) for label in labels],
        "score": batch.verdicts.score,
        "predicted": batch.verdicts.called,
        "target": batch.attribution.target,
        **{f"mask_{name}": values for name, values in batch.mask_figures.items()},
        **batch.attribution.figures,
    }


def _pieces(plan: ExplainPlan) -> Iterator[tuple[NDArray[np.int64], SampleSet]]:
    """Yield the wanted rows of each batch of the set, and their samples."""
    first = 0
    for piece in plan.samples.batches(plan.config.batch):
        lo, hi = np.searchsorted(plan.rows, [first, first + len(piece)])
        if hi > lo:
            rows = plan.rows[lo:hi]
            yield rows, piece if hi - lo == len(piece) else piece.select(rows - first)
        first += len(piece)
        if first > plan.rows[-1]:
            return


def _randomised(
    plan: ExplainPlan, generator: np.random.Generator
) -> tuple[NDArray[np.int64], list[ExplainedModel]]:
    """Return the rows that randomised networks explain, and these networks."""
    if not plan.sanity:
        return np.zeros(0, dtype=np.int64), []
    settings = plan.config.sanity
    drawn = generator.choice(plan.rows, min(settings.samples, len(plan.rows)), replace=False)
    return drawn, plan.explained.randomised([plan.config.seed + at for at in range(settings.networks)])


def mean_figures(figures: list[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    """Return the mean of each figure, sample by sample, over the networks in which it is defined."""
    means = {}
    for name in figures[0] if figures else ():
        values = np.array([each[name] for each in figures])
        count = np.isfinite(values).sum(axis=0)
        total = np.nansum(values, axis=0)
        means[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def _offer(keeper: PanelKeeper, plan: ExplainPlan, batch: ExplainedBatch, drawn: NDArray[np.float64]) -> None:
    """Let a panel take what it wants of a batch."""
    labels, verdicts = plan.labels[batch.rows], batch.verdicts
    priority = drawn if keeper.order == "random" else verdicts.confidence
    for at in np.flatnonzero(keeper.members(labels, verdicts.called, verdicts.confidence)):
        if keeper.wants(priority[at]):
            keeper.keep(float(priority[at]), int(batch.rows[at]), batch.sample(plan, int(at)))


def _layout(plan: ExplainPlan, method: dict[str, Any]) -> Description:
    """Return the description of the set of maps."""
    described = plan.samples.description
    return Description(
        tensors=plan.subject.layout(plan),
        classes=plan.classes,
        label_origin=described.label_origin,
        origin={
            "model": plan.explained.model.description.name,
            "identity": plan.explained.model.identity,
            "method": method,
            "settings": dataclasses.asdict(plan.config),
            "samples": dict(described.origin),
        },
    )
