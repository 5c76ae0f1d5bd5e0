"""Logits of many samples, in chunks of the size at which PyTorch is fastest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ContractError
from skysieve.progress import progress_bar
from skysieve.training.ragged import RaggedSequences, bucketed_batches

__all__ = ["predict_logits"]


def predict_logits(
    network: nn.Module,
    inputs: NDArray[Any] | RaggedSequences,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 64,
    rows: NDArray[np.int64] | None = None,
    channels_last: bool = True,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the logits of a network in evaluation mode, computed in float32.

    Parameters
    ----------
    network : nn.Module
        On any device; left in the mode in which it was.
    inputs : ndarray, shape (M, ...), or RaggedSequences
        Raw samples; may be a memory map. What NaN does is up to ``preprocess``. Sequences of different
        lengths are taken in the order of their lengths.
    preprocess : callable, optional
        From raw samples to the input of the network.
    batch_size : int
        Samples a chunk. On a CPU much larger chunks are slower, not faster: their
        activations leave the cache.
    rows : ndarray, shape (N,), optional
        Rows of ``inputs`` to predict, in this order. None: all of them.
    channels_last : bool
        Keep images (N, C, H, W) with channels as the fastest axis.
    progress : bool
        Show how far it is.

    Returns
    -------
    ndarray, shape (N, outputs), float32

    Raises
    ------
    ContractError
        If there are no samples.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> network = build_network("compact", shape=(1, 16, 16), outputs=3)
    >>> predict_logits(network, np.zeros((100, 1, 16, 16), np.float32)).shape
    (100, 3)
    """
    rows = np.arange(len(inputs)) if rows is None else rows
    if not len(rows):
        raise ContractError("there are no samples to predict; give at least one")
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    parts = _parts(inputs, rows, batch_size)
    chunks: list[NDArray[np.float32]] = []
    with _evaluating(network), progress_bar("predicting", len(rows), enabled=progress) as bar:
        for part in parts:
            chunk = np.asarray(inputs[rows[part]], dtype=np.float32)
            samples = torch.from_numpy(chunk).to(device)
            samples = samples if preprocess is None else preprocess(samples)
            if channels_last and samples.ndim == 4:
                samples = samples.contiguous(memory_format=torch.channels_last)
            chunks.append(network(samples).float().cpu().numpy())
            bar.advance(len(chunk))
    logits = np.concatenate(chunks)
    if isinstance(inputs, RaggedSequences):
        logits[np.concatenate(parts)] = logits.copy()
    return logits


def _parts(inputs: NDArray[Any] | RaggedSequences, rows: NDArray[np.int64], batch_size: int) -> list[Any]:
    """Return which of the rows make each chunk."""
    if isinstance(inputs, RaggedSequences):
        samples = batch_size if inputs.batch_tokens is None else None
        return list(
            bucketed_batches(inputs.lengths[rows], most_samples=samples, most_steps=inputs.batch_tokens)
        )
    return [slice(start, start + batch_size) for start in range(0, len(rows), batch_size)]


@contextlib.contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluate inside the block; then give each module its mode back, as frozen parts may have their own."""
    training = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, mode in training:
            module.training = mode
