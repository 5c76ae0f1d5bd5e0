"""A transformer of light curves whose positions are times."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skysieve.errors import ConfigurationError
from skysieve.networks.registry import NETWORKS
from skysieve.networks.sequences.light_curve_steps import light_curve_steps
from skysieve.networks.sequences.pooling import AttentionPooling
from skysieve.networks.sequences.sequence_network import SequenceNetwork, require_step_shape

__all__ = ["TimeEncoding", "TimeTransformer"]


class TimeEncoding(nn.Module):
    """Fourier features of time with learned frequencies, and a linear map of them.

    Parameters
    ----------
    width : int
        Of the encoding.
    frequencies : int
        Number of sines and of cosines.
    slowest, fastest : float
        Frequencies at the start, between which the others stand in even ratios; per day (or per period
        for phases). Times in float32 are exact to half a minute over ten years, which bounds the fastest.

    References
    ----------
    Shukla & Marlin 2021, arXiv:2101.10318 (mTAN); Kazemi et al. 2019, arXiv:1907.05321 (Time2Vec).
    """

    def __init__(self, width: int, frequencies: int, slowest: float, fastest: float) -> None:
        super().__init__()
        start = torch.logspace(math.log10(slowest), math.log10(fastest), frequencies)
        # Learned as logarithms, so that slow ones move as far in their kind as fast ones.
        self.log_frequency = nn.Parameter(start.log())
        self.fc_out = nn.Linear(2 * frequencies, width)
        self._held: Tensor | None
        self.register_buffer("_held", None, persistent=False)

    def hold_frequencies(self) -> None:
        """Make the frequencies constants, before an export.

        Libraries round the exponential each in their own way. In the last digit of a frequency that is
        0.01 of a radian, for times of some thousand days.
        """
        self._held = self.log_frequency.detach().exp()

    def forward(self, time: Tensor) -> Tensor:
        """Return (N, T, width) of times (N, T)."""
        with torch.autocast(time.device.type, enabled=False):
            frequency = self.log_frequency.exp() if self._held is None else self._held
            phase = 2 * math.pi * time.float()[..., None] * frequency
            features = torch.cat([phase.sin(), phase.cos()], dim=2)
        encoding: Tensor = self.fc_out(features)
        return encoding


class _Block(nn.Module):
    """Attention among the points of a curve, then a map of each; normalised before each (pre-norm)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.fc_in, self.fc_mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc_1, self.fc_2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        n, steps, width = x.shape
        heads = self.fc_in(self.norm_1(x)).reshape(n, steps, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, valid[:, None, None], dropout_p=self.rate if self.training else 0.0
        )
        x = x + self.dropout(self.fc_mix(mixed.transpose(1, 2).reshape(n, steps, width)))
        changed: Tensor = x + self.dropout(self.fc_2(functional.gelu(self.fc_1(self.norm_2(x)))))
        return changed


@NETWORKS.register("time-transformer")
class TimeTransformer(SequenceNetwork):
    """Every point of a light curve looks at every other; times are told by Fourier features.

    What it costs grows with the square of the points of the longest curve of a batch.

    Parameters
    ----------
    shape : tuple of int
        (F,): time in days and value; the error, if ``errors``; a column for each band.
    outputs : int
        Number of logits.
    width : int
        Of the vector of a point; a multiple of ``heads``.
    heads : int
        Attentions side by side.
    layers : int
        Blocks.
    frequencies : int
        Of the encoding of time.
    dropout : float
        Rate within blocks and before the output.
    errors : bool
        Whether the third column is the error.
    folded : bool
        Whether the first column is a phase from 0 to 1.
    level : tuple of 2 float
        Centre and spread of the mean values of curves, for the output.

    Raises
    ------
    ConfigurationError
        If ``width`` is no multiple of ``heads``, or a size is not positive.

    References
    ----------
    Vaswani et al. 2017, arXiv:1706.03762; for times `TimeEncoding`.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> TimeTransformer((2,), outputs=3, width=8, heads=2)(torch.rand(4, 30, 2)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        frequencies: int = 32,
        dropout: float = 0.1,
        errors: bool = False,
        folded: bool = False,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__()
        require_step_shape("time-transformer", shape, 3 if errors else 2, "time, value, (error)")
        if min(width, heads, layers, frequencies) < 1 or width % heads:
            raise ConfigurationError(
                f"network 'time-transformer' has sizes from 1 and a width that is a multiple of heads; found "
                f"width {width}, {heads} heads, {layers} layers, {frequencies} frequencies"
            )
        self.errors, self.folded, self.level = errors, folded, (float(level[0]), float(level[1]))
        self.fc_point = nn.Linear(shape[0], width)
        slowest, fastest = (0.5, 16.0) if folded else (1 / 4000, 5.0)
        self.time = TimeEncoding(width, frequencies, slowest, fastest)
        self.blocks = nn.ModuleList(_Block(width, heads, dropout) for _ in range(layers))
        self.norm, self.pooling = nn.LayerNorm(width), AttentionPooling(width, max(1, width // 2))
        self.dropout, self.fc_out = nn.Dropout(dropout), nn.Linear(width + 2, outputs)

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002
        """Return logits of filled sequences."""
        read = light_curve_steps(x, valid, errors=self.errors, linear=self.folded, level=self.level)
        # From the first point on, so that the zero of time, which says nothing, changes nothing.
        states = self.fc_point(read.steps) + self.time(x[..., 0] - x[:, :1, 0])
        for block in self.blocks:
            states = block(states, valid)
        pooled = self.pooling(self.norm(states), valid)
        logits: Tensor = self.fc_out(torch.cat([self.dropout(pooled), read.level], dim=1))
        return logits
