"""FC4: nothing but dense layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.networks.fully_connected import FC4

torch.set_num_threads(1)


def test_layers_of_the_published_network() -> None:
    network = FC4((1, 144, 144))
    sizes = {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in network.named_children()
        if list(module.parameters())
    }
    assert sizes == {"fc_1": 144 * 144 * 1024 + 1024, "fc_2": 1024 * 256 + 256, "fc_out": 257}
    rates = [module.p for module in network.modules() if isinstance(module, torch.nn.Dropout)]
    assert rates == [0.25, 0.5]


def test_forward_equals_the_definition() -> None:
    torch.manual_seed(3)
    network = FC4((2, 8, 9), outputs=3, dense=(7, 5)).double().eval()
    sample = torch.randn(2, 8, 9, dtype=torch.float64)
    x = sample.numpy().ravel()
    for layer in (network.fc_1, network.fc_2):
        x = np.maximum(layer.weight.detach().numpy() @ x + layer.bias.detach().numpy(), 0)
    expected = network.fc_out.weight.detach().numpy() @ x + network.fc_out.bias.detach().numpy()
    np.testing.assert_allclose(network(sample[None]).detach().numpy()[0], expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 7, 144), (1, 144, 7), (144, 144)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"'fc4' takes .* at least 8 pixels"):
        FC4(shape)
