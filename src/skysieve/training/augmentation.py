"""Random symmetries of images: the eight of the square, or some of them; and random shifts."""

from __future__ import annotations

import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import AugmentationConfig

__all__ = ["apply_shifts", "apply_symmetries", "augment", "draw_symmetries", "symmetries_of"]

# A symmetry is a number of three bits: flip left to right, flip top to bottom, then transpose.
FLIP_COLUMNS, FLIP_ROWS, TRANSPOSE = 1, 2, 4
FLIPS = (0, FLIP_COLUMNS, FLIP_ROWS, FLIP_COLUMNS | FLIP_ROWS)
ROTATIONS = (0, FLIP_COLUMNS | TRANSPOSE, FLIP_COLUMNS | FLIP_ROWS, FLIP_ROWS | TRANSPOSE)
ALL = tuple(range(8))


def augment(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Give every sample one random symmetry and one random shift, the same for all its channels.

    Pixels are moved and never computed with, so NaN stays NaN.

    Parameters
    ----------
    images : Tensor, shape (N, ..., H, W)
        Raw samples.
    config : AugmentationConfig
        Which symmetries, how large shifts.
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
    if config.shift:
        drawn = torch.randn(2, len(images), generator=generator, dtype=torch.float64) * config.shift
        images = apply_shifts(images, *drawn.round().long())
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
    members = symmetries_of(config)
    drawn = torch.randint(len(members), (count,), generator=generator)
    return torch.tensor(members)[drawn]


def symmetries_of(config: AugmentationConfig) -> tuple[int, ...]:
    """Return the symmetries that samples are given; that which changes nothing comes first.

    Examples
    --------
    >>> symmetries_of(AugmentationConfig(flips=True)), symmetries_of(AugmentationConfig(flips=False))
    ((0, 1, 2, 3), (0,))
    """
    if config.rotations:
        return ALL if config.flips else ROTATIONS
    return FLIPS if config.flips else ROTATIONS[:1]


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


def apply_shifts(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Shift each sample by whole pixels; what is pushed out on one side comes in on the other.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        Samples.
    down, right : Tensor, shape (N,), int64
        Pixels along the rows' axis and the columns' axis.

    Examples
    --------
    >>> images = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> apply_shifts(images, torch.tensor([1]), torch.tensor([0]))
    tensor([[[[2., 3.],
              [0., 1.]]]])
    """
    count, channels, height, width = images.shape
    rows = (torch.arange(height) - down[:, None]) % height
    columns = (torch.arange(width) - right[:, None]) % width
    pixels = (rows[:, :, None] * width + columns[:, None, :]).reshape(count, 1, -1).to(images.device)
    moved = images.flatten(2).gather(2, pixels.expand(-1, channels, -1))
    return moved.reshape(images.shape)
