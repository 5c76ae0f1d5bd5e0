"""StreakNet, a compact residual network for faint thin lines in large cutouts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.networks.he_start import draw_he_weights
from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.registry import NETWORKS

__all__ = ["ResidualConvolution", "StreakNet"]

SMALLEST_SIDE = 8
"""Pixels; the stem alone divides the image by four."""


@NETWORKS.register("streaknet")
class StreakNet(nn.Module):
    """A network for streaks at less than a tenth of the cost of VGG6.

    A streak is a line two pixels wide that can be as faint as the noise of a pixel and can cross the whole
    cutout. Hence, from the input on:

    - a 7 × 7 stem with a step of 2, long enough to sum up the light along a piece of the line in each
      direction, while noise averages out;
    - the largest of 2 × 2 responses, *before* normalisation: a thin line survives it, and all
      that follows works on a quarter of the pixels;
    - three stages, each of a 3 × 3 convolution with a step of 2 and of residual 3 × 3 convolutions. They are
      full, not separable: with 16 to 64 channels these are faster on a CPU than
      depthwise ones, although they multiply more. The last stage sees 177 pixels in each direction, more
      than a cutout of 144 × 144: whether a line reaches the border is seen as a whole;
    - mean and maximum over the image, side by side: the maximum finds the one streak wherever it is,
      the mean tells how much of the image looks so.

    With one cutout of 144 × 144 pixels and one output it has 75 121 parameters and costs 8.1 million
    multiplications a sample, or 123 729 and 10.5 million at twice the depth, where VGG6 has 2 114 033 and
    costs 112 million. The number of parameters does not depend on the image size, and the same weights take
    any size.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 8 pixels.
    outputs : int
        Number of logits.
    width : int
        Channels of the stem and of the first stage; the next stages have twice and four times
        as many. Multiples of 16 use a processor with AVX-512 best.
    depth : int
        Residual convolutions in each stage.
    dropout : float
        Rate before the output layer.

    References
    ----------
    He et al. 2016, arXiv:1512.03385 (residual learning).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = StreakNet((1, 144, 144), outputs=2).eval()
    >>> network(torch.zeros(3, 1, 144, 144)).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 16,
        depth: int = 1,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        require_image_shape("streaknet", shape, SMALLEST_SIDE)
        self.stem = nn.Sequential(
            nn.Conv2d(shape[0], width, 7, stride=2, padding=3, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        stages: list[nn.Module] = []
        channels = width
        for wider in (width, 2 * width, 4 * width):
            stages.append(_convolution(channels, wider, stride=2))
            stages.extend(ResidualConvolution(wider) for _ in range(depth))
            channels = wider
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * channels, outputs)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: He normal for convolutions, Glorot uniform for the output."""
        draw_he_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.stages(self.stem(x))
        # These reductions have a deterministic gradient on every device; adaptive pooling has not.
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits


class ResidualConvolution(nn.Module):
    """One normalised 3 × 3 convolution that is added to what it was given.

    Parameters
    ----------
    channels : int
        Channels before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.added = _convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, H, W) of (N, channels, H, W)."""
        added: Tensor = self.added(x)
        return x + added


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )
