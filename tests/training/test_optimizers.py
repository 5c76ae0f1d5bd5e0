"""The steps of the optimizers against their published formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.training.configuration import TrainingConfig
from skysieve.training.optimizers import make_optimizer

GRADIENTS = [0.5, -1.0, 2.0, 0.1]


def walked(config: TrainingConfig) -> list[float]:
    """Return where a parameter that starts at 1 stands after each gradient."""
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = make_optimizer([parameter], config, torch.device("cpu"))
    places = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        places.append(parameter.item())
    return places


def test_adadelta_is_that_of_keras() -> None:
    place, squares, steps, expected = 1.0, 0.0, 0.0, []
    for gradient in GRADIENTS:
        squares = 0.95 * squares + 0.05 * gradient**2
        step = gradient * np.sqrt(steps + 1e-7) / np.sqrt(squares + 1e-7)
        steps = 0.95 * steps + 0.05 * step**2
        place -= 0.1 * step
        expected.append(place)
    found = walked(TrainingConfig(optimizer="adadelta", learning_rate=0.1))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_sgd_has_the_momentum_of_nesterov() -> None:
    place, velocity, expected = 1.0, 0.0, []
    for gradient in GRADIENTS:
        # Keras: v = m v - lr g; p += m v - lr g.
        velocity = 0.9 * velocity - 0.005 * gradient
        place += 0.9 * velocity - 0.005 * gradient
        expected.append(place)
    found = walked(TrainingConfig(optimizer="sgd", learning_rate=0.005, momentum=0.9))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_sgd_without_momentum_is_plain() -> None:
    found = walked(TrainingConfig(optimizer="sgd", learning_rate=0.1, momentum=0.0))
    np.testing.assert_allclose(found, 1 - 0.1 * np.cumsum(GRADIENTS), rtol=1e-6)


def test_adamax_divides_by_the_largest_gradient() -> None:
    config = TrainingConfig(optimizer="adamax", learning_rate=0.002)
    assert walked(config)[0] == pytest.approx(1 - 0.002, rel=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_the_others_keep_their_settings(name: str, kind: type) -> None:
    config = TrainingConfig(optimizer=name, betas=(0.8, 0.99), weight_decay=0.1, learning_rate=0.01)
    optimizer = make_optimizer([nn.Parameter(torch.zeros(1))], config, torch.device("cpu"))
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.01, (0.8, 0.99), 0.1)
