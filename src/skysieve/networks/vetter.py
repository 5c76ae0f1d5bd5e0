"""A network together with what must happen before and after it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["Vetter", "probabilities_of"]


class Vetter(nn.Module):
    """Raw samples in, probabilities out: preprocessing, network and calibration in one module.

    This is what is exported and scored with: nobody who holds it can feed the
    network with the wrong normalisation.

    Parameters
    ----------
    network : nn.Module
        Takes preprocessed samples (N, ...) and returns logits (N, outputs).
    preprocess : callable, optional
        From raw samples to the input of the network, for instance a
        `skysieve.preprocess.steps.Pipeline`. Deals with NaN. None changes nothing.
    calibrate : callable, optional
        From logits, (N,) for one output and else (N, K), to probabilities of the
        same shape. The default is the logistic function, or softmax.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> from skysieve.preprocess.steps import Pipeline
    >>> network = build_network("vgg6", shape=(3, 63, 63), outputs=1)
    >>> vetter = Vetter(network, preprocess=Pipeline.of("nan-to-num", "l2-per-cutout")).eval()
    >>> vetter(torch.full((2, 3, 63, 63), float("nan"))).shape
    torch.Size([2])
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        preprocess: Callable[[Tensor], Tensor] | None = None,
        calibrate: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.preprocess = preprocess
        self.calibrate = calibrate if calibrate is not None else probabilities_of

    def forward(self, samples: Tensor) -> Tensor:
        """Return probabilities of raw samples.

        Parameters
        ----------
        samples : Tensor, shape (N, ...), float32
            Raw samples; cutouts are (N, C, H, W) and may hold NaN.

        Returns
        -------
        Tensor, shape (N,) or (N, K), float32
            Probability of the positive class for a network of one output, else
            of each of the K classes.
        """
        return self.calibrate(self.logits(samples))

    def logits(self, samples: Tensor) -> Tensor:
        """Return what is calibrated: logits of raw samples, shape (N,) for one output and else (N, K)."""
        if self.preprocess is not None:
            samples = self.preprocess(samples)
        logits: Tensor = self.network(samples)
        return logits[:, 0] if logits.shape[1] == 1 else logits


def probabilities_of(logits: Tensor) -> Tensor:
    """Return uncalibrated probabilities: logistic for logits (N,), softmax for (N, K).

    Examples
    --------
    >>> probabilities_of(torch.tensor([0.0])), probabilities_of(torch.zeros(1, 4))
    (tensor([0.5000]), tensor([[0.2500, 0.2500, 0.2500, 0.2500]]))
    """
    return torch.sigmoid(logits) if logits.ndim == 1 else torch.softmax(logits, dim=1)
