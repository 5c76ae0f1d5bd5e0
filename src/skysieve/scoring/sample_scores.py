"""Scores of a sample set by a model or a sieve, a batch of images in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError, SampleSetError
from skysieve.models.contract import InputContract
from skysieve.models.engines import Engine
from skysieve.models.model import Model
from skysieve.models.rules import Jury, Rule
from skysieve.models.sieve import Sieve
from skysieve.progress import progress_bar
from skysieve.samples.sample_set import SampleSet

__all__ = ["PoolScores", "score_pool"]

#: Samples whose images are in memory at once.
BATCH = 512


@dataclass(frozen=True)
class PoolScores:
    """Scores of N samples, with all that is needed to decide by them.

    Parameters
    ----------
    name, identity : str
        Of the model or sieve.
    scores : mapping of str to ndarray, shape (N,), float32
        By member; of a model with more than two classes by class; of any other model under ``score``.
    jury : Jury
        Families of the members, and their thresholds.
    rule : Rule or None
        What decides; None for a model with more than two classes.
    answers : mapping of str to tuple of str
        What a person can answer: by family, or under ``label`` for a model alone, in the order of the
        label's numbers.
    """

    name: str
    identity: str
    scores: Mapping[str, NDArray[np.float32]]
    jury: Jury
    rule: Rule | None
    answers: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> dict[str, NDArray[np.float32]]:
        """Scores by column: ``score`` of a model with two classes, ``score_<member>`` of others."""
        return {name if name == "score" else f"score_{name}": values for name, values in self.scores.items()}

    def __len__(self) -> int:
        return len(next(iter(self.scores.values())))


def score_pool(
    judge: Model | Sieve,
    samples: SampleSet,
    rows: NDArray[np.int64] | None = None,
    *,
    engine: str = "onnxruntime",
    precision: str = "float32",
    threads: int = 1,
    progress: bool = False,
) -> PoolScores:
    """Score samples by a model, or by every member of a sieve.

    Parameters
    ----------
    judge : Model or Sieve
        What scores.
    samples : SampleSet
        May be larger than memory.
    rows : ndarray of int, shape (N,), ascending, optional
        Which samples to score; all if not given.
    engine, precision : str
        As of `skysieve.models.engines.open_engine`.
    threads : int
        Threads in all: members of a sieve work side by side, one thread each, and only what is left over
        goes to their engines (`skysieve.models.sieve.Sieve.score`), where their number may move the last
        digit of a score. All are the engine's for a model of more than two classes.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    ContractError
        If the images are not what the model takes.
    SampleSetError
        If there is nothing to score.
    """
    chosen = np.arange(len(samples)) if rows is None else rows
    if not len(chosen):
        raise SampleSetError("there is no sample to score")
    if isinstance(judge, Model) and len(judge.description.classes) > 2:
        batches = _batches(judge.description.contract, samples, chosen, progress)
        return _score_classes(
            judge, batches, judge.engine(engine=engine, precision=precision, threads=threads)
        )
    sieve = Sieve.of_model(judge) if isinstance(judge, Model) else judge
    parts = [
        sieve.score(images, engine=engine, precision=precision, threads=threads)
        for images in _batches(sieve.contract, samples, chosen, progress)
    ]
    classes = {member.family: member.model.description.classes for member in sieve.members}
    return PoolScores(
        name=sieve.description.name,
        identity=judge.identity,
        scores={
            member.name: np.concatenate([part[member.name] for part in parts]) for member in sieve.members
        },
        jury=sieve.jury,
        rule=sieve.rules[sieve.rule],
        answers={"label": judge.description.classes} if isinstance(judge, Model) else classes,
    )


def _score_classes(model: Model, batches: Iterator[NDArray[np.float32]], engine: Engine) -> PoolScores:
    description = model.description
    parts = [model.predict(images, engine) for images in batches]
    scores = np.concatenate(parts)
    names = description.classes
    return PoolScores(
        name=description.name,
        identity=model.identity,
        scores={name: scores[:, at] for at, name in enumerate(names)},
        jury=Jury({name: (name,) for name in names}, dict.fromkeys(names, 0.5)),
        rule=None,
        answers={"label": names},
    )


def _batches(
    contract: InputContract, samples: SampleSet, rows: NDArray[np.int64], progress: bool
) -> Iterator[NDArray[np.float32]]:
    """Yield the images of the rows, those of a batch of the set at a time."""
    layout = samples.description.tensors.get(contract.column)
    if layout is None:
        raise ContractError(
            f"the samples have no tensor column {contract.column!r}, which the model takes; "
            f"found {', '.join(samples.description.tensors) or 'none'}"
        )
    contract.check_channels(layout.channels)
    first = 0
    with progress_bar("scoring", len(rows), enabled=progress) as bar:
        for piece in samples.batches(BATCH):
            lo, hi = np.searchsorted(rows, [first, first + len(piece)])
            if hi > lo:
                yield piece.tensor(contract.column)[rows[lo:hi] - first].astype(np.float32, copy=False)
                bar.advance(int(hi - lo))
            first += len(piece)
            if first > rows[-1]:
                return
