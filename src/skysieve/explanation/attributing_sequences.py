"""The one way to explain sequences: a network and sequences in, an attribution of every step out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from skysieve.errors import ConfigurationError, ContractError, ModelError
from skysieve.explanation.attributing import (
    classes_to_explain,
    evaluating,
    mean_answer,
    members_of,
    method_of,
    targets_of,
)
from skysieve.explanation.registry import Answer
from skysieve.explanation.sequence_question import SequenceQuestion
from skysieve.explanation.sequence_registry import (
    SEQUENCE_EXPLAINERS,
    SequenceExplainer,
    build_sequence_explainer,
)
from skysieve.training.ragged import RaggedSequences, bucketed_batches

__all__ = ["SequenceAttribution", "attribute_sequences"]


@dataclass(frozen=True)
class SequenceAttribution:
    """What every step of N sequences contributed, and all that is needed to read it.

    Parameters
    ----------
    steps : list of ndarray, each of shape (T,), float32
        Finite; 0 where no value was measured.
    signed : bool
        Whether negative values mean "against the class"; False: there are none.
    target : ndarray, shape (N,), int64
        Index of the class that each is about.
    logits : ndarray, shape (N, K), float32
        What the network said; K = 1 for two classes.
    method : str
        Name of the explainer.
    settings : mapping
        Its settings, and what it found out, such as the baseline.
    figures : mapping of str to ndarray, shape (N,)
        Figures of the method on each sequence, such as ``completeness_error``.
    """

    steps: list[NDArray[np.float32]]
    signed: bool
    target: NDArray[np.int64]
    logits: NDArray[np.float32]
    method: str
    settings: Mapping[str, Any]
    figures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.steps)


def attribute_sequences(
    network: nn.Module,
    sequences: RaggedSequences,
    method: str | SequenceExplainer = "integrated-gradients",
    *,
    columns: Sequence[int],
    target: int | Sequence[int] | NDArray[np.integer[Any]] | None = None,
    batch: int = 64,
    **settings: Any,
) -> SequenceAttribution:
    """Tell for every step of sequences how much it speaks for a class.

    All methods explain the logit, never the probability. An ensemble is explained member by member, and
    what is returned is the mean of theirs. Sequences of like lengths are explained together; what is said
    of one does not depend on the others.

    Parameters
    ----------
    network : nn.Module
        Takes sequences (N, T, F), padded with NaN, and returns logits (N, K). It is run in evaluation mode
        and left as it was; no gradient of a weight is kept.
    sequences : RaggedSequences
        As the network reads them.
    method : str or SequenceExplainer
        Name in `SEQUENCE_EXPLAINERS`, or one that is made already.
    columns : sequence of int
        The columns that are varied, such as (1,): the value behind the time.
    target : int, or array of int, shape (N,), optional
        The class to explain; that which the network prefers if not given.
    batch : int
        Sequences at a time.
    **settings
        Of the explainer.

    Raises
    ------
    UnknownNameError
        If no explainer has that name.
    ConfigurationError
        If a setting is wrong, or the method explains images only.
    ContractError
        If there is no such column, or a target is no class of the network.
    ModelError
        If the network returns NaN.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> _ = torch.manual_seed(0)
    >>> network = build_network("gru-d", shape=(2,), outputs=3, hidden=8)
    >>> steps = np.array([[0, 15.0], [1, 16.0], [4, 15.2], [0, 12.0], [2, 12.5]], dtype=np.float32)
    >>> curves = RaggedSequences(steps, np.array([0, 3, 5]))
    >>> found = attribute_sequences(network, curves, columns=(1,), target=2)
    >>> [each.shape for each in found.steps], bool(abs(found.figures["completeness_error"]).max() < 1e-3)
    ([(3,), (2,)], True)
    """
    explainer = build_sequence_explainer(method, settings) if isinstance(method, str) else method
    if not isinstance(method, str) and settings:
        raise ConfigurationError(f"the explainer is made already; give {', '.join(settings)} when making it")
    if batch < 1:
        raise ConfigurationError(f"batch is {batch}; expected 1 or more")
    if target is not None and np.shape(target) not in ((), (len(sequences),)):
        raise ContractError(
            f"{np.shape(target)} targets for {len(sequences)} sequences; give one, or one a sequence"
        )
    _check(sequences, columns)
    groups = bucketed_batches(sequences.lengths, most_samples=batch)
    with evaluating(network):
        parts = [
            _explain(network, sequences[rows], explainer, targets_of(target, rows), tuple(columns))
            for rows in groups
        ]
    return _joined(parts, groups, sequences.lengths, explainer)


@dataclass(frozen=True)
class _Part:
    answer: Answer
    classes: torch.Tensor
    logits: torch.Tensor


def _check(sequences: RaggedSequences, columns: Sequence[int]) -> None:
    if not len(sequences):
        raise ContractError("found no sequence to explain; give at least one")
    wrong = [column for column in columns if not 0 <= column < sequences.shape[1]]
    if wrong or not columns:
        raise ContractError(
            f"the columns {tuple(columns)} are to be varied; sequences have 0 to {sequences.shape[1] - 1}"
        )


def _explain(
    network: nn.Module,
    padded: NDArray[np.float32],
    explainer: SequenceExplainer,
    target: Any,
    columns: tuple[int, ...],
) -> _Part:
    parameter = next(network.parameters(), None)
    batch = torch.from_numpy(padded).to("cpu" if parameter is None else parameter.device)
    with torch.no_grad():
        logits = network(batch)
    if not logits.isfinite().all():
        row = int((~logits.isfinite()).any(1).nonzero()[0])
        raise ModelError(f"the network returns {logits[row].tolist()} for sequence {row} of a batch")
    classes = classes_to_explain(logits, target)
    questions = [SequenceQuestion(member, batch, classes, columns) for member in members_of(network)]
    answer = mean_answer([explainer.answer(question) for question in questions])
    maps = torch.where(questions[0].measured.any(2) & answer.maps.isfinite(), answer.maps, 0.0)
    return _Part(dataclasses.replace(answer, maps=maps), classes, logits)


def _joined(
    parts: list[_Part],
    groups: list[NDArray[np.int64]],
    lengths: NDArray[np.int64],
    explainer: SequenceExplainer,
) -> SequenceAttribution:
    """Put the batches back into the order of the sequences."""
    rows = np.concatenate(groups)
    order = np.argsort(rows)

    def stack(tensors: list[torch.Tensor]) -> NDArray[Any]:
        return np.asarray(torch.cat(tensors).detach().cpu().numpy())[order]

    padded = [row for part in parts for row in part.answer.maps.detach().cpu().numpy().astype(np.float32)]
    fields: Any = explainer
    first = parts[0].answer
    return SequenceAttribution(
        steps=[padded[place][: lengths[rows[place]]].copy() for place in order],
        signed=explainer.signed,
        target=stack([part.classes for part in parts]),
        logits=stack([part.logits for part in parts]).astype(np.float32),
        method=method_of(explainer, SEQUENCE_EXPLAINERS),
        settings=dataclasses.asdict(fields) | dict(first.found),
        figures={name: stack([part.answer.figures[name] for part in parts]) for name in first.figures},
    )
