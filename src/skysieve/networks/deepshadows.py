"""The network of DeepShadows: three convolutions, held down by a strong penalty on their kernels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.image_shape import require_image_shape
from skysieve.networks.keras_start import draw_keras_weights
from skysieve.networks.registry import NETWORKS

__all__ = ["DeepShadows"]

SMALLEST_SIDE = 8
"""Pixels; the image is halved three times."""

# Batch normalisation of Keras, in PyTorch's convention of the momentum.
EPSILON, MOMENTUM = 1e-3, 0.01


@NETWORKS.register("deepshadows")
class DeepShadows(nn.Module):
    """The network that tells galaxies of low surface brightness from artefacts.

    Three blocks of a padded 3 × 3 convolution, ReLU, batch normalisation, pooling by 2 and dropout,
    a dense layer, the output. With pictures of 64 × 64 pixels in three bands and one output it has
    4 220 385 parameters as Keras counts them, running means of the normalisation included; nearly all
    are in the dense layer. Training adds the penalties of `kernel_l2` to the loss
    (`skysieve.networks.kernel_l2`): at the start they are 206, against a cross-entropy of 0.7.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample; H and W of at least 8 pixels.
    outputs : int
        Number of logits: 1 for two classes, 3 for the variant with two kinds of artefacts.
    width : int
        Channels of the first block; the next have twice and four times as many.
    dense : int
        Size of the hidden dense layer.
    dropout : float
        Rate after every block.
    l2 : tuple of 2 float
        Strength λ of the penalty λ Σ w² on the kernels of the convolutions and of the hidden dense
        layer; (0, 0) trains without.

    References
    ----------
    Tanoglidis, Ćiprijanović & Drlica-Wagner 2021, Astronomy and Computing 35, 100469.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> DeepShadows((3, 64, 64))(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        outputs: int = 1,
        *,
        width: int = 16,
        dense: int = 1024,
        dropout: float = 0.4,
        l2: tuple[float, float] = (0.13, 0.12),
    ) -> None:
        super().__init__()
        require_image_shape("deepshadows", shape, SMALLEST_SIDE)
        if len(l2) != 2 or min(l2) < 0:
            raise ConfigurationError(
                "network 'deepshadows' takes l2 as two strengths from 0 (convolutions, dense layer), "
                f"found {l2}"
            )
        channels = shape[0]
        for number in range(3):
            wide = width * 2**number
            self.add_module(f"conv{number + 1}", nn.Conv2d(channels, wide, 3, padding=1))
            self.add_module(f"bn{number + 1}", nn.BatchNorm2d(wide, EPSILON, MOMENTUM))
            channels = wide
        self.pooled_shape = (channels, shape[1] // 8, shape[2] // 8)
        self.fc_1 = nn.Linear(channels * (shape[1] // 8) * (shape[2] // 8), dense)
        self.fc_out = nn.Linear(dense, outputs)
        self.pool, self.dropout = nn.MaxPool2d(2), nn.Dropout(dropout)
        self.kernel_l2 = dict.fromkeys(("conv1", "conv2", "conv3"), float(l2[0])) | {"fc_1": float(l2[1])}
        """Strength of the penalty on the kernel of each layer."""
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights as Keras does: Glorot uniform, zero biases."""
        draw_keras_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, C, H, W)."""
        for number in (1, 2, 3):
            x = torch.relu(self.get_submodule(f"conv{number}")(x))
            x = self.dropout(self.pool(self.get_submodule(f"bn{number}")(x)))
        x = torch.relu(self.fc_1(torch.flatten(x, 1)))
        logits: Tensor = self.fc_out(x)
        return logits
