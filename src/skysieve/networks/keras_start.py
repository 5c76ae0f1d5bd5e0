"""The weights with which Keras starts a network."""

from __future__ import annotations

from torch import nn

__all__ = ["draw_keras_weights"]


def draw_keras_weights(network: nn.Module) -> None:
    """Draw new weights as Keras does by default, in place.

    Kernels of convolutions and dense layers are Glorot uniform, biases zero; batch
    normalisation starts as the identity, with empty statistics.

    Parameters
    ----------
    network : nn.Module
        Its layers are drawn in the order in which it lists them, from PyTorch's global generator.

    References
    ----------
    Glorot & Bengio 2010, AISTATS 9, 249.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
