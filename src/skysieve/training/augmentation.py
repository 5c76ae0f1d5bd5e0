"""Random symmetries of images: the eight of the square, or some of them."""

from __future__ import annotations

import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import AugmentationConfig

__all__ = ["apply_symmetries", "augment", "draw_symmetries"]

# A symmetry is a number of three bits: flip left to right, flip top to bottom, then transpose.
FLIP_COLUMNS, FLIP_ROWS, TRANSPOSE = 1, 2, 4
FLIPS = (0, FLIP_COLUMNS, FLIP_ROWS, FLIP_COLUMNS | FLIP_ROWS)
ROTATIONS = (0, FLIP_COLUMNS | TRANSPOSE, FLIP_COLUMNS | FLIP_ROWS, FLIP_ROWS | TRANSPOSE)
ALL = tuple(range(8))


def augment(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Give every sample one random symmetry, the same for all its channels.

    Pixels are moved and never computed with, so NaN stays NaN.

    Parameters
    ----------
    images : Tensor, shape (N, ..., H, W)
        Raw samples.
    config : AugmentationConfig
        Which symmetries.
    generator : torch.Generator
        Of the CPU; images may lie on any device.

    Returns
    -------
    Tensor, shape (N, ..., H, W)

    Raises
    ------
    ConfigurationError
        If rotations are asked for and the images are not square.

    Examples
    --------
    >>> images = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> generator = torch.Generator().manual_seed(1)
    >>> augment(images, AugmentationConfig(flips=True), generator)
    tensor([[[[1., 0.],
              [3., 2.]]]])
    """
    if not (config.flips or config.rotations):
        return images
    if config.rotations and images.shape[-1] != images.shape[-2]:
        raise ConfigurationError(
            f"training setting 'augmentation.rotations' needs square images, "
            f"found {tuple(images.shape[-2:])}; pad them or set it to false"
        )
    return apply_symmetries(images, draw_symmetries(len(images), config, generator))


def draw_symmetries(count: int, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Draw the symmetry of each of ``count`` samples: int64 of shape (count,), each 0 to 7."""
    members = ALL if config.flips and config.rotations else ROTATIONS if config.rotations else FLIPS
    drawn = torch.randint(len(members), (count,), generator=generator)
    return torch.tensor(members)[drawn]


def apply_symmetries(images: Tensor, symmetries: Tensor) -> Tensor:
    """Apply to each sample its own symmetry.

    Parameters
    ----------
    images : Tensor, shape (N, ..., H, W)
        Samples; square if a symmetry transposes.
    symmetries : Tensor, shape (N,), int64, on the CPU
        Bits: 1 flips left to right, 2 flips top to bottom, 4 then transposes.
    """
    moved = torch.empty_like(images)
    # One copy a symmetry, not one a sample: eight at most for the whole batch.
    for symmetry in sorted(set(symmetries.tolist())):
        rows = torch.nonzero(symmetries == symmetry).flatten().to(images.device)
        axes = [axis for bit, axis in ((FLIP_COLUMNS, -1), (FLIP_ROWS, -2)) if symmetry & bit]
        part = images[rows].flip(axes)
        moved[rows] = part.transpose(-1, -2) if symmetry & TRANSPOSE else part
    return moved
