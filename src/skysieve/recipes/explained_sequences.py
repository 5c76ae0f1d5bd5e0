"""Sequences that are explained: what each of their points contributed, in the order of the set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.configuration import from_dict
from skysieve.errors import ContractError
from skysieve.evaluation.attributed_curves import attributed_curve, attributed_frames
from skysieve.evaluation.attribution_images import full_scale
from skysieve.evaluation.explanation_page import DrawnSample
from skysieve.explanation.attributing_sequences import SequenceAttribution, attribute_sequences
from skysieve.explanation.randomisation import map_similarity
from skysieve.explanation.sequence_registry import SequenceExplainer
from skysieve.models.contract import InputContract
from skysieve.models.readings import read_inputs
from skysieve.models.readings.light_curve_steps import SEARCH, folding_periods
from skysieve.preprocess.curve_features.configuration import PeriodOptions
from skysieve.recipes.explained_batches import ExplainPlan, mean_figures, own_columns
from skysieve.recipes.explained_model import ExplainedModel, Verdicts
from skysieve.samples.description import TensorColumn
from skysieve.samples.light_curves import BANDS, ERROR, TIME, VALUE, LightCurves
from skysieve.samples.sample_set import SampleSet
from skysieve.training.light_curve_sequences import light_curve_sequences
from skysieve.training.ragged import RaggedSequences

__all__ = ["ATTRIBUTION", "ExplainedSequences"]

#: Ragged column of attributions, a number a point.
ATTRIBUTION = "attribution"

#: Column for periods that were searched for; a column of true ones.
_FOLDED, _PERIOD = "period_that_was_searched", "period"


@dataclass(frozen=True)
class ExplainedSequences:
    """The sequences of a set.

    Parameters
    ----------
    explainer : SequenceExplainer
        The method.
    contract : InputContract
        What the model takes.
    beside : tuple of str
        Ragged columns of the set that stand beside the attributions: times, values, errors, bands.
    """

    explainer: SequenceExplainer
    contract: InputContract
    beside: tuple[str, ...]

    @classmethod
    def of(
        cls, explainer: SequenceExplainer, contract: InputContract, samples: SampleSet
    ) -> ExplainedSequences:
        """Look for the columns that stand beside."""
        tensors = samples.description.tensors
        if not contract.reading and contract.column not in tensors:
            raise ContractError(
                f"the samples have no tensor column {contract.column!r}, which the model takes; "
                f"found {', '.join(tensors) or 'none'}"
            )
        return cls(
            explainer, contract, tuple(name for name in (TIME, VALUE, ERROR, BANDS) if name in tensors)
        )

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns of a step that are varied: values of a light curve, or all numbers of a frame."""
        names = self.contract.channels
        values = [at for at, name in enumerate(names) if name == VALUE or name.startswith(f"{VALUE} ")]
        return tuple(values if self.contract.reading and values else range(len(names)))

    def explained(self, plan: ExplainPlan, rows: NDArray[np.int64], piece: SampleSet) -> _Batch:
        """Explain the sequences of a piece, which is in memory."""
        sequences, order, periods = self._read(piece)
        verdicts = Verdicts.of(plan.explained.model.predict(sequences))
        attribution = self.attribute(plan.explained, sequences, plan.targets(verdicts.called))
        steps = attribution.steps
        if order is not None:
            steps = [_unsorted(step, at) for step, at in zip(steps, order, strict=True)]
        curves = LightCurves.of(piece) if {TIME, VALUE} <= set(self.beside) else None
        return _Batch(self, rows, piece.ids, sequences, verdicts, attribution, steps, curves, periods)

    def attribute(
        self, model: ExplainedModel, sequences: RaggedSequences, classes: NDArray[np.int64]
    ) -> SequenceAttribution:
        """Tell what the steps of sequences contribute, in the order in which the network reads them."""
        return attribute_sequences(
            model.network,
            sequences,
            self.explainer,
            columns=self.columns,
            target=classes,
            batch=max(len(sequences), 1),
        )

    def layout(self, plan: ExplainPlan) -> dict[str, TensorColumn]:
        """Return the tensor columns of the set of maps."""
        tensors = plan.samples.description.tensors
        beside = {name: tensors[name] for name in self.beside}
        return beside | {ATTRIBUTION: TensorColumn((None,), unit=plan.explainer.unit)}

    def _read(
        self, piece: SampleSet
    ) -> tuple[RaggedSequences, list[NDArray[np.int64]] | None, NDArray[np.float64]]:
        """Return sequences; which point stands at which step, if not as stored; and periods to fold at."""
        reading = dict(self.contract.reading)
        fold = reading.get("fold", "")
        if not fold:
            return _sequences(self.contract, piece), None, _known_periods(piece)
        curves = LightCurves.of(piece)
        if fold == SEARCH:
            fold = reading["fold"] = _FOLDED
            options = from_dict(PeriodOptions, reading.get("search", {}))
            piece = piece.with_columns({_FOLDED: folding_periods(curves, options)})
        sequences = _sequences(replace(self.contract, reading=reading), piece)
        periods = piece.scalar(fold).astype(np.float64) * reading.get("fold_factor", 1.0)
        return sequences, _order_of_phases(curves, periods), periods


@dataclass(frozen=True)
class _Batch:
    subject: ExplainedSequences
    rows: NDArray[np.int64]
    ids: NDArray[Any]
    sequences: RaggedSequences
    verdicts: Verdicts
    attribution: SequenceAttribution
    points: list[NDArray[np.float32]]
    curves: LightCurves | None
    periods: NDArray[np.float64]

    @property
    def mask_figures(self) -> dict[str, NDArray[np.float64]]:
        """None: there are no true masks of points."""
        return {}

    def columns(self, plan: ExplainPlan, piece: SampleSet) -> dict[str, Any]:
        """Return the columns of the set of maps."""
        beside = {name: piece.ragged(name) for name in self.subject.beside}
        return own_columns(plan, self, piece) | beside | {ATTRIBUTION: self.points}

    def compared(
        self, plan: ExplainPlan, rows: NDArray[np.bool_], others: list[ExplainedModel]
    ) -> tuple[dict[str, NDArray[np.float64]], ...]:
        """Return nothing of masks, and how alike attributions of the trained and of other networks are."""
        del plan
        chosen = np.flatnonzero(rows)
        some = _taken(self.sequences, chosen)
        likeness = []
        for other in others:
            # The same class as before: what the others prefer is not the question.
            found = self.subject.attribute(other, some, self.attribution.target[chosen]).steps
            likeness.append(_similarity([self.attribution.steps[at] for at in chosen], found))
        return {}, {}, mean_figures(likeness)

    def sample(self, plan: ExplainPlan, at: int) -> DrawnSample:
        """Return what is shown of one of them."""
        label = plan.labels[self.rows[at]]
        return DrawnSample(
            id=str(self.ids[at]),
            score=float(self.verdicts.score[at]),
            label=plan.classes[label] if label >= 0 else "",
            called=plan.classes[self.verdicts.called[at]],
            target=plan.classes[self.attribution.target[at]],
            draw=self._draw(at, plan.explainer.unit),
            scale=full_scale(self.points[at]),
        )

    def _draw(self, at: int, unit: str) -> Callable[[str], Markup]:
        points, label, period = self.points[at], str(self.ids[at]), float(self.periods[at])
        if self.curves is None:
            return lambda _: attributed_frames(points, label=label, unit=unit)
        curve = self.curves.take(np.array([at]))
        return lambda name: attributed_curve(curve, points, period=period, name=name)


def _sequences(contract: InputContract, piece: SampleSet) -> RaggedSequences:
    made = read_inputs(contract, piece)
    if not isinstance(made, RaggedSequences):
        raise ContractError(f"the reading {contract.reading.get('kind')!r} gives arrays, not sequences")
    return made


def _known_periods(piece: SampleSet) -> NDArray[np.float64]:
    if _PERIOD in piece.column_names and piece.scalar(_PERIOD).dtype.kind in "fiu":
        return piece.scalar(_PERIOD).astype(np.float64)
    return np.full(len(piece), np.nan)


def _order_of_phases(curves: LightCurves, periods: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Return the number of the point that stands at each step of every folded curve."""
    counts = curves.counts
    number = np.arange(len(curves.time)) - np.repeat(curves.offsets[:-1], counts)
    # Curves whose values are the numbers of their points go the same way as the curves themselves.
    numbered = replace(curves, value=number.astype(np.float64))
    steps = light_curve_sequences(numbered, bands="none", periods=periods).steps
    return np.split(steps[:, 1].astype(np.int64), curves.offsets[1:-1])


def _unsorted(steps: NDArray[np.float32], order: NDArray[np.int64]) -> NDArray[np.float32]:
    points = np.empty_like(steps)
    points[order] = steps
    return points


def _taken(sequences: RaggedSequences, rows: NDArray[np.int64]) -> RaggedSequences:
    lengths = sequences.lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    which = np.repeat(sequences.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return RaggedSequences(sequences.steps[which], offsets, sequences.batch_tokens)


def _similarity(
    first: list[NDArray[np.float32]], second: list[NDArray[np.float32]]
) -> dict[str, NDArray[np.float64]]:
    """Return how alike the attributions of every sequence are, each of shape (N,)."""
    found = [
        map_similarity(a[None, None], b[None, None]).columns() for a, b in zip(first, second, strict=True)
    ]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}
