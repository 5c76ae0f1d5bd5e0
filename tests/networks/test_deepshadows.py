"""The network of DeepShadows against the published layout."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.kernel_l2 import kernel_l2_penalty

torch.set_num_threads(1)

# As Keras prints them: kernels and biases; gamma, beta, moving mean and variance.
PUBLISHED = {
    "conv1": 448,
    "bn1": 64,
    "conv2": 4_640,
    "bn2": 128,
    "conv3": 18_496,
    "bn3": 256,
    "fc_1": 4_195_328,
    "fc_out": 1_025,
}


def counted(network: torch.nn.Module) -> dict[str, int]:
    """Return the numbers that each layer keeps, but for PyTorch's counter of batches."""
    found: dict[str, int] = {}
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            layer = name.rsplit(".", 1)[0]
            found[layer] = found.get(layer, 0) + tensor.numel()
    return found


def test_every_layer_has_the_published_size() -> None:
    network = build_network("deepshadows", shape=(3, 64, 64), outputs=1)
    assert counted(network) == PUBLISHED
    assert network.pooled_shape == (64, 8, 8)
    assert counted(build_network("deepshadows", shape=(3, 64, 64), outputs=3))["fc_out"] == 3_075


def test_the_layers_stand_in_the_published_order() -> None:
    torch.manual_seed(1)
    network = build_network("deepshadows", shape=(3, 16, 16), outputs=1, width=4, dense=8).eval()
    with torch.no_grad():
        for number in (1, 2, 3):
            network.get_submodule(f"bn{number}").bias.normal_()
            network.get_submodule(f"bn{number}").running_mean.normal_()
    x = images = torch.randn(5, 3, 16, 16)
    for number in (1, 2, 3):
        convolution, norm = network.get_submodule(f"conv{number}"), network.get_submodule(f"bn{number}")
        x = functional.conv2d(functional.pad(x, (1, 1, 1, 1)), convolution.weight, convolution.bias).clamp(0)
        mean, variance = norm.running_mean[:, None, None], norm.running_var[:, None, None]
        x = (x - mean) / (variance + 1e-3).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
        x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
    x = (x.flatten(1) @ network.fc_1.weight.T + network.fc_1.bias).clamp(0)
    expected = x @ network.fc_out.weight.T + network.fc_out.bias
    torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-5)


def test_the_penalty_at_the_start_is_that_of_glorot() -> None:
    # A Glorot kernel has the variance 2 / (fan in + fan out).
    torch.manual_seed(2)
    network = build_network("deepshadows", shape=(3, 64, 64), outputs=1)
    fans = [(27, 144, 432), (144, 288, 4608), (288, 576, 18432)]
    expected = sum(0.13 * size * 2 / (before + after) for before, after, size in fans)
    expected += 0.12 * 4096 * 1024 * 2 / (4096 + 1024)
    assert kernel_l2_penalty(network).item() == pytest.approx(expected, rel=0.01)
    assert expected == pytest.approx(206, abs=1)


@pytest.mark.parametrize("l2", [(0.1,), (-0.1, 0.1)])
def test_strengths_that_make_no_sense(l2: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="two strengths from 0"):
        build_network("deepshadows", shape=(3, 64, 64), outputs=1, l2=l2)
