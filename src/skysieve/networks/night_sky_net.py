"""Night Sky Net: plain convolutions and maxout layers, for the shapes of galaxies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["Maxout", "NightSkyNet"]

SMALLEST_SIDE = 36
"""Pixels; of a smaller image the unpadded convolutions leave nothing to pool."""


class Maxout(nn.Module):
    """A dense layer whose units are the largest of several linear functions.

    Parameters
    ----------
    inputs, units : int
        Size before and after.
    pieces : int
        Linear functions of each unit.

    References
    ----------
    Goodfellow et al. 2013, arXiv:1302.4389.

    Examples
    --------
    >>> layer = Maxout(1, 1, pieces=2)
    >>> _ = layer.linear.weight.data.copy_(torch.tensor([[1.0], [-1.0]]))
    >>> layer(torch.tensor([[3.0], [-3.0]])).tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, inputs: int, units: int, pieces: int = 4) -> None:
        super().__init__()
        self.pieces, self.units = pieces, units
        self.linear = nn.Linear(inputs, pieces * units)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every piece as a dense layer of its own: Glorot uniform, zero biases."""
        for piece in torch.split(self.linear.weight.data, self.units):
            nn.init.xavier_uniform_(piece)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, units) of (N, inputs)."""
        functions: Tensor = self.linear(x)
        return functions.reshape(-1, self.pieces, self.units).amax(1)


@NETWORKS.register("night-sky-net")
class NightSkyNet(nn.Module):
    """The network of Night Sky Net, which names the type of a galaxy.

    Unpadded convolutions of 5 × 5 (32), 5 × 5 (64) and twice 3 × 3 (128) pixels with pooling by 2
    after the first, the second and the last, then dense layers of 2048 (ReLU), 2048 and 2048 (maxout of 4)
    and 1024 (ReLU) units with dropout, and the output. With crops of 60 × 60 pixels in three bands and
    four outputs it has 40 144 580 parameters, of which the maxout layers hold 33 570 816. The central
    crop is part of the network, so that the galaxy may be shifted in training
    (``training.augmentation.shift``) with real sky moving in.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 36 pixels.
    outputs : int
        Number of logits.
    crop : int
        Pixels in the middle that the network looks at; smaller images are taken whole.
    dense : tuple of 4 int
        Units of the hidden layers.
    pieces : int
        Linear functions of a maxout unit.
    dropout : float
        Rate after every hidden dense layer.

    References
    ----------
    T. Heilman 2016, Night Sky Net (github.com/TarynHeilman/DSI-Capstone-Project).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = NightSkyNet((3, 120, 120), outputs=4, dense=(8, 8, 8, 8))
    >>> network(torch.zeros(2, 3, 120, 120)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 4,
        *,
        crop: int = 60,
        dense: tuple[int, int, int, int] = (2048, 2048, 2048, 1024),
        pieces: int = 4,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        require_image_shape("night-sky-net", shape, SMALLEST_SIDE, instead="compact")
        if crop < SMALLEST_SIDE or len(dense) != 4 or min(dense) < 1:
            raise ConfigurationError(
                f"network 'night-sky-net' takes a crop of at least {SMALLEST_SIDE} pixels and 4 sizes of "
                f"dense layers, found crop={crop}, dense={tuple(dense)}"
            )
        self.crop = crop
        self.conv1, self.conv2 = nn.Conv2d(shape[0], 32, 5), nn.Conv2d(32, 64, 5)
        self.conv3, self.conv4 = nn.Conv2d(64, 128, 3), nn.Conv2d(128, 128, 3)
        rows, columns = (_pooled_side(min(side, crop)) for side in shape[1:])
        self.pooled_shape = (128, rows, columns)
        self.fc_1 = nn.Linear(128 * rows * columns, dense[0])
        self.maxout_2, self.maxout_3 = (Maxout(dense[i], dense[i + 1], pieces) for i in range(2))
        self.fc_4 = nn.Linear(dense[2], dense[3])
        self.fc_out = nn.Linear(dense[3], outputs)
        self.pool, self.dropout = nn.MaxPool2d(2), nn.Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot uniform, zero biases."""
        draw_keras_weights(self)
        self.maxout_2.reset_parameters()
        self.maxout_3.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        x = self.pool(torch.relu(self.conv1(_central_crop(x, self.crop))))
        x = self.pool(torch.relu(self.conv2(x)))
        x = self.pool(torch.relu(self.conv4(torch.relu(self.conv3(x)))))
        x = self.dropout(torch.relu(self.fc_1(torch.flatten(x, 1))))
        x = self.dropout(self.maxout_2(x))
        x = self.dropout(self.maxout_3(x))
        x = self.dropout(torch.relu(self.fc_4(x)))
        logits: Tensor = self.fc_out(x)
        return logits


def _central_crop(x: Tensor, side: int) -> Tensor:
    top, left = (max(0, (size - side) // 2) for size in x.shape[-2:])
    return x[..., top : top + side, left : left + side]


def _pooled_side(side: int) -> int:
    """Return the side of what is flattened for a side of the image."""
    return (((side - 4) // 2 - 4) // 2 - 4) // 2
