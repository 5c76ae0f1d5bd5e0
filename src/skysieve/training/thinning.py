"""How sequences of light curves are thinned in training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skysieve.errors import ConfigurationError
from skysieve.networks.sequences.sequence_network import lengths_of, valid_steps

__all__ = ["Thinning"]


@dataclass(frozen=True)
class Thinning:
    """Leave out random points of each curve, anew every time that it is shown.

    For `skysieve.training.fit.fit` as its ``augmenter``. The network then sees curves as short as those of
    a survey's first months, and does not learn a curve by its exact points.

    Parameters
    ----------
    keep : tuple of 2 float
        Smallest and largest share of the points that stay; the share of each curve is drawn between them.
    least : int
        Points that stay at least, or all where there are fewer.

    Raises
    ------
    ConfigurationError
        If these are no shares, or no point would stay.

    Examples
    --------
    >>> sequences = torch.arange(10.0).reshape(1, 10, 1)
    >>> thinned = Thinning(keep=(0.5, 0.5), least=2)(sequences, torch.Generator().manual_seed(0))
    >>> thinned.shape, bool((thinned.diff(dim=1) > 0).all())
    (torch.Size([1, 5, 1]), True)
    """

    keep: tuple[float, float] = (0.5, 1.0)
    least: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.keep[0] <= self.keep[1] <= 1 or self.least < 1:
            raise ConfigurationError(
                f"thinning keeps shares from above 0 to 1, the smaller first, and at least 1 point; found "
                f"keep {self.keep}, least {self.least}"
            )

    def __call__(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        """Return thinned sequences (N, T', F), padded with NaN, of sequences (N, T, F) padded alike."""
        lengths = lengths_of(samples)
        valid = valid_steps(lengths, samples.shape[1])
        low, high = self.keep
        # Drawn on the CPU: the same points on any device.
        share = low + (high - low) * torch.rand(len(samples), generator=generator).to(samples.device)
        drawn = torch.rand(samples.shape[:2], generator=generator).to(samples.device)
        count = (share * lengths).round().long().maximum(lengths.clamp(max=self.least))
        rank = drawn.masked_fill(~valid, torch.inf).argsort(1).argsort(1)
        kept = rank < count[:, None]
        first = (~kept).int().argsort(dim=1, stable=True)[:, : int(count.max())]
        moved = samples.gather(1, first[..., None].expand(-1, -1, samples.shape[2]))
        return moved.masked_fill(~valid_steps(count, moved.shape[1])[..., None], torch.nan)
