"""The penalty on kernels: its value by hand, its gradient, what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.kernel_l2 import kernel_l2_penalty

torch.set_num_threads(1)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network("deepshadows", shape=(2, 16, 16), outputs=1, width=4, dense=8, l2=(0.5, 0.25))


def test_the_penalty_is_the_sum_of_squares_by_layer(network: nn.Module) -> None:
    kernels = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    expected = sum(0.5 * np.square(kernels[f"conv{number}.weight"]).sum() for number in (1, 2, 3))
    expected += 0.25 * np.square(kernels["fc_1.weight"]).sum()
    assert kernel_l2_penalty(network).item() == pytest.approx(expected, rel=1e-6)


def test_only_the_named_kernels_are_pulled(network: nn.Module) -> None:
    kernel_l2_penalty(network).backward()
    torch.testing.assert_close(network.conv2.weight.grad, 2 * 0.5 * network.conv2.weight.detach())
    torch.testing.assert_close(network.fc_1.weight.grad, 2 * 0.25 * network.fc_1.weight.detach())
    pulled = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert pulled == {"conv1.weight", "conv2.weight", "conv3.weight", "fc_1.weight"}


def test_frozen_kernels_and_strengths_of_zero_do_not_count(network: nn.Module) -> None:
    for name in ("conv1", "conv2", "conv3"):
        network.get_submodule(name).weight.requires_grad_(False)
    expected = 0.25 * network.fc_1.weight.square().sum()
    torch.testing.assert_close(kernel_l2_penalty(network), expected)
    network.kernel_l2["fc_1"] = 0.0
    assert kernel_l2_penalty(network) is None


def test_most_networks_have_none() -> None:
    assert kernel_l2_penalty(build_network("compact", shape=(1, 16, 16), outputs=1)) is None


def test_a_layer_that_is_not_there_is_named(network: nn.Module) -> None:
    network.kernel_l2["conv9"] = 0.1
    with pytest.raises(ConfigurationError, match="'conv9', which it does not have"):
        kernel_l2_penalty(network)
