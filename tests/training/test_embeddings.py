"""Embeddings: what goes into the layer that decides, for single networks and ensembles."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skysieve.errors import ContractError
from skysieve.networks import build_network
from skysieve.training.embeddings import embeddings_and_logits
from skysieve.training.ensemble import Ensemble
from skysieve.training.predict import predict_logits

torch.set_num_threads(1)
INPUTS = np.random.default_rng(1).normal(size=(70, 1, 16, 16)).astype(np.float32)


def test_the_last_layer_makes_the_logits_of_the_embeddings() -> None:
    network = build_network("fc4", shape=(1, 16, 16), outputs=3)
    embeddings, logits = embeddings_and_logits(network, INPUTS)
    np.testing.assert_allclose(logits, predict_logits(network, INPUTS))
    with torch.no_grad():
        again = network.fc_out(torch.from_numpy(embeddings)).numpy()
    np.testing.assert_allclose(again, logits, atol=1e-5)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in network.modules())


def test_the_layer_that_is_called_last_counts_not_the_one_written_last() -> None:
    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(5, 1)
            self.first = nn.Linear(256, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(torch.relu(self.first(x.flatten(1))))

    assert embeddings_and_logits(Written(), INPUTS)[0].shape == (70, 5)


def test_members_stand_side_by_side() -> None:
    members = [build_network("fc4", shape=(1, 16, 16), outputs=1, dense=[4, size]) for size in (3, 5)]
    embeddings, _ = embeddings_and_logits(Ensemble(members), INPUTS, rows=np.array([3, 1]))
    assert embeddings.shape == (2, 8)
    np.testing.assert_allclose(
        embeddings[:, 3:], embeddings_and_logits(members[1], INPUTS, rows=np.array([3, 1]))[0], atol=1e-6
    )


def test_a_network_without_a_linear_layer() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 16), nn.Flatten())
    with pytest.raises(ContractError, match="no linear layer"):
        embeddings_and_logits(network, INPUTS)
    assert not network._forward_hooks
