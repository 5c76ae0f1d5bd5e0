"""Recurrent classifiers of sequences of frame embeddings: as published by SNAD, and with padding masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from skysieve.errors import ConfigurationError, ModelError
from skysieve.networks.sequences.masked_recurrent import exported_states, turned_within
from skysieve.networks.sequences.sequence_network import lengths_of
from skysieve.networks.torch_weights import import_torch_weights, read_torch_state

__all__ = [
    "BUCKETS",
    "Padding",
    "SnadRnn",
    "import_snad_rnn",
    "published_batches",
    "sequence_logits",
    "tversky_loss",
]

#: How the steps beyond the end of a sequence count: not at all, or as frames of zeros, as published.
Padding = Literal["masked", "published"]

#: Published bounds of the buckets of lengths, frames.
BUCKETS = (200, 400, 600, 800)

_CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class SnadRnn(nn.Module):
    """One recurrent layer over the embeddings of all frames of an object; its last state becomes logits.

    Published networks saw the zeros that fill a batch as frames: a short sequence ends in hundreds of
    them, so that its logits depend on the longest sequence of its batch. ``padding="published"`` does the
    same, for the published weights; ``"masked"`` ends each sequence at its end, and gives the same logits
    in any batch.

    Parameters
    ----------
    features : int
        Numbers of a frame.
    outputs : int
        Logits; published 2 (not an artefact, artefact).
    cell : {"gru", "lstm"}
        The recurrent layer.
    hidden : int
        Size of its state.
    bidirectional : bool
        Whether a second layer reads the sequence from its end; its last state joins the first one's.
    padding : {"masked", "published"}
        What steps beyond the end count as.

    References
    ----------
    Semenikhin 2024, Systems and Means of Informatics 34(1), 70; github.com/semtim/RB_ZTF.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = SnadRnn(bidirectional=True)
    >>> network(torch.zeros(2, 7, 36), torch.tensor([7, 3])).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        features: int = 36,
        outputs: int = 2,
        *,
        cell: str = "gru",
        hidden: int = 128,
        bidirectional: bool = False,
        padding: Padding = "masked",
    ) -> None:
        super().__init__()
        if cell not in _CELLS or padding not in get_args(Padding):
            raise ConfigurationError(
                f"found cell {cell!r} and padding {padding!r}; known are {' and '.join(_CELLS)}, "
                f"{' and '.join(get_args(Padding))}"
            )
        self.padding = padding
        self.rnn_layer = _CELLS[cell](features, hidden, batch_first=True, bidirectional=bidirectional)
        self.clf = nn.Sequential(nn.Linear(hidden * (1 + bidirectional), outputs))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (N, outputs).

        Parameters
        ----------
        x : Tensor, shape (N, T, features)
            Sequences, each followed by anything; with ``padding="published"`` by zeros. By NaN, if no
            lengths are given.
        lengths : Tensor, shape (N,), optional
            Frames of each, from 1 to T. None: up to the last one whose first feature is not NaN. A sequence
            without any frame counts as one of zeros.
        """
        if lengths is None:
            lengths, x = lengths_of(x).clamp(min=1), x.nan_to_num(nan=0.0)
        if torch.compiler.is_exporting():
            return self._exported(x, lengths)
        if self.padding == "masked":
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            states = self.rnn_layer(packed)[1]
        else:
            states = self.rnn_layer(x)[1]
        # An LSTM returns its cells beside its state.
        last = states[0] if isinstance(states, tuple) else states
        return cast("Tensor", self.clf(torch.cat(list(last), dim=1)))

    def _exported(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the same by operators that ONNX has: packed sequences are none of them."""
        if self.padding == "published":
            lengths = torch.full_like(lengths, x.shape[1])
        rows, last = torch.arange(x.shape[0], device=x.device), lengths - 1
        states = [exported_states(self.rnn_layer, x)[rows, last]]
        if self.rnn_layer.bidirectional:
            back = exported_states(self.rnn_layer, turned_within(x, lengths), reverse=True)
            states.append(back[rows, last])
        return cast("Tensor", self.clf(torch.cat(states, dim=1)))


def import_snad_rnn(path: str | Path, *, padding: Padding = "published") -> SnadRnn:
    """Make a network of published weights, ready to use (`eval`); its kind is read off their shapes.

    Parameters
    ----------
    path : path-like
        ``model0.zip`` and its kin.
    padding : {"masked", "published"}
        Published weights were trained with the padding as frames.

    Raises
    ------
    ModelError
        If the file is damaged, suspicious, or holds another network.
    """
    state = read_torch_state(path)
    try:
        (gates, features), hidden = (state[f"rnn_layer.weight_{part}_l0"].shape for part in ("ih", "hh"))
        cell = {3: "gru", 4: "lstm"}[gates // hidden[1]]
        outputs = len(state["clf.0.bias"])
    except (KeyError, ValueError):
        raise ModelError(
            f"{path}: holds no recurrent layer 'rnn_layer' followed by 'clf.0'; found {', '.join(state)}"
        ) from None
    network = SnadRnn(
        features,
        outputs,
        cell=cell,
        hidden=hidden[1],
        bidirectional="rnn_layer.weight_ih_l0_reverse" in state,
        padding=padding,
    )
    import_torch_weights(path, network)
    return network.eval()


def published_batches(
    lengths: Sequence[int] | NDArray[np.int64], *, size: int = 32, bounds: Sequence[int] = BUCKETS
) -> Iterator[NDArray[np.int64]]:
    """Yield the batches in which the published networks were judged.

    Sequences are put into buckets by length, and batches are taken from each in the order given.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each sequence.
    size : int
        Sequences of a batch; the last of a bucket may be smaller.
    bounds : sequence of int
        A sequence as long as a bound belongs to the bucket above it.

    Examples
    --------
    >>> [batch.tolist() for batch in published_batches([10, 500, 30, 20], size=2)]
    [[0, 2], [3], [1]]
    """
    buckets = np.searchsorted(np.asarray(bounds), np.asarray(lengths), side="right")
    for bucket in np.unique(buckets):
        rows = np.flatnonzero(buckets == bucket)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


@torch.no_grad()
def sequence_logits(network: SnadRnn, sequences: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return logits (N, outputs) of sequences of shapes (T, features), in `published_batches`."""
    batches = list(published_batches([len(each) for each in sequences]))
    logits: NDArray[np.float32] | None = None
    for rows in batches:
        parts = [torch.from_numpy(np.asarray(sequences[row], dtype=np.float32)) for row in rows]
        lengths = torch.tensor([len(part) for part in parts])
        made = network(pad_sequence(parts, batch_first=True), lengths).numpy()
        logits = np.empty((len(sequences), made.shape[1]), dtype=np.float32) if logits is None else logits
        logits[rows] = made
    return np.empty((0, 0), dtype=np.float32) if logits is None else logits


def tversky_loss(
    logits: Tensor, labels: Tensor, *, alpha: float = 0.3, beta: float = 0.7, smooth: float = 1.0
) -> Tensor:
    """Return one minus the Tversky index of sigmoid logits and labels as numbers of each class.

    The published network adds 0.01 times it to the cross-entropy.

    Parameters
    ----------
    logits : Tensor, shape (N, K)
        Of the network.
    labels : Tensor, shape (N,)
        Class indices.
    alpha, beta : float
        Weights of false positives and of false negatives.
    smooth : float
        Added above and below, so that an empty batch has a value.

    References
    ----------
    Salehi et al. 2017, arXiv:1706.05721.

    Examples
    --------
    >>> sure = torch.tensor([[-50.0, 50.0], [50.0, -50.0]])
    >>> tversky_loss(sure, torch.tensor([1, 0])).item()
    0.0
    """
    given = torch.sigmoid(logits)
    wanted = nn.functional.one_hot(labels, logits.shape[1]).to(given.dtype)
    both = (given * wanted).sum()
    false_positive, false_negative = (given * (1 - wanted)).sum(), ((1 - given) * wanted).sum()
    return 1 - (both + smooth) / (both + alpha * false_positive + beta * false_negative + smooth)
