"""The optimizer that a configuration names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from skysieve.training.configuration import TrainingConfig

__all__ = ["make_optimizer"]


def make_optimizer(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    config: TrainingConfig,
    device: torch.device,
) -> torch.optim.Optimizer:
    """Return the optimizer of the parameters.

    Parameters
    ----------
    parameters : iterable of nn.Parameter, or of dict
        What it changes; as groups, each may have a factor of the learning rate (``rate_factor``).
    config : TrainingConfig
        Gives ``optimizer``, ``learning_rate``, ``betas``, ``momentum`` and ``weight_decay``.
    device : torch.device
        Where the parameters lie; steps are fused where PyTorch can.

    Examples
    --------
    >>> config = TrainingConfig(optimizer="adadelta", learning_rate=0.1)
    >>> type(make_optimizer([nn.Parameter(torch.zeros(1))], config, torch.device("cpu"))).__name__
    'Adadelta'
    """
    shared: dict[str, Any] = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    fused = device.type in ("cpu", "cuda")
    if config.optimizer == "adadelta":
        # The constants of Keras, with which the published networks were trained.
        return torch.optim.Adadelta(parameters, rho=0.95, eps=1e-7, **shared)
    if config.optimizer == "adamax":
        return torch.optim.Adamax(parameters, betas=config.betas, **shared)
    if config.optimizer == "sgd":
        nesterov = config.momentum > 0
        return torch.optim.SGD(parameters, momentum=config.momentum, nesterov=nesterov, fused=fused, **shared)
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, betas=config.betas, fused=fused, **shared)
