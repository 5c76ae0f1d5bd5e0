"""FC4, the baseline of DeepStreaks without a single convolution."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["FC4"]

SMALLEST_SIDE = 8
"""Pixels; nothing can be told from a smaller cutout."""


@NETWORKS.register("fc4")
class FC4(nn.Module):
    """Every pixel into one dense layer, a second one, and the output.

    What a network reaches that knows nothing of images. With one cutout of 144 × 144
    pixels it has 21 497 345 parameters, ten times those of VGG6.
    The authors count the input as a layer: the four have 3 with weights.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 8 pixels.
    outputs : int
        Number of logits.
    dense : tuple of 2 int
        Sizes of the hidden layers.
    dropout : tuple of 2 float
        Rates after the hidden layers.

    References
    ----------
    Duev et al. 2019, MNRAS 486, 4158 (DeepStreaks).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> FC4((1, 24, 24), outputs=2)(torch.zeros(5, 1, 24, 24)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        dense: tuple[int, int] = (1024, 256),
        dropout: tuple[float, float] = (0.25, 0.5),
    ) -> None:
        super().__init__()
        require_image_shape("fc4", shape, SMALLEST_SIDE)
        self.pooled_shape = shape
        self.fc_1 = nn.Linear(math.prod(shape), dense[0])
        self.fc_2 = nn.Linear(dense[0], dense[1])
        self.fc_out = nn.Linear(dense[1], outputs)
        self.dropout1, self.dropout2 = (nn.Dropout(rate) for rate in dropout)
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.dropout1(torch.relu(self.fc_1(torch.flatten(x, 1))))
        x = self.dropout2(torch.relu(self.fc_2(x)))
        logits: Tensor = self.fc_out(x)
        return logits
