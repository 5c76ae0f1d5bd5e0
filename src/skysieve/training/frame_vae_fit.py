"""Training of the autoencoder of frames on a sample set of frame sequences."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, ModelError
from skysieve.networks.frame_vae import KLD_WEIGHT, LATENT, FrameVAE, frame_vae_loss
from skysieve.networks.weights import load_weights, weights_bytes
from skysieve.progress import ProgressBar, progress_bar
from skysieve.samples.sample_set import SampleSet
from skysieve.training.checkpoint import START_AGAIN
from skysieve.training.configuration import TrainingConfig
from skysieve.training.execution import Execution, derived_seed, reproducible, seed_everything, seeded_network
from skysieve.training.frame_reading import require_frames
from skysieve.training.prepared_frames import Frames, prepared_frames, remove_prepared

__all__ = ["FrameVaeConfig", "FrameVaeEpoch", "FrameVaeFit", "fit_frame_vae"]

#: Files of a run: the autoencoder of the best epoch, the learning curve, and what only the run itself needs.
WEIGHTS, HISTORY, CONFIGURATION, CHECKPOINT = (
    "vae.safetensors",
    "history.json",
    "configuration.json",
    "checkpoint.pt",
)

#: Settings that may change while a run goes on.
_FREE = ("epochs", "device", "threads")


@dataclass(frozen=True)
class FrameVaeConfig:
    """How the autoencoder is trained. The defaults are the published ones, but for ``validation``.

    Parameters
    ----------
    latent : int
        Numbers that a frame becomes.
    epochs : int
        Passes over the frames; a finished run goes on if there are more.
    batch_size : int
        Frames of a step.
    learning_rate : float
        Of Adam.
    kld_weight : float
        Of the divergence beside the reconstruction.
    validation : float
        Share of the groups that choose the best epoch, where the sample set has no ``split``.
    seed : int
        Of the start, the order, the numbers drawn and the division.
    device : str
        ``auto``, ``cpu``, ``cuda`` ...
    threads : int or None
        Of the CPU; None leaves PyTorch's own choice.

    Raises
    ------
    ConfigurationError
        If a setting is out of its limits; the message names it.
    """

    latent: int = LATENT
    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 5e-5
    kld_weight: float = KLD_WEIGHT
    validation: float = 0.1
    seed: int = 7
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in ("latent", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; give 1 or more")
        if not self.learning_rate > 0 or not self.kld_weight >= 0 or not 0 < self.validation < 1:
            raise ConfigurationError(
                "learning_rate is above 0, kld_weight 0 or more, validation between 0 and 1; found "
                f"{self.learning_rate}, {self.kld_weight} and {self.validation}"
            )


@dataclass(frozen=True, slots=True)
class FrameVaeEpoch:
    """One row of the learning curve.

    Parameters
    ----------
    epoch : int
        From 1.
    training_loss : float
        Mean over the epoch, of numbers that are drawn.
    validation_loss : float
        Of frames restored from their means: ``log_cosh`` + ``kld_weight`` · ``kld``.
    log_cosh, kld : float
        Reconstruction and divergence of the validation frames.
    """

    epoch: int
    training_loss: float
    validation_loss: float
    log_cosh: float
    kld: float


@dataclass(frozen=True)
class FrameVaeFit:
    """A trained autoencoder.

    Parameters
    ----------
    network : FrameVAE
        With the weights of the best epoch, on the CPU, in evaluation mode.
    history : tuple of FrameVaeEpoch
        One an epoch.
    best_epoch : int
        That with the lowest validation loss.
    weights : Path
        The file with the weights, which `write_frame_embeddings` takes as its encoder.
    """

    network: FrameVAE
    history: tuple[FrameVaeEpoch, ...]
    best_epoch: int
    weights: Path


def fit_frame_vae(
    samples: str | Path,
    folder: str | Path,
    config: FrameVaeConfig | None = None,
    *,
    resume: bool = True,
    progress: bool = True,
    on_epoch: Callable[[FrameVaeEpoch], None] | None = None,
) -> FrameVaeFit:
    """Train an autoencoder on the frames of a sample set; no labels are needed.

    Where the set has a ``split``, its ``train`` is trained on and its ``validation`` chooses the epoch, so
    that frames of test objects stay unseen. Frames without a measured pixel are left out. A run that was
    killed goes on from its last whole epoch, and ends as one that was not (on the same number of threads).

    Parameters
    ----------
    samples : path
        Sample set with frames, as of `skysieve.training.frame_embeddings.write_frame_embeddings`; may be
        larger than memory.
    folder : path
        The run: ``vae.safetensors``, ``history.json``, ``configuration.json``, ``checkpoint.pt``; while it is
        running also the prepared frames.
    config : FrameVaeConfig, optional
        Settings.
    resume : bool
        Go on with the run in the folder, if there is one. False starts again.
    progress : bool
        Show progress.
    on_epoch : callable, optional
        Called after each epoch, when its files are written.

    Raises
    ------
    SampleSetError
        If the set has no frames, or a part of it is empty.
    ConfigurationError
        If the folder holds a run on other samples or with other settings, or training diverges.
    ModelError
        If the checkpoint is damaged.

    References
    ----------
    Semenikhin 2024, Systems and Means of Informatics 34(1), 70; github.com/semtim/RB_ZTF.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.sources.simulators.frames.samples import write_frame_samples
    >>> place = Path(tempfile.mkdtemp())
    >>> frames = write_frame_samples(place / "frames.parquet", 10, seed=1, lengths=(2, 3))
    >>> config = FrameVaeConfig(latent=2, epochs=1, batch_size=8, threads=1)
    >>> fit_frame_vae(frames, place / "vae", config, progress=False).weights.name
    'vae.safetensors'
    """
    samples, folder, config = Path(samples), Path(folder), config or FrameVaeConfig()
    given = SampleSet.open(samples)
    require_frames(samples, given.description)
    device = Execution.of(TrainingConfig(device=config.device)).device
    _claim(folder, _facts(samples, config), resume)
    with reproducible(device, threads=config.threads):
        network = seeded_network(lambda: FrameVAE(config.latent), config.seed)
        assert isinstance(network, FrameVAE)
        run = _Run(network.to(device), config, device, folder)
        run.load()
        if len(run.history) < config.epochs:
            frames = prepared_frames(given, folder, config.validation, config.seed, progress=progress)
            _train(run, *frames, progress, on_epoch)
    load_weights(network, folder / WEIGHTS)
    remove_prepared(folder)
    return FrameVaeFit(network.cpu().eval(), tuple(run.history), run.best.epoch, folder / WEIGHTS)


class _Run:
    """Network, optimizer and learning curve, on disk after every epoch."""

    def __init__(self, network: FrameVAE, config: FrameVaeConfig, device: torch.device, folder: Path) -> None:
        self.network, self.config, self.device, self.folder = network, config, device, folder
        self.optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
        self.history: list[FrameVaeEpoch] = []
        self._best_weights: dict[str, Tensor] = {}

    @property
    def best(self) -> FrameVaeEpoch:
        return min(self.history, key=lambda epoch: epoch.validation_loss)

    def load(self) -> None:
        """Go to where an earlier run stopped."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        try:
            # weights_only keeps a file from elsewhere from running code.
            content = torch.load(path, map_location="cpu", weights_only=True)
            self.network.load_state_dict(content["network"])
            self.optimizer.load_state_dict(content["optimizer"])
            self.history = [FrameVaeEpoch(**epoch) for epoch in content["history"]]
            self._best_weights = content["best"]
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, KeyError, ValueError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"{path}: is not a complete checkpoint ({reason}); {START_AGAIN}") from None
        # A kill may have fallen between the checkpoint and the files that follow from it.
        self._write_results()

    def keep(self) -> None:
        """Write what an epoch brought; the checkpoint first, as all else can be made from it."""
        if self.best is self.history[-1]:
            state = self.network.state_dict()
            self._best_weights = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        content = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self._best_weights,
            "history": [asdict(epoch) for epoch in self.history],
        }
        with replacing(self.folder / CHECKPOINT) as partial:
            torch.save(content, partial)
        self._write_results()

    def _write_results(self) -> None:
        with replacing(self.folder / WEIGHTS) as partial:
            partial.write_bytes(weights_bytes(self._best_weights))
        _write_json(self.folder / HISTORY, [asdict(epoch) for epoch in self.history])


def _train(
    run: _Run,
    train: Frames,
    validation: Frames,
    progress: bool,
    on_epoch: Callable[[FrameVaeEpoch], None] | None,
) -> None:
    config, steps = run.config, _steps(run, train)
    with progress_bar("training", config.epochs * steps, enabled=progress) as bar:
        bar.advance(len(run.history) * steps)
        while len(run.history) < config.epochs:
            epoch = len(run.history) + 1
            seed_everything(config.seed, epoch)
            training_loss = _train_epoch(run, train, epoch, bar)
            log_cosh, kld = _validate(run, validation)
            loss = log_cosh + config.kld_weight * kld
            if not np.isfinite([training_loss, loss]).all():
                raise ConfigurationError(
                    f"training diverged in epoch {epoch}; lower learning_rate from {config.learning_rate:g}"
                )
            run.history.append(FrameVaeEpoch(epoch, training_loss, loss, log_cosh, kld))
            run.keep()
            bar.note(f"epoch {epoch}: validation loss {loss:.5f}, best epoch {run.best.epoch}")
            if on_epoch is not None:
                on_epoch(run.history[-1])


def _steps(run: _Run, frames: Frames) -> int:
    return -(-len(frames) // run.config.batch_size)


def _train_epoch(run: _Run, frames: Frames, epoch: int, bar: ProgressBar) -> float:
    run.network.train()
    order = np.random.default_rng(derived_seed(run.config.seed, epoch)).permutation(len(frames))
    total = 0.0
    for rows in np.array_split(order, _steps(run, frames)):
        # In the order of the file, which is faster, and within a batch all the same.
        given = torch.from_numpy(frames[np.sort(rows)]).to(run.device)
        restored, mean, log_variance = run.network(given)
        loss = frame_vae_loss(restored, given, mean, log_variance, kld_weight=run.config.kld_weight)
        run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        run.optimizer.step()
        total += loss.item() * len(rows)
        bar.advance()
    return total / len(frames)


def _validate(run: _Run, frames: Frames) -> tuple[float, float]:
    """Return the reconstruction and the divergence, means over frames."""
    run.network.eval()
    found = np.zeros(2)
    with torch.inference_mode():
        for start in range(0, len(frames), run.config.batch_size):
            given = torch.from_numpy(np.array(frames[start : start + run.config.batch_size])).to(run.device)
            restored, mean, log_variance = run.network(given)
            log_cosh = frame_vae_loss(restored, given, mean, log_variance, kld_weight=0)
            kld = frame_vae_loss(given, given, mean, log_variance, kld_weight=1)
            found += len(given) * np.array([log_cosh.item(), kld.item()])
    return float(found[0] / len(frames)), float(found[1] / len(frames))


def _facts(samples: Path, config: FrameVaeConfig) -> dict[str, Any]:
    """Return what must be the same for a run to go on."""
    stat = samples.stat()
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in _FREE}
    return settings | {"samples": str(samples.resolve()), "bytes": stat.st_size, "changed": stat.st_mtime_ns}


def _claim(folder: Path, facts: dict[str, Any], resume: bool) -> None:
    """Make the folder that of this run, or refuse that of another."""
    folder.mkdir(parents=True, exist_ok=True)
    present = _read_json(folder / CONFIGURATION)
    if resume and present == facts:
        return
    if resume and (folder / CHECKPOINT).exists():
        differing = [name for name in facts if present.get(name) != facts[name]]
        raise ConfigurationError(
            f"{folder}: holds another run, which differs in {', '.join(differing)}; choose another folder, "
            f"or {START_AGAIN}"
        )
    for name in (CHECKPOINT, WEIGHTS, HISTORY):
        (folder / name).unlink(missing_ok=True)
    remove_prepared(folder)
    _write_json(folder / CONFIGURATION, facts)


def _read_json(path: Path) -> dict[str, Any]:
    """Return what a run wrote down; nothing if it is not there, or not whole."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, content: Any) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
