"""Two methods for sequences: integrated gradients of every step, and how much the logit follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.explanation.integrated_gradients import COMPLETENESS_ERROR, DIFFERENCE, places_between
from skysieve.explanation.question import Space
from skysieve.explanation.registry import Answer
from skysieve.explanation.sequence_question import SequenceQuestion
from skysieve.explanation.sequence_registry import SEQUENCE_EXPLAINERS

__all__ = ["SequenceIntegratedGradients", "SequenceSaliency"]

#: Fewer columns than these are values of a light curve in its bands; more are numbers of a frame.
MOST_BANDS = 6


@SEQUENCE_EXPLAINERS.register("integrated-gradients")
@dataclass(frozen=True)
class SequenceIntegratedGradients:
    """Gradients summed up on the straight way from a baseline to the sequence, times the way.

    The values are logits, and over all steps of a sequence they add up to its logit less that of the
    baseline; by how much they miss it is its ``completeness_error``.

    Parameters
    ----------
    baseline : {"auto", "mean", "zeros"}
        What "nothing happens" is: the sequence's own mean at the same times, in each band; or zeros, which
        is the middle of what an autoencoder of frames makes. ``auto``: the mean for light curves, zeros for
        frames. Neither knows of the other sequences of a batch.
    steps : int
        Places on the way where the gradient is taken (Gauss-Legendre).
    space : {"network", "raw"}
        Whether the way leads through values that the network has standardised, where it standardises each
        curve, or through those that were measured. A network that divides a curve by its own scatter sees
        one shape all the way from nearly flat to the curve: there the logit jumps at once and then stays.

    References
    ----------
    Sundararajan et al. 2017, arXiv:1703.01365.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1))
    >>> with torch.no_grad():
    ...     _ = network[1].weight.copy_(torch.tensor([[0.0, 1.0, 0.0, -2.0]]))
    >>> sequence = torch.tensor([[[0.0, 3.0], [1.0, 1.0]]])
    >>> question = SequenceQuestion(network, sequence, torch.tensor([1]), columns=(1,))
    >>> torch.round(SequenceIntegratedGradients("mean").answer(question).maps, decimals=3)
    tensor([[1., 2.]])
    """

    baseline: Literal["auto", "mean", "zeros"] = "auto"
    steps: int = 32
    space: Space = "network"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigurationError(f"steps is {self.steps}; expected 1 or more")

    @property
    def signed(self) -> bool:
        """Whether there are negative attributions."""
        return True

    @property
    def reading(self) -> str:
        """What the colours of a curve show."""
        empty = {
            "auto": "one that stays at its mean (of frames: at zeros)",
            "mean": "one that stays at its mean",
            "zeros": "one of zeros",
        }
        return (
            "Integrated gradients: the difference between the logit of this sequence and that of "
            f"{empty[self.baseline]}, at the same times, shared out among its points. Orange points speak "
            "for the class, blue ones against it."
        )

    @property
    def unit(self) -> str:
        """Unit of the attributions."""
        return "logits"

    def answer(self, question: SequenceQuestion) -> Answer:
        """Return the attribution of every step of one batch and one network."""
        values = question.start(self.space)
        kind = self._kind(question)
        zeros = torch.zeros_like(values)
        baseline = zeros if kind == "zeros" else question.mean(values)
        # What was not measured goes no way.
        way = torch.where(question.measured, values - baseline, zeros)
        total = zeros
        for place, weight in zip(*places_between(self.steps), strict=True):
            total = total + weight * question.gradient(baseline + place * way, self.space)
        shares = total * way
        with torch.no_grad():
            difference = question.logit(values, self.space) - question.logit(baseline, self.space)
        error = shares.sum((1, 2)) - difference
        standardised = "standardised values" if question.standardised(self.space) else "values"
        return Answer(
            shares.sum(2),
            {COMPLETENESS_ERROR: error, DIFFERENCE: difference},
            {"baseline": kind, "way": standardised},
        )

    def _kind(self, question: SequenceQuestion) -> str:
        if self.baseline != "auto":
            return self.baseline
        return "mean" if len(question.columns) <= MOST_BANDS else "zeros"


@SEQUENCE_EXPLAINERS.register("saliency")
@dataclass(frozen=True)
class SequenceSaliency:
    """The gradient of the class logit by the values of every step.

    Parameters
    ----------
    times_input : bool
        Multiply the gradient by the value's distance from the mean of its sequence, and keep the sign: what
        the step contributes to first order. Else the size of the gradient, over all numbers of a frame.
    space : {"raw", "network"}
        Whether values are those that were measured, so that a point also moves mean and scatter of its
        curve, or those that the network has standardised.

    References
    ----------
    Simonyan et al. 2013, arXiv:1312.6034.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1))
    >>> _ = torch.nn.init.constant_(network[1].weight, -2.0)
    >>> question = SequenceQuestion(network, torch.ones(1, 2, 2), torch.tensor([1]), columns=(1,))
    >>> SequenceSaliency().answer(question).maps
    tensor([[2., 2.]])
    """

    times_input: bool = False
    space: Space = "raw"

    @property
    def signed(self) -> bool:
        """Whether there are negative attributions."""
        return self.times_input

    @property
    def reading(self) -> str:
        """What the colours of a curve show."""
        if self.times_input:
            return (
                "Gradient times input: what each point adds to the logit of the class by its distance from "
                "the mean, to first order. Orange points speak for the class, blue ones against it."
            )
        return "Saliency: how much the logit of the class would change if the point did, whichever way."

    @property
    def unit(self) -> str:
        """Unit of the attributions."""
        if self.times_input:
            return "logits"
        return f"logits per {'unit of a value' if self.space == 'raw' else 'scatter of the curve'}"

    def answer(self, question: SequenceQuestion) -> Answer:
        """Return the attribution of every step of one batch and one network."""
        values = question.start(self.space)
        gradient = question.gradient(values, self.space)
        if self.times_input:
            return Answer((gradient * (values - question.mean(values))).sum(2))
        return Answer(_length(gradient))


def _length(gradient: Tensor) -> Tensor:
    """Return the Euclidean length over the columns, shape (N, T)."""
    return gradient.square().sum(2).sqrt()
