"""The same maps as captum makes, for every kind of network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, Saliency
from torch import nn
from torch.nn import functional

from skysieve.explanation import attribute

NETWORKS = ("vgg6", "resnet50", "streaknet", "compact", "densenet121")
LAYERS = {"vgg6": "conv4", "resnet50": "stage5", "streaknet": "stages", "compact": "stages"}

Maker = Callable[..., Any]


def close(found: Any, expected: Any) -> None:
    """Compare in units of the largest value: maps of deep networks are small numbers."""
    expected = np.asarray(expected)
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-5)


def grad(images: Any) -> torch.Tensor:
    return torch.tensor(images, requires_grad=True)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_saliency(name: str, outputs: int, small_network: Maker, some_images: Maker) -> None:
    network, images = small_network(name, outputs), some_images(name)
    target = 1 if outputs == 1 else 2
    expected = Saliency(network).attribute(grad(images), target=target if outputs > 1 else 0)
    for channels, reduce in (("max", "amax"), ("sum", "sum")):
        found = attribute(network, images, "saliency", target=target, channels=channels)
        close(found.maps, getattr(expected, reduce)(1).detach())
    found = attribute(network, images, "saliency", target=target, channels="sum", times_input=True)
    product = InputXGradient(network).attribute(grad(images), target=target if outputs > 1 else 0)
    close(found.maps, product.sum(1).detach())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_integrated_gradients(name: str, outputs: int, small_network: Maker, some_images: Maker) -> None:
    network, images = small_network(name, outputs), some_images(name)
    target = 1 if outputs == 1 else 0
    expected, error = IntegratedGradients(network).attribute(
        torch.tensor(images),
        baselines=0.25,
        target=0,
        n_steps=20,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    found = attribute(
        network, images, "integrated-gradients", target=target, baseline="given", value=0.25, steps=20
    )
    close(found.maps, expected.sum(1).detach())
    np.testing.assert_allclose(found.figures["completeness_error"], error.detach(), atol=1e-4)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("rectify", [True, False])
def test_grad_cam(name: str, outputs: int, rectify: bool, small_network: Maker, some_images: Maker) -> None:
    network, images = small_network(name, outputs), some_images(name)
    target = 1 if outputs == 1 else 2
    layer = LAYERS[name]
    coarse = LayerGradCam(network, network.get_submodule(layer)).attribute(
        torch.tensor(images), target=target if outputs > 1 else 0, relu_attributions=rectify
    )
    expected = functional.interpolate(coarse, images.shape[2:], mode="bilinear")[:, 0]
    found = attribute(network, images, "grad-cam", target=target, layer=layer, rectify=rectify, even=True)
    close(found.maps, expected.detach())


@pytest.mark.parametrize(
    ("name", "layer", "of_input"),
    [
        ("vgg6", "pool4", True),
        ("vgg4", "pool4", True),
        ("resnet50", "stage5", False),
        ("streaknet", "stages", False),
        ("compact", "stages", False),
    ],
)
def test_grad_cam_finds_what_the_last_convolution_leads_to(
    name: str, layer: str, of_input: bool, small_network: Maker, some_images: Maker
) -> None:
    network, images = small_network(name), some_images(name)
    coarse = LayerGradCam(network, network.get_submodule(layer)).attribute(
        torch.tensor(images), target=0, attribute_to_layer_input=of_input
    )
    expected = functional.interpolate(coarse, images.shape[2:], mode="bilinear")[:, 0]
    close(attribute(network, images, "grad-cam", target=1, rectify=False, even=True).maps, expected.detach())


def test_the_negative_of_one_logit_explains_the_first_class(small_network: Maker, some_images: Maker) -> None:
    network, images = small_network("vgg6"), some_images("vgg6")

    class Negative(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return -network(x)

    expected = LayerGradCam(Negative(), network.conv4).attribute(torch.tensor(images), target=0)
    expected = functional.interpolate(torch.relu(expected), images.shape[2:], mode="bilinear")[:, 0]
    close(attribute(network, images, "grad-cam", target=0, layer="conv4", even=True).maps, expected.detach())
