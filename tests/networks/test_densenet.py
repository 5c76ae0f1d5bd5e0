"""DenseNet121 against the published architecture; its outputs are tested with the import of Keras weights."""

from __future__ import annotations

import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.networks.densenet import DenseNet121

torch.set_num_threads(1)


def test_size_of_the_published_network() -> None:
    network = DenseNet121((1, 144, 144))
    trained = sum(parameter.numel() for parameter in network.parameters())
    # Keras counts running means and variances among the parameters, PyTorch does not.
    statistics = sum(buffer.numel() for buffer in network.buffers() if buffer.ndim)
    assert trained + statistics == 7_032_257
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 1 + 2 * (6 + 12 + 24 + 16) + 3
    assert all(convolution.bias is None for convolution in convolutions)
    assert network.output.in_features == 1024
    normalisations = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert {(module.momentum, module.eps) for module in normalisations} == {(0.8, 1.001e-5)}


def test_a_layer_keeps_what_it_is_given() -> None:
    torch.manual_seed(0)
    layer = DenseNet121((1, 29, 29), growth=4).get_submodule("body.conv2.block1")
    x = torch.randn(2, 8, 5, 5)
    found = layer(x)
    assert found.shape == (2, 12, 5, 5)
    assert torch.equal(found[:, :8], x)


@pytest.mark.parametrize("side", [29, 30, 63, 64, 100])
def test_any_size_from_29_pixels(side: int) -> None:
    network = DenseNet121((1, side, 32), growth=2, blocks=(1, 1, 1, 1)).eval()
    assert network(torch.zeros(1, 1, side, 32)).shape == (1, 1)


@pytest.mark.parametrize("shape", [(1, 28, 144), (1, 144, 28), (144, 144)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"'densenet121' takes .* at least 29 pixels"):
        DenseNet121(shape)
