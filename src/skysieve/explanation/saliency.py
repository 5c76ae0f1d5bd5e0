"""Saliency: how much the logit changes when a pixel does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.explanation.question import Question, Space
from skysieve.explanation.registry import EXPLAINERS, Answer

__all__ = ["Saliency", "sky_noise"]


@EXPLAINERS.register("saliency")
@dataclass(frozen=True)
class Saliency:
    """The gradient of the class logit by every pixel, without its sign.

    Parameters
    ----------
    channels : {"max", "sum"}
        How the channels of a pixel become one value.
    times_input : bool
        Multiply the gradient by the pixel: what the pixel contributes to first order. With
        ``channels="sum"`` the map then keeps the sign.
    smooth : int
        SmoothGrad: mean gradient over so many copies with more noise; 0 for the image itself.
    noise : float
        Noise of these copies, in units of the image's own in each channel (scaled median absolute
        deviation). The paper takes a share of the range of values, which one saturated star decides.
    space : {"raw", "network"}
        Whether the pixels are those that were measured, so that the gradient runs through the
        preprocessing, or those that the network gets.
    seed : int
        Seed of that noise.

    References
    ----------
    Simonyan et al. 2013, arXiv:1312.6034; Smilkov et al. 2017, arXiv:1706.03825 (SmoothGrad).

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1))
    >>> _ = torch.nn.init.constant_(network[1].weight, -2.0)
    >>> question = Question(network, None, torch.ones(1, 1, 2, 2), torch.tensor([1]))
    >>> Saliency().answer(question).maps
    tensor([[[2., 2.],
             [2., 2.]]])
    """

    channels: Literal["max", "sum"] = "max"
    times_input: bool = False
    smooth: int = 0
    noise: float = 1.0
    space: Space = "raw"
    seed: int = 1

    def __post_init__(self) -> None:
        if self.smooth < 0 or self.noise < 0:
            raise ConfigurationError(
                f"smooth is {self.smooth} and noise {self.noise}; expected both to be 0 or more"
            )

    @property
    def signed(self) -> bool:
        """Whether its maps have negative values."""
        return self.times_input and self.channels == "sum"

    @property
    def reading(self) -> str:
        """What a map of it shows."""
        if self.times_input:
            return "Gradient times input: what each pixel adds to the logit of the class, to first order."
        return "Saliency: how much the logit of the class would change if the pixel did, whichever way."

    @property
    def unit(self) -> str:
        """Unit of its maps."""
        return "logits" if self.times_input else "logits per unit of a pixel"

    def answer(self, question: Question) -> Answer:
        """Return a map for every image of one batch and one network."""
        x = question.start(self.space)
        gradient = self._gradient(question, x)
        if self.times_input:
            gradient = gradient * torch.where(question.measured, x, 0.0)
        if not self.signed:
            gradient = gradient.abs()
        return Answer(gradient.amax(1) if self.channels == "max" else gradient.sum(1))

    def _gradient(self, question: Question, x: Tensor) -> Tensor:
        if not self.smooth:
            return question.gradient(x, self.space)
        # Drawn on the CPU, so that a seed means the same on every device.
        generator = torch.Generator().manual_seed(self.seed)
        sigma = self.noise * sky_noise(x, question.measured)
        total = torch.zeros_like(x)
        for _ in range(self.smooth):
            # The same for every image, so that a map does not depend on the others of its batch.
            drawn = torch.randn(x.shape[1:], generator=generator).to(x.device)
            total += question.gradient(x + sigma * drawn, self.space)
        return total / self.smooth


def sky_noise(x: Tensor, measured: Tensor) -> Tensor:
    """Return the noise of every channel, shape (N, C, 1, 1): scaled median absolute deviation.

    Where more than half of the pixels are equal, which leaves no such deviation, the standard deviation.
    Only measured pixels count; 0 for a channel without any.

    Examples
    --------
    >>> x = torch.tensor([[[[0.0, 1.0, 2.0, torch.nan]]]])
    >>> sky_noise(x, x.isfinite()).item()
    1.482...
    """
    pixels = torch.where(measured, x, torch.nan).flatten(2)
    centre = pixels.nanmedian(dim=2, keepdim=True).values
    deviation = 1.4826 * (pixels - centre).abs().nanmedian(dim=2, keepdim=True).values
    spread = (pixels - pixels.nanmean(dim=2, keepdim=True)).square().nanmean(dim=2, keepdim=True).sqrt()
    return torch.where(deviation > 0, deviation, spread).nan_to_num()[..., None]
