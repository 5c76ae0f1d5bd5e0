"""Training on all but two folds in turn, so that every sample is scored by a network that never saw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import FitResult, fit
from skysieve.training.predict import predict_logits

__all__ = ["FoldsResult", "fit_folds"]


@dataclass(frozen=True)
class FoldsResult:
    """Networks of all folds, and what each said about the samples it had never seen.

    Parameters
    ----------
    logits : ndarray, shape (N, outputs), float32
        Out-of-fold logits, in the order of the examples.
    folds : ndarray, shape (N,), int64
        Fold in which each example was tested.
    results : tuple of FitResult
        One for each fold.
    """

    logits: NDArray[np.float32]
    folds: NDArray[np.int64]
    results: tuple[FitResult, ...]


def fit_folds(
    make_network: Callable[[], nn.Module],
    examples: Examples,
    folds: NDArray[np.integer],
    config: TrainingConfig,
    run_folder: str | Path,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    resume: bool = True,
    progress: bool = True,
) -> FoldsResult:
    """Train one network for each fold and score the fold with it.

    The network of fold k is validated, that is stopped and chosen, on fold k + 1
    (the last on fold 0) and trained on the others: the fold that it is tested
    on never chooses anything. Each runs in its own folder ``fold_0``,
    ``fold_1`` ...; when called again, finished folds are not trained again and
    a broken one goes on.

    Parameters
    ----------
    make_network : callable
        Returns a new network; called with PyTorch seeded by ``config.seed``.
    examples : Examples
        All samples.
    folds : ndarray of int, shape (N,)
        Fold of each example, 0 to K - 1 with K >= 3; examples of one group in one fold.
    config, preprocess, resume, progress
        As for `fit`.
    run_folder : path-like
        Holds the folders of the folds.

    Raises
    ------
    ConfigurationError
        If there are fewer than three folds or one is empty.
    """
    folds = _checked_folds(folds, len(examples))
    count = int(folds.max()) + 1
    results, parts = [], []
    for fold in range(count):
        validation_fold = (fold + 1) % count
        result = fit(
            seeded_network(make_network, config.seed),
            examples.take((folds != fold) & (folds != validation_fold)),
            examples.take(folds == validation_fold),
            config,
            Path(run_folder) / f"fold_{fold}",
            preprocess=preprocess,
            resume=resume,
            progress=progress,
        )
        tested = examples.take(folds == fold)
        parts.append(predict_logits(result.network, tested.inputs, preprocess=preprocess, rows=tested.rows))
        results.append(result)
    logits = np.empty((len(examples), parts[0].shape[1]), np.float32)
    for fold, part in enumerate(parts):
        logits[folds == fold] = part
    return FoldsResult(logits, folds, tuple(results))


def _checked_folds(folds: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    if folds.shape != (count,) or not np.issubdtype(folds.dtype, np.integer):
        raise ConfigurationError(
            f"{count} examples have folds of type {folds.dtype} and shape {folds.shape}; "
            "give one whole number for each"
        )
    present = np.unique(folds).tolist()
    if len(present) < 3 or present != list(range(len(present))):
        raise ConfigurationError(
            f"folds are {present}; expected 0 to K - 1 with K of at least 3, one fold to test, "
            "one to validate and the others to train on"
        )
    return folds.astype(np.int64)
