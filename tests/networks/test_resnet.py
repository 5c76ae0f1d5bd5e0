"""ResNet50 against the published architecture; its outputs are tested with the import of Keras weights."""

from __future__ import annotations

import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.networks.resnet import Bottleneck, ResNet50

torch.set_num_threads(1)


def test_size_of_the_published_network() -> None:
    network = ResNet50((1, 144, 144))
    trained = sum(parameter.numel() for parameter in network.parameters())
    # Keras counts running means and variances among the parameters, PyTorch does not.
    statistics = sum(buffer.numel() for buffer in network.buffers() if buffer.ndim)
    assert trained + statistics == 17_386_753
    assert statistics == 2 * (
        64 + 3 * (128 + 256) + 256 + 4 * (256 + 512) + 512 + 6 * (512 + 512) + 512 + 3 * 2048 + 1024
    )
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 53
    assert all(convolution.bias is not None for convolution in convolutions)
    assert network.output.in_features == 4096


def test_momenta_are_those_of_keras_turned_round() -> None:
    network = ResNet50((1, 48, 48), width=2)
    momenta = {
        name: (module.momentum, module.eps)
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.BatchNorm2d)
    }
    assert len(momenta) == 53
    shortcuts = {name for name in momenta if name.endswith("bn1")}
    assert len(shortcuts) == 4
    assert all(momenta[name] == ((0.9 if name in shortcuts else 0.8), 1e-3) for name in momenta)


def test_the_first_convolution_takes_the_step() -> None:
    network = ResNet50((1, 48, 48), width=2)
    for number, expected in ((2, 1), (3, 2), (4, 2), (5, 2)):
        first = network.get_submodule(f"stage{number}.a")
        assert isinstance(first, Bottleneck)
        strides = [first.branch2a.stride, first.branch2b.stride, first.branch2c.stride, first.branch1.stride]
        assert [stride[0] for stride in strides] == [expected, 1, 1, expected]


@pytest.mark.parametrize(("side", "pooled"), [(37, 1), (100, 1), (101, 2), (144, 2), (157, 2), (200, 3)])
def test_any_size_from_37_pixels(side: int, pooled: int) -> None:
    network = ResNet50((1, side, 40), width=2, blocks=(1, 1, 1, 1)).eval()
    assert network.pooled_shape == (32, pooled, 1)
    assert network(torch.zeros(1, 1, side, 40)).shape == (1, 1)


@pytest.mark.parametrize("shape", [(1, 36, 144), (1, 144, 36), (144, 144)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"'resnet50' takes .* at least 37 pixels"):
        ResNet50(shape)
