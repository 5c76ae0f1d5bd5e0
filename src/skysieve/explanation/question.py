"""The question that explainers answer: what in these images speaks to this network for that class."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["SENTINEL", "Question", "Space", "class_logits"]

#: Size from which a pixel is a sentinel for "not measured"; ZTF templates hold -3.4e38.
SENTINEL = 1e30

#: Where pixels are varied: as they were measured, or as the network gets them.
Space = Literal["raw", "network"]


@dataclass(frozen=True)
class Question:
    """A network, a batch of images, and the class of each that is to be explained.

    Parameters
    ----------
    network : nn.Module
        Takes preprocessed images (N, C, H, W) and returns logits (N, K); in evaluation mode.
    preprocess : callable or None
        From raw images to the input of the network; deals with NaN.
    images : Tensor, shape (N, C, H, W), float32
        Raw images; NaN, infinite and beyond `SENTINEL` in size: not measured.
    classes : Tensor, shape (N,), int64
        The class to explain.
    """

    network: nn.Module
    preprocess: Callable[[Tensor], Tensor] | None
    images: Tensor
    classes: Tensor

    @functools.cached_property
    def measured(self) -> Tensor:
        """Where a pixel was measured, shape (N, C, H, W), bool."""
        return self.images.abs() < SENTINEL

    def prepared(self, images: Tensor) -> Tensor:
        """Return the network's input for raw images."""
        return images if self.preprocess is None else self.preprocess(images)

    def start(self, space: Space) -> Tensor:
        """Return the images as they are in a space, without gradient."""
        return (self.images if space == "raw" else self.prepared(self.images)).detach()

    def logit(self, x: Tensor, space: Space) -> Tensor:
        """Return the logit of each image's class, shape (N,), for images of a space."""
        return class_logits(self.network(self.prepared(x) if space == "raw" else x), self.classes)

    def gradient(self, x: Tensor, space: Space) -> Tensor:
        """Return the gradient of each image's logit by its own pixels, shape of ``x``.

        0 where a pixel was not measured. Where the preprocessing has no gradient (the norm of a channel
        of zeros) it is 0, too.
        """
        varied = x.detach().requires_grad_()
        with torch.enable_grad():
            # In evaluation mode no image knows of the others: the gradient of the sum is that of each.
            total = self.logit(varied, space).sum()
        (gradient,) = torch.autograd.grad(total, varied)
        return torch.where(self.measured & gradient.isfinite(), gradient, 0.0)


def class_logits(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the logit of one class an image.

    Parameters
    ----------
    logits : Tensor, shape (N, K)
        One logit is that of the second of two classes; the first one's is its negative.
    classes : Tensor, shape (N,), int64
        The classes.

    Examples
    --------
    >>> class_logits(torch.tensor([[2.0], [3.0]]), torch.tensor([1, 0]))
    tensor([ 2., -3.])
    """
    if logits.shape[1] == 1:
        return torch.where(classes == 1, logits[:, 0], -logits[:, 0])
    return logits.gather(1, classes[:, None])[:, 0]
