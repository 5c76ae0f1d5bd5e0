"""VGG6 and VGG4 against their published specification and against a forward pass in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.networks.vgg import VGG4, VGG6

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


def test_sizes_for_the_cutouts_of_deepstreaks() -> None:
    vgg6, vgg4 = VGG6((1, 144, 144)), VGG4((1, 144, 144))
    assert sum(parameter.numel() for parameter in vgg6.parameters()) == 2_114_033
    assert vgg6.pooled_shape == (32, 16, 16)
    kernels = {name: tuple(p.shape) for name, p in vgg4.named_parameters() if p.ndim > 1}
    assert kernels == {
        "conv1.weight": (16, 1, 3, 3),
        "conv2.weight": (32, 16, 3, 3),
        "fc_1.weight": (256, 32 * 17 * 17),
        "fc_out.weight": (1, 256),
    }


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


def test_forward_of_vgg4_equals_the_definition() -> None:
    torch.manual_seed(4)
    network = VGG4((2, 31, 40), outputs=2, width=4, dense=8).double().eval()
    sample = torch.randn(1, 2, 31, 40, dtype=torch.float64)
    x = _pool(_convolve(sample[0].numpy(), network.conv1), 2)
    x = _pool(_convolve(x, network.conv2), 4)
    hidden = np.maximum(network.fc_1.weight.detach().numpy() @ x.ravel(), 0)
    expected = network.fc_out.weight.detach().numpy() @ hidden
    np.testing.assert_allclose(network(sample).detach().numpy()[0], expected, rtol=1e-10)


@pytest.mark.parametrize("side", [20, 21, 30, 63, 64, 100])
def test_any_size_from_20_pixels(side: int) -> None:
    network = VGG6((1, side, side), width=2, dense=3)
    assert network(torch.zeros(1, 1, side, side)).shape == (1, 1)


@pytest.mark.parametrize("shape", [(1, 19, 63), (63, 63), (3, 63, 19)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match="at least 20 pixels"):
        VGG6(shape)


def test_vgg4_takes_any_size_from_14_pixels() -> None:
    for side in (14, 15, 21, 22):
        network = VGG4((1, side, 14), width=2, dense=3)
        assert network(torch.zeros(1, 1, side, 14)).shape == (1, 1)
    with pytest.raises(ConfigurationError, match=r"'vgg4' takes .* at least 14 pixels"):
        VGG4((1, 13, 14))
