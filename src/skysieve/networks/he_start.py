"""The weights with which the networks of our own start."""

from __future__ import annotations

from torch import nn

__all__ = ["draw_he_weights"]


def draw_he_weights(network: nn.Module) -> None:
    """Draw new weights in place: He normal for convolutions, Glorot uniform for dense layers.

    Biases of dense layers become zero; batch normalisation stays as it is.

    Parameters
    ----------
    network : nn.Module
        Its layers are drawn in the order in which it lists them, from PyTorch's global generator.

    References
    ----------
    He et al. 2015, arXiv:1502.01852; Glorot & Bengio 2010, AISTATS 9, 249.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
