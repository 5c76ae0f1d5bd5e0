"""VGG6 against its published specification and against a forward pass in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.networks.vgg import VGG6

torch.set_num_threads(1)


def test_layers_of_the_published_network() -> None:
    network = VGG6((3, 63, 63), outputs=1)
    sizes = {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in network.named_children()
        if list(module.parameters())
    }
    assert sizes == {"conv1": 448, "conv2": 2320, "conv3": 4640, "conv4": 9248, "fc_1": 295168, "fc_out": 257}
    assert [module.p for module in network.modules() if isinstance(module, torch.nn.Dropout)] == [
        0.25,
        0.25,
        0.5,
    ]


def test_starts_as_keras_does() -> None:
    torch.manual_seed(0)
    network = VGG6((3, 63, 63))
    bound = math.sqrt(6 / (9 * 16 + 9 * 16))
    weight = network.conv2.weight.detach()
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert not any(module.bias.any() for module in (network.conv1, network.fc_1, network.fc_out))


def _convolve(x: NDArray[np.float64], layer: torch.nn.Conv2d) -> NDArray[np.float64]:
    windows = sliding_window_view(x, (3, 3), axis=(1, 2))
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    return np.maximum(np.einsum("cyxij,ocij->oyx", windows, weight) + bias[:, None, None], 0)


def _pool(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    rows, columns = x.shape[1] // size, x.shape[2] // size
    blocks = x[:, : rows * size, : columns * size].reshape(len(x), rows, size, columns, size)
    return blocks.max((2, 4))


def test_forward_equals_the_definition() -> None:
    torch.manual_seed(3)
    network = VGG6((2, 31, 40), outputs=2, width=4, dense=8).eval()
    sample = torch.randn(1, 2, 31, 40)
    x = sample[0].double().numpy()
    x = _pool(_convolve(_convolve(x, network.conv1), network.conv2), 2)
    x = _pool(_convolve(_convolve(x, network.conv3), network.conv4), 4)
    dense, output = network.double().fc_1, network.fc_out
    hidden = np.maximum(dense.weight.detach().numpy() @ x.ravel() + dense.bias.detach().numpy(), 0)
    expected = output.weight.detach().numpy() @ hidden + output.bias.detach().numpy()
    np.testing.assert_allclose(network(sample.double()).detach().numpy()[0], expected, rtol=1e-10)


@pytest.mark.parametrize("side", [20, 21, 30, 63, 64, 100])
def test_any_size_from_20_pixels(side: int) -> None:
    network = VGG6((1, side, side), width=2, dense=3)
    assert network(torch.zeros(1, 1, side, side)).shape == (1, 1)


@pytest.mark.parametrize("shape", [(1, 19, 63), (63, 63), (3, 63, 19)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match="at least 20 pixels"):
        VGG6(shape)
