"""Recurrent layers without packing are those of PyTorch with packing."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from skysieve.errors import ConfigurationError
from skysieve.networks.sequences.masked_recurrent import Cell, MaskedRecurrent, exported_states

torch.set_num_threads(1)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_equals_packed_layers_of_pytorch(cell: Cell, layers: int, bidirectional: bool) -> None:
    torch.manual_seed(0)
    ours = MaskedRecurrent(3, 4, layers, cell=cell, bidirectional=bidirectional)
    kind = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
    reference = kind(3, 4, layers, batch_first=True, bidirectional=bidirectional)
    for number in range(layers):
        for name, value in ours.onward[number].named_parameters():
            getattr(reference, name.replace("_l0", f"_l{number}")).data = value.data
        if bidirectional:
            for name, value in ours.back[number].named_parameters():
                getattr(reference, name.replace("_l0", f"_l{number}_reverse")).data = value.data
    x, lengths = torch.randn(4, 9, 3), torch.tensor([5, 9, 1, 7])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, last = reference(packed)
    expected, _ = pad_packed_sequence(states, batch_first=True, total_length=9)
    final = last if cell == "gru" else last[0]
    found, found_last = ours(x, lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        found_last, torch.cat(tuple(final[-2 if bidirectional else -1 :]), 1), rtol=0, atol=1e-6
    )
    with torch.inference_mode():
        scored, scored_last = ours(x, lengths)
    torch.testing.assert_close(scored, found, rtol=0, atol=1e-6)
    torch.testing.assert_close(scored_last, found_last, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_the_operator_of_exported_graphs_is_the_layer(kind: type[nn.GRU] | type[nn.LSTM]) -> None:
    torch.manual_seed(0)
    layer, x = kind(3, 4, batch_first=True, bidirectional=True), torch.randn(2, 7, 3)
    with torch.inference_mode():
        onward, back = layer(x)[0].chunk(2, dim=2)
        torch.testing.assert_close(exported_states(layer, x), onward)
        torch.testing.assert_close(exported_states(layer, x.flip(1), reverse=True).flip(1), back)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="'rnn'"):
        MaskedRecurrent(3, 4, cell="rnn")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="0 of 4"):
        MaskedRecurrent(3, 4, 0)
