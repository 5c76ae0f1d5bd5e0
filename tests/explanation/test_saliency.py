"""Saliency on networks whose gradient is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.explanation import attribute
from skysieve.explanation.saliency import sky_noise
from skysieve.preprocess import Pipeline


def linear(weights: torch.Tensor) -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(weights.numel(), 1))
    with torch.no_grad():
        network[1].weight.copy_(weights.flatten()[None])
    return network


@pytest.fixture
def weights() -> torch.Tensor:
    return torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))


def test_a_linear_network_shows_its_weights(weights: torch.Tensor) -> None:
    images = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    network = linear(weights)
    largest = attribute(network, images, "saliency", target=1)
    total = attribute(network, images, "saliency", target=1, channels="sum")
    np.testing.assert_allclose(largest.maps, np.broadcast_to(weights.abs().amax(0), (3, 4, 5)), rtol=1e-6)
    np.testing.assert_allclose(total.maps, np.broadcast_to(weights.abs().sum(0), (3, 4, 5)), rtol=1e-6)
    assert not largest.signed


def test_times_the_input_it_shows_what_each_pixel_adds(weights: torch.Tensor) -> None:
    images = np.random.default_rng(1).normal(size=(3, 2, 4, 5)).astype(np.float32)
    network = linear(weights)
    found = attribute(network, images, "saliency", target=1, channels="sum", times_input=True)
    added = (images * weights.numpy()).sum(1)
    np.testing.assert_allclose(found.maps, added, rtol=1e-5)
    assert found.signed
    np.testing.assert_allclose(
        found.maps.sum((1, 2)) + network[1].bias.item(), found.logits[:, 0], rtol=1e-4, atol=1e-5
    )


def test_the_gradient_runs_through_the_preprocessing(weights: torch.Tensor) -> None:
    images = np.random.default_rng(2).normal(5, 1, size=(2, 2, 4, 5)).astype(np.float32)
    network = linear(weights)
    preprocess = Pipeline.of("l2-per-cutout")
    raw = attribute(network, images, "saliency", target=1, preprocess=preprocess, channels="sum")
    # By hand: the gradient of w.x/|x| is (w - x (w.x)/|x|^2) / |x|.
    x, w = images.astype(np.float64), weights.numpy()[None]
    norm = np.sqrt((x**2).sum((2, 3), keepdims=True))
    along = (w * x).sum((2, 3), keepdims=True)
    expected = np.abs((w - x * along / norm**2) / norm).sum(1)
    np.testing.assert_allclose(raw.maps, expected, rtol=1e-4, atol=1e-7)
    behind = attribute(network, images, "saliency", target=1, preprocess=preprocess, space="network")
    np.testing.assert_allclose(behind.maps[0], weights.abs().amax(0), rtol=1e-6)


def test_the_noise_of_a_smooth_gradient_leaves_a_linear_network_alone(weights: torch.Tensor) -> None:
    images = np.random.default_rng(3).normal(size=(2, 2, 4, 5))
    network = linear(weights)
    plain = attribute(network, images, "saliency", target=1)
    smooth = attribute(network, images, "saliency", target=1, smooth=4)
    np.testing.assert_allclose(smooth.maps, plain.maps, rtol=1e-5)


def test_smooth_gradients_are_the_mean_over_noise() -> None:
    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x**2).sum((1, 2, 3))[:, None]

    images = np.random.default_rng(4).normal(size=(2, 1, 16, 16)).astype(np.float32)
    smooth = attribute(Square(), images, "saliency", target=1, smooth=400, noise=0.5)
    again = attribute(Square(), images[1:], "saliency", target=1, smooth=400, noise=0.5)
    np.testing.assert_allclose(smooth.maps, np.abs(2 * images[:, 0]), atol=6 * 0.5 * 1.2 * 2 / 20)
    np.testing.assert_allclose(smooth.maps[1:], again.maps, rtol=1e-5)


def test_sky_noise_knows_flat_and_empty_channels() -> None:
    pixels = torch.zeros(1, 3, 4, 4)
    pixels[0, 0, 0] = 1.0
    pixels[0, 1] = torch.nan
    noise = sky_noise(pixels, pixels.isfinite())[0, :, 0, 0]
    assert noise[0] == pytest.approx(np.std([1] * 4 + [0] * 12))
    assert noise[1:].tolist() == [0, 0]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="smooth is -1"):
        attribute(linear(torch.ones(1, 2, 2)), np.zeros((1, 1, 2, 2)), "saliency", smooth=-1)
