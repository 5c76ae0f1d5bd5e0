"""Grad-CAM: which layer, what it points at, and what it says where it cannot point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.explanation import attribute
from skysieve.explanation.spatial_layers import last_activation, spatial_layers
from skysieve.networks import build_network


class SpotFinder(nn.Module):
    """Finds bright spots by a mean of 3 x 3 pixels, wherever they are; knows a second class of dark ones."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Conv2d(1, 2, 3, padding=1, bias=False)
        self.out = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.mean.weight.copy_(torch.stack([torch.full((1, 3, 3), 1 / 9), torch.full((1, 3, 3), -1 / 9)]))
            self.out.weight.copy_(torch.eye(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.mean(x) - 0.5).amax((2, 3)))


def test_it_points_at_the_spot() -> None:
    images = np.zeros((2, 1, 24, 24))
    images[0, 0, 4:7, 15:18] = 3.0
    images[0, 0, 18:21, 5:8] = -4.0
    images[1, 0, 20:23, 2:5] = 3.0
    bright = attribute(SpotFinder(), images, target=0).maps
    assert [np.unravel_index(each.argmax(), each.shape) for each in bright] == [(5, 16), (21, 3)]
    # Nothing speaks for the bright class but the spot and its neighbours.
    bright[0, 3:8, 14:19] = 0
    assert not bright[0].any()
    dark = attribute(SpotFinder(), images[:1], target=1).maps
    assert np.unravel_index(dark[0].argmax(), dark[0].shape) == (19, 6)


def test_without_a_rectifier_it_shows_what_speaks_against() -> None:
    network = SpotFinder()
    with torch.no_grad():
        network.out.weight[1, 0] = -1.0
    images = np.zeros((1, 1, 24, 24))
    images[0, 0, 4:7, 15:18] = 3.0
    found = attribute(network, images, target=1, rectify=False)
    assert found.signed
    assert found.maps.min() < 0
    assert not attribute(network, images, target=1).maps.any()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("vgg6", "relu (8 x 14 x 14)"),
        ("resnet50", "relu (64 x 2 x 2)"),
        ("streaknet", "add (32 x 2 x 2)"),
        ("compact", "relu (32 x 4 x 4)"),
        ("densenet121", "relu (8 x 2 x 2)"),
    ],
)
def test_the_last_activation_of_every_network(
    name: str, found: str, small_network: Callable[..., Any], some_images: Any
) -> None:
    attribution = attribute(small_network(name), some_images(name))
    assert attribution.settings["activation"] == found


def test_an_activation_changed_in_place_is_seen_as_it_was() -> None:
    torch.manual_seed(0)
    parts = [nn.Conv2d(1, 3, 3), nn.ReLU(inplace=False), nn.Flatten(), nn.Linear(108, 1)]
    plain = nn.Sequential(*parts)
    in_place = nn.Sequential(parts[0], nn.ReLU(inplace=True), *parts[2:])
    images = np.random.default_rng(0).normal(size=(2, 1, 8, 8))
    for settings in ({"layer": "0", "rectify": False}, {"layer": "1"}, {}):
        found = [attribute(network, images, target=1, **settings).maps for network in (plain, in_place)]
        assert found[0].any()
        np.testing.assert_array_equal(*found)


def test_a_layer_that_runs_twice_is_seen_as_it_ended() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(torch.relu(self.layer(x))).mean((1, 2, 3))[:, None]

    images = np.random.default_rng(0).normal(size=(1, 1, 8, 8))
    torch.manual_seed(1)
    network = Twice()
    by_name = attribute(network, images, target=1, layer="layer", rectify=False).maps
    np.testing.assert_array_equal(by_name, attribute(network, images, target=1, rectify=False).maps)


def test_an_unknown_layer_is_named_with_the_nearest(
    small_network: Callable[..., Any], some_images: Any
) -> None:
    with pytest.raises(UnknownNameError, match=r"no layer is called 'conv5'; did you mean 'conv4'\?.*pool2"):
        attribute(small_network("vgg6"), some_images("vgg6"), layer="conv5")


def test_a_layer_without_places_is_refused(small_network: Callable[..., Any], some_images: Any) -> None:
    with pytest.raises(
        ConfigurationError, match="'fc_1' returns no spatial activation; layers that do: conv1"
    ):
        attribute(small_network("vgg6"), some_images("vgg6"), layer="fc_1")


def test_a_network_without_places_names_the_other_methods() -> None:
    network = build_network("fc4", shape=(1, 8, 8), outputs=1, dense=(4, 4))
    images = np.zeros((1, 1, 8, 8))
    with pytest.raises(
        ConfigurationError, match=r"FC4 has no spatial layer.*saliency or integrated-gradients"
    ):
        attribute(network, images)
    assert attribute(network, images, "saliency").maps.shape == (1, 8, 8)


def test_spatial_layers_come_in_the_order_in_which_they_end() -> None:
    network = build_network("streaknet", shape=(1, 48, 48), outputs=1, width=4)
    found = spatial_layers(network, torch.zeros(1, 1, 48, 48))
    assert list(found)[-1] == "stages"
    assert found["stem"] == (4, 12, 12)
    assert "output" not in found


def test_the_network_is_left_without_hooks_when_it_fails() -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3)

        def forward(self, x: Tensor) -> Tensor:
            self.layer(x)
            raise RuntimeError("broken")

    network = Broken()
    with pytest.raises(RuntimeError, match="broken"):
        spatial_layers(network, torch.zeros(1, 1, 4, 4))
    assert not network.layer._forward_hooks


def test_a_pooling_to_one_pixel_is_no_place() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert last_activation(network, torch.zeros(1, 1, 6, 6))[2] == "conv2d (3 x 4 x 4)"
