"""GRU and LSTM layers that stop at the end of each sequence, in both directions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from skysieve.errors import ConfigurationError

__all__ = ["Cell", "PackedRecurrent"]

Cell = Literal["gru", "lstm"]
_CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class PackedRecurrent(nn.Module):
    """Recurrent layers over padded sequences; the backward direction begins at the last point of each.

    They compute in float32 also where the rest does not: hundreds of steps add their rounding up.

    Parameters
    ----------
    features : int
        Of a step.
    hidden : int
        Size of the state of each direction.
    layers : int
        One above the other.
    cell : {"gru", "lstm"}
        Which.
    bidirectional : bool
        Whether a second network reads from the end.
    dropout : float
        Rate between layers.

    Raises
    ------
    ConfigurationError
        If there is no such cell, or a size is not positive.
    """

    def __init__(
        self,
        features: int,
        hidden: int,
        layers: int = 1,
        *,
        cell: Cell = "gru",
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if cell not in _CELLS:
            raise ConfigurationError(f"a recurrent network has cell 'gru' or 'lstm'; found {cell!r}")
        if hidden < 1 or layers < 1:
            raise ConfigurationError(
                f"a recurrent network has at least 1 layer of 1 unit; found {layers} of {hidden}"
            )
        self.rnn = _CELLS[cell](
            features,
            hidden,
            layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.width = hidden * (2 if bidirectional else 1)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states (N, T, width), zero in padding, and the last of each direction, (N, width)."""
        with torch.autocast(x.device.type, enabled=False):
            packed = pack_padded_sequence(x.float(), lengths.cpu(), batch_first=True, enforce_sorted=False)
            states, last = self.rnn(packed)
            final = last[0] if isinstance(last, tuple) else last
            padded, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
        directions = 2 if self.rnn.bidirectional else 1
        return padded, torch.cat(tuple(final[-directions:]), dim=1)
