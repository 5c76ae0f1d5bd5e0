"""VGG6 and VGG4, the plain networks of braai and DeepStreaks: two blocks, two dense layers."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["VGG4", "VGG6"]


class _VGG(nn.Module):
    """Two blocks of unpadded 3 × 3 convolutions, pooled by 2 and by 4, a dense layer, the output."""

    name: ClassVar[str]
    block: ClassVar[int]
    """Convolutions in a block."""

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
        self.pooled_shape = pooled_shape(shape, width, block=self.block, name=self.name)
        channels = shape[0]
        for number in range(1, 2 * self.block + 1):
            wide = width if number <= self.block else 2 * width
            self.add_module(f"conv{number}", nn.Conv2d(channels, wide, 3))
            channels = wide
        rows, columns = self.pooled_shape[1:]
        self.fc_1 = nn.Linear(2 * width * rows * columns, dense)
        self.fc_out = nn.Linear(dense, outputs)
        self.pool2, self.pool4 = nn.MaxPool2d(2), nn.MaxPool2d(4)
        self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(rate) for rate in dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights as Keras does: Glorot uniform, zero biases."""
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        for number in range(1, self.block + 1):
            x = torch.relu(self.get_submodule(f"conv{number}")(x))
        x = self.dropout1(self.pool2(x))
        for number in range(self.block + 1, 2 * self.block + 1):
            x = torch.relu(self.get_submodule(f"conv{number}")(x))
        x = self.dropout2(self.pool4(x))
        x = torch.relu(self.fc_1(torch.flatten(x, 1)))
        logits: Tensor = self.fc_out(self.dropout3(x))
        return logits


@NETWORKS.register("vgg6")
class VGG6(_VGG):
    """The network of braai, and the smallest one of DeepStreaks: two convolutions a block.

    Two blocks of two unpadded 3 × 3 convolutions, pooled by 2 and by 4, a dense
    layer and the output. With three cutouts of 63 × 63 pixels and one output it
    has 312 081 parameters and costs 19 million multiplications a sample; with the
    single cutout of 144 × 144 pixels of DeepStreaks 2 114 033, and 112 million.
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
    Duev et al. 2019, MNRAS 489, 3582 (braai); Duev et al. 2019, MNRAS 486, 4158
    (DeepStreaks).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = VGG6((3, 63, 63), outputs=1)
    >>> network(torch.zeros(2, 3, 63, 63)).shape
    torch.Size([2, 1])
    """

    name = "vgg6"
    block = 2


@NETWORKS.register("vgg4")
class VGG4(_VGG):
    """A baseline of DeepStreaks: `VGG6` with one convolution a block.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 14 pixels.
    outputs, width, dense, dropout
        As in `VGG6`.

    References
    ----------
    Duev et al. 2019, MNRAS 486, 4158 (DeepStreaks).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> VGG4((1, 144, 144))(torch.zeros(2, 1, 144, 144)).shape
    torch.Size([2, 1])
    """

    name = "vgg4"
    block = 1


def pooled_shape(
    shape: tuple[int, ...], width: int, *, block: int = 2, name: str = "vgg6"
) -> tuple[int, int, int]:
    """Return (channels, rows, columns) of what is flattened for samples of a shape.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample.
    width : int
        Channels of the first block.
    block : int
        Convolutions in a block.
    name : str
        Name of the network, for the error.

    Raises
    ------
    ConfigurationError
        If the shape is not (C, H, W), or a side so small that the second pooling has nothing left
        to pool.

    Examples
    --------
    >>> pooled_shape((3, 63, 63), width=16)
    (32, 6, 6)
    """
    trimmed = 2 * block
    smallest = 2 * (4 + trimmed) + trimmed
    require_image_shape(name, shape, smallest, instead="compact")
    rows, columns = (((side - trimmed) // 2 - trimmed) // 4 for side in shape[1:])
    return 2 * width, rows, columns
