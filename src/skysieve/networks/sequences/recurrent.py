"""GRU and LSTM classifiers of light curves and of other sequences."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.registry import NETWORKS
from skysieve.networks.sequences.light_curve_steps import LightCurveSteps, light_curve_steps
from skysieve.networks.sequences.masked_recurrent import Cell, MaskedRecurrent
from skysieve.networks.sequences.pooling import MaskedPooling, Pooling
from skysieve.networks.sequences.sequence_network import SequenceNetwork, require_step_shape

__all__ = ["RecurrentNet", "StaticRecurrentNet"]


@NETWORKS.register("recurrent")
class RecurrentNet(SequenceNetwork):
    """Recurrent layers, pooling that does not see padding, dropout, the output.

    It reads light curves as [gap since the point before, standardised value, (log error,) (bands)], and
    gives the mean and the scale of each curve to the output beside what was pooled.

    Parameters
    ----------
    shape : tuple of int
        (F,), features of a step: time in days and value; the error, if ``errors``; a column for each
        band. With ``times=False``: any features, taken as they are.
    outputs : int
        Number of logits: 1 for two classes, else their number.
    hidden : int
        Size of the state of a direction.
    layers : int
        Recurrent layers.
    cell : {"gru", "lstm"}
        Which.
    bidirectional : bool
        Whether a second network reads from the end of the sequence.
    pooling : {"last", "mean", "attention", "error"}
        Last states; mean of the states; mean by learned attention; or weighted by 1 / σ² of the points.
    dropout : float
        Rate between layers and before the output.
    times : bool
        Whether sequences are light curves; False for features of frames, say.
    errors : bool
        Whether the third column of light curves is the error.
    folded : bool
        Whether the first column is a phase, whose gaps are taken as they are.
    stitch : float, optional
        Gaps of more days count as 0: see `StaticRecurrentNet`.
    level : tuple of 2 float
        Centre and spread of the mean values of curves, for the output.

    Raises
    ------
    ConfigurationError
        If a setting does not do.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = RecurrentNet((2,), outputs=7, hidden=16, bidirectional=True)
    >>> network(torch.rand(3, 50, 2), torch.tensor([50, 20, 5])).shape
    torch.Size([3, 7])
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        hidden: int = 64,
        layers: int = 1,
        cell: Cell = "gru",
        bidirectional: bool = False,
        pooling: Pooling = "last",
        dropout: float = 0.0,
        times: bool = True,
        errors: bool = False,
        folded: bool = False,
        stitch: float | None = None,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__()
        require_step_shape("recurrent", shape, (3 if errors else 2) if times else 1, "time, value, (error)")
        _check(pooling, times, errors, stitch)
        self.times, self.errors, self.folded, self.stitch = times, errors, folded, stitch
        self.level = (float(level[0]), float(level[1]))
        self.recurrent = MaskedRecurrent(
            shape[0], hidden, layers, cell=cell, bidirectional=bidirectional, dropout=dropout
        )
        self.pooling = MaskedPooling(pooling, self.recurrent.width)
        self.dropout = nn.Dropout(dropout)
        self.fc_out = nn.Linear(self.recurrent.width + (2 if times else 0), outputs)

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of filled sequences."""
        read = self._read(x, valid)
        states, last = self.recurrent(read.steps, lengths)
        pooled = self.pooling(states, last, valid, read.weight)
        logits: Tensor = self.fc_out(torch.cat([self.dropout(pooled), read.level], dim=1))
        return logits

    def _read(self, x: Tensor, valid: Tensor) -> LightCurveSteps:
        if not self.times:
            return LightCurveSteps(x, x.new_empty(x.shape[0], 0), valid.to(x.dtype))
        return light_curve_steps(
            x, valid, errors=self.errors, linear=self.folded, stitch=self.stitch, level=self.level
        )


@NETWORKS.register("static-rnn")
class StaticRecurrentNet(RecurrentNet):
    """The recurrent network of stitched light curves: gaps between seasons are closed.

    A gap of more than ``stitch`` days says when a field was up and not what a star does, so it counts as 0;
    the point behind it is kept, and the next season follows the last directly. Pooled by the last state.

    Parameters
    ----------
    shape : tuple of int
        (F,), as for `RecurrentNet`.
    outputs : int
        Number of logits.
    stitch : float
        Days.
    hidden, layers, cell, dropout, errors, level
        As for `RecurrentNet`.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = StaticRecurrentNet((2,), hidden=4)
    >>> curve = torch.tensor([[[0.0, 15], [1, 16], [300, 15]]])
    >>> bool(network(curve) == network(curve - 50 * (curve == 300)))
    True
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        stitch: float = 120.0,
        hidden: int = 64,
        layers: int = 1,
        cell: Cell = "lstm",
        dropout: float = 0.0,
        errors: bool = False,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__(
            shape,
            outputs,
            hidden=hidden,
            layers=layers,
            cell=cell,
            dropout=dropout,
            errors=errors,
            stitch=stitch,
            level=level,
        )


def _check(pooling: str, times: bool, errors: bool, stitch: float | None) -> None:
    if pooling not in get_args(Pooling):
        choices = ", ".join(map(repr, get_args(Pooling)))
        raise ConfigurationError(f"pooling of a recurrent network is one of {choices}; found {pooling!r}")
    if (pooling == "error" and not errors) or (errors and not times):
        raise ConfigurationError(
            f"pooling {pooling!r} with errors={errors} and times={times} cannot be: errors are a column of "
            "light curves, and pooling by 'error' needs them"
        )
    if stitch is not None and not stitch > 0:
        raise ConfigurationError(f"seasons are stitched over gaps of more than 0 days; found {stitch}")
