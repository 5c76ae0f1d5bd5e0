"""The start of the networks of our own: spreads that follow from the sizes of the layers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from skysieve.networks.he_start import draw_he_weights

torch.set_num_threads(1)


def test_convolutions_are_he_normal_and_dense_layers_glorot_uniform() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(16, 64, 3, bias=False), nn.BatchNorm2d(64), nn.Linear(64, 32))
    before = {name: value.clone() for name, value in network[1].state_dict().items()}
    draw_he_weights(network)
    assert network[0].weight.std().item() == pytest.approx(math.sqrt(2 / (16 * 9)), rel=0.05)
    bound = math.sqrt(6 / (64 + 32))
    assert 0.95 * bound < network[2].weight.abs().max().item() <= bound
    assert not network[2].bias.any()
    assert all(torch.equal(value, before[name]) for name, value in network[1].state_dict().items())
