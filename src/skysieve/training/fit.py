"""Training of one network: the loop over epochs, its checkpoints and its resumption."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from skysieve import __version__
from skysieve.errors import ContractError
from skysieve.progress import ProgressBar, progress_bar
from skysieve.training.checkpoint import RunState
from skysieve.training.configuration import TrainingConfig
from skysieve.training.copies import with_copies
from skysieve.training.epoch import EpochSummary, Trainer
from skysieve.training.examples import Examples
from skysieve.training.execution import Execution, reproducible
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_plan import FineTuningPlan, plan_fine_tuning
from skysieve.training.history import EpochRecord, Figures, figures_of
from skysieve.training.identity import Identity, evenly_spaced, facts_of
from skysieve.training.losses import check_labels, training_weights
from skysieve.training.optimizers import make_optimizer
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences
from skysieve.training.run_folder import RunFolder
from skysieve.training.vote_losses import check_targets

__all__ = ["FitResult", "fit"]

PROBED_SAMPLES = 2


@dataclass(frozen=True)
class FitResult:
    """A trained network and how it came about.

    Parameters
    ----------
    network : nn.Module
        The network that was given, with the weights of the best epoch, in
        evaluation mode.
    history : tuple of EpochRecord
        One record an epoch.
    best_epoch : int
        Epoch with the best monitored validation figure, from 1.
    best_validation : float
        That figure.
    seconds : float
        Time spent on epochs, in all sessions of the run.
    folder : Path
        The run folder.
    """

    network: nn.Module
    history: tuple[EpochRecord, ...]
    best_epoch: int
    best_validation: float
    seconds: float
    folder: Path


def fit(
    network: nn.Module,
    train: Examples,
    validation: Examples,
    config: TrainingConfig,
    run_folder: str | Path,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    resume: bool = True,
    progress: bool = True,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    fine_tuning: FineTuningConfig | None = None,
    augmenter: Callable[[Tensor, torch.Generator], Tensor] | None = None,
) -> FitResult:
    """Train a network; choose its best epoch and when to stop on the validation samples.

    After every epoch the run folder holds ``configuration.json`` (the settings
    really used), ``history.csv`` and ``history.json`` (learning curves),
    ``best.safetensors`` (weights of the best epoch so far) and
    ``checkpoint.pt``. A run that was killed goes on from its last whole
    epoch when it is called again, and ends with the same weights and history,
    to the last bit, as one that was not (on the same number of threads). A
    finished run is not done again.

    Parameters
    ----------
    network : nn.Module
        Takes preprocessed samples and returns logits (N, outputs); trained in
        place. One output is trained with binary cross-entropy, else cross-entropy, unless the
        configuration names another loss. A penalty on kernels that the network declares
        (`skysieve.networks.kernel_l2`) is added to it in every step.
        Seed PyTorch before building it for a repeatable start; a run goes on only with a network
        that starts from the same weights.
    train, validation : Examples
        Raw samples; NaN is for ``preprocess`` to deal with. Their inputs may be sequences of different
        lengths (`skysieve.training.ragged.RaggedSequences`), for networks of `skysieve.networks.sequences`.
    config : TrainingConfig
        Settings.
    run_folder : path-like
        Made if absent.
    preprocess : callable, optional
        From raw samples (N, ...), after augmentation, to the input of the network.
    resume : bool
        Go on with the run in the folder, if there is one. False starts again.
    progress : bool
        Show how far it is.
    on_epoch : callable, optional
        Called with the record of each epoch, when its files are written.
    fine_tuning : FineTuningConfig, optional
        Which blocks of the network learn, and how fast; all alike if not given. What is frozen computes
        as in scoring. `skysieve.training.fine_tuning_fit.fit_fine_tuned` trains a head on cached features.
    augmenter : callable, optional
        ``augmenter(samples, generator)`` instead of ``config.augmentation``, which sequences have none of.

    Raises
    ------
    SampleSetError
        If a split is empty, training has one class only, a label is too large, or the loss needs
        votes that the examples lack.
    ConfigurationError
        If the folder holds another run, or the training diverges.
    ContractError
        If the network cannot take the samples, or they are not finite.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.networks import build_network
    >>> generator = np.random.default_rng(1)
    >>> labels = np.arange(64) % 2
    >>> cutouts = generator.normal(size=(64, 1, 16, 16)) + labels[:, None, None, None]
    >>> examples = Examples(cutouts.astype(np.float32), labels)
    >>> _ = torch.manual_seed(1)
    >>> network = build_network("compact", shape=(1, 16, 16), outputs=1)
    >>> config = TrainingConfig(epochs=12, batch_size=16, learning_rate=0.01, device="cpu")
    >>> training, validation = examples.take(np.arange(48)), examples.take(np.arange(48, 64))
    >>> result = fit(network, training, validation, config, tempfile.mkdtemp())
    >>> len(result.history), result.best_validation < 0.3
    (12, True)
    """
    execution = Execution.of(config)
    train = with_copies(train, config)
    with reproducible(execution.device, deterministic=config.deterministic, threads=config.threads):
        network = execution.place(network)
        outputs, probe = _probe(network, train, execution, preprocess)
        check_labels(train, outputs, "training")
        check_labels(validation, outputs, "validation")
        check_targets(train, outputs, config.loss, "training")
        check_targets(validation, outputs, config.loss, "validation")
        plan = None
        if fine_tuning is not None:
            plan = plan_fine_tuning(network, probe.to(execution.device), fine_tuning)
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        trainer = Trainer(
            network=network,
            optimizer=make_optimizer(
                trained if plan is None else plan.groups(network), config, execution.device
            ),
            examples=train,
            weights=training_weights(train, outputs, config.class_weights == "balanced"),
            config=config,
            execution=execution,
            preprocess=preprocess,
            augmenter=augmenter,
            resting=() if plan is None else plan.resting_modules(network),
        )
        facts = facts_of(network, train, validation, config, execution.precision)
        facts |= {"fine-tuning": None} if fine_tuning is None else fine_tuning.facts()
        facts |= _sequence_facts(train, augmenter)
        folder = RunFolder(Path(run_folder), Identity(facts, probe))
        state = folder.open(network, trainer.optimizer, resume)
        folder.write_configuration(config, _used(trainer, validation, outputs, plan))
        frozen = contextlib.nullcontext() if plan is None else plan.applied(network)
        with frozen, progress_bar("training", config.epochs * trainer.steps, enabled=progress) as bar:
            bar.advance(len(state.history) * trainer.steps)
            _run_epochs(state, trainer, validation, folder, bar, on_epoch)
        network.load_state_dict(state.best_weights)
    network.eval()
    return FitResult(
        network, tuple(state.history), state.best_epoch, state.best_value, state.seconds, folder.path
    )


def _run_epochs(
    state: RunState,
    trainer: Trainer,
    validation: Examples,
    folder: RunFolder,
    bar: ProgressBar,
    on_epoch: Callable[[EpochRecord], None] | None,
) -> None:
    while not _finished(state, trainer.config):
        started = time.perf_counter()
        epoch = len(state.history) + 1
        summary = trainer.train_epoch(epoch, bar)
        figures = _validate(trainer, validation, epoch)
        record = _record(epoch, summary, figures)
        improved = _note_epoch(state, record, figures, trainer)
        state.seconds += time.perf_counter() - started
        folder.keep(state, trainer.network, trainer.optimizer, improved)
        bar.note(f"epoch {epoch}: validation loss {figures.loss:.4f}, best epoch {state.best_epoch}")
        if on_epoch is not None:
            on_epoch(record)


def _finished(state: RunState, config: TrainingConfig) -> bool:
    epochs = len(state.history)
    return epochs >= config.epochs or (epochs > 0 and epochs - state.best_epoch >= config.patience)


def _validate(trainer: Trainer, validation: Examples, epoch: int) -> Figures:
    logits = predict_logits(
        trainer.network,
        validation.inputs,
        preprocess=trainer.preprocess,
        rows=validation.rows,
        channels_last=trainer.execution.channels_last,
    )
    figures = figures_of(
        logits,
        validation.labels,
        validation.weights,
        targets=validation.targets,
        loss=trainer.config.loss,
    )
    if not math.isfinite(figures.loss):
        wrong = int(np.flatnonzero(~np.isfinite(logits).all(1))[0])
        row = wrong if validation.rows is None else validation.rows[wrong]
        raise ContractError(
            f"after epoch {epoch} the logits of the validation sample in row {row} of the inputs "
            "are not finite; check that preprocessing fills its NaN"
        )
    return figures


def _record(epoch: int, summary: EpochSummary, figures: Figures) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        learning_rate=summary.learning_rate,
        training_loss=summary.loss,
        training_accuracy=summary.accuracy,
        validation_loss=figures.loss,
        validation_accuracy=figures.accuracy,
        validation_balanced_accuracy=figures.balanced_accuracy,
    )


def _note_epoch(state: RunState, record: EpochRecord, figures: Figures, trainer: Trainer) -> bool:
    """Add an epoch to the state; tell whether it is the best so far. Of equals the first is best."""
    state.history.append(record)
    value = float(getattr(figures, trainer.config.monitor))
    sign = 1 if trainer.config.monitor == "loss" else -1
    if state.best_epoch and not sign * value < sign * state.best_value:
        return False
    state.best_epoch, state.best_value = record.epoch, value
    weights = trainer.network.state_dict()
    state.best_weights = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
    return True


def _probe(
    network: nn.Module,
    train: Examples,
    execution: Execution,
    preprocess: Callable[[Tensor], Tensor] | None,
) -> tuple[int, Tensor]:
    """Return the number of outputs, and some training samples after preprocessing."""
    if not len(train):
        check_labels(train, 1, "training")
    raw = train.batch(evenly_spaced(len(train), PROBED_SAMPLES))
    with torch.inference_mode():
        samples = torch.from_numpy(raw).to(execution.device)
        samples = samples if preprocess is None else preprocess(samples)
    rows = np.arange(len(raw))
    try:
        logits = predict_logits(network, samples.cpu().numpy(), rows=rows)
    except RuntimeError as error:
        raise ContractError(
            f"{type(network).__name__} cannot take samples of shape {tuple(samples.shape[1:])} "
            f"({str(error).splitlines()[0]}); build it for this shape"
        ) from error
    return logits.shape[1], samples.cpu().clone()


def _sequence_facts(train: Examples, augmenter: object) -> dict[str, object]:
    """Return what else makes a run on sequences this run; runs on samples of one shape stay as they were."""
    if not isinstance(train.inputs, RaggedSequences):
        return {}
    # Of a function its name: how it is shown tells where it lies in memory.
    told = getattr(augmenter, "__qualname__", None) or repr(augmenter)
    return {"batch tokens": train.inputs.batch_tokens, "augmenter": told}


def _used(
    trainer: Trainer, validation: Examples, outputs: int, plan: FineTuningPlan | None
) -> dict[str, object]:
    """Return what the machine and the data made of the settings."""
    learned = {} if plan is None else {"fine_tuning": plan.to_json()}
    return learned | {
        "device": str(trainer.execution.device),
        "precision": trainer.execution.precision,
        "threads": torch.get_num_threads(),
        "network": type(trainer.network).__name__,
        "parameters": sum(parameter.numel() for parameter in trainer.network.parameters()),
        "outputs": outputs,
        "training_samples": len(trainer.examples),
        "validation_samples": len(validation),
        "skysieve": __version__,
        "torch": torch.__version__,
    }
