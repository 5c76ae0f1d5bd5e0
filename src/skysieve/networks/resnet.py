"""ResNet50 of DeepStreaks: bottleneck blocks, the last stages narrower than usual."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["Bottleneck", "ResNet50"]

SMALLEST_SIDE = 37
"""Pixels; below this the last pooling has nothing left to pool."""

EPSILON = 1e-3
"""Of Keras, added to every variance."""

MOMENTUM, SHORTCUT_MOMENTUM = 0.8, 0.9
"""Weight of the newest batch in the running statistics; Keras writes 0.2 and 0.1, the weight of the old."""

MIDDLE, OUTER = (1, 2, 4, 8), (4, 8, 8, 16)
"""Channels inside and behind the blocks of each stage, in units of the width."""


@NETWORKS.register("resnet50")
class ResNet50(nn.Module):
    """The residual network of DeepStreaks.

    It differs from the usual ResNet50: the last two stages have half the channels
    (512 and 1024), the step of a stage is taken by its first 1 × 1 convolution, convolutions have
    biases, the first pooling is unpadded, and the output sees the pooled image
    flattened, not its mean. With one cutout of 144 × 144 pixels and one output it has
    17 386 753 numbers as Keras counts them, of which 17 348 993 are trained and
    37 760 are running statistics. Weights start as in Keras (Glorot uniform, zero biases).

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 37 pixels.
    outputs : int
        Number of logits.
    width : int
        Channels of the first layer; all others grow with it.
    blocks : tuple of 4 int
        Bottleneck blocks in each stage.

    References
    ----------
    He et al. 2016, arXiv:1512.03385; Duev et al. 2019, MNRAS 486, 4158 (DeepStreaks).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = ResNet50((1, 48, 48), width=8, blocks=(1, 1, 1, 1)).eval()
    >>> network(torch.zeros(2, 1, 48, 48)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 64,
        blocks: tuple[int, int, int, int] = (3, 4, 6, 3),
    ) -> None:
        super().__init__()
        rows, columns = pooled_sides(shape)
        self.pooled_shape = (OUTER[-1] * width, rows, columns)
        self.conv1 = nn.Conv2d(shape[0], width, 7, stride=2, padding=3)
        self.bn_conv1 = nn.BatchNorm2d(width, EPSILON, MOMENTUM)
        self.pool = nn.MaxPool2d(3, stride=2)
        channels = width
        for number, (count, middle, outer) in enumerate(zip(blocks, MIDDLE, OUTER, strict=True)):
            stage = nn.Sequential()
            for index in range(count):
                stride = 2 if number and not index else 1
                letter = chr(ord("a") + index)
                stage.add_module(
                    letter, Bottleneck(channels, middle * width, outer * width, stride, not index)
                )
                channels = outer * width
            self.add_module(f"stage{number + 2}", stage)
        self.avg_pool = nn.AvgPool2d(2)
        self.output = nn.Linear(channels * rows * columns, outputs)
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.pool(torch.relu(self.bn_conv1(self.conv1(x))))
        for number in range(2, 6):
            x = self.get_submodule(f"stage{number}")(x)
        logits: Tensor = self.output(torch.flatten(self.avg_pool(x), 1))
        return logits


class Bottleneck(nn.Module):
    """Three convolutions, 1 × 1, 3 × 3 and 1 × 1, and a shortcut past them.

    Its layers have the names that Keras files give them: ``branch2a`` to ``branch2c`` on the main path,
    ``branch1`` on the shortcut.

    Parameters
    ----------
    channels, middle, outer : int
        Channels that come in, of the first two convolutions, and that go out.
    stride : int
        Step of the first convolution; 2 halves the image.
    projected : bool
        Whether the shortcut has a convolution of its own, as the first block of each stage has.
    """

    def __init__(self, channels: int, middle: int, outer: int, stride: int, projected: bool) -> None:
        super().__init__()
        self.branch2a = nn.Conv2d(channels, middle, 1, stride)
        self.bn2a = nn.BatchNorm2d(middle, EPSILON, MOMENTUM)
        self.branch2b = nn.Conv2d(middle, middle, 3, padding=1)
        self.bn2b = nn.BatchNorm2d(middle, EPSILON, MOMENTUM)
        self.branch2c = nn.Conv2d(middle, outer, 1)
        self.bn2c = nn.BatchNorm2d(outer, EPSILON, MOMENTUM)
        self.projected = projected
        if projected:
            self.branch1 = nn.Conv2d(channels, outer, 1, stride)
            self.bn1 = nn.BatchNorm2d(outer, EPSILON, SHORTCUT_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outer, H / stride, W / stride) of (N, channels, H, W)."""
        shortcut = self.bn1(self.branch1(x)) if self.projected else x
        x = torch.relu(self.bn2a(self.branch2a(x)))
        x = torch.relu(self.bn2b(self.branch2b(x)))
        return torch.relu(shortcut + self.bn2c(self.branch2c(x)))


def pooled_sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of what ResNet50 flattens for samples of a shape.

    Raises
    ------
    ConfigurationError
        If the shape is not (C, H, W) or a side is too small.

    Examples
    --------
    >>> pooled_sides((1, 144, 144))
    (2, 2)
    """
    require_image_shape("resnet50", shape, SMALLEST_SIDE, instead="compact")
    rows, columns = (_pooled_side(side) for side in shape[1:])
    return rows, columns


def _pooled_side(side: int) -> int:
    side = ((side + 1) // 2 - 1) // 2
    for _ in range(3):
        side = (side + 1) // 2
    return side // 2
