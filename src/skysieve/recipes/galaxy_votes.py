"""Predicted probabilities against the votes of people, above all where these do not agree.

A network that learns only from galaxies on which 95 % of the people agree has never been told what the others
are. Whether its probabilities mean anything there can be asked of the votes that the cut left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.recipes.run import TrainingRun
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.votes import VOTES_PREFIX

__all__ = ["VoteAgreement", "below_the_cut", "vote_agreement", "votes_of"]

#: Bins of as many galaxies each, in which predicted and human shares are compared.
BINS = 8

Float = NDArray[np.float64]


@dataclass(frozen=True)
class VoteAgreement:
    """How predicted shares of the votes compare with those of the people, class by class.

    Parameters
    ----------
    galaxies : int
        How many were compared.
    rmse, correlation, calibration : dict of str to Interval
        By class: root mean square difference; Pearson's correlation; mean absolute difference of the
        means in eight bins of predicted share.
    rmse_of_a_constant : dict of str to float
        What predicting the mean share would give.
    rmse_of_the_votes_themselves : dict of str to float
        What a perfect predictor would have, because a share of few votes scatters by itself; NaN where
        only shares are known.
    """

    galaxies: int
    rmse: dict[str, Interval]
    correlation: dict[str, Interval]
    calibration: dict[str, Interval]
    rmse_of_a_constant: dict[str, float]
    rmse_of_the_votes_themselves: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the figures by class, JSON-ready but for NaN."""
        return {
            name: {
                "rmse": self.rmse[name].to_json(),
                "correlation": self.correlation[name].to_json(),
                "calibration": self.calibration[name].to_json(),
                "rmse_of_a_constant": self.rmse_of_a_constant[name],
                "rmse_of_the_votes_themselves": self.rmse_of_the_votes_themselves[name],
            }
            for name in self.rmse
        }

    def __str__(self) -> str:
        lines = [
            f"{name}: RMSE {self.rmse[name]} (of a constant {self.rmse_of_a_constant[name]:.4f}, of the "
            f"votes themselves {self.rmse_of_the_votes_themselves[name]:.4f}), correlation "
            f"{self.correlation[name]}, calibration {self.calibration[name]}"
            for name in self.rmse
        ]
        return "\n".join(lines)


def vote_agreement(
    scores: Float,
    votes: Float,
    groups: NDArray[Any],
    classes: tuple[str, ...],
    *,
    replicates: int = 500,
    seed: int = 1,
) -> VoteAgreement:
    """Compare predicted probabilities with votes.

    Parameters
    ----------
    scores : ndarray, shape (N, K)
        Predicted probabilities.
    votes : ndarray, shape (N, K)
        Whole numbers of votes, or shares that sum to one.
    groups : ndarray, shape (N,)
        For the bootstrap.
    classes : tuple of str
        Names of the K classes.
    replicates, seed : int
        Of the bootstrap.

    Raises
    ------
    SampleSetError
        If shapes differ, or a galaxy has no votes.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> shares = generator.dirichlet([2, 2], 300)
    >>> votes = np.array([generator.multinomial(40, each) for each in shares], dtype=float)
    >>> found = vote_agreement(shares, votes, np.arange(300), ("smooth", "featured"))
    >>> round(found.rmse["smooth"].value, 1), round(found.rmse_of_the_votes_themselves["smooth"], 1)
    (0.1, 0.1)
    """
    if scores.shape != votes.shape or scores.shape[1:] != (len(classes),):
        raise SampleSetError(
            f"found scores of shape {scores.shape} and votes of shape {votes.shape}, expected both (N, "
            f"{len(classes)}) for the classes {', '.join(classes)}"
        )
    if not (votes.sum(1) > 0).all():
        row = int((~(votes.sum(1) > 0)).argmax())
        raise SampleSetError(f"the galaxy in row {row} has no votes; leave it out")
    found = bootstrap_intervals(_figures, scores, votes, groups=groups, replicates=replicates, seed=seed)
    by_figure = {
        figure: {name: found[f"{figure} {number}"] for number, name in enumerate(classes)}
        for figure in ("rmse", "correlation", "calibration")
    }
    shares = votes / votes.sum(1, keepdims=True)
    return VoteAgreement(
        galaxies=len(votes),
        rmse_of_a_constant=dict(zip(classes, shares.std(0).tolist(), strict=True)),
        rmse_of_the_votes_themselves=dict(zip(classes, _noise(votes).tolist(), strict=True)),
        **by_figure,
    )


def below_the_cut(run: TrainingRun, *, replicates: int = 500, seed: int = 1) -> VoteAgreement:
    """Compare the probabilities of a trained model with the votes on galaxies without a label.

    The cut left them out: none of them was learned from, and none chose anything.

    Parameters
    ----------
    run : TrainingRun
        Of samples with columns ``votes_<class>``, trained on classes.
    replicates, seed : int
        Of the bootstrap.

    Raises
    ------
    SampleSetError
        If the samples have no columns of votes, no sample with votes is without a label, or votes were
        learned from: then there is no cut.
    """
    samples = run.split.samples
    settings = run.model.description.provenance["configuration"]
    if settings["training"]["loss"] != "cross-entropy":
        raise SampleSetError(
            f"the loss of this run is {settings['training']['loss']!r}: it has learned from the votes of "
            "galaxies without a label; judge it on samples that it has not seen"
        )
    votes = votes_of(samples)
    rows = np.flatnonzero((samples.labels < 0) & (np.nan_to_num(votes).sum(1) > 0) & run.split.usable)
    if not len(rows):
        raise SampleSetError(
            f"none of {len(samples)} samples has votes but no label; prepare the samples with a higher cut "
            "(--set labels.votes.cut=0.95)"
        )
    scores = run.scores
    if scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    return vote_agreement(
        np.asarray(scores[rows], dtype=np.float64),
        votes[rows],
        samples.groups[rows],
        samples.classes,
        replicates=replicates,
        seed=seed,
    )


def votes_of(samples: SampleSet) -> Float:
    """Return the votes of every sample, shape (N, K); NaN where there are none.

    Raises
    ------
    SampleSetError
        If a column ``votes_<class>`` is missing.
    """
    wanted = [VOTES_PREFIX + name for name in samples.classes]
    if missing := [name for name in wanted if name not in samples.column_names]:
        raise SampleSetError(
            f"the samples have no column {missing[0]!r}; make the set from votes (labels.votes.columns)"
        )
    return np.stack([samples.scalar(name).astype(np.float64) for name in wanted], axis=1)


def _figures(scores: Float, votes: Float) -> dict[str, float]:
    shares = votes / votes.sum(1, keepdims=True)
    found: dict[str, float] = {}
    for number in range(votes.shape[1]):
        guess, truth = scores[:, number], shares[:, number]
        varied = min(guess.std(), truth.std()) > 1e-9
        found[f"rmse {number}"] = float(np.sqrt(np.mean((guess - truth) ** 2)))
        found[f"correlation {number}"] = float(np.corrcoef(guess, truth)[0, 1]) if varied else float("nan")
        found[f"calibration {number}"] = _calibration_error(guess, truth)
    return found


def _calibration_error(guess: Float, truth: Float) -> float:
    order = np.array_split(np.argsort(guess, kind="stable"), min(BINS, len(guess)))
    return float(np.mean([abs(guess[rows].mean() - truth[rows].mean()) for rows in order]))


def _noise(votes: Float) -> Float:
    """Return the scatter of shares that are known from few votes, shape (K,)."""
    count = votes.sum(1, keepdims=True)
    if (votes != np.rint(votes)).any() or (count < 2).any():
        return np.full(votes.shape[1], np.nan)
    shares = votes / count
    # Of n votes the variance is estimated without bias by p (1 - p) / (n - 1).
    return np.asarray(np.sqrt((shares * (1 - shares) / (count - 1)).mean(0)))
