"""The two networks of dmdt images: of the paper, and as its author trained it later."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["DmdtNet", "ShallowDmdtNet"]

KERNEL = 5
"""Pixels of a side of the kernels; no convolution is padded."""


@NETWORKS.register("dmdt")
class DmdtNet(nn.Module):
    """The network of dmdt images with which the author of the method names classes of variables.

    Unpadded convolutions of 5 × 5 pixels (16, 64) with ReLU, pooling by 2 between them, and the output.
    For images of 22 × 24 pixels and 7 classes it has 39 527 parameters. Training adds the penalties of
    `kernel_l2` to the loss (`skysieve.networks.kernel_l2`). Published: Adam at 2e-4, up to 500 epochs,
    images of 0 to 255.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 14 pixels.
    outputs : int
        Number of logits: 1 for two classes, else their number.
    width : int
        Channels of the first convolution; the second has four times as many.
    dropout : float
        Rate before the output; published is 0.
    l2 : float
        Strength λ of the penalty λ Σ w² on the kernels of both convolutions.

    References
    ----------
    Mahabal et al. 2017, arXiv:1709.06257; layers and training of github.com/AshishMahabal/Reproducibility.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> DmdtNet((1, 22, 24), outputs=7)(torch.zeros(2, 1, 22, 24)).shape
    torch.Size([2, 7])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 16,
        dropout: float = 0.0,
        l2: float = 0.01,
    ) -> None:
        super().__init__()
        require_image_shape("dmdt", shape, 2 * KERNEL + KERNEL - 1, instead="dmdt-shallow")
        _check_l2("dmdt", l2)
        rows, columns = ((side - KERNEL + 1) // 2 - KERNEL + 1 for side in shape[1:])
        self.conv1, self.conv2 = nn.Conv2d(shape[0], width, KERNEL), nn.Conv2d(width, 4 * width, KERNEL)
        self.fc_out = nn.Linear(4 * width * rows * columns, outputs)
        self.pool, self.dropout = nn.MaxPool2d(2), nn.Dropout(dropout)
        self.kernel_l2 = dict.fromkeys(("conv1", "conv2"), float(l2))
        """Strength of the penalty on the kernel of each layer."""
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights as Keras does: Glorot uniform, zero biases."""
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = torch.relu(self.conv2(self.pool(torch.relu(self.conv1(x)))))
        logits: Tensor = self.fc_out(self.dropout(torch.flatten(x, 1)))
        return logits


@NETWORKS.register("dmdt-shallow")
class ShallowDmdtNet(nn.Module):
    """The "shallow" network of the paper: one convolution, pooling, dropout, the output.

    For images of 22 × 24 pixels and 7 classes it has 41 991 parameters, nearly all in the output. The
    penalty is on every kernel, the output's too, as it was in Lasagne.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 6 pixels.
    outputs : int
        Number of logits: 1 for two classes, else their number.
    width : int
        Channels of the convolution.
    dropout : float
        Rate before the output.
    l2 : float
        Strength λ of the penalty λ Σ w² on all kernels.

    References
    ----------
    Mahabal et al. 2017, arXiv:1709.06257.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> ShallowDmdtNet((1, 22, 24), outputs=7)(torch.zeros(2, 1, 22, 24)).shape
    torch.Size([2, 7])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 64,
        dropout: float = 0.1,
        l2: float = 0.0025,
    ) -> None:
        super().__init__()
        require_image_shape("dmdt-shallow", shape, KERNEL + 1)
        _check_l2("dmdt-shallow", l2)
        rows, columns = ((side - KERNEL + 1) // 2 for side in shape[1:])
        self.conv1 = nn.Conv2d(shape[0], width, KERNEL)
        self.fc_out = nn.Linear(width * rows * columns, outputs)
        self.pool, self.dropout = nn.MaxPool2d(2), nn.Dropout(dropout)
        self.kernel_l2 = dict.fromkeys(("conv1", "fc_out"), float(l2))
        """Strength of the penalty on the kernel of each layer."""
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot uniform, zero biases."""
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.dropout(torch.flatten(self.pool(torch.relu(self.conv1(x))), 1))
        logits: Tensor = self.fc_out(x)
        return logits


def _check_l2(network: str, l2: float) -> None:
    if not l2 >= 0:
        raise ConfigurationError(f"network {network!r} takes l2 as a strength from 0, found {l2}")
