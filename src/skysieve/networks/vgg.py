"""VGG6, the network of braai: four convolutions and two dense layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.registry import NETWORKS

__all__ = ["VGG6"]

SMALLEST_SIDE = 20
"""Pixels; below this the second pooling has nothing left to pool."""


@NETWORKS.register("vgg6")
class VGG6(nn.Module):
    """The real/bogus classifier of the Zwicky Transient Facility.

    Two blocks of two unpadded 3 × 3 convolutions, pooled by 2 and by 4, a dense
    layer and the output. With three cutouts of 63 × 63 pixels and one output it
    has 312 081 parameters and costs 19 million multiplications a sample.
    Weights start as in Keras (Glorot uniform, zero biases).

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 20 pixels.
    outputs : int
        Number of logits.
    width : int
        Channels of the first block; the second has twice as many.
    dense : int
        Size of the hidden dense layer.
    dropout : tuple of 3 float
        Rates after the first block, the second block and the dense layer.

    References
    ----------
    Duev et al. 2019, MNRAS 489, 3582 (braai).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = VGG6((3, 63, 63), outputs=1)
    >>> network(torch.zeros(2, 3, 63, 63)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 16,
        dense: int = 256,
        dropout: tuple[float, float, float] = (0.25, 0.25, 0.5),
    ) -> None:
        super().__init__()
        channels = shape[0]
        self.pooled_shape = pooled_shape(shape, width)
        self.conv1 = nn.Conv2d(channels, width, 3)
        self.conv2 = nn.Conv2d(width, width, 3)
        self.conv3 = nn.Conv2d(width, 2 * width, 3)
        self.conv4 = nn.Conv2d(2 * width, 2 * width, 3)
        rows, columns = self.pooled_shape[1:]
        self.fc_1 = nn.Linear(2 * width * rows * columns, dense)
        self.fc_out = nn.Linear(dense, outputs)
        self.pool2, self.pool4 = nn.MaxPool2d(2), nn.MaxPool2d(4)
        self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(rate) for rate in dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights as Keras does: Glorot uniform, zero biases."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = torch.relu(self.conv1(x))
        x = self.dropout1(self.pool2(torch.relu(self.conv2(x))))
        x = torch.relu(self.conv3(x))
        x = self.dropout2(self.pool4(torch.relu(self.conv4(x))))
        x = torch.relu(self.fc_1(torch.flatten(x, 1)))
        logits: Tensor = self.fc_out(self.dropout3(x))
        return logits


def pooled_shape(shape: tuple[int, ...], width: int) -> tuple[int, int, int]:
    """Return (channels, rows, columns) of what VGG6 flattens for samples of a shape.

    Raises
    ------
    ConfigurationError
        If the shape is not (C, H, W) or a side is too small.

    Examples
    --------
    >>> pooled_shape((3, 63, 63), width=16)
    (32, 6, 6)
    """
    if len(shape) != 3 or min(shape[1:]) < SMALLEST_SIDE:
        raise ConfigurationError(
            f"network 'vgg6' takes (C, H, W) with H and W of at least {SMALLEST_SIDE} pixels, found {shape}; "
            "pad the cutouts or choose network 'compact'"
        )
    rows, columns = (((side - 4) // 2 - 4) // 4 for side in shape[1:])
    return 2 * width, rows, columns
