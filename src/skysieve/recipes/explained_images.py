"""Images that are explained: their maps, against true masks and against those of other networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError
from skysieve.evaluation.explanation_page import ExplainedSample
from skysieve.explanation.agreement import mask_agreement
from skysieve.explanation.attribution import Attribution
from skysieve.explanation.randomisation import map_similarity
from skysieve.explanation.registry import Explainer
from skysieve.models.contract import InputContract
from skysieve.recipes.explained_batches import ExplainPlan, mean_figures, own_columns
from skysieve.recipes.explained_model import ExplainedModel, Verdicts
from skysieve.samples.description import TensorColumn
from skysieve.samples.sample_set import SampleSet

__all__ = ["MAP", "MASK", "ExplainedImages"]

#: Tensor column of true masks, (1, H, W), not 0 where the object is.
MASK = "mask"

#: Tensor column of maps, (1, H, W).
MAP = "map"


@dataclass(frozen=True)
class ExplainedImages:
    """The images of a set.

    Parameters
    ----------
    explainer : Explainer
        The method.
    contract : InputContract
        What the model takes.
    masked : bool
        Whether the set has true masks.
    """

    explainer: Explainer
    contract: InputContract
    masked: bool

    @classmethod
    def of(cls, explainer: Explainer, contract: InputContract, samples: SampleSet) -> ExplainedImages:
        """Look for masks in a set; such as do not fit the images are refused.

        Raises
        ------
        ContractError
            If masks are of another size than the images.
        """
        layout = samples.description.tensors.get(MASK)
        expected = (1, *contract.shape[1:])
        if layout is not None and layout.shape != expected:
            raise ContractError(
                f"the tensor column {MASK!r} has the shape {layout.shape}; "
                f"masks of these images have {expected}"
            )
        return cls(explainer, contract, layout is not None)

    def explained(self, plan: ExplainPlan, rows: NDArray[np.int64], piece: SampleSet) -> _Batch:
        """Explain the images of a piece, which is in memory."""
        images = piece.tensor(self.contract.column)
        raw = images.astype(np.float32, copy=False)
        verdicts = plan.explained.judge(raw)
        attribution = plan.explained.explain(raw, self.explainer, plan.targets(verdicts.called))
        masks = piece.tensor(MASK)[:, 0] != 0 if self.masked else None
        figures = {} if masks is None else mask_agreement(attribution.maps, masks).columns()
        return _Batch(self, rows, piece.ids, images, masks, verdicts, attribution, figures)

    def layout(self, plan: ExplainPlan) -> dict[str, TensorColumn]:
        """Return the tensor columns of the set of maps."""
        return {MAP: TensorColumn((1, *self.contract.fixed_shape[1:]), unit=plan.explainer.unit)}


@dataclass(frozen=True)
class _Batch:
    subject: ExplainedImages
    rows: NDArray[np.int64]
    ids: NDArray[Any]
    images: NDArray[Any]
    masks: NDArray[np.bool_] | None
    verdicts: Verdicts
    attribution: Attribution
    mask_figures: dict[str, NDArray[np.float64]]

    def columns(self, plan: ExplainPlan, piece: SampleSet) -> dict[str, Any]:
        """Return the columns of the set of maps."""
        return own_columns(plan, self, piece) | {MAP: self.attribution.maps[:, None]}

    def compared(
        self, plan: ExplainPlan, rows: NDArray[np.bool_], others: list[ExplainedModel]
    ) -> tuple[dict[str, NDArray[np.float64]], ...]:
        """Return figures of the trained network, of the others, and of how alike the maps are.

        Those of the others are means over them.
        """
        del plan
        raw = self.images[rows].astype(np.float32, copy=False)
        masks = None if self.masks is None else self.masks[rows]
        agreements, similarities = [], []
        for other in others:
            # The same class as before: what the others prefer is not the question.
            maps = other.explain(raw, self.subject.explainer, self.attribution.target[rows]).maps
            similarities.append(map_similarity(self.attribution.maps[rows], maps).columns())
            if masks is not None:
                agreements.append(mask_agreement(maps, masks).columns())
        trained = {name: values[rows] for name, values in self.mask_figures.items()}
        return trained, mean_figures(agreements), mean_figures(similarities)

    def sample(self, plan: ExplainPlan, at: int) -> ExplainedSample:
        """Return what is shown of one of them."""
        label = plan.labels[self.rows[at]]
        return ExplainedSample(
            id=str(self.ids[at]),
            score=float(self.verdicts.score[at]),
            label=plan.classes[label] if label >= 0 else "",
            called=plan.classes[self.verdicts.called[at]],
            target=plan.classes[self.attribution.target[at]],
            cutouts=self.images[at],
            attribution=self.attribution.maps[at],
            mask=None if self.masks is None else self.masks[at],
        )
