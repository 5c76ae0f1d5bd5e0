"""What makes a run this run: its settings, samples, network and preprocessing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.configuration import flatten
from skysieve.networks.weights import weights_bytes
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples

__all__ = ["Identity", "facts_of", "fingerprint"]

HASHED_SAMPLES = 256

#: Settings that runs of earlier versions do not know; at their default they change nothing.
ADDED_SETTINGS = ("loss", "momentum", "decay", "copies", "most_copies", "augmentation.shift", "focal_gamma")


@dataclass(frozen=True)
class Identity:
    """What makes a run this run: a checkpoint of another one must not be resumed.

    Parameters
    ----------
    facts : mapping
        Settings, and fingerprints of samples and network, by name.
    probe : Tensor
        Some training samples after preprocessing. They tell whether the
        preprocessing is the same, which its code cannot tell.
    """

    facts: Mapping[str, Any]
    probe: Tensor

    def differences(self, facts: Mapping[str, Any], probe: Tensor) -> list[str]:
        """Say in words what differs from the facts and the probe of a checkpoint."""
        found = [
            f"{name} was {facts.get(name)!r} and is {value!r}"
            for name, value in self.facts.items()
            if facts.get(name) != value
        ]
        same_shape = probe.shape == self.probe.shape
        if not (same_shape and torch.allclose(probe, self.probe, rtol=1e-4, atol=1e-6, equal_nan=True)):
            found.append("the same samples come out of preprocessing with other values")
        return found


def facts_of(
    network: nn.Module, train: Examples, validation: Examples, config: TrainingConfig, precision: str
) -> dict[str, Any]:
    """Return what must be the same for a run to be resumed; threads and device may change.

    The network is given as it starts, before a checkpoint is loaded.
    """
    settings = json.loads(json.dumps(flatten(config)))
    for name in ("threads", "device"):
        del settings[name]
    defaults = flatten(TrainingConfig())
    for name in ADDED_SETTINGS:
        # Runs from before there was a choice go on.
        if settings[name] == defaults[name]:
            del settings[name]
    return {
        **settings,
        "precision": precision,
        "network": _network_fact(network),
        "start": f"weights {hashlib.blake2b(weights_bytes(network.state_dict()), digest_size=8).hexdigest()}",
        "training samples": fingerprint(train),
        "validation samples": fingerprint(validation),
    }


def _network_fact(network: nn.Module) -> str:
    tensors = sorted((name, tuple(tensor.shape)) for name, tensor in network.state_dict().items())
    parameters = sum(parameter.numel() for parameter in network.parameters())
    digest = hashlib.blake2b(repr(tensors).encode(), digest_size=4).hexdigest()
    return f"{type(network).__name__} of {parameters} parameters ({digest})"


def fingerprint(examples: Examples) -> str:
    """Return a short hash of labels, weights, votes and of 256 inputs spread evenly.

    All inputs would take minutes for a large set, and differ in some of these
    whenever a set was made anew.

    Examples
    --------
    >>> examples = Examples(np.zeros((2, 1, 4, 4), np.float32), np.array([0, 1]))
    >>> fingerprint(examples) == fingerprint(examples.take(np.array([0, 1])))
    True
    >>> fingerprint(examples) == fingerprint(examples.take(np.array([1, 0])))
    False
    """
    digest = hashlib.blake2b(repr((examples.shape, len(examples))).encode(), digest_size=8)
    digest.update(examples.labels.tobytes())
    if examples.weights is not None:
        digest.update(np.asarray(examples.weights, dtype=np.float64).tobytes())
    if examples.targets is not None:
        digest.update(examples.targets.tobytes())
    digest.update(examples.batch(evenly_spaced(len(examples), HASHED_SAMPLES)).tobytes())
    return digest.hexdigest()


def evenly_spaced(length: int, count: int) -> NDArray[np.int64]:
    """Return at most ``count`` different numbers below ``length``, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(count, length)).astype(np.int64))
