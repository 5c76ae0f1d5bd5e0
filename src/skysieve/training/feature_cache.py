"""What a frozen network makes of samples, computed once: the input of its head, for every symmetry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.atomic_file import replacing
from skysieve.networks.weights import weights_bytes
from skysieve.progress import progress_bar
from skysieve.training.augmentation import apply_symmetries
from skysieve.training.embeddings import embeddings_and_logits
from skysieve.training.examples import Examples
from skysieve.training.identity import evenly_spaced
from skysieve.training.predict import predict_logits

__all__ = ["feature_key", "head_features"]

#: Part of the key; raised when features are computed in another way.
FORMAT = 1

#: Samples that are read at a time.
CHUNK = 256

#: Samples whose preprocessed pixels are part of the key.
PROBED = 8


def head_features(
    network: nn.Module,
    examples: Examples,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    symmetries: Sequence[int] = (0,),
    folder: Path | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return what goes into the last linear layer of a network for every sample, in evaluation mode.

    Parameters
    ----------
    network : nn.Module
        The network with the weights that are frozen; on any device.
    examples : Examples
        Raw samples; labels do not matter.
    preprocess : callable, optional
        From raw samples to the input of the network.
    symmetries : sequence of int
        Symmetries of the square that every sample is given before preprocessing, as of
        `skysieve.training.augmentation.apply_symmetries`.
    folder : Path, optional
        Keeps the features under their `feature_key`; a table of the same key is read, and those of other
        samples with the same weights stay. Without, nothing is kept.
    progress : bool
        Show how far it is.

    Returns
    -------
    ndarray, shape (N, symmetries, D), float32
        Computed in float32.

    Raises
    ------
    ContractError
        If there are no samples, or the network has no linear layer.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> examples = Examples(np.ones((5, 1, 2, 2), np.float32), np.zeros(5, int))
    >>> head_features(network, examples, symmetries=(0, 1)).shape
    (5, 2, 3)
    """
    path = None
    if folder is not None:
        path = folder / f"{feature_key(network, examples, preprocess, symmetries)}.npy"
        if path.is_file() and (stored := _read(path, len(examples), len(symmetries))) is not None:
            return stored
    parts = []
    with progress_bar("features", len(examples) * len(symmetries), enabled=progress) as bar:
        for symmetry in symmetries:
            chunks = []
            for start in range(0, len(examples), CHUNK):
                raw = torch.from_numpy(examples.batch(np.arange(start, min(start + CHUNK, len(examples)))))
                turned = apply_symmetries(raw, torch.full((len(raw),), symmetry)) if symmetry else raw
                chunks.append(embeddings_and_logits(network, turned.numpy(), preprocess=preprocess)[0])
                bar.advance(len(raw))
            parts.append(np.concatenate(chunks) if chunks else np.empty((0, 0), np.float32))
    features = np.stack(parts, axis=1)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, features)
    return features


def feature_key(
    network: nn.Module,
    examples: Examples,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    symmetries: Sequence[int] = (0,),
) -> str:
    """Return a hash of all that decides about features: weights, samples, preprocessing, symmetries.

    The head does not count: it takes features and does not make them. Preprocessing is told by what it
    makes of some of the samples.
    """
    head = _head(network, examples, preprocess)
    state = {name: tensor for name, tensor in network.state_dict().items() if name not in head}
    digest = hashlib.blake2b(
        repr((FORMAT, type(network).__name__, tuple(symmetries))).encode(), digest_size=12
    )
    digest.update(weights_bytes(state))
    digest.update(repr((examples.shape, len(examples))).encode())
    for start in range(0, len(examples), CHUNK):
        digest.update(examples.batch(np.arange(start, min(start + CHUNK, len(examples)))).tobytes())
    if preprocess is not None and len(examples):
        probe = torch.from_numpy(examples.batch(evenly_spaced(len(examples), PROBED)))
        with torch.inference_mode():
            # Another machine may differ in the last digits.
            made = preprocess(probe).float().cpu().numpy().astype(np.float64)
        digest.update(np.array2string(made.ravel(), precision=4, threshold=made.size + 1).encode())
    return digest.hexdigest()


def _head(network: nn.Module, examples: Examples, preprocess: Callable[[Tensor], Tensor] | None) -> set[str]:
    """Return the names of the weights of the linear layer that is called last, wherever it is defined."""
    called: list[str] = []
    handles = [
        module.register_forward_pre_hook(lambda *_, name=name: called.append(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        if len(examples):
            predict_logits(network, examples.batch(np.arange(1)), preprocess=preprocess)
    finally:
        for handle in handles:
            handle.remove()
    return {f"{called[-1]}.weight", f"{called[-1]}.bias"} if called else set()


def _read(path: Path, samples: int, symmetries: int) -> NDArray[np.float32] | None:
    """Return a stored table; None if it is damaged, so that it is made again."""
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = stored.dtype == np.float32 and stored.ndim == 3 and stored.shape[:2] == (samples, symmetries)
    return stored if fits else None
