"""GRU and LSTM layers that stop at the end of each sequence, in both directions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.sequences.sequence_network import valid_steps

__all__ = ["Cell", "MaskedRecurrent"]

Cell = Literal["gru", "lstm"]
_CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class MaskedRecurrent(nn.Module):
    """Recurrent layers over padded sequences; the backward direction begins at the last step of each.

    The same as ``nn.GRU`` on packed sequences. Packing is not used: on a CPU its backward pass takes ten
    times as long as all the padding of batches of like lengths. Onward, no state sees the padding behind
    it; back, each sequence is turned round within its own length. They compute in float32 also where the
    rest does not: hundreds of steps add their rounding up.

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
        self.hidden, self.width = hidden, hidden * (2 if bidirectional else 1)
        sizes = [features] + [self.width] * (layers - 1)
        self.onward = nn.ModuleList(_CELLS[cell](size, hidden, batch_first=True) for size in sizes)
        self.back = nn.ModuleList(
            _CELLS[cell](size, hidden, batch_first=True) for size in (sizes if bidirectional else [])
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states (N, T, width), zero in padding, and the last of each direction, (N, width)."""
        valid = valid_steps(lengths, x.shape[1])
        steps = torch.arange(x.shape[1], device=x.device)
        turned = torch.where(valid, lengths[:, None] - 1 - steps, steps)[..., None]
        with torch.autocast(x.device.type, enabled=False):
            states = x.float()
            for number, onward in enumerate(self.onward):
                given = self.dropout(states) if number else states
                states, _ = onward(given)
                if self.back:
                    reversed_states, _ = self.back[number](given.gather(1, turned.expand_as(given)))
                    states = torch.cat(
                        [states, reversed_states.gather(1, turned.expand_as(reversed_states))], dim=2
                    )
        last = states[torch.arange(len(x), device=x.device), lengths - 1]
        if self.back:
            last = torch.cat([last[:, : self.hidden], states[:, 0, self.hidden :]], dim=1)
        return torch.where(valid[..., None], states, 0.0), last
