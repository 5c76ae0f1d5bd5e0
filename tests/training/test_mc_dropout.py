"""Passes with dropout: what is random, what is not, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError, ContractError
from skysieve.training.ensemble import Ensemble
from skysieve.training.mc_dropout import dropout_layers, stochastic_logits
from skysieve.training.predict import predict_logits

torch.set_num_threads(1)
INPUTS = np.random.default_rng(1).normal(size=(130, 2, 6, 6)).astype(np.float32)


def network(rate: float = 0.5) -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(rate), nn.Flatten(), nn.Linear(64, 2)
    )


def test_the_mean_and_spread_of_a_linear_layer_are_those_of_the_formula() -> None:
    layer = nn.Linear(50, 1)
    dropping = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), layer)
    inputs = INPUTS[:4].reshape(4, -1)[:, :50]
    found = stochastic_logits(dropping, inputs, passes=4000, seed=1)[..., 0]
    with torch.no_grad():
        terms = inputs * layer.weight.numpy()
        expected = terms.sum(1) + layer.bias.item()
    # A term is kept with probability 1 - p and then divided by it: its variance is p / (1 - p) its square.
    deviation = np.sqrt(0.3 / 0.7 * (terms**2).sum(1))
    np.testing.assert_allclose(found.std(0), deviation, rtol=0.06)
    np.testing.assert_allclose(found.mean(0), expected, atol=5 * deviation.max() / np.sqrt(4000))


def test_a_seed_gives_the_same_passes_and_leaves_no_trace() -> None:
    net = network()
    net.train()
    net[1].eval()
    modes = [module.training for module in net.modules()]
    statistics = net[1].running_mean.clone()
    state = torch.get_rng_state()
    first, second = (stochastic_logits(net, INPUTS, passes=3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, stochastic_logits(net, INPUTS, passes=3, seed=8))
    assert not np.array_equal(first[0], first[1])
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in net.modules()] == modes
    assert torch.equal(net[1].running_mean, statistics)


def test_batch_normalisation_does_not_see_the_batch() -> None:
    net = network(rate=1e-12)
    alone = stochastic_logits(net, INPUTS, passes=2, seed=1, rows=np.array([5]))
    np.testing.assert_allclose(
        alone[0], predict_logits(net, INPUTS, rows=np.array([5])), rtol=1e-5, atol=1e-6
    )


def test_members_of_an_ensemble_drop_too() -> None:
    ensemble = Ensemble([network(), network()])
    assert len(dropout_layers(ensemble)) == 2
    assert stochastic_logits(ensemble, INPUTS[:3], passes=2, seed=1).shape == (2, 3, 2)


def test_what_cannot_be_random() -> None:
    with pytest.raises(ConfigurationError, match=r"Sequential has no dropout.*network\.members"):
        stochastic_logits(network(rate=0.0), INPUTS, passes=2, seed=1)
    with pytest.raises(ConfigurationError, match="1 passes"):
        stochastic_logits(network(), INPUTS, passes=1, seed=1)
    with pytest.raises(ContractError, match="no samples"):
        stochastic_logits(network(), INPUTS[:0], passes=2, seed=1)
