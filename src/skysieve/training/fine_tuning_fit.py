"""Fine-tuning of one network: as any training, or of its head alone on features that are computed once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.training.augmentation import symmetries_of
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import Execution, reproducible
from skysieve.training.feature_cache import head_features
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_blocks import Block, blocks_of
from skysieve.training.fit import FitResult, fit

__all__ = ["FEATURES", "LARGEST_CACHE", "fit_fine_tuned"]

#: Folder of cached features in a run folder.
FEATURES = "features"

#: Bytes of features up to which they are cached unless it is asked for.
LARGEST_CACHE = 2 * 2**30


def fit_fine_tuned(
    network: nn.Module,
    train: Examples,
    validation: Examples,
    config: TrainingConfig,
    run_folder: str | Path,
    fine_tuning: FineTuningConfig,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    resume: bool = True,
    progress: bool = True,
    on_epoch: Callable[[Any], None] | None = None,
) -> FitResult:
    """Train on a network that is trained already, or those blocks of it that the settings name.

    Where the head alone learns, the rest of the network gives the same in every epoch: its outcome is
    computed once for every sample and every symmetry that augmentation draws from, and the head is
    trained on that with the same draws. Up to rounding the weights are those of the long way; files of the
    run folder then hold the head.

    Parameters
    ----------
    network : nn.Module
        With the weights to start from; trained in place.
    train, validation, config, run_folder, preprocess, resume, progress, on_epoch
        As of `skysieve.training.fit.fit`.
    fine_tuning : FineTuningConfig
        What learns.

    Returns
    -------
    FitResult
        With the whole network.

    Raises
    ------
    ConfigurationError
        If features are to be cached and cannot be: random shifts, or a penalty on the head.

    Examples
    --------
    >>> import tempfile
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> before = network[1].weight.clone()
    >>> examples = Examples(np.arange(64, dtype=np.float32).reshape(16, 1, 2, 2) / 64, np.arange(16) // 8)
    >>> config = TrainingConfig(epochs=3, batch_size=8, device="cpu")
    >>> result = fit_fine_tuned(
    ...     network, examples, examples, config, tempfile.mkdtemp(), FineTuningConfig("head"), progress=False
    ... )
    >>> len(result.history), torch.equal(network[1].weight, before)
    (3, True)
    """
    shared: dict[str, Any] = {"resume": resume, "progress": progress, "on_epoch": on_epoch}
    execution = Execution.of(config)
    head = None
    if fine_tuning.strategy == "head" and fine_tuning.features != "none" and len(train):
        network = execution.place(network)
        head = _cachable_head(network, train, config, fine_tuning, execution, preprocess)
    if head is None:
        return fit(
            network,
            train,
            validation,
            config,
            run_folder,
            preprocess=preprocess,
            fine_tuning=fine_tuning,
            **shared,
        )
    symmetries = symmetries_of(config.augmentation)
    folder = None if fine_tuning.features == "memory" else Path(run_folder) / FEATURES
    with reproducible(execution.device, deterministic=config.deterministic, threads=config.threads):
        learned_from, chosen_on = (
            dataclasses.replace(
                each,
                rows=None,
                inputs=head_features(
                    network, each, preprocess=preprocess, symmetries=drawn, folder=folder, progress=progress
                ),
            )
            for each, drawn in ((train, symmetries), (validation, symmetries[:1]))
        )
    result = fit(
        network.get_submodule(head.modules[0]),
        learned_from,
        chosen_on,
        config,
        run_folder,
        preprocess=_as_is,
        augmenter=_drawn(config.augmentation),
        fine_tuning=fine_tuning,
        **shared,
    )
    return dataclasses.replace(result, network=network.eval())


def _cachable_head(
    network: nn.Module,
    train: Examples,
    config: TrainingConfig,
    fine_tuning: FineTuningConfig,
    execution: Execution,
    preprocess: Callable[[Tensor], Tensor] | None,
) -> Block | None:
    """Return the head, or None where its features are not cached."""
    asked = fine_tuning.features != "auto"
    if config.augmentation.shift:
        if asked:
            raise ConfigurationError(
                f"fine_tuning.features={fine_tuning.features!r} cannot hold random shifts; set "
                "training.augmentation.shift to 0, or fine_tuning.features to 'none'"
            )
        return None
    with torch.inference_mode():
        raw = torch.from_numpy(train.batch(np.arange(1))).to(execution.device)
        sample = raw if preprocess is None else preprocess(raw)
    head = blocks_of(network, execution.place_batch(sample))[-1]
    penalties: Mapping[str, float] = getattr(network, "kernel_l2", {})
    if penalties.get(head.modules[0], 0):
        if asked:
            raise ConfigurationError("features cannot be cached: the network has a penalty on its head")
        return None
    weight = network.get_parameter(f"{head.modules[0]}.weight")
    size = 4 * weight.shape[1] * len(train) * len(symmetries_of(config.augmentation))
    return head if asked or size <= LARGEST_CACHE else None


def _drawn(augmentation: AugmentationConfig) -> Callable[[Tensor, torch.Generator], Tensor]:
    """Return what takes one symmetry of every sample, with the draws that turn images otherwise."""
    symmetries = symmetries_of(augmentation)

    def augmenter(features: Tensor, generator: torch.Generator) -> Tensor:
        if len(symmetries) == 1:
            return features[:, 0]
        which = torch.randint(len(symmetries), (len(features),), generator=generator)
        return features[torch.arange(len(features)), which.to(features.device)]

    return augmenter


def _as_is(features: Tensor) -> Tensor:
    """Return features of samples that were not turned, where no symmetry has been taken yet."""
    return features[:, 0] if features.ndim == 3 else features
