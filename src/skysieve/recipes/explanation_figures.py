"""The figures of explained samples: against true masks, and against a network that has forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.explanation_page import FigureRow
from skysieve.evaluation.intervals import Interval
from skysieve.explanation.agreement import mask_intervals
from skysieve.explanation.integrated_gradients import COMPLETENESS_ERROR, DIFFERENCE

__all__ = ["CollectedFigures", "ExplanationFigures", "mask_rows", "similarity_rows"]

#: Figures against masks: title, meaning, and the figure that chance gives.
_MASK = {
    "iou_top": (
        "IoU of the largest pixels",
        "as many of the map's largest pixels as the mask has, against the mask",
        "chance_iou",
    ),
    "iou_threshold": ("IoU above half of the maximum", "pixels of at least half of the map's largest", ""),
    "pointing": ("Pointing game", "share of samples whose largest pixel lies in the mask", "coverage"),
    "share": ("Attribution in the mask", "share of what speaks for the class", "coverage"),
}

_SIMILARITY = {
    "rank_correlation": (
        "Rank correlation of the pixels",
        "Spearman; 1: the same map whatever the network has learned, 0: another one",
    ),
    "iou_top": ("IoU of the largest tenth", "of the pixels of both maps; 0.053 by chance"),
}


@dataclass(frozen=True)
class ExplanationFigures:
    """Figures with intervals, each by name; empty where there is nothing to compare with.

    Parameters
    ----------
    mask : mapping of str to Interval
        Of all samples with a mask, and ``coverage`` and ``chance_iou``.
    randomised, gap : mapping of str to Interval
        Of those drawn for the comparison: figures of the randomised networks, and how far the trained one is
        above them on the same samples.
    similarity : mapping of str to Interval
        How alike maps of the trained and of the randomised networks are.
    masks, compared : int
        How many samples have a mask; how many were drawn.
    """

    mask: Mapping[str, Interval] = field(default_factory=dict)
    randomised: Mapping[str, Interval] = field(default_factory=dict)
    gap: Mapping[str, Interval] = field(default_factory=dict)
    similarity: Mapping[str, Interval] = field(default_factory=dict)
    masks: int = 0
    compared: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the figures as a JSON-ready dictionary."""
        groups = {"mask": self.mask, "randomised": self.randomised, "gap": self.gap}
        groups["similarity"] = self.similarity
        told: dict[str, Any] = {"samples_with_mask": self.masks, "samples_compared": self.compared}
        for name, intervals in groups.items():
            if intervals:
                told[name] = {figure: interval.to_json() for figure, interval in intervals.items()}
        return told


class CollectedFigures:
    """Figures of samples, collected batch by batch."""

    def __init__(self) -> None:
        self._groups: list[NDArray[Any]] = []
        self._mask: list[Mapping[str, NDArray[np.float64]]] = []
        self._method: list[Mapping[str, NDArray[Any]]] = []
        self._compared: list[NDArray[Any]] = []
        self._trained: list[Mapping[str, NDArray[np.float64]]] = []
        self._randomised: list[Mapping[str, NDArray[np.float64]]] = []
        self._similarity: list[Mapping[str, NDArray[np.float64]]] = []

    def add(
        self,
        groups: NDArray[Any],
        mask: Mapping[str, NDArray[np.float64]],
        method: Mapping[str, NDArray[Any]],
    ) -> None:
        """Add a batch: its groups, its figures against masks, those of the method; each of shape (N,)."""
        self._groups.append(groups)
        self._mask.append(mask)
        self._method.append(method)

    def compare(
        self,
        groups: NDArray[Any],
        trained: Mapping[str, NDArray[np.float64]],
        randomised: Mapping[str, NDArray[np.float64]],
        similarity: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Add samples that were explained by randomised networks, too.

        Figures against masks of the trained and of the randomised networks, and of how alike their maps
        are; each of shape (N,).
        """
        self._compared.append(groups)
        self._trained.append(trained)
        self._randomised.append(randomised)
        self._similarity.append(similarity)

    def summary(self, *, replicates: int, seed: int) -> ExplanationFigures:
        """Return all means with their intervals.

        Parameters
        ----------
        replicates, seed
            Of the bootstrap over groups.
        """

        def intervals(
            figures: Mapping[str, NDArray[np.float64]], of: list[NDArray[Any]]
        ) -> dict[str, Interval]:
            known = {name: values for name, values in figures.items() if np.isfinite(values).any()}
            if not known:
                return {}
            return mask_intervals(known, np.concatenate(of), replicates=replicates, seed=seed)

        mask, trained, randomised = map(_joined, (self._mask, self._trained, self._randomised))
        # What chance gives is the same for both.
        randomised = {name: values for name, values in randomised.items() if name in _MASK}
        gaps = {name: trained[name] - values for name, values in randomised.items()}
        return ExplanationFigures(
            mask=intervals(mask, self._groups),
            randomised=intervals(randomised, self._compared),
            gap=intervals(gaps, self._compared),
            similarity=intervals(_joined(self._similarity), self._compared),
            masks=int(np.isfinite(mask["iou_top"]).sum()) if mask else 0,
            compared=sum(map(len, self._compared)),
        )

    def incompleteness(self) -> float | None:
        """Return how far integrated gradients miss what they should add up to.

        The mean size of the error, as a share of the mean size of the difference; None for other methods.
        """
        method = _joined(self._method)
        if COMPLETENESS_ERROR not in method:
            return None
        difference = float(np.abs(method[DIFFERENCE]).mean())
        return float(np.abs(method[COMPLETENESS_ERROR]).mean()) / (difference or 1.0)


def _joined(parts: list[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def mask_rows(figures: ExplanationFigures) -> tuple[list[str], list[FigureRow]]:
    """Return heads and rows of the table of figures against masks; no row if there is no mask."""
    if not figures.mask:
        return [], []
    columns = ["this network", "chance"]
    if figures.randomised:
        columns += ["randomised", "gap"]
    rows = []
    for name, (title, meaning, chance) in _MASK.items():
        values = [figures.mask.get(name), figures.mask.get(chance)]
        if figures.randomised:
            values += [figures.randomised.get(name), figures.gap.get(name)]
        rows.append(FigureRow(title, meaning, values))
    return columns, rows


def similarity_rows(figures: ExplanationFigures, places: str = "pixels") -> list[FigureRow]:
    """Return the rows of the table of map similarity; none if nothing was compared.

    Parameters
    ----------
    figures : ExplanationFigures
        The figures.
    places : str
        What an attribution is of: ``pixels``, ``points``.
    """
    return [
        FigureRow(
            title.replace("pixels", places), meaning.replace("pixels", places), [figures.similarity[name]]
        )
        for name, (title, meaning) in _SIMILARITY.items()
        if name in figures.similarity
    ]
