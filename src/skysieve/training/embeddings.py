"""What a network makes of samples before it decides: the input of its last linear layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ContractError
from skysieve.training.ensemble import Ensemble
from skysieve.training.predict import predict_logits

__all__ = ["embeddings_and_logits"]


def embeddings_and_logits(
    network: nn.Module,
    inputs: NDArray[Any],
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 64,
    rows: NDArray[np.int64] | None = None,
    progress: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return embeddings and logits of samples, from the same passes in evaluation mode.

    The last linear layer is the one that is called last, wherever it stands in the module. The
    embeddings of the members of an ensemble stand side by side.

    Parameters
    ----------
    network, inputs, preprocess, batch_size, rows, progress
        As of `skysieve.training.predict.predict_logits`.

    Returns
    -------
    embeddings : ndarray, shape (N, D), float32
    logits : ndarray, shape (N, outputs), float32

    Raises
    ------
    ContractError
        If there are no samples, or the network has no linear layer.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> embeddings, logits = embeddings_and_logits(network, np.ones((5, 1, 2, 2), np.float32))
    >>> embeddings.shape, logits.shape
    ((5, 3), (5, 1))
    """
    members = list(network.networks) if isinstance(network, Ensemble) else [network]
    last: list[Tensor | None] = [None] * len(members)
    kept: list[NDArray[np.float32]] = []

    def remember(member: int) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(_: nn.Module, arguments: tuple[Any, ...]) -> None:
            last[member] = arguments[0]

        return hook

    def keep(*_: Any) -> None:
        found = [each.flatten(1) for each in last if each is not None]
        if len(found) < len(members):
            raise ContractError(
                f"{type(network).__name__} has no linear layer to take embeddings from; "
                "use scores of its logits"
            )
        kept.append(torch.cat(found, dim=1).float().cpu().numpy())

    handles = [
        layer.register_forward_pre_hook(remember(number))
        for number, member in enumerate(members)
        for layer in member.modules()
        if isinstance(layer, nn.Linear)
    ]
    handles.append(network.register_forward_hook(keep))
    try:
        logits = predict_logits(
            network, inputs, preprocess=preprocess, batch_size=batch_size, rows=rows, progress=progress
        )
    finally:
        for handle in handles:
            handle.remove()
    return np.concatenate(kept), logits
