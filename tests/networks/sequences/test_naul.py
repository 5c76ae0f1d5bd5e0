"""The autoencoder of Naul and others: what its loss weighs, and that it can be learned from."""

from __future__ import annotations

import math

import torch

from skysieve.networks.sequences.naul import NaulAutoencoder, NaulNet

torch.set_num_threads(1)


def curves(n: int, points: int) -> torch.Tensor:
    time = torch.rand(n, points).sort(1).values
    value = 15 + torch.sin(2 * math.pi * time + torch.rand(n, 1))
    return torch.stack([time, value, torch.full_like(value, 0.1)], dim=2)


def test_published_size() -> None:
    network = NaulAutoencoder((2,))
    assert network.encoder.onward[0].hidden_size == 96
    assert len(network.encoder.back) == 2
    assert len(network.encoder.onward) == 2
    assert network.fc_embedding.out_features == 64
    assert network.decoder.onward[0].input_size == 65


def test_padding_changes_neither_reconstruction_nor_loss() -> None:
    torch.manual_seed(0)
    network = NaulAutoencoder((3,), hidden=4, embedding=3, errors=True).eval()
    x = curves(3, 8)
    padded = torch.cat([x, torch.full((3, 4, 3), torch.nan)], dim=1)
    with torch.inference_mode():
        torch.testing.assert_close(network(padded)[:, :8], network(x), rtol=0, atol=1e-6)
        assert (network(padded)[:, 8:] == 0).all()
        torch.testing.assert_close(network.losses(padded), network.losses(x), rtol=1e-5, atol=1e-6)


def test_points_of_large_error_weigh_little() -> None:
    torch.manual_seed(0)
    network = NaulAutoencoder((3,), hidden=4, embedding=3, errors=True).eval()
    x = curves(1, 8)
    x[0, 3, 2] = 1e3
    with torch.inference_mode():
        read = network.read(x, torch.ones(1, 8, dtype=torch.bool))
        told = network(x)
        squares = (read.steps[..., 1] - told) ** 2
        expected = squares[0, [0, 1, 2, 4, 5, 6, 7]].mean()
        torch.testing.assert_close(network.losses(x)[0], expected, rtol=1e-4, atol=1e-6)


def test_reconstruction_is_learned_and_handed_over() -> None:
    torch.manual_seed(0)
    x = curves(16, 10)
    network = NaulAutoencoder((3,), hidden=8, layers=1, embedding=4, errors=True, folded=True)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    first = network.losses(x).mean().item()
    for _ in range(60):
        optimizer.zero_grad()
        network.losses(x).mean().backward()
        optimizer.step()
    assert network.losses(x).mean().item() < 0.5 * first
    classifier = NaulNet((3,), hidden=8, layers=1, embedding=4, errors=True, folded=True)
    classifier.start_from(network)
    assert torch.equal(classifier.encoder.back[0].weight_hh_l0, network.encoder.back[0].weight_hh_l0)
    assert torch.equal(classifier.fc_embedding.weight, network.fc_embedding.weight)
