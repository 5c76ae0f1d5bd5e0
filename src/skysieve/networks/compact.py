"""A compact residual network of separable convolutions with global pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.networks.he_start import draw_he_weights
from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.registry import NETWORKS

__all__ = ["Compact"]

SMALLEST_SIDE = 8
"""Pixels; the image is halved three times on its way."""


@NETWORKS.register("compact")
class Compact(nn.Module):
    """A small modern convolutional network for cutouts of any size.

    A 5 × 5 stem with a step of 2, then three stages of residual blocks of depthwise separable
    convolutions with batch normalisation, halving the image and doubling the
    channels between them, then the mean over the image. The number of
    parameters (about 55 000 for three cutouts) does not depend on the image size,
    and the same weights take any size.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 8 pixels.
    outputs : int
        Number of logits.
    width : int
        Channels of the first stage; the next stages have twice and four times as many.
    depth : int
        Residual blocks in each stage.
    dropout : float
        Rate before the output layer.

    References
    ----------
    He et al. 2016 (residual blocks); Howard et al. 2017, arXiv:1704.04861
    (depthwise separable convolutions).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = Compact((3, 63, 63), outputs=5).eval()
    >>> network(torch.zeros(2, 3, 48, 48)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 24,
        depth: int = 1,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        require_image_shape("compact", shape, SMALLEST_SIDE)
        # A step of 2 merges 4 pixels of each cutout, 12 values of a triplet: fewer than the channels.
        self.stem = _normalised(nn.Conv2d(shape[0], width, 5, stride=2, padding=2, bias=False))
        stages: list[nn.Module] = []
        for stage in range(3):
            channels = width * 2**stage
            if stage:
                stages.append(SeparableBlock(channels // 2, channels, stride=2))
            stages.extend(SeparableBlock(channels, channels) for _ in range(depth))
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(4 * width, outputs)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: He normal for convolutions, Glorot uniform for the output."""
        draw_he_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.stages(torch.relu(self.stem(x)))
        # The plain mean has a deterministic gradient on every device; adaptive pooling has not.
        logits: Tensor = self.output(self.dropout(x.mean((2, 3))))
        return logits


class SeparableBlock(nn.Module):
    """Two separable convolutions and a shortcut past them.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels before and after.
    stride : int
        Step of the first convolution; 2 halves the image.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _separable(channels_in, channels_out, stride)
        self.second = _separable(channels_out, channels_out, 1)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            self.shortcut = _normalised(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels_out, H / stride, W / stride) of (N, channels_in, H, W)."""
        return torch.relu(self.shortcut(x) + self.second(torch.relu(self.first(x))))


def _separable(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    depthwise = nn.Conv2d(channels_in, channels_in, 3, stride, padding=1, groups=channels_in, bias=False)
    return nn.Sequential(depthwise, *_normalised(nn.Conv2d(channels_in, channels_out, 1, bias=False)))


def _normalised(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))
