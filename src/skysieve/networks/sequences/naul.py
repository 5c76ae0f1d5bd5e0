"""The recurrent autoencoder of light curves by Naul and others, and a classifier on its embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.networks.registry import NETWORKS
from skysieve.networks.sequences.light_curve_steps import LightCurveSteps, light_curve_steps
from skysieve.networks.sequences.masked_recurrent import MaskedRecurrent
from skysieve.networks.sequences.sequence_network import (
    SequenceNetwork,
    lengths_of,
    require_step_shape,
    valid_steps,
)

__all__ = ["NaulAutoencoder", "NaulNet"]


class NaulAutoencoder(nn.Module):
    """Encoder and decoder of light curves.

    A bidirectional GRU reads [gap, standardised value, (log error)]; its last states become an embedding,
    which the decoder, another bidirectional GRU, is given at every point beside the gap, to tell the value.

    Parameters
    ----------
    shape : tuple of int
        (F,): time and value; the error, if ``errors``; a column for each band.
    hidden : int
        Size of the state of each direction; published 96.
    layers : int
        Of encoder and decoder each; published 2.
    embedding : int
        Published 64.
    dropout : float
        Between layers; published 0.25.
    errors : bool
        Whether the third column is the error: it weights the loss, and is read by the encoder.
    folded : bool
        Whether the first column is the phase, from 0 to 1, in which points are sorted.
    level : tuple of 2 float
        Centre and spread of the mean values of curves, which are told beside the embedding.

    References
    ----------
    Naul et al. 2018, Nature Astronomy 2, 151, arXiv:1711.10609.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = NaulAutoencoder((3,), hidden=8, embedding=4, errors=True)
    >>> curves = torch.rand(5, 20, 3)
    >>> network(curves).shape, network.losses(curves).shape
    (torch.Size([5, 20]), torch.Size([5]))
    """

    def __init__(
        self,
        shape: tuple[int],
        *,
        hidden: int = 96,
        layers: int = 2,
        embedding: int = 64,
        dropout: float = 0.25,
        errors: bool = False,
        folded: bool = False,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__()
        require_step_shape("naul", shape, 3 if errors else 2, "time, value, (error)")
        self.errors, self.folded, self.level = errors, folded, (float(level[0]), float(level[1]))
        self.encoder = MaskedRecurrent(shape[0], hidden, layers, bidirectional=True, dropout=dropout)
        self.fc_embedding = nn.Linear(2 * hidden, embedding)
        # The gap and the bands, but neither value nor error.
        self.known = [0, *range(3 if errors else 2, shape[0])]
        self.decoder = MaskedRecurrent(
            embedding + len(self.known), hidden, layers, bidirectional=True, dropout=dropout
        )
        self.fc_value = nn.Linear(2 * hidden, 1)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the values (N, T), standardised for each curve, that the decoder tells; 0 in padding."""
        read, valid, lengths = self._read(x, lengths)
        return self._decoded(read, valid, lengths)

    def embedded(self, read: LightCurveSteps, lengths: Tensor) -> Tensor:
        """Return the embedding (N, embedding) of light curves that were read."""
        _, last = self.encoder(read.steps, lengths)
        embedding: Tensor = self.fc_embedding(last)
        return embedding

    def losses(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the reconstruction loss of each curve, shape (N,): mean of w (value - told)², w = 1 / σ².

        Weights have the mean 1 in every curve; without errors all are 1.
        """
        read, valid, lengths = self._read(x, lengths)
        squares = read.weight * (read.steps[..., 1] - self._decoded(read, valid, lengths)) ** 2
        return squares.sum(1) / valid.sum(1)

    def read(self, x: Tensor, valid: Tensor) -> LightCurveSteps:
        """Return what the encoder reads of filled sequences."""
        return light_curve_steps(x, valid, errors=self.errors, linear=self.folded, level=self.level)

    def _read(self, x: Tensor, lengths: Tensor | None) -> tuple[LightCurveSteps, Tensor, Tensor]:
        lengths = (lengths_of(x) if lengths is None else lengths.to(x.device)).clamp(min=1)
        valid = valid_steps(lengths, x.shape[1])
        filled = torch.where(valid[..., None], x, 0.0).nan_to_num(nan=0.0)
        return self.read(filled, valid), valid, lengths

    def _decoded(self, read: LightCurveSteps, valid: Tensor, lengths: Tensor) -> Tensor:
        embedding = self.embedded(read, lengths)[:, None].expand(-1, valid.shape[1], -1)
        states, _ = self.decoder(torch.cat([embedding, read.steps[..., self.known]], dim=2), lengths)
        return torch.where(valid, self.fc_value(states)[..., 0], 0.0)


@NETWORKS.register("naul")
class NaulNet(SequenceNetwork):
    """Classifier on the embedding of the Naul autoencoder: one hidden layer, the output.

    Trained from random weights, or from those of an encoder that learned to reconstruct (`start_from`). In
    the paper embeddings were given to a random forest.

    Parameters
    ----------
    shape : tuple of int
        (F,), as for `NaulAutoencoder`.
    outputs : int
        Number of logits.
    dense : int
        Size of the hidden layer.
    hidden, layers, embedding, dropout, errors, folded, level
        As for `NaulAutoencoder`.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> NaulNet((2,), outputs=5, hidden=8, embedding=4)(torch.rand(3, 20, 2)).shape
    torch.Size([3, 5])
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        dense: int = 32,
        hidden: int = 96,
        layers: int = 2,
        embedding: int = 64,
        dropout: float = 0.25,
        errors: bool = False,
        folded: bool = False,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__()
        autoencoder = NaulAutoencoder(
            shape,
            hidden=hidden,
            layers=layers,
            embedding=embedding,
            dropout=dropout,
            errors=errors,
            folded=folded,
            level=level,
        )
        self.errors, self.folded, self.level = errors, folded, autoencoder.level
        self.encoder, self.fc_embedding = autoencoder.encoder, autoencoder.fc_embedding
        self.fc_dense, self.fc_out = nn.Linear(embedding + 2, dense), nn.Linear(dense, outputs)
        self.dropout = nn.Dropout(dropout)

    def start_from(self, autoencoder: NaulAutoencoder) -> None:
        """Take over the weights of an encoder that learned to reconstruct."""
        self.encoder.load_state_dict(autoencoder.encoder.state_dict())
        self.fc_embedding.load_state_dict(autoencoder.fc_embedding.state_dict())

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of filled sequences."""
        read = light_curve_steps(x, valid, errors=self.errors, linear=self.folded, level=self.level)
        _, last = self.encoder(read.steps, lengths)
        known = torch.cat([self.fc_embedding(last), read.level], dim=1)
        logits: Tensor = self.fc_out(self.dropout(torch.relu(self.fc_dense(known))))
        return logits
