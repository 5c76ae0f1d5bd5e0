"""One pass over the training samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ConfigurationError, ContractError
from skysieve.networks.kernel_l2 import kernel_l2_penalty
from skysieve.progress import ProgressBar
from skysieve.training.augmentation import augment
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import Execution, derived_seed, seed_everything
from skysieve.training.losses import LABEL_LOSSES, sample_losses
from skysieve.training.ragged import RaggedSequences, bucketed_batches
from skysieve.training.schedule import learning_rate_at
from skysieve.training.vote_losses import target_losses

__all__ = ["EpochSummary", "Trainer"]

STEPS_BETWEEN_CHECKS = 50
"""Looking at a loss makes the CPU wait for the GPU."""


@dataclass(frozen=True)
class EpochSummary:
    """Weighted mean loss and accuracy over an epoch, and its last learning rate."""

    loss: float
    accuracy: float
    learning_rate: float


@dataclass
class Trainer:
    """Everything that an epoch needs and changes.

    Parameters
    ----------
    network : nn.Module
        Already placed by ``execution``.
    optimizer : torch.optim.Optimizer
        Of the parameters of the network.
    examples : Examples
        Training samples.
    weights : ndarray, shape (N,), float32
        How much each of them counts; mean 1.
    config : TrainingConfig
        Settings.
    execution : Execution
        Device and precision.
    preprocess : callable or None
        From raw samples to the input of the network.
    augmenter : callable or None
        ``augmenter(samples, generator)`` instead of the augmentation of the settings.
    resting : tuple of nn.Module
        Parts that stay in evaluation mode: frozen blocks, whose statistics must not move.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    examples: Examples
    weights: NDArray[np.float32]
    config: TrainingConfig
    execution: Execution
    preprocess: Callable[[Tensor], Tensor] | None = None
    augmenter: Callable[[Tensor, torch.Generator], Tensor] | None = None
    resting: tuple[nn.Module, ...] = ()

    @property
    def steps(self) -> int:
        """Steps in an epoch; of sequences of different lengths about so many."""
        inputs, lengths = self.examples.inputs, self.examples.lengths
        if isinstance(inputs, RaggedSequences) and inputs.batch_tokens is not None and lengths is not None:
            return len(bucketed_batches(lengths, most_steps=inputs.batch_tokens))
        return math.ceil(len(self.examples) / self.config.batch_size)

    def train_epoch(self, epoch: int, bar: ProgressBar) -> EpochSummary:
        """Take each sample once, in an order, augmentation and dropout that seed and epoch fix.

        Batches have at most ``batch_size`` samples and differ by one at most, so
        that no last batch of a few samples gives a step of mere noise. Sequences of different lengths come
        in batches of like lengths (`skysieve.training.ragged.bucketed_batches`).

        Raises
        ------
        ContractError
            If samples are not finite after preprocessing.
        ConfigurationError
            If the loss is not finite all the same.
        """
        seed = self.config.seed
        seed_everything(seed, epoch)
        generator = torch.Generator().manual_seed(derived_seed(seed, epoch, 1))
        batches = self._batches(generator)
        steps, device = len(batches), self.execution.device
        losses, right = torch.zeros(steps, device=device), torch.zeros((), device=device)
        self.network.train()
        for module in self.resting:
            # Not eval(), which would put the parts of a module to rest as well.
            module.training = False
        rate = 0.0
        for step, batch in enumerate(batches):
            rate = learning_rate_at(epoch - 1 + (step + 0.5) / steps, self.config)
            # The order within a batch does not matter, and sorted rows are read faster from a file.
            losses[step], correct = self._step(np.sort(batch), rate, generator)
            right += correct
            if (step + 1) % STEPS_BETWEEN_CHECKS == 0 or step + 1 == steps:
                self._check_finite(losses[: step + 1], epoch, batches)
            bar.advance()
        count = len(self.examples)
        return EpochSummary(losses.double().sum().item() / count, right.item() / count, rate)

    def _batches(self, generator: torch.Generator) -> list[NDArray[np.int64]]:
        inputs, lengths = self.examples.inputs, self.examples.lengths
        if isinstance(inputs, RaggedSequences) and lengths is not None:
            samples = self.config.batch_size if inputs.batch_tokens is None else None
            return bucketed_batches(
                lengths, most_samples=samples, most_steps=inputs.batch_tokens, generator=generator
            )
        order = torch.randperm(len(self.examples), generator=generator).numpy()
        return np.array_split(order, self.steps)

    def _step(
        self, batch: NDArray[np.int64], learning_rate: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the summed loss and the summed weight of the right samples of one batch.

        The penalty on kernels drives the step and is no part of the loss that is told: learning curves
        then compare what samples cost in training and validation.
        """
        device = self.execution.device
        samples = self._augmented(self._raw(batch), generator)
        labels = torch.from_numpy(self.examples.labels[batch]).to(device)
        weights = torch.from_numpy(self.weights[batch]).to(device)
        samples = self.execution.place_batch(self._preprocessed(samples))
        with self.execution.autocast():
            logits = self.network(samples)
        weighted = weights * self._losses(logits, labels, batch)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group.get("rate_factor", 1.0)
        self.optimizer.zero_grad()
        penalty = kernel_l2_penalty(self.network)
        total = weighted.mean() if penalty is None else weighted.mean() + penalty
        total.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        with torch.no_grad():
            predicted = logits.argmax(1) if logits.shape[1] > 1 else logits[:, 0] > 0
            return weighted.detach().sum(), (weights * (predicted == labels)).sum()

    def _losses(self, logits: Tensor, labels: Tensor, batch: NDArray[np.int64]) -> Tensor:
        config, targets = self.config, self.examples.targets
        if config.loss in LABEL_LOSSES or targets is None:
            gamma = config.focal_gamma if config.loss == "focal" else 0.0
            return sample_losses(logits, labels, config.label_smoothing, gamma)
        return target_losses(config.loss, logits, torch.from_numpy(targets[batch]).to(logits.device))

    def _augmented(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        if self.augmenter is not None:
            return self.augmenter(samples, generator)
        if self.examples.lengths is not None:
            # The symmetries of images are none of sequences.
            return samples
        return augment(samples, self.config.augmentation, generator)

    def _raw(self, batch: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self.examples.batch(batch)).to(self.execution.device)

    def _preprocessed(self, samples: Tensor) -> Tensor:
        return samples if self.preprocess is None else self.preprocess(samples)

    def _check_finite(self, losses: Tensor, epoch: int, batches: list[NDArray[np.int64]]) -> None:
        finite = torch.isfinite(losses)
        if bool(finite.all()):
            return
        step = int(torch.nonzero(~finite)[0])
        where = f"the loss of epoch {epoch}, batch {step + 1} of {len(batches)}, is {losses[step].item()}"
        batch = np.sort(batches[step])
        samples = self._preprocessed(self._raw(batch))
        # Sequences are padded with NaN.
        allowed = torch.isfinite(samples) if self.examples.lengths is None else ~torch.isinf(samples)
        wrong = batch[~allowed.flatten(1).all(1).cpu().numpy()]
        if len(wrong):
            row = wrong[0] if self.examples.rows is None else self.examples.rows[wrong[0]]
            raise ContractError(
                f"{where}: {len(wrong)} of its samples are not finite after preprocessing, "
                f"the first in row {row} of the inputs; add a step that fills NaN, or leave these samples out"
            )
        raise ConfigurationError(
            f"{where}, though all its samples are finite: the training diverged; lower 'learning_rate' "
            f"({self.config.learning_rate:g}), add 'warmup_epochs', or set 'precision' to 'float32'"
        )
