"""A model or a sieve that is opened for scoring: members' scores, verdicts, the headline score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.models.contract import InputContract
from skysieve.models.engines import Engine
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve, load_model_or_sieve
from skysieve.service.judging.headline import deciding_member, headline_of_classes, headline_of_rule

__all__ = ["Judgement", "OpenedScorer", "open_place"]


@dataclass(frozen=True)
class Judgement:
    """What a scorer says of candidates, arrays with one value for each.

    Parameters
    ----------
    scores : mapping of str to ndarray of float32
        By member.
    verdicts : mapping of str to ndarray of bool
        By rule; empty of a model of more than two classes.
    headline : ndarray of float32
        The number that pages sort by.
    passes : ndarray of bool, optional
        What the rule that counts says; None where there is none.
    """

    scores: Mapping[str, NDArray[np.float32]]
    verdicts: Mapping[str, NDArray[np.bool_]]
    headline: NDArray[np.float32]
    passes: NDArray[np.bool_] | None

    def of(self, chosen: NDArray[np.bool_]) -> Judgement:
        """Return what is said of the chosen candidates alone."""
        return Judgement(
            {name: values[chosen] for name, values in self.scores.items()},
            {name: values[chosen] for name, values in self.verdicts.items()},
            self.headline[chosen],
            None if self.passes is None else self.passes[chosen],
        )


class OpenedScorer:
    """A model or a sieve, ready to score.

    A model of two classes is a sieve of one: its member is called ``score``, its rule ``passes``. A model of
    more has a member for each class and no rule.

    Parameters
    ----------
    opened : Model or Sieve
        What was loaded.
    engine, precision : str
        As of `skysieve.models.engines.open_engine`.

    Examples
    --------
    >>> scorer = OpenedScorer(Model.load("braai-weak"))
    >>> scorer.members, scorer.rule
    (('score',), 'passes')
    >>> judgement = scorer.judge(np.ones((2, 3, 63, 63), dtype=np.float32))
    >>> judgement.headline.shape, judgement.passes.shape
    ((2,), (2,))
    """

    def __init__(
        self, opened: Model | Sieve, *, engine: str = "onnxruntime", precision: str = "float32"
    ) -> None:
        self.opened = opened
        self.sieve: Sieve | None = None
        if isinstance(opened, Sieve):
            self.sieve = opened
        elif len(opened.description.classes) == 2:
            self.sieve = Sieve.of_model(opened)
        models = {each.name: each.model for each in self.sieve.members} if self.sieve else {"": opened}
        # Opened at once: a graph that cannot be loaded is no scorer.
        self._engines: dict[str, Engine] = {
            name: model.engine(engine=engine, precision=precision)
            for name, model in models.items()
            if isinstance(model, Model)
        }

    @property
    def is_sieve(self) -> bool:
        """Whether it has several members and rules."""
        return isinstance(self.opened, Sieve)

    @property
    def identity(self) -> str:
        """SHA-256 of its description, which holds the hash of everything else."""
        return self.opened.identity

    @property
    def name(self) -> str:
        """Its name."""
        return self.opened.description.name

    @property
    def contract(self) -> InputContract:
        """What goes in."""
        opened = self.opened
        return opened.contract if isinstance(opened, Sieve) else opened.description.contract

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the scores that it gives."""
        if self.sieve is not None:
            return tuple(member.name for member in self.sieve.members)
        assert isinstance(self.opened, Model)
        return self.opened.description.classes

    @property
    def rule(self) -> str:
        """The rule that counts; empty where there is none."""
        return self.sieve.rule if self.sieve is not None else ""

    def judge(self, images: NDArray[np.float32]) -> Judgement:
        """Score candidates and decide; a score does not depend on what else is scored with it.

        Parameters
        ----------
        images : ndarray, shape (N, C, H, W), float32
            As the contract describes them.

        Raises
        ------
        ContractError
            If the batch does not fulfil the contract.
        """
        self.contract.check(images)
        if self.sieve is None:
            return self.decide(self._score_classes(images))
        return self.decide({name: _one_by_one(run, images, ()) for name, run in self._engines.items()})

    def decide(self, scores: Mapping[str, NDArray[Any]]) -> Judgement:
        """Make verdicts and headline of scores, stored ones too; no network is run.

        Parameters
        ----------
        scores : mapping of str to ndarray, shape (N,)
            Of every member.
        """
        given = {name: np.asarray(scores[name], dtype=np.float32) for name in self.members}
        if self.sieve is None:
            return Judgement(given, {}, headline_of_classes(given), None)
        verdicts = self.sieve.decide(given)
        headline = headline_of_rule(self.sieve.rules[self.sieve.rule], given, self.sieve.jury)
        return Judgement(given, verdicts, headline, verdicts[self.sieve.rule])

    def score_member(self, member: str, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score images with one member alone, all at once.

        Parameters
        ----------
        member : str
            One of `members`.
        images : ndarray, shape (N, C, H, W), float32
            As the contract describes them.

        Returns
        -------
        ndarray, shape (N,), float32
        """
        self.contract.check(images)
        if self.sieve is None:
            return self._score_classes(images)[member]
        scores: NDArray[np.float32] = self._engines[member](np.ascontiguousarray(images))
        return scores

    def deciding_member(self, scores: Mapping[str, float]) -> str:
        """Return the member that made the headline score of one candidate.

        Parameters
        ----------
        scores : mapping of str to float
            Of every member.
        """
        if self.sieve is None:
            return max(self.members, key=lambda name: scores[name])
        return deciding_member(self.sieve.rules[self.sieve.rule], scores, self.sieve.jury)

    def _score_classes(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Score with a model of more than two classes."""
        scores = _one_by_one(self._engines[""], images, (len(self.members),))
        return dict(zip(self.members, scores.T, strict=True))


def open_place(place: str | Path, *, engine: str = "onnxruntime", precision: str = "float32") -> OpenedScorer:
    """Open the folder of a model or a sieve, or what is shipped under the name.

    Raises
    ------
    ModelError
        If it is neither, or damaged.
    """
    return OpenedScorer(load_model_or_sieve(place), engine=engine, precision=precision)


def _one_by_one(run: Engine, images: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Score each image alone: rows of a larger matrix product may be summed in another order.

    Small networks lose no time by it, since what is computed on stays in the processor's cache.
    """
    scores = np.empty((len(images), *shape), dtype=np.float32)
    for number in range(len(images)):
        scores[number] = run(np.ascontiguousarray(images[number : number + 1]))[0]
    return scores
