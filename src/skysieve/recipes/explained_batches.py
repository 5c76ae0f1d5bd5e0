"""Explain samples batch by batch: maps to disk, figures and the samples to show in memory."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ContractError
from skysieve.evaluation.explanation_page import ExplainedSample
from skysieve.explanation.agreement import mask_agreement
from skysieve.explanation.attribution import Attribution
from skysieve.explanation.randomisation import map_similarity
from skysieve.explanation.registry import Explainer
from skysieve.progress import progress_bar
from skysieve.recipes.explain_configuration import PREDICTED, ExplainConfig
from skysieve.recipes.explained_model import ExplainedModel, Verdicts
from skysieve.recipes.explained_panels import PanelKeeper, panel_plans
from skysieve.recipes.explanation_figures import CollectedFigures
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.sample_set import SampleSet

__all__ = ["MAP", "MASK", "ExplainPlan", "Explained", "explain_batches"]

#: Tensor column of true masks, (1, H, W), not 0 where the object is.
MASK = "mask"

#: Tensor column of maps, (1, H, W).
MAP = "map"


@dataclass(frozen=True)
class ExplainPlan:
    """All that is settled before the first sample is explained.

    Parameters
    ----------
    explained : ExplainedModel
        The model.
    explainer : Explainer
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
    explainer: Explainer
    config: ExplainConfig
    samples: SampleSet
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    sanity: bool

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the model's classes."""
        return self.explained.model.description.classes

    @functools.cached_property
    def has_masks(self) -> bool:
        """Whether the samples have masks; such as do not fit the images are refused."""
        layout = self.samples.description.tensors.get(MASK)
        expected = (1, *self.explained.model.description.contract.shape[1:])
        if layout is not None and layout.shape != expected:
            raise ContractError(
                f"the tensor column {MASK!r} has the shape {layout.shape}; "
                f"masks of these images have {expected}"
            )
        return layout is not None

    def targets(self, called: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class to explain of each sample.

        Raises
        ------
        ConfigurationError
            If the configuration names no class of the model.
        """
        name = self.config.target
        if name == PREDICTED:
            return called
        if name not in self.classes:
            raise ConfigurationError(
                f"target is {name!r}; expected {PREDICTED!r} or one of the classes {', '.join(self.classes)}"
            )
        return np.full(len(called), self.classes.index(name), dtype=np.int64)


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
    first = _explain(plan, rows[:1], piece.select([0]))
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
            batch = _explain(plan, rows, piece)
            figures.add(piece.groups, batch.mask_figures, batch.attribution.figures)
            if (compared := np.isin(rows, drawn)).any():
                figures.compare(piece.groups[compared], *_compare(plan, batch, compared, others))
            writer.write(batch.columns(plan, piece))
            for keeper in keepers:
                _offer(keeper, plan, batch, priorities[np.searchsorted(plan.rows, rows)])
            bar.advance(len(rows))
    return Explained(figures, keepers, method)


@dataclass(frozen=True)
class _Batch:
    """Some samples, judged and explained."""

    rows: NDArray[np.int64]
    ids: NDArray[Any]
    images: NDArray[Any]
    masks: NDArray[np.bool_] | None
    verdicts: Verdicts
    attribution: Attribution
    mask_figures: dict[str, NDArray[np.float64]]

    def columns(self, plan: ExplainPlan, piece: SampleSet) -> dict[str, Any]:
        """Return the columns of the set of maps."""
        labels = plan.labels[self.rows]
        return {
            "id": self.ids,
            "group": piece.groups,
            "label": [None if label < 0 else int(label) for label in labels],
            "score": self.verdicts.score,
            "predicted": self.verdicts.called,
            "target": self.attribution.target,
            **{f"mask_{name}": values for name, values in self.mask_figures.items()},
            **self.attribution.figures,
            MAP: self.attribution.maps[:, None],
        }


def _explain(plan: ExplainPlan, rows: NDArray[np.int64], piece: SampleSet) -> _Batch:
    """Explain the samples of a piece, which is in memory."""
    images = piece.tensor(plan.explained.model.description.contract.column)
    raw = images.astype(np.float32, copy=False)
    verdicts = plan.explained.judge(raw)
    attribution = plan.explained.explain(raw, plan.explainer, plan.targets(verdicts.called))
    masks = piece.tensor(MASK)[:, 0] != 0 if plan.has_masks else None
    figures = {} if masks is None else mask_agreement(attribution.maps, masks).columns()
    return _Batch(rows, piece.ids, images, masks, verdicts, attribution, figures)


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


def _compare(
    plan: ExplainPlan, batch: _Batch, rows: NDArray[np.bool_], others: list[ExplainedModel]
) -> tuple[dict[str, NDArray[np.float64]], ...]:
    """Return figures of the trained network, of the others, and of how alike the maps are.

    Those of the others are means over them.
    """
    raw = batch.images[rows].astype(np.float32, copy=False)
    masks = None if batch.masks is None else batch.masks[rows]
    agreements, similarities = [], []
    for other in others:
        # The same class as before: what the others prefer is not the question.
        maps = other.explain(raw, plan.explainer, batch.attribution.target[rows]).maps
        similarities.append(map_similarity(batch.attribution.maps[rows], maps).columns())
        if masks is not None:
            agreements.append(mask_agreement(maps, masks).columns())
    trained = {name: values[rows] for name, values in batch.mask_figures.items()}
    return trained, _mean(agreements), _mean(similarities)


def _mean(figures: list[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    """Return the mean of each figure, sample by sample, over the networks in which it is defined."""
    means = {}
    for name in figures[0] if figures else ():
        values = np.array([each[name] for each in figures])
        count = np.isfinite(values).sum(axis=0)
        total = np.nansum(values, axis=0)
        means[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def _offer(keeper: PanelKeeper, plan: ExplainPlan, batch: _Batch, drawn: NDArray[np.float64]) -> None:
    """Let a panel take what it wants of a batch."""
    labels, verdicts = plan.labels[batch.rows], batch.verdicts
    priority = drawn if keeper.order == "random" else verdicts.confidence
    for at in np.flatnonzero(keeper.members(labels, verdicts.called, verdicts.confidence)):
        if keeper.wants(priority[at]):
            keeper.keep(float(priority[at]), int(batch.rows[at]), _sample(plan, batch, int(at)))


def _sample(plan: ExplainPlan, batch: _Batch, at: int) -> ExplainedSample:
    label = plan.labels[batch.rows[at]]
    return ExplainedSample(
        id=str(batch.ids[at]),
        score=float(batch.verdicts.score[at]),
        label=plan.classes[label] if label >= 0 else "",
        called=plan.classes[batch.verdicts.called[at]],
        target=plan.classes[batch.attribution.target[at]],
        cutouts=batch.images[at],
        attribution=batch.attribution.maps[at],
        mask=None if batch.masks is None else batch.masks[at],
    )


def _layout(plan: ExplainPlan, method: dict[str, Any]) -> Description:
    """Return the description of the set of maps."""
    described = plan.samples.description
    shape = plan.explained.model.description.contract.shape
    return Description(
        tensors={MAP: TensorColumn((1, *shape[1:]), unit=plan.explainer.unit)},
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
