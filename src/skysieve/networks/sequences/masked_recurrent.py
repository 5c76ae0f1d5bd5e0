"""GRU and LSTM layers that stop at the end of each sequence, in both directions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.sequences.packed_gru import packed_gru
from skysieve.networks.sequences.sequence_network import valid_steps

__all__ = ["Cell", "MaskedRecurrent", "exported_states", "states_of", "turned_within"]

Cell = Literal["gru", "lstm"]
_CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


def states_of(layer: nn.Module, x: Tensor) -> Tensor:
    """Return the states (N, T, hidden) of one layer in one direction, from x (N, T, features)."""
    if torch.compiler.is_exporting():
        return exported_states(layer, x)
    states: Tensor = layer(x)[0]
    return states


def _masked_states(layer: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """Return the states of one layer in one direction, zero in padding."""
    learns = torch.is_grad_enabled() and not torch.compiler.is_compiling()
    if learns and x.device.type == "cpu" and isinstance(layer, nn.GRU):
        return packed_gru(x, lengths, layer)
    valid = valid_steps(lengths, x.shape[1])
    return torch.where(valid[..., None], states_of(layer, x), 0.0)


def exported_states(layer: nn.Module, x: Tensor, *, reverse: bool = False) -> Tensor:
    """Return the states (N, T, hidden) of one direction of one layer as one operator, without gradients.

    A graph that is exported holds this operator (`onnx_translations`). Written out by PyTorch the layer would
    hold the batch and the steps of the example for ever.

    Parameters
    ----------
    layer : nn.GRU or nn.LSTM
        Of one layer, ``batch_first``.
    x : Tensor, shape (N, T, features)
        Sequences.
    reverse : bool
        Take the weights of the backward direction; x is read from its beginning all the same.

    Examples
    --------
    >>> layer, x = nn.GRU(2, 3, batch_first=True), torch.rand(1, 5, 2)
    >>> bool(torch.isclose(exported_states(layer, x), layer(x)[0]).all())
    True
    """
    names = [f"{kind}_l0{'_reverse' if reverse else ''}" for kind in _WEIGHTS]
    operator = _lstm if isinstance(layer, nn.LSTM) else _gru
    states: Tensor = operator(x, *(getattr(layer, name) for name in names))
    return states


def turned_within(x: Tensor, lengths: Tensor) -> Tensor:
    """Return sequences (N, T, features) each turned round within its own length; padding stays.

    Examples
    --------
    >>> turned_within(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2])).flatten().tolist()
    [2.0, 1.0, 9.0]
    """
    steps = torch.arange(x.shape[1], device=x.device)
    index = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return x.gather(1, index[..., None].expand_as(x))


_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@torch.library.custom_op("skysieve::gru", mutates_args=())
def _gru(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    start = x.new_zeros(1, len(x), weight_hh.shape[1])
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    return torch.gru(x, start, weights, True, 1, 0.0, False, False, True)[0]


@torch.library.custom_op("skysieve::lstm", mutates_args=())
def _lstm(x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    start = x.new_zeros(1, len(x), weight_hh.shape[1])
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    return torch.lstm(x, [start, start], weights, True, 1, 0.0, False, False, True)[0]


@_gru.register_fake
@_lstm.register_fake
def _shaped_as_states(
    x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> Tensor:
    del weight_ih, bias_ih, bias_hh
    return x.new_empty(x.shape[0], x.shape[1], weight_hh.shape[1])


class MaskedRecurrent(nn.Module):
    """Recurrent layers over padded sequences; the backward direction begins at the last step of each.

    The same as ``nn.GRU`` on packed sequences. PyTorch's packing is not used: on a CPU its backward pass
    takes ten times as long as all the padding of batches of like lengths. A GRU is trained there by
    `packed_gru`, which computes no padding at all. Else, onward, no state sees the padding behind it; back,
    each sequence is turned round within its own length. They compute in float32 also where the rest does
    not: hundreds of steps add their rounding up.

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
        with torch.autocast(x.device.type, enabled=False):
            states = x.float()
            for number, onward in enumerate(self.onward):
                given = self.dropout(states) if number else states
                states = _masked_states(onward, given, lengths)
                if self.back:
                    turned = turned_within(given, lengths)
                    reversed_states = _masked_states(self.back[number], turned, lengths)
                    states = torch.cat([states, turned_within(reversed_states, lengths)], dim=2)
        last = states[torch.arange(x.shape[0], device=x.device), lengths - 1]
        if self.back:
            last = torch.cat([last[:, : self.hidden], states[:, 0, self.hidden :]], dim=1)
        return states, last
