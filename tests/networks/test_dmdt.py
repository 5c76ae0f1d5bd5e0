"""The networks of dmdt images against the published layouts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.kernel_l2 import kernel_l2_penalty

torch.set_num_threads(1)

# As Keras prints them for images of 22 x 24 pixels and seven classes.
PUBLISHED = {
    "dmdt": {"conv1": 416, "conv2": 25_664, "fc_out": 13_447},
    "dmdt-shallow": {"conv1": 1_664, "fc_out": 40_327},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_layer_has_the_published_size(name: str) -> None:
    network = build_network(name, shape=(1, 22, 24), outputs=7)
    found: dict[str, int] = {}
    for path, tensor in network.state_dict().items():
        layer = path.rsplit(".", 1)[0]
        found[layer] = found.get(layer, 0) + tensor.numel()
    assert found == PUBLISHED[name]
    assert network(torch.zeros(3, 1, 22, 24)).shape == (3, 7)


def test_the_layers_stand_in_the_published_order() -> None:
    torch.manual_seed(1)
    network = build_network("dmdt", shape=(2, 22, 24), outputs=3).eval()
    x = images = torch.randn(5, 2, 22, 24)
    x = functional.conv2d(x, network.conv1.weight, network.conv1.bias).clamp(0)
    x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
    x = functional.conv2d(x, network.conv2.weight, network.conv2.bias).clamp(0)
    expected = x.flatten(1) @ network.fc_out.weight.T + network.fc_out.bias
    torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "strength", "kernels"),
    [("dmdt", 0.01, ("conv1", "conv2")), ("dmdt-shallow", 0.0025, ("conv1", "fc_out"))],
)
def test_the_penalty_is_on_the_published_kernels(
    name: str, strength: float, kernels: tuple[str, ...]
) -> None:
    torch.manual_seed(2)
    network = build_network(name, shape=(1, 22, 24), outputs=7)
    squares = [network.get_submodule(layer).weight.square().sum().item() for layer in kernels]
    assert kernel_l2_penalty(network).item() == pytest.approx(strength * np.sum(squares), rel=1e-5)
    assert kernel_l2_penalty(build_network(name, shape=(1, 22, 24), outputs=7, l2=0.0)) is None


@pytest.mark.parametrize(("name", "smallest"), [("dmdt", 14), ("dmdt-shallow", 6)])
def test_the_smallest_images(name: str, smallest: int) -> None:
    assert build_network(name, shape=(1, smallest, 26), outputs=1)(torch.zeros(1, 1, smallest, 26)).shape == (
        1,
        1,
    )
    with pytest.raises(ConfigurationError, match=f"at least {smallest} pixels"):
        build_network(name, shape=(1, smallest - 1, 26), outputs=1)
    with pytest.raises(ConfigurationError, match="strength from 0, found -1"):
        build_network(name, shape=(1, 26, 26), outputs=1, l2=-1)
