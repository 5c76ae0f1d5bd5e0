"""Networks and images that explainers are tested on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from skysieve.networks import build_network

torch.set_num_threads(1)

#: Name, shape of a sample, and arguments that keep the network small.
SMALL = {
    "vgg6": ((3, 40, 40), {"width": 4, "dense": 16}),
    "vgg4": ((1, 32, 32), {"width": 4, "dense": 16}),
    "resnet50": ((1, 48, 48), {"width": 4, "blocks": (1, 1, 1, 1)}),
    "densenet121": ((2, 64, 64), {"growth": 4, "blocks": (1, 1, 1, 1)}),
    "streaknet": ((1, 48, 48), {"width": 8}),
    "compact": ((5, 32, 32), {"width": 8}),
}


@pytest.fixture
def small_network() -> Callable[..., nn.Module]:
    """Return a maker of small networks whose batch statistics are not those of the start."""

    def make(name: str, outputs: int = 1, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        shape, arguments = SMALL[name]
        network = build_network(name, shape=shape, outputs=outputs, **arguments)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.running_mean, 0, 0.1)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
        return network.eval()

    return make


@pytest.fixture
def some_images() -> Callable[..., Any]:
    """Return a maker of images of noise for such a network."""

    def make(name: str, n: int = 3, seed: int = 1) -> Any:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(n, *SMALL[name][0], generator=generator).numpy()

    return make
