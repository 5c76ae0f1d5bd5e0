"""The runs behind a transfer curve: each trains on a draw of target samples and scores those that judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from torch import nn

from skysieve.configuration import as_dict
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.preprocess import Pipeline
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.json_file import write_json
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.start import network_maker
from skysieve.recipes.uncertainty.stored_chunks import digest_of
from skysieve.training.embeddings import embeddings_and_logits
from skysieve.training.ensemble import fit_ensemble
from skysieve.training.examples import Examples
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_fit import fit_fine_tuned
from skysieve.training.fit import fit

__all__ = [
    "AS_IT_IS",
    "SCRATCH",
    "TransferRun",
    "Transferred",
    "probabilities",
    "score_as_is",
    "train_on_draw",
]

#: The name of training on the target samples alone.
SCRATCH = "scratch"

#: The name of the model without any training on target samples.
AS_IT_IS = "as it is"

DONE, SCORED = "transfer-run.json", "scores.npz"


@dataclass(frozen=True, eq=False)
class TransferRun:
    """One training on a draw of target samples.

    Parameters
    ----------
    strategy : str
        Short form of the fine-tuning, or ``scratch``.
    size : int
        Target samples that were asked for.
    draw : int
        Number of the draw.
    train, validation : ndarray of int
        Rows to learn from, rows that choose the epoch.
    settings : Configuration
        Settings of this training.
    fine_tuning : FineTuningConfig or None
        What learns; None trains from random weights.
    """

    strategy: str
    size: int
    draw: int
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    settings: Configuration
    fine_tuning: FineTuningConfig | None

    @property
    def name(self) -> str:
        """Name of its folder."""
        told = self.strategy.replace(":", "-").replace("@", "-decay-")
        return f"{told}_n{self.size}_draw{self.draw}"


@dataclass(frozen=True, eq=False)
class Transferred:
    """What a network made of samples.

    Parameters
    ----------
    test : ndarray, shape (N, outputs)
        Logits of the target samples that judge.
    epochs : tuple of int
        Best epoch and epochs of the training; empty for the model as it is.
    target, source : ndarray, shape (M, D), or None
        Embeddings of target and source samples, of runs that were asked for them.
    source_logits : ndarray, shape (M, outputs), or None
        Logits of those source samples.
    """

    test: NDArray[np.float32]
    epochs: tuple[int, ...] = ()
    target: NDArray[np.float32] | None = None
    source: NDArray[np.float32] | None = None
    source_logits: NDArray[np.float32] | None = None


def score_as_is(
    model: Model, images: NDArray[Any], test: NDArray[np.int64], source: NDArray[Any] | None
) -> Transferred:
    """Score the target samples that judge, and source samples, by the model as it is."""
    network = build_network(model.description, model.folder / WEIGHTS)
    preprocess = Pipeline.from_json(model.description.preprocess)
    return _scored(network, preprocess, images, test, source, with_embeddings=True, epochs=())


def train_on_draw(
    run: TransferRun,
    model: Model,
    recipe: Recipe,
    images: NDArray[Any],
    labels: NDArray[np.int64],
    test: NDArray[np.int64],
    source: NDArray[Any] | None,
    folder: Path,
    *,
    data: str,
    resume: bool = True,
) -> Transferred:
    """Train on a draw and score, or read what an earlier call left.

    Parameters
    ----------
    run : TransferRun
        The draw and how it is trained on.
    model : Model
        What is fine-tuned.
    recipe : Recipe
        The experiment.
    images, labels : ndarray
        All target samples.
    test : ndarray of int
        Rows that judge.
    source : ndarray or None
        Images of source samples, if embeddings are asked of this run.
    folder : Path
        Its folder.
    data : str
        Digest of the samples, target and source.
    resume : bool
        Go on with what lies there.
    """
    settings = as_dict(run.settings)
    for name in ("threads", "device"):
        del settings["training"][name]
    tuned = None if run.fine_tuning is None else run.fine_tuning.facts()
    key = digest_of(
        model.identity, data, settings, tuned, run.train, run.validation, test, source is not None
    )
    if resume and (stored := _read(folder, key)) is not None:
        return stored
    start, fit_member = (None, fit)
    if run.fine_tuning is not None:
        start, fit_member = model.folder, partial(fit_fine_tuned, fine_tuning=run.fine_tuning)
    preprocess = Pipeline.of(*run.settings.preprocess)
    fitted = fit_ensemble(
        network_maker(recipe, run.settings, start),
        Examples(images, labels[run.train], rows=run.train),
        Examples(images, labels[run.validation], rows=run.validation),
        run.settings.network.members,
        replace(run.settings.training, seed=run.settings.training.seed + 1000 * run.draw),
        folder / "training",
        preprocess=preprocess,
        resume=resume,
        progress=False,
        fit_member=fit_member,
    )
    network = fitted.members[0].network if len(fitted.members) == 1 else fitted.network
    epochs = (fitted.members[0].best_epoch, len(fitted.members[0].history))
    found = _scored(
        network, preprocess, images, test, source, with_embeddings=source is not None, epochs=epochs
    )
    _write(folder, key, found)
    return found


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return uncalibrated probabilities: of the second of two classes (N,), or of each (N, K).

    Examples
    --------
    >>> probabilities(np.zeros((2, 1), np.float32)).tolist()
    [0.5, 0.5]
    """
    wide = logits.astype(np.float64)
    if wide.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-np.clip(wide[:, 0], -700, 700))))
    raised = np.exp(wide - wide.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def _scored(
    network: nn.Module,
    preprocess: Callable[[Any], Any],
    images: NDArray[Any],
    test: NDArray[np.int64],
    source: NDArray[Any] | None,
    *,
    with_embeddings: bool,
    epochs: tuple[int, ...],
) -> Transferred:
    embeddings, logits = embeddings_and_logits(network, images, preprocess=preprocess, rows=test)
    if not with_embeddings or source is None:
        return Transferred(logits, epochs)
    theirs, their_logits = embeddings_and_logits(network, source, preprocess=preprocess)
    return Transferred(logits, epochs, embeddings, theirs, their_logits)


def _write(folder: Path, key: str, found: Transferred) -> None:
    arrays = {name: each for name, each in vars(found).items() if isinstance(each, np.ndarray)}
    # Killed between the two files, new scores must not stand beside the key of the old ones.
    (folder / DONE).unlink(missing_ok=True)
    np.savez(folder / f".{SCORED}", **arrays)  # type: ignore[arg-type]
    (folder / f".{SCORED}").replace(folder / SCORED)
    write_json(folder / DONE, {"key": key, "epochs": list(found.epochs)})


def _read(folder: Path, key: str) -> Transferred | None:
    try:
        told = json.loads((folder / DONE).read_text(encoding="utf-8"))
        if told["key"] != key:
            return None
        with (folder / SCORED).open("rb") as file, np.load(file) as stored:
            arrays: dict[str, Any] = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
    return Transferred(epochs=tuple(told["epochs"]), **arrays)
