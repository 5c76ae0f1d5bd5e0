"""Training of an autoencoder of light curves, for the classifier that begins with its encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.networks.sequences.naul import NaulAutoencoder
from skysieve.training.configuration import TrainingConfig
from skysieve.training.execution import Execution, derived_seed, reproducible, seed_everything
from skysieve.training.optimizers import make_optimizer
from skysieve.training.ragged import RaggedSequences, bucketed_batches
from skysieve.training.schedule import learning_rate_at
from skysieve.training.thinning import Thinning

__all__ = ["Reconstruction", "fit_autoencoder"]


@dataclass(frozen=True)
class Reconstruction:
    """How well curves are told by their embedding.

    Parameters
    ----------
    training, validation : tuple of float
        Mean weighted reconstruction loss of each epoch.
    best_epoch : int
        Epoch with the smallest validation loss, from 1; the network has its weights.
    """

    training: tuple[float, ...]
    validation: tuple[float, ...]
    best_epoch: int


def fit_autoencoder(
    network: NaulAutoencoder,
    train: RaggedSequences,
    validation: RaggedSequences,
    config: TrainingConfig,
    *,
    thinning: Thinning | None = None,
) -> Reconstruction:
    """Learn to tell the values of curves from their embedding, by the weighted loss of the network.

    No labels are used: unlabelled curves do. The run is not kept on disk: it repeats to the last bit from
    the same seed.

    Parameters
    ----------
    network : NaulAutoencoder
        Trained in place; left with the weights of its best epoch, in evaluation mode.
    train, validation : RaggedSequences
        Light curves (`skysieve.training.thinning.light_curve_sequences`).
    config : TrainingConfig
        Epochs, batches, optimizer, schedule, patience, seed, device; the rest is for classifiers.
    thinning : Thinning, optional
        Of training curves.

    Raises
    ------
    SampleSetError
        If a part has no curves.
    ConfigurationError
        If the training diverges.

    Examples
    --------
    >>> phase = np.tile(np.arange(10) / 10, 20)
    >>> steps = np.stack([phase, 15 + np.sin(2 * np.pi * phase)], axis=1).astype(np.float32)
    >>> curves = RaggedSequences(steps, np.arange(0, 201, 10))
    >>> _ = torch.manual_seed(0)
    >>> network = NaulAutoencoder((2,), hidden=4, layers=1, embedding=3, folded=True)
    >>> config = TrainingConfig(epochs=3, batch_size=8, learning_rate=0.01, device="cpu")
    >>> found = fit_autoencoder(network, curves, curves, config)
    >>> len(found.training), found.validation[2] < found.validation[0]
    (3, True)
    """
    for part, sequences in (("training", train), ("validation", validation)):
        if not len(sequences):
            raise SampleSetError(f"the {part} part has no curves; give it at least one")
    execution = Execution.of(config)
    with reproducible(execution.device, deterministic=config.deterministic, threads=config.threads):
        network.to(execution.device)
        optimizer = make_optimizer(list(network.parameters()), config, execution.device)
        best: dict[str, Tensor] = {}
        training: list[float] = []
        validated: list[float] = []
        best_epoch = 0
        while len(training) < config.epochs and len(training) - best_epoch < config.patience:
            epoch = len(training) + 1
            training.append(_train(network, optimizer, train, config, epoch, thinning))
            validated.append(_mean_loss(network, validation, config.batch_size))
            if not np.isfinite([training[-1], validated[-1]]).all():
                raise ConfigurationError(
                    f"the reconstruction loss of epoch {epoch} is not finite: the training diverged; lower "
                    f"'learning_rate' ({config.learning_rate:g})"
                )
            if not best_epoch or validated[-1] < validated[best_epoch - 1]:
                best_epoch = epoch
                best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(best)
    network.eval()
    return Reconstruction(tuple(training), tuple(validated), best_epoch)


def _train(
    network: NaulAutoencoder,
    optimizer: torch.optim.Optimizer,
    sequences: RaggedSequences,
    config: TrainingConfig,
    epoch: int,
    thinning: Thinning | None,
) -> float:
    seed_everything(config.seed, epoch)
    generator = torch.Generator().manual_seed(derived_seed(config.seed, epoch, 1))
    batches = _batches(sequences, config.batch_size, generator)
    network.train()
    total = 0.0
    for step, batch in enumerate(batches):
        samples = _samples(network, sequences, np.sort(batch))
        if thinning is not None:
            samples = thinning(samples, generator)
        rate = learning_rate_at(epoch - 1 + (step + 0.5) / len(batches), config)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        losses = network.losses(samples)
        losses.mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += float(losses.detach().sum())
    return total / len(sequences)


def _mean_loss(network: NaulAutoencoder, sequences: RaggedSequences, batch_size: int) -> float:
    network.eval()
    with torch.inference_mode():
        losses = [
            float(network.losses(_samples(network, sequences, batch)).sum())
            for batch in _batches(sequences, batch_size, None)
        ]
    return sum(losses) / len(sequences)


def _batches(
    sequences: RaggedSequences, batch_size: int, generator: torch.Generator | None
) -> list[NDArray[np.int64]]:
    samples = batch_size if sequences.batch_tokens is None else None
    return bucketed_batches(
        sequences.lengths, most_samples=samples, most_steps=sequences.batch_tokens, generator=generator
    )


def _samples(network: NaulAutoencoder, sequences: RaggedSequences, batch: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(sequences[batch]).to(network.fc_value.weight.device)
