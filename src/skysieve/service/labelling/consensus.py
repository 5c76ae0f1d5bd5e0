"""What many people's votes add up to: by majority, or by how far each of them can be trusted.

Dawid & Skene 1979, Appl. Stat. 28, 20: every item has a true class, every person a table of how often they
call a true class what; the two are estimated in turn until they fit. Items of which the truth is known
(gold) teach the tables and are never voted over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError
from skysieve.service.labelling.votes import Votes

__all__ = ["METHODS", "Consensus", "consensus", "dawid_skene", "majority"]

#: Ways to a consensus.
METHODS = ("majority", "dawid-skene")

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the votes add up to.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    items : tuple of int
        The items.
    classes : tuple of str
        The words.
    value : ndarray of int64, shape (items,)
        Class of each item; -1 where nobody voted, or two classes are as likely.
    probabilities : ndarray, shape (items, classes)
        How likely each class is; of the majority the share of votes. NaN where nobody voted.
    votes : ndarray of int64, shape (items,)
        Votes on each.
    raters : tuple of int
        The people.
    confusion : ndarray, shape (raters, classes, classes)
        How often a person calls what is truly of the class in the row what stands in the column; of the
        majority, with the majority as the truth. Rows that nothing is known of are NaN.
    prior : ndarray, shape (classes,)
        Share of each class among the items.
    iterations : int
        Rounds of estimation; 0 for the majority.
    converged : bool
        Whether the last round changed nothing that matters.
    """

    method: str
    items: tuple[int, ...]
    classes: tuple[str, ...]
    value: NDArray[np.int64]
    probabilities: FloatArray
    votes: NDArray[np.int64]
    raters: tuple[int, ...]
    confusion: FloatArray
    prior: FloatArray
    iterations: int
    converged: bool

    @property
    def probability(self) -> FloatArray:
        """Return how likely the class of each item is, shape (items,); NaN where there is none."""
        best = np.take_along_axis(self.probabilities, np.maximum(self.value, 0)[:, None], axis=1)[:, 0]
        return np.where(self.value < 0, np.nan, best)


def consensus(votes: Votes, method: str, gold: Mapping[int, str] | None = None) -> Consensus:
    """Return the consensus by one of `METHODS`.

    Raises
    ------
    ConfigurationError
        If there is no such method.
    """
    if method == "majority":
        return majority(votes, gold)
    if method == "dawid-skene":
        return dawid_skene(votes, gold)
    raise ConfigurationError(f"no consensus is called {method!r}; known are: {', '.join(METHODS)}")


def majority(votes: Votes, gold: Mapping[int, str] | None = None) -> Consensus:
    """Return what most say of each item; of gold items what is known.

    Parameters
    ----------
    votes : Votes
        The votes.
    gold : mapping of int to str, optional
        Known class by item.

    Examples
    --------
    >>> from skysieve.service.labelling.votes import votes_from
    >>> said = votes_from([(1, 1, "real"), (1, 2, "real"), (1, 3, "bogus"), (2, 1, "real"), (2, 2, "bogus")],
    ...                   ("bogus", "real"))
    >>> found = majority(said)
    >>> found.value.tolist(), found.probabilities.round(2).tolist()
    ([1, -1], [[0.33, 0.67], [0.5, 0.5]])
    """
    known = _gold(votes, gold)
    counts = votes.counts().astype(np.float64)
    shares = _shares(counts)
    shares[known >= 0] = np.eye(len(votes.classes))[known[known >= 0]]
    value = _best(shares)
    truth = np.where(value[:, None] < 0, 0.0, np.eye(len(votes.classes))[value])
    decided = truth.sum(axis=0)
    prior = decided / decided.sum() if decided.sum() else np.full(len(votes.classes), np.nan)
    confusion = _shares(_said_of(votes, truth))
    return _made("majority", votes, value, shares, confusion, prior, 0, True)


def dawid_skene(
    votes: Votes,
    gold: Mapping[int, str] | None = None,
    *,
    smoothing: float = 0.5,
    trust: float = 2.0,
    most_iterations: int = 500,
    tolerance: float = 1e-6,
) -> Consensus:
    """Return the most likely classes of items, and how far each person can be trusted.

    It begins with the majority, and with the gold items where there are any, and keeps the likelier end.
    There is no chance in it: the same votes give the same answer.

    Parameters
    ----------
    votes : Votes
        The votes; people may have left items out.
    gold : mapping of int to str, optional
        Known class by item; it is kept, and does not count for the shares of the classes, since nobody
        drew the gold items by chance.
    smoothing : float
        Made-up votes in each cell of each person's table and for each class, positive: whoever said little
        is neither believed nor disbelieved beyond doubt.
    trust : float
        Made-up right votes of each person for each class beside these: before anything is known, people
        are more often right than wrong. Without it two people alone, or a class that nobody names, can
        stand for anything.
    most_iterations : int
        Rounds at the most.
    tolerance : float
        It has converged when no probability changes by more than that.

    Raises
    ------
    InputError
        ``bad-class`` if a gold item has a class that does not exist.
    ConfigurationError
        If the smoothing is not positive.
    """
    if not smoothing > 0 or not trust >= 0:
        raise ConfigurationError(
            f"smoothing is a positive number of votes and trust not a negative one, found {smoothing} and "
            f"{trust}"
        )
    known = _gold(votes, gold)
    made_up = smoothing + trust * np.eye(len(votes.classes))
    fits = [
        _fit(votes, known, start, made_up, most_iterations, tolerance)
        for start in _starts(votes, known, made_up)
    ]
    best = max(fits, key=lambda each: each.likelihood)
    heard = (votes.counts().sum(axis=1) > 0) | (known >= 0)
    probabilities = np.where(heard[:, None], best.truth, np.nan)
    value = _best(probabilities)
    return _made(
        "dawid-skene",
        votes,
        value,
        probabilities,
        best.confusion,
        best.prior,
        best.iterations,
        best.converged,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    truth: FloatArray
    confusion: FloatArray
    prior: FloatArray
    iterations: int
    converged: bool
    likelihood: float


def _starts(votes: Votes, known: NDArray[np.int64], made_up: FloatArray) -> list[FloatArray]:
    """Return where to begin: the majority; and what the tables of the gold items alone make of the votes.

    The estimate climbs to the nearest top. Where most people are wrong, that of the majority is a wrong one.
    """
    size = len(votes.classes)
    shares = np.nan_to_num(_shares(votes.counts().astype(np.float64)))
    if not (known >= 0).any():
        return [shares]
    gold = np.where(known[:, None] < 0, 0.0, np.eye(size)[known])
    confusion = _shares(_said_of(votes, gold) + made_up)
    return [shares, _posterior(votes, confusion, np.full(size, 1 / size))]


def _fit(
    votes: Votes,
    known: NDArray[np.int64],
    start: FloatArray,
    made_up: FloatArray,
    most_iterations: int,
    tolerance: float,
) -> _Fit:
    fixed, voted = known >= 0, votes.counts().sum(axis=1) > 0
    truth, free = start.copy(), voted & ~fixed
    truth[fixed] = np.eye(len(votes.classes))[known[fixed]]
    confusion, prior = _estimate(votes, truth, free, made_up)
    converged, iterations = False, 0
    while iterations < most_iterations and not converged:
        iterations += 1
        before = truth.copy()
        truth[free] = _posterior(votes, confusion, prior)[free]
        confusion, prior = _estimate(votes, truth, free, made_up)
        converged = bool(np.abs(truth - before).max(initial=0.0) <= tolerance)
    likelihood = _likelihood(votes, known, confusion, prior, made_up)
    return _Fit(truth, confusion, prior, iterations, converged, likelihood)


def _likelihood(
    votes: Votes, known: NDArray[np.int64], confusion: FloatArray, prior: FloatArray, made_up: FloatArray
) -> float:
    """Return the logarithm of what the estimate makes as large as it can."""
    logs = _joint(votes, confusion, prior)
    fixed = known >= 0
    # A gold item was not drawn: its class has no share to be multiplied with.
    of_gold = logs[fixed, known[fixed]] - np.log(prior)[known[fixed]]
    of_rest = np.logaddexp.reduce(logs[~fixed], axis=1)
    of_made_up = (made_up * np.log(confusion)).sum() + made_up.min() * np.log(prior).sum()
    return float(of_gold.sum() + of_rest.sum() + of_made_up)


def _made(
    method: str,
    votes: Votes,
    value: NDArray[np.int64],
    probabilities: FloatArray,
    confusion: FloatArray,
    prior: FloatArray,
    iterations: int,
    converged: bool,
) -> Consensus:
    number = votes.counts().sum(axis=1)
    return Consensus(
        method,
        votes.items,
        votes.classes,
        value,
        probabilities,
        number,
        votes.raters,
        confusion,
        prior,
        iterations,
        converged,
    )


def _gold(votes: Votes, gold: Mapping[int, str] | None) -> NDArray[np.int64]:
    """Return the known class of every item, -1 where there is none."""
    known = np.full(len(votes.items), -1, dtype=np.int64)
    at = {item: number for number, item in enumerate(votes.items)}
    for item, name in (gold or {}).items():
        if name not in votes.classes:
            reason = f"the gold item is called {name!r}, none of {', '.join(votes.classes)}"
            raise InputError(str(item), "bad-class", reason)
        if item in at:
            known[at[item]] = votes.classes.index(name)
    return known


def _shares(counts: FloatArray) -> FloatArray:
    """Return counts over their sum along the last axis; NaN where there are none."""
    total = counts.sum(axis=-1, keepdims=True)
    shares: FloatArray = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    return shares


def _best(probabilities: FloatArray) -> NDArray[np.int64]:
    """Return the likeliest class of each row; -1 where two are as likely, or nothing is known."""
    filled = np.nan_to_num(probabilities, nan=0.0)
    best = filled.argmax(axis=1)
    top = filled.max(axis=1, keepdims=True)
    ties = (filled >= top - 1e-9).sum(axis=1) > 1
    return np.where(ties, -1, best).astype(np.int64)


def _said_of(votes: Votes, truth: FloatArray) -> FloatArray:
    """Return how often each person called each true class what, shape (raters, classes, classes)."""
    size = len(votes.classes)
    cell, cells = votes.rater * size + votes.value, len(votes.raters) * size
    # Counting bins class by class is ten times as fast as adding at indices.
    by_class = [np.bincount(cell, weights=truth[votes.item, k], minlength=cells) for k in range(size)]
    shape = (len(votes.raters), size, size)
    said: FloatArray = np.asarray(np.stack(by_class, axis=1), np.float64).reshape(shape).transpose(0, 2, 1)
    return said


def _estimate(
    votes: Votes, truth: FloatArray, free: NDArray[np.bool_], made_up: FloatArray
) -> tuple[FloatArray, FloatArray]:
    confusion = _shares(_said_of(votes, truth) + made_up)
    prior: FloatArray = truth[free].sum(axis=0) + made_up.min()
    return confusion, prior / prior.sum()


def _posterior(votes: Votes, confusion: FloatArray, prior: FloatArray) -> FloatArray:
    logs = _joint(votes, confusion, prior)
    return _shares(np.exp(logs - logs.max(axis=1, keepdims=True)))


def _joint(votes: Votes, confusion: FloatArray, prior: FloatArray) -> FloatArray:
    """Return the logarithm of the probability of each class with all votes, shape (items, classes)."""
    # In logarithms: the product over a hundred votes would vanish.
    of_vote = np.log(confusion)[votes.rater, :, votes.value]
    items = len(votes.items)
    summed = [np.bincount(votes.item, weights=each, minlength=items) for each in of_vote.T]
    joint: FloatArray = np.asarray(np.stack(summed, axis=1), np.float64) + np.log(prior)
    return joint
