"""Integrated gradients: the logit's difference from a baseline, shared out among the pixels."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.explanation.question import Question, Space
from skysieve.explanation.registry import EXPLAINERS, Answer

__all__ = ["COMPLETENESS_ERROR", "DIFFERENCE", "IntegratedGradients", "places_between"]

#: Name of the figure: sum of the attribution less the difference that it should be, in logits.
COMPLETENESS_ERROR = "completeness_error"

#: Name of the figure: logit of the image less that of the baseline.
DIFFERENCE = "logit_difference"


@EXPLAINERS.register("integrated-gradients")
@dataclass(frozen=True)
class IntegratedGradients:
    """Gradients summed up on the straight way from a baseline to the image, times the way.

    The values of a map are logits, and they add up to the logit of the image less that of the
    baseline; by how much they miss it is the ``completeness_error`` of the image.

    Parameters
    ----------
    baseline : {"sky", "zeros", "given"}
        What "nothing to see" is: the median of each channel, which is sky in most cutouts; zeros; or
        ``value``.
    value : float
        The given baseline, in the unit of the space; read with ``baseline="given"`` only.
    steps : int
        Places on the way where the gradient is taken (Gauss-Legendre).
    space : {"network", "raw"}
        Whether the way leads through what the network gets, or through raw pixels. A model that
        brings every image to unit norm is blind to how bright it is: on the way from raw zeros its logit
        jumps at once and then stays. Hence after the preprocessing by default.

    References
    ----------
    Sundararajan et al. 2017, arXiv:1703.01365.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 1))
    >>> with torch.no_grad():
    ...     _ = network[1].weight.copy_(torch.tensor([[1.0, -2.0]]))
    >>> question = Question(network, None, torch.tensor([[[[3.0, 1.0]]]]), torch.tensor([1]))
    >>> torch.round(IntegratedGradients("zeros").answer(question).maps, decimals=3)
    tensor([[[ 3., -2.]]])
    """

    baseline: Literal["sky", "zeros", "given"] = "sky"
    value: float = 0.0
    steps: int = 64
    space: Space = "network"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigurationError(f"steps is {self.steps}; expected 1 or more")

    @property
    def signed(self) -> bool:
        """Whether its maps have negative values."""
        return True

    @property
    def reading(self) -> str:
        """What a map of it shows."""
        empty = {"sky": "of sky alone", "zeros": "of zeros", "given": f"of {self.value:g} everywhere"}
        return (
            "Integrated gradients: the difference between the logit of this image and that of one "
            f"{empty[self.baseline]}, shared out among the pixels. Warm pixels speak for the class, "
            "cold ones against it."
        )

    @property
    def unit(self) -> str:
        """Unit of its maps."""
        return "logits"

    def answer(self, question: Question) -> Answer:
        """Return a map for every image of one batch and one network."""
        x = question.start(self.space)
        # Where nothing was measured, baseline and image are the same: that pixel goes no way.
        baseline = torch.where(question.measured, self._baseline(question, x), x)
        way = torch.where(question.measured, x - baseline, 0.0)
        total = torch.zeros_like(x)
        for place, weight in zip(*places_between(self.steps), strict=True):
            total += weight * question.gradient(baseline + place * way, self.space)
        shares = total * way
        with torch.no_grad():
            difference = question.logit(x, self.space) - question.logit(baseline, self.space)
        error = shares.sum((1, 2, 3)) - difference
        return Answer(shares.sum(1), {COMPLETENESS_ERROR: error, DIFFERENCE: difference})

    def _baseline(self, question: Question, x: Tensor) -> Tensor:
        if self.baseline == "sky":
            pixels = torch.where(question.measured, x, torch.nan).flatten(2)
            return pixels.nanmedian(dim=2).values.nan_to_num()[..., None, None].expand_as(x)
        return torch.full_like(x, self.value if self.baseline == "given" else 0.0)


@functools.cache
def places_between(steps: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return places between 0 and 1 and their weights, whose sum is 1."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return tuple(((places + 1) / 2).tolist()), tuple((weights / 2).tolist())
