"""Training one method of ``crts_methods`` on one fold of the variable stars of CRTS South.

What is done is kept: the run of the network, so that it can be asked again, and what it cost.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn

from crts_methods import SEED, Inputs, Method, step_shape
from skysieve.networks import build_network
from skysieve.networks.sequences.naul import NaulAutoencoder, NaulNet
from skysieve.networks.weights import load_weights
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import fit
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences
from skysieve.training.ragged_reconstruction import fit_autoencoder
from skysieve.training.thinning import Thinning

__all__ = ["Fold", "Trained", "probabilities", "trained"]

Augmenter = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows and classes that a training learns from and chooses by.

    Parameters
    ----------
    train, validation : ndarray of int64
        Rows of the inputs.
    labels : ndarray, shape (N,)
        Class of every row.
    classes : int
        How many.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: int

    def examples(self, inputs: Inputs, rows: NDArray[np.int64]) -> Examples:
        """Return rows of the inputs with their classes."""
        return Examples(inputs, self.labels[rows], rows=rows)


@dataclass(frozen=True, eq=False)
class Trained:
    """A network and what it cost: ``cpu_seconds``, ``epochs``, ``best_epoch``, ``parameters``."""

    network: nn.Module
    cost: dict[str, Any]


def trained(
    method: Method,
    inputs: Inputs,
    fold: Fold,
    place: Path,
    *,
    epochs: int | None = None,
    augmenter: Augmenter | None = None,
) -> Trained:
    """Train a network, or read the one that is in the folder; a training that was stopped begins anew.

    ``epochs`` and ``augmenter`` take the place of what the method says.
    """
    network = _network(method, inputs, fold.classes)
    done, run = place / "cost.json", place / "run"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        cost = _train(method, network, inputs, fold, run, method.config(epochs), augmenter)
        partial = done.with_suffix(".part")
        partial.write_text(json.dumps(cost))
        partial.rename(done)
    load_weights(network, run / "best.safetensors")
    return Trained(network.eval(), json.loads(done.read_text()))


def _train(
    method: Method,
    network: nn.Module,
    inputs: Inputs,
    fold: Fold,
    run: Path,
    config: TrainingConfig,
    augmenter: Augmenter | None,
) -> dict[str, Any]:
    started = time.process_time()
    thinning = Thinning(method.keep) if method.keep else None
    if method.rebuilt:
        _start_from_rebuilding(method, network, inputs, fold, thinning)
    result = fit(
        network,
        fold.examples(inputs, fold.train),
        fold.examples(inputs, fold.validation),
        config,
        run,
        progress=False,
        augmenter=augmenter or thinning,
    )
    return {
        "cpu_seconds": time.process_time() - started,
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


def probabilities(network: nn.Module, inputs: Inputs, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability of each class, shape (N, K), not calibrated."""
    return np.asarray(softmax(predict_logits(network, inputs, rows=rows).astype(np.float64), axis=1))


def _network(method: Method, inputs: Inputs, classes: int) -> nn.Module:
    return seeded_network(
        lambda: build_network(method.network, shape=step_shape(inputs), outputs=classes, **method.arguments),
        SEED,
    )


def _start_from_rebuilding(
    method: Method, network: nn.Module, inputs: Inputs, fold: Fold, thinning: Thinning | None
) -> None:
    """Let the encoder of a network learn to rebuild the training curves, without their classes."""
    if not isinstance(network, NaulNet) or not isinstance(inputs, RaggedSequences):
        raise ValueError("only the network 'naul' learns to rebuild curves")
    arguments = {name: value for name, value in method.arguments.items() if name != "dense"}
    autoencoder = seeded_network(lambda: NaulAutoencoder((inputs.shape[1],), **arguments), SEED)
    train, validation = (_rows_of(inputs, rows) for rows in (fold.train, fold.validation))
    config = method.config(method.rebuilt)
    fit_autoencoder(cast("NaulAutoencoder", autoencoder), train, validation, config, thinning=thinning)
    network.start_from(cast("NaulAutoencoder", autoencoder))


def _rows_of(sequences: RaggedSequences, rows: NDArray[np.int64]) -> RaggedSequences:
    offsets = np.concatenate([[0], np.cumsum(sequences.lengths[rows])])
    steps = np.concatenate(
        [sequences.steps[sequences.offsets[row] : sequences.offsets[row + 1]] for row in rows]
    )
    return RaggedSequences(steps, offsets, sequences.batch_tokens)
