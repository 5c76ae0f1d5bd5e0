"""The packed GRU is that of PyTorch on packed sequences: states, and gradients of weights and inputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from skysieve.networks.sequences.packed_gru import packed_gru

torch.set_num_threads(1)


def states_of_pytorch(x: Tensor, lengths: Tensor, gru: nn.GRU) -> Tensor:
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, _ = gru(packed)
    return pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])[0]


@pytest.mark.parametrize("lengths", [[1], [5, 9, 1, 7], [9, 9], [3, 3, 8, 1, 1]])
def test_states_and_all_gradients_are_those_of_pytorch(lengths: list[int]) -> None:
    torch.manual_seed(0)
    gru = nn.GRU(3, 4, batch_first=True).double()
    x, counts = torch.randn(len(lengths), 9, 3, dtype=torch.float64), torch.tensor(lengths)
    weights = torch.randn(len(lengths), 9, 4, dtype=torch.float64)
    found = []
    for states_of in (packed_gru, states_of_pytorch):
        given = x.clone().requires_grad_()
        states = states_of(given, counts, gru)
        loss = (states * weights).sum() + states[:, 0].square().sum()
        found.append((states, *torch.autograd.grad(loss, (given, *gru.parameters()))))
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


def test_what_padding_holds_reaches_neither_states_nor_gradients() -> None:
    torch.manual_seed(0)
    gru, counts = nn.GRU(2, 3, batch_first=True), torch.tensor([2, 5])
    x = torch.randn(2, 5, 2)
    dirty = x.clone()
    dirty[0, 2:] = 1e30
    made = []
    for given in (x, dirty):
        given.requires_grad_()
        states = packed_gru(given, counts, gru)
        made.append((states, *torch.autograd.grad(states.sum(), (given, *gru.parameters()))))
    for clean, other in zip(*made, strict=True):
        assert torch.equal(clean, other)
    assert (made[0][0][0, 2:] == 0).all()
    assert (made[0][1][0, 2:] == 0).all()


def test_gradients_are_those_of_differences() -> None:
    torch.manual_seed(0)
    gru, counts = nn.GRU(2, 3, batch_first=True).double(), torch.tensor([3, 1, 4])
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda given: packed_gru(given, counts, gru), (x,))
