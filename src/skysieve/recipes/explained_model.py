"""A saved model opened for explaining: its graph to score with, its network to look into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from skysieve.errors import ConfigurationError, ContractError
from skysieve.explanation.attributing import attribute
from skysieve.explanation.attribution import Attribution
from skysieve.explanation.randomisation import randomised_network
from skysieve.explanation.registry import Explainer
from skysieve.models.model import DESCRIPTION, SHIPPED, WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Sieve, is_sieve
from skysieve.preprocess import Pipeline
from skysieve.samples.sample_set import SampleSet

__all__ = ["ExplainedModel", "Verdicts", "found_model"]


@dataclass(frozen=True)
class Verdicts:
    """What a model says of N samples.

    Parameters
    ----------
    score : ndarray, shape (N,), float32
        Two classes: probability of the second; more: of the preferred one.
    called : ndarray, shape (N,), int64
        The class of the largest probability.
    confidence : ndarray, shape (N,), float64
        That probability.
    """

    score: NDArray[np.float32]
    called: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float32]) -> Verdicts:
        """Read what `Model.predict` returned.

        Examples
        --------
        >>> Verdicts.of(np.array([0.25, 0.75], dtype=np.float32)).confidence
        array([0.75, 0.75])
        """
        if scores.ndim == 1:
            confidence = np.maximum(scores, 1 - scores.astype(np.float64))
            return cls(scores, (scores >= 0.5).astype(np.int64), confidence)
        best = scores.max(axis=1)
        return cls(best, scores.argmax(axis=1), best.astype(np.float64))


class ExplainedModel:
    """A model and the network that its graph was exported from.

    Parameters
    ----------
    model : Model
        The model; scores come from its graph, as everywhere.
    network : nn.Module
        Its network, with its weights.
    """

    def __init__(self, model: Model, network: nn.Module) -> None:
        self.model = model
        self.network = network
        self.preprocess = Pipeline.from_json(model.description.preprocess)

    @classmethod
    def open(cls, place: Model | str | Path) -> ExplainedModel:
        """Open a model folder, a shipped model, or a member of a sieve such as ``streaks/rb-1``.

        Raises
        ------
        ModelError
            If there is no such model, or it is damaged.
        ConfigurationError
            If it is a sieve; the message names its members.
        """
        model = found_model(place)
        return cls(model, build_network(model.description, model.folder / WEIGHTS))

    def check(self, samples: SampleSet) -> None:
        """Check that samples are what the model takes.

        Raises
        ------
        ContractError
            If the column is missing, or its channels or shape are others.
        """
        contract = self.model.description.contract
        layout = samples.description.tensors.get(contract.column)
        if layout is None:
            raise ContractError(
                f"the samples have no tensor column {contract.column!r}, which the model takes; "
                f"found {', '.join(samples.description.tensors) or 'none'}"
            )
        if layout.shape != contract.shape:
            raise ContractError(
                f"found images of shape {layout.shape}, the model expects {contract.shape}: "
                f"{', '.join(contract.channels)}"
            )
        contract.check_channels(layout.channels)

    def judge(self, images: NDArray[np.float32]) -> Verdicts:
        """Score raw images, shape (N, C, H, W)."""
        return Verdicts.of(self.model.predict(images))

    def explain(
        self, images: NDArray[np.float32], explainer: Explainer, classes: NDArray[np.int64]
    ) -> Attribution:
        """Map what in raw images speaks for a class of each."""
        return attribute(
            self.network,
            images,
            explainer,
            target=classes,
            preprocess=self.preprocess,
            batch=max(len(images), 1),
        )

    def randomised(self, seeds: Sequence[int]) -> list[ExplainedModel]:
        """Return the model with its network's weights in random order, once for every seed."""
        return [ExplainedModel(self.model, randomised_network(self.network, seed=seed)) for seed in seeds]


def found_model(place: Model | str | Path) -> Model:
    """Return a model by its folder, a shipped model, or a member of a sieve such as ``streaks/rb-1``.

    Raises
    ------
    ModelError
        If there is no such model, or it is damaged.
    ConfigurationError
        If it is a sieve; the message names its members.
    """
    if isinstance(place, Model):
        return place
    if is_sieve(place):
        sieve = Sieve.load(place)
        members = ", ".join(str(Path(place) / member.name) for member in sieve.members)
        raise ConfigurationError(
            f"{place} is a sieve, which has a network for each member; explain one of them: {members}"
        )
    return Model.load(_find(place))


def _find(place: str | Path) -> str | Path:
    """Return the folder of a shipped sieve's member, or the place as it is."""
    shipped = SHIPPED / place
    return place if Path(place).exists() or not (shipped / DESCRIPTION).is_file() else shipped
