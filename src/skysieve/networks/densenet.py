"""DenseNet121, the deepest network of DeepStreaks: every layer of a block sees all before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["DenseLayer", "DenseNet121"]

SMALLEST_SIDE = 29
"""Pixels; the image is halved five times on its way."""

EPSILON = 1.001e-5
"""Of Keras' DenseNet, added to every variance."""

MOMENTUM = 0.8
"""Weight of the newest batch in the running statistics; Keras writes 0.2, the weight of the old."""


@NETWORKS.register("densenet121")
class DenseNet121(nn.Module):
    """The densely connected network of DeepStreaks.

    With one cutout of 144 × 144 pixels and one output it has 7 032 257 numbers as Keras counts them, of
    which 6 948 609 are trained and 83 648 are running statistics. The number does
    not depend on the image size. Weights start as in Keras (Glorot uniform, zero bias).

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 29 pixels.
    outputs : int
        Number of logits.
    growth : int
        Channels that each layer adds; the first layer has twice as many.
    blocks : tuple of int
        Layers in each block; between two blocks channels and image are halved.

    References
    ----------
    Huang et al. 2017, arXiv:1608.06993; Duev et al. 2019, MNRAS 486, 4158 (DeepStreaks).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = DenseNet121((1, 32, 32), growth=4, blocks=(2, 2, 2, 2)).eval()
    >>> network(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        growth: int = 32,
        blocks: tuple[int, int, int, int] = (6, 12, 24, 16),
    ) -> None:
        super().__init__()
        require_image_shape("densenet121", shape, SMALLEST_SIDE, instead="compact")
        channels = 2 * growth
        self.conv1 = nn.Conv2d(shape[0], channels, 7, stride=2, padding=3, bias=False)
        self.bn1 = _normalisation(channels)
        # What is pooled is never negative, so that it does not matter with what it is padded.
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        body = nn.Sequential()
        for number, layers in enumerate(blocks, start=2):
            if number > 2:
                body.add_module(f"pool{number - 1}", Transition(channels))
                channels //= 2
            block = nn.Sequential()
            for index in range(layers):
                block.add_module(f"block{index + 1}", DenseLayer(channels, growth))
                channels += growth
            body.add_module(f"conv{number}", block)
        self.body = body
        self.bn = _normalisation(channels)
        self.output = nn.Linear(channels, outputs)
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.pool1(torch.relu(self.bn1(self.conv1(x))))
        x = torch.relu(self.bn(self.body(x)))
        # The plain mean has a deterministic gradient on every device; adaptive pooling has not.
        logits: Tensor = self.output(x.mean((2, 3)))
        return logits


class DenseLayer(nn.Module):
    """A 1 × 1 and a 3 × 3 convolution, each behind its normalisation; its channels are appended.

    Parameters
    ----------
    channels : int
        Channels that come in.
    growth : int
        Channels that are appended; the 1 × 1 convolution has four times as many.
    """

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.bn0 = _normalisation(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.bn1 = _normalisation(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels + growth, H, W) of (N, channels, H, W)."""
        added = self.conv1(torch.relu(self.bn0(x)))
        added = self.conv2(torch.relu(self.bn1(added)))
        return torch.cat([x, added], dim=1)


class Transition(nn.Module):
    """Between two blocks: half the channels, half the image.

    Parameters
    ----------
    channels : int
        Channels that come in.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = _normalisation(channels)
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels / 2, H / 2, W / 2) of (N, channels, H, W)."""
        halved: Tensor = self.pool(self.conv(torch.relu(self.bn(x))))
        return halved


def _normalisation(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, EPSILON, MOMENTUM)
