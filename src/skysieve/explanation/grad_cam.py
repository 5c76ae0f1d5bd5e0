"""Grad-CAM: where the last spatial activation holds what speaks for the class."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from skysieve.explanation.cell_places import PlaceTape, stretched
from skysieve.explanation.question import Question, class_logits
from skysieve.explanation.registry import EXPLAINERS, Answer
from skysieve.explanation.spatial_layers import activation_of, last_activation

__all__ = ["GradCam"]


@EXPLAINERS.register("grad-cam")
@dataclass(frozen=True)
class GradCam:
    """Channels of a spatial activation, weighted by their mean gradient, summed up, and rectified.

    The map has the resolution of the layer, and is stretched to the image bilinearly, each cell to the
    centre of what it sees: strides and paddings are followed through the network (`PlaceTape`). Far
    from every centre, as at the border of a network without padding, the map is 0. Where places cannot be
    followed, cells are spread evenly over the image.

    Parameters
    ----------
    layer : str
        Name of the module whose output to take, as in ``named_modules``; empty: the last spatial
        activation behind a convolution and before pooling.
    rectify : bool
        Keep what speaks for the class only, as in the paper; False keeps what speaks against it, too.
    even : bool
        Spread the cells evenly over the image, as most implementations do, wherever they look.

    References
    ----------
    Selvaraju et al. 2017, arXiv:1610.02391.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = torch.nn.Sequential(
    ...     torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(32, 1)
    ... )
    >>> question = Question(network, None, torch.rand(1, 1, 4, 4), torch.tensor([1]))
    >>> answer = GradCam().answer(question)
    >>> answer.maps.shape, answer.found
    (torch.Size([1, 4, 4]), {'activation': 'conv2d (2 x 4 x 4)'})
    """

    layer: str = ""
    rectify: bool = True
    even: bool = False

    @property
    def signed(self) -> bool:
        """Whether its maps have negative values."""
        return not self.rectify

    @property
    def reading(self) -> str:
        """What a map of it shows."""
        against = "" if self.rectify else " Cold colours speak against it."
        return (
            "Grad-CAM: where a spatial activation of the network holds what raises the logit of the class. "
            f"A map is as coarse as that activation.{against}"
        )

    @property
    def unit(self) -> str:
        """Unit of its maps."""
        return ""

    def answer(self, question: Question) -> Answer:
        """Return a map for every image of one batch and one network."""
        x = question.start("network").requires_grad_()
        with torch.enable_grad(), PlaceTape(x) as tape:
            if self.layer:
                logits, activation = activation_of(question.network, x, self.layer)
                name = f"{self.layer} ({' x '.join(map(str, activation.shape[1:]))})"
            else:
                logits, activation, name = last_activation(question.network, x)
            places = None if self.even else tape.places(activation)
            total = class_logits(logits, question.classes).sum()
        (gradient,) = torch.autograd.grad(total, activation)
        weights = gradient.mean((2, 3), keepdim=True)
        coarse = (weights * activation.detach()).sum(1, keepdim=True)
        if self.rectify:
            coarse = torch.relu(coarse)
        maps = stretched(coarse, (x.shape[2], x.shape[3]), places)
        return Answer(maps, found={"activation": name})
