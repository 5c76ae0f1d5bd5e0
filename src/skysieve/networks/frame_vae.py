"""The variational autoencoder of single exposures around an object, from SNAD's search for artefacts."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from skysieve.errors import ModelError
from skysieve.networks.torch_weights import import_torch_weights, read_torch_state

__all__ = ["SIDE", "FrameDecoder", "FrameEncoder", "FrameVAE", "frame_vae_loss", "import_frame_encoder"]

SIDE = 28
"""Pixels of a side of a frame."""

LATENT = 36
"""Published numbers that a frame becomes; 78 in one variant."""

KLD_WEIGHT = 8e-5
"""Published weight of the Kullback-Leibler divergence beside the reconstruction."""

CHANNELS = (32, 64, 128, 256)
DEEPEST = 512
SLOPE = 0.01


class FrameEncoder(nn.Module):
    """From frames of 28 × 28 pixels to mean and logarithm of the variance of a few numbers.

    Four convolutions of stride 2 (32, 64, 128, 256; 3 × 3, no bias), one of 1 × 1 (512), each with
    batch normalisation and LeakyReLU; then one dense layer. Names of parameters are the published ones.

    Parameters
    ----------
    latent : int
        Numbers that a frame becomes.

    References
    ----------
    Semenikhin 2024, Systems and Means of Informatics 34(1), 70; github.com/semtim/RB_ZTF.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> mean, log_variance = FrameEncoder().eval()(torch.zeros(5, 1, 28, 28))
    >>> mean.shape
    torch.Size([5, 36])
    """

    def __init__(self, latent: int = LATENT) -> None:
        super().__init__()
        widths = (1, *CHANNELS)
        blocks = [
            _block(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False))
            for before, after in pairwise(widths)
        ]
        self.encoder = nn.Sequential(
            *blocks,
            _block(nn.Conv2d(CHANNELS[-1], DEEPEST, 1, bias=False)),
            nn.Flatten(),
            nn.Linear(DEEPEST * 2 * 2, 2 * latent),
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance, (N, latent) each, of frames (N, 1, 28, 28) in 0..1."""
        mean, log_variance = self.encoder(frames).chunk(2, dim=1)
        return mean, log_variance


class FrameDecoder(nn.Module):
    """From a few numbers to a frame of 28 × 28 pixels.

    A dense layer, five transposed convolutions that double the side (256, 128, 64, 32, 32) with batch
    normalisation and LeakyReLU, a convolution of 7 × 7 that trims 32 pixels to 28, and ReLU.

    Parameters
    ----------
    latent : int
        Numbers that stand for a frame.
    """

    def __init__(self, latent: int = LATENT) -> None:
        super().__init__()
        widths = (DEEPEST, *reversed(CHANNELS), CHANNELS[0])
        blocks = [
            _block(nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1))
            for before, after in pairwise(widths)
        ]
        self.start = nn.Linear(latent, DEEPEST)
        self.decoder = nn.Sequential(*blocks, nn.Conv2d(CHANNELS[0], 1, 7, padding=1), nn.ReLU())

    def forward(self, latent: Tensor) -> Tensor:
        """Return frames (N, 1, 28, 28) of numbers (N, latent)."""
        frames: Tensor = self.decoder(self.start(latent)[:, :, None, None])
        return frames


class FrameVAE(nn.Module):
    """Encoder and decoder of frames, trained together with `frame_vae_loss`.

    Published: Adam at 5e-5, batches of 256, 100 epochs.

    Parameters
    ----------
    latent : int
        Numbers that a frame becomes.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network, frames = FrameVAE(), torch.rand(4, 1, 28, 28)
    >>> restored, mean, log_variance = network(frames)
    >>> restored.shape, frame_vae_loss(restored, frames, mean, log_variance).item() > 0
    (torch.Size([4, 1, 28, 28]), True)
    """

    def __init__(self, latent: int = LATENT) -> None:
        super().__init__()
        self.encoder, self.decoder = FrameEncoder(latent), FrameDecoder(latent)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return restored frames, and the mean and log variance that they were restored from.

        While training the numbers are drawn (PyTorch's global generator), else they are their means.
        """
        mean, log_variance = self.encoder(frames)
        drawn = mean
        if self.training:
            drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.decoder(drawn), mean, log_variance


def frame_vae_loss(
    restored: Tensor, frames: Tensor, mean: Tensor, log_variance: Tensor, *, kld_weight: float = KLD_WEIGHT
) -> Tensor:
    """Return mean log cosh of the differences plus the weighted Kullback-Leibler divergence.

    Parameters
    ----------
    restored, frames : Tensor, shape (N, 1, 28, 28)
        What came out and what went in.
    mean, log_variance : Tensor, shape (N, latent)
        Of the encoder. The divergence from a unit normal is summed over them and meaned over frames.
    kld_weight : float
        Published 8e-5.
    """
    difference = (restored - frames).abs()
    # cosh itself overflows beyond 88.
    log_cosh = difference + functional.softplus(-2 * difference) - math.log(2)
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
    return log_cosh.mean() + kld_weight * divergence.mean()


def import_frame_encoder(path: str | Path) -> FrameEncoder:
    """Make an encoder of the published weights, ready to use (`eval`).

    Parameters
    ----------
    path : path-like
        ``encoder.zip`` or a variant of it.

    Raises
    ------
    ModelError
        If the file is damaged, suspicious, or holds another network.
    """
    output = read_torch_state(path).get("encoder.6.bias")
    if output is None or output.ndim != 1 or len(output) % 2:
        raise ModelError(
            f"{path}: has no dense layer 'encoder.6' with two outputs a number; give encoder.zip"
        )
    network = FrameEncoder(len(output) // 2)
    import_torch_weights(path, network)
    return network.eval()


def _block(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(SLOPE))
