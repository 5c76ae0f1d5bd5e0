"""How little a sample is like those that a network learned from: scores that are large outside.

Two scores read the logits, two the embeddings, which are what goes into the network's last linear layer. None
of them has seen a sample from outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from skysieve.errors import SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_labels, check_scores
from skysieve.evaluation.intervals import Interval, bootstrap_intervals

__all__ = [
    "Mahalanobis",
    "NearestOfTraining",
    "energy_score",
    "max_softmax_score",
    "separation",
    "separation_within",
]

SMALLEST_NORM = 1e-12


def max_softmax_score(logits: npt.ArrayLike) -> FloatArray:
    """Return one minus the largest softmax probability (Hendrycks & Gimpel 2017, arXiv:1610.02136).

    Parameters
    ----------
    logits : array_like, shape (N, K), or (N, 1) for two classes
        Of a network, before calibration.

    Examples
    --------
    >>> max_softmax_score([[0.0], [9.0]]).round(4).tolist()
    [0.5, 0.0001]
    """
    found: FloatArray = 1 - special.softmax(_of_classes(logits), axis=1).max(axis=1)
    return found


def energy_score(logits: npt.ArrayLike) -> FloatArray:
    """Return the free energy, minus the logarithm of the summed exponentials (Liu et al. 2020).

    A single logit z stands for the pair (-z/2, z/2); samples then stand in the same order as by
    `max_softmax_score`, for one number cannot say more.

    Examples
    --------
    >>> energy_score([[0.0, 0.0], [10.0, 0.0]]).round(3).tolist()
    [-0.693, -10.0]
    """
    found: FloatArray = -special.logsumexp(_of_classes(logits), axis=1)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Mahalanobis:
    """Distance to the nearest class, in units of the spread of all (Lee et al. 2018, arXiv:1807.03888).

    Parameters
    ----------
    means : ndarray, shape (K, D)
        Mean embedding of each class that training samples have.
    precision : ndarray, shape (D, D)
        Inverse of the covariance that all classes share, shrunk after Ledoit & Wolf 2004.
    """

    means: FloatArray
    precision: FloatArray

    @classmethod
    def fit(cls, embeddings: npt.ArrayLike, labels: npt.ArrayLike) -> Mahalanobis:
        """Measure means and covariance of training samples.

        Raises
        ------
        SampleSetError
            If there are fewer than two samples, or some are not finite.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> known = Mahalanobis.fit(rng.normal(size=(400, 3)), np.zeros(400, dtype=int))
        >>> known.score([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]).round(0).tolist()
        [0.0, 5.0]
        """
        points = _finite(embeddings)
        classes, which = np.unique(check_labels(labels), return_inverse=True)
        if len(points) < 2 or len(which) != len(points):
            raise SampleSetError(
                f"{len(points)} embeddings with {len(which)} labels; expected 2 or more of each"
            )
        means = np.array([points[which == number].mean(axis=0) for number in range(classes.size)])
        fitted = LedoitWolf(assume_centered=True).fit(points - means[which])
        return cls(means, fitted.precision_)

    def score(self, embeddings: npt.ArrayLike) -> FloatArray:
        """Return the distance of each sample, shape (N,)."""
        points = _finite(embeddings)
        squares = [
            np.einsum("nd,de,ne->n", points - mean, self.precision, points - mean, optimize=True)
            for mean in self.means
        ]
        found: FloatArray = np.sqrt(np.maximum(np.min(squares, axis=0), 0.0))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class NearestOfTraining:
    """Distance to the k-th nearest training sample, of embeddings of unit length (Sun et al. 2022).

    Parameters
    ----------
    k : int
        Which neighbour; fewer where there are fewer training samples.
    index : NearestNeighbors
        The training samples.
    """

    k: int
    index: NearestNeighbors

    @classmethod
    def fit(cls, embeddings: npt.ArrayLike, k: int = 20) -> NearestOfTraining:
        """Keep the training samples.

        Examples
        --------
        >>> known = NearestOfTraining.fit([[1.0, 0.0], [0.0, 1.0]], k=1)
        >>> known.score([[3.0, 0.0], [-1.0, 0.0]]).round(3).tolist()
        [0.0, 1.414]
        """
        points = _unit(_finite(embeddings))
        k = min(k, len(points))
        return cls(k, NearestNeighbors(n_neighbors=k).fit(points))

    def score(self, embeddings: npt.ArrayLike) -> FloatArray:
        """Return the distance of each sample, shape (N,), from 0 to 2."""
        distances, _ = self.index.kneighbors(_unit(_finite(embeddings)))
        found: FloatArray = distances[:, -1]
        return found


def separation(
    inside: npt.ArrayLike,
    outside: npt.ArrayLike,
    *,
    inside_groups: npt.ArrayLike,
    outside_groups: npt.ArrayLike,
    seed: int,
    level: float = 0.95,
    replicates: int = 1000,
) -> dict[str, Interval]:
    """Return how well a score tells samples from outside, with intervals by bootstrap over groups.

    Parameters
    ----------
    inside, outside : array_like, shape (N,) and (M,)
        Scores, large outside.
    inside_groups, outside_groups : array_like, shape (N,) and (M,)
        What must not be resampled apart; a group inside is never the same as one outside.
    seed, level, replicates
        Of the bootstrap.

    Returns
    -------
    dict of str to Interval
        ``auroc``: how often a sample from outside scores above one from inside.
        ``fpr_at_95``: share of the samples inside that are flagged where 95 % of those outside are.

    Examples
    --------
    >>> rng, ids = np.random.default_rng(0), np.arange(300)
    >>> found = separation(
    ...     rng.normal(0, 1, 300), rng.normal(2, 1, 300), inside_groups=ids, outside_groups=ids, seed=1
    ... )
    >>> print(found["auroc"])
    0.9249 [0.9042, 0.9452]
    """
    within, without = np.asarray(inside, dtype=np.float64), np.asarray(outside, dtype=np.float64)
    scores = np.concatenate([check_scores(within, len(within)), check_scores(without, len(without))])
    truth = np.repeat([0, 1], [len(within), len(without)])
    first = check_groups(inside_groups, len(within))
    groups = np.concatenate([first, check_groups(outside_groups, len(without)) + first.max() + 1])
    return separation_within(scores, truth, groups=groups, seed=seed, level=level, replicates=replicates)


def separation_within(
    scores: npt.ArrayLike,
    outside: npt.ArrayLike,
    *,
    groups: npt.ArrayLike,
    seed: int,
    level: float = 0.95,
    replicates: int = 1000,
) -> dict[str, Interval]:
    """Return the same of one set of samples, whose groups may hold samples of both sides.

    What a model gets wrong is of the same objects as what it gets right: a group is drawn with both.

    Parameters
    ----------
    scores : array_like, shape (N,)
        Large outside.
    outside : array_like of bool, shape (N,)
        Which samples are outside, or mistaken.
    groups : array_like, shape (N,)
        What must not be resampled apart.
    seed, level, replicates
        Of the bootstrap.

    Examples
    --------
    >>> found = separation_within([0.1, 0.2, 0.3, 0.9], [0, 0, 1, 1], groups=[0, 1, 0, 1], seed=1)
    >>> found["auroc"].value
    1.0
    """
    truth = np.asarray(outside, dtype=np.int64)
    return bootstrap_intervals(
        _separation,
        truth,
        check_scores(np.asarray(scores, dtype=np.float64), len(truth)),
        groups=groups,
        replicates=replicates,
        level=level,
        seed=seed,
    )


def _separation(truth: IntArray, scores: FloatArray) -> dict[str, float]:
    if truth.min() == truth.max():
        return {"auroc": np.nan, "fpr_at_95": np.nan}
    # Mann & Whitney's U by ranks: a bootstrap asks a thousand times.
    outside, ranks = truth == 1, stats.rankdata(scores)
    m, n = int(outside.sum()), int((~outside).sum())
    above = ranks[outside].sum() - m * (m + 1) / 2
    flagged = np.sort(scores[outside])[m - math.ceil(0.95 * m)]
    return {"auroc": float(above / (m * n)), "fpr_at_95": float((scores[~outside] >= flagged).mean())}


def _of_classes(logits: npt.ArrayLike) -> FloatArray:
    array = np.asarray(logits, dtype=np.float64)
    return np.concatenate([-array / 2, array / 2], axis=1) if array.shape[1] == 1 else array


def _finite(embeddings: npt.ArrayLike) -> FloatArray:
    points = np.asarray(embeddings, dtype=np.float64)
    if points.ndim != 2:
        raise SampleSetError(f"embeddings have the shape {points.shape}; expected (N, D)")
    return check_scores(points, len(points))


def _unit(points: FloatArray) -> FloatArray:
    unit: FloatArray = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), SMALLEST_NORM)
    return unit
