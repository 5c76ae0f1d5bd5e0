"""Several opinions of one network: passes in which dropout stays on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ConfigurationError, ContractError
from skysieve.progress import progress_bar
from skysieve.training.execution import seed_everything

__all__ = ["check_dropout", "dropout_layers", "stochastic_logits"]

#: Everything in PyTorch that drops at random.
_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def dropout_layers(network: nn.Module) -> list[nn.Module]:
    """Return the layers of a network that drop anything.

    Examples
    --------
    >>> dropout_layers(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Dropout(0.0)))
    [Dropout(p=0.5, inplace=False)]
    """
    return [each for each in network.modules() if isinstance(each, _DROPOUT) and each.p > 0]


def check_dropout(network: nn.Module) -> None:
    """Check that a network has dropout, without which all passes are the same.

    Raises
    ------
    ConfigurationError
        If it has not.
    """
    if not dropout_layers(network):
        raise ConfigurationError(
            f"{type(network).__name__} has no dropout, so all passes are the same; train with dropout (see "
            "network.arguments of the recipe), or train several members (network.members) and look at theirs"
        )


def stochastic_logits(
    network: nn.Module,
    inputs: NDArray[Any],
    *,
    passes: int,
    seed: int,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 64,
    rows: NDArray[np.int64] | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the logits of several passes with dropout on (Gal & Ghahramani 2016, arXiv:1506.02142).

    Everything else is as in evaluation: normalisation over batches keeps the statistics of training, or a
    sample's logits would depend on its neighbours in the batch.

    Parameters
    ----------
    network : nn.Module
        On any device; left in the mode in which it was.
    inputs : ndarray, shape (M, ...)
        Raw samples; may be a memory map.
    passes : int
        How many, 2 or more.
    seed : int
        Of what is dropped; random generators stay as they are.
    preprocess, batch_size, rows, progress
        As of `skysieve.training.predict.predict_logits`.

    Returns
    -------
    ndarray, shape (passes, N, outputs), float32

    Raises
    ------
    ConfigurationError
        If there is no dropout in the network, or fewer than two passes.
    ContractError
        If there are no samples.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 1))
    >>> found = stochastic_logits(network, np.ones((3, 1, 2, 2), np.float32), passes=10, seed=1)
    >>> found.shape, bool((found.std(axis=0) > 0).all())
    ((10, 3, 1), True)
    """
    if passes < 2:
        raise ConfigurationError(f"{passes} passes; a spread needs 2 or more, a steady one some 30")
    check_dropout(network)
    rows = np.arange(len(inputs)) if rows is None else rows
    if not len(rows):
        raise ContractError("there are no samples to predict; give at least one")
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    parts: list[NDArray[np.float32]] = []
    with _dropping(network, device), progress_bar("passes", len(rows) * passes, enabled=progress) as bar:
        for start in range(0, len(rows), batch_size):
            # Seeded by chunk, so that what is dropped does not depend on how many chunks came before.
            seed_everything(seed, start)
            chunk = np.asarray(inputs[rows[start : start + batch_size]], dtype=np.float32)
            samples = torch.from_numpy(chunk).to(device)
            samples = samples if preprocess is None else preprocess(samples)
            parts.append(torch.stack([network(samples) for _ in range(passes)]).float().cpu().numpy())
            bar.advance(passes * len(chunk))
    return np.concatenate(parts, axis=1)


@contextlib.contextmanager
def _dropping(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Turn dropout on, and nothing else, inside the block; then give each module its mode back."""
    before = [(module, module.training) for module in network.modules()]
    network.eval()
    for layer in dropout_layers(network):
        layer.train()
    try:
        with torch.inference_mode(), torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        for module, mode in before:
            module.training = mode
