"""The L2 penalty on kernels that some published networks were trained with."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError

__all__ = ["kernel_l2_penalty"]


def kernel_l2_penalty(network: nn.Module) -> Tensor | None:
    """Return the penalty that a network adds to its loss in training.

    A network declares it by an attribute ``kernel_l2`` that maps paths of layers to strengths: each
    adds strength · Σ w² over the kernel of that layer, as ``kernel_regularizer=l2(strength)`` of
    Keras does. Biases and batch normalisation are left alone, which is why ``weight_decay`` of an
    optimizer cannot stand in for it. Frozen kernels do not count.

    Parameters
    ----------
    network : nn.Module
        Any network; most declare nothing.

    Returns
    -------
    Tensor or None
        A scalar in float32, with its gradient; None where there is nothing to add.

    Raises
    ------
    ConfigurationError
        If the declaration names a layer that the network does not have.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(2, 1))
    >>> _ = network[0].weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> network.kernel_l2 = {"0": 0.1}
    >>> round(kernel_l2_penalty(network).item(), 4)
    2.5
    """
    strengths: Mapping[str, float] = getattr(network, "kernel_l2", {})
    penalties = [
        strength * kernel.float().square().sum()
        for path, strength in strengths.items()
        if strength > 0 and (kernel := _kernel(network, path)).requires_grad
    ]
    return torch.stack(penalties).sum() if penalties else None


def _kernel(network: nn.Module, path: str) -> Tensor:
    kernel = dict(network.named_parameters()).get(f"{path}.weight")
    if kernel is None:
        raise ConfigurationError(
            f"network {type(network).__name__} declares a penalty on the kernel of {path!r}, "
            "which it does not have; correct its kernel_l2"
        )
    return kernel
