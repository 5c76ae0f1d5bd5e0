"""How far two sets of samples lie apart: by the scores of a classifier, and by what it makes of them.

Every distance comes with what it is when there is no shift: samples (or groups of them) change sides at
random, and the distance is taken again. A distance of two finite sets is never nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups
from skysieve.evaluation.shift_by_chance import Shift, with_null

__all__ = [
    "embedding_shift",
    "frechet_distance",
    "gaussian_frechet_distance",
    "ks_statistic",
    "maximum_mean_discrepancy",
    "population_stability_index",
    "score_shift",
    "source_target_auc",
    "wasserstein_distance",
]

#: Principal axes that embeddings are brought to: a covariance of more needs more samples than there are.
AXES = 16

#: Samples of either side at most for distances between all pairs.
PAIRED = 1000


def ks_statistic(source: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Return the largest difference of the two cumulative distributions (Kolmogorov and Smirnov).

    Examples
    --------
    >>> ks_statistic([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]) < 0.34
    True
    """
    return float(stats.ks_2samp(_values(source), _values(target), method="asymp").statistic)


def wasserstein_distance(source: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Return how far scores have to be moved on average to make one distribution of the other.

    Examples
    --------
    >>> round(wasserstein_distance([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]), 6)
    0.1
    """
    return float(stats.wasserstein_distance(_values(source), _values(target)))


def population_stability_index(source: npt.ArrayLike, target: npt.ArrayLike, *, bins: int = 10) -> float:
    """Return Σ (p - q) ln (p / q) over bins that hold as many source samples each.

    By custom up to 0.1 counts as stable and from 0.25 on as shifted. Half a sample is added to every bin, so
    that none is empty; equal scores share a bin.

    Parameters
    ----------
    source, target : array_like, shape (N,), (M,)
        Scores; bins are quantiles of the first.
    bins : int
        At most so many, 2 or more.
    """
    if bins < 2:
        raise ConfigurationError(f"bins is 2 or more, found {bins}")
    first, second = _values(source), _values(target)
    edges = np.unique(np.quantile(first, np.linspace(0, 1, bins + 1)[1:-1]))
    shares = []
    for values in (first, second):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


def gaussian_frechet_distance(
    mean_1: npt.ArrayLike, covariance_1: npt.ArrayLike, mean_2: npt.ArrayLike, covariance_2: npt.ArrayLike
) -> float:
    """Return the squared Fréchet distance of two normal distributions.

    ``|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½)``, by eigenvalues: covariances may be
    singular.

    Parameters
    ----------
    mean_1, mean_2 : array_like, shape (D,)
        Means.
    covariance_1, covariance_2 : array_like, shape (D, D)
        Covariances.

    References
    ----------
    Dowson & Landau 1982, Journal of Multivariate Analysis 12, 450.

    Examples
    --------
    >>> round(gaussian_frechet_distance([0, 0], np.eye(2), [3, 4], 4 * np.eye(2)), 6)
    27.0
    """
    first, second = (
        np.atleast_2d(np.asarray(each, dtype=np.float64)) for each in (covariance_1, covariance_2)
    )
    apart = np.asarray(mean_1, dtype=np.float64) - np.asarray(mean_2, dtype=np.float64)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    # Rounding must not make a distance negative.
    return float(max(apart @ apart + np.trace(first) + np.trace(second) - 2 * cross, 0.0))


def frechet_distance(source: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Return the squared Fréchet distance of the normal distributions that fit two sets.

    Parameters
    ----------
    source, target : array_like, shape (N, D), (M, D)
        Embeddings; two of each at least.
    """
    first, second = _vectors(source), _vectors(target)
    return gaussian_frechet_distance(
        first.mean(0), np.cov(first, rowvar=False), second.mean(0), np.cov(second, rowvar=False)
    )


def maximum_mean_discrepancy(
    source: npt.ArrayLike, target: npt.ArrayLike, *, bandwidth: float | None = None
) -> float:
    """Return the squared maximum mean discrepancy with a Gaussian kernel, without bias.

    It is near zero without a shift, and then as often below as above.

    Parameters
    ----------
    source, target : array_like, shape (N, D), (M, D)
        Embeddings; two of each at least.
    bandwidth : float, optional
        Of exp(-d² / 2 h²); the median distance of all pairs if not given.

    References
    ----------
    Gretton et al. 2012, JMLR 13, 723 (lemma 6).
    """
    first, second = _vectors(source), _vectors(target)
    kernel = _kernel(np.concatenate([first, second]), bandwidth)
    return _discrepancy(kernel, np.arange(len(first) + len(second)) < len(first))


def source_target_auc(
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    folds: int = 5,
    seed: int = 1,
) -> float:
    """Return how well a linear classifier tells source from target: the ROC AUC in cross-validation.

    0.5 is no shift that a logistic regression can see, 1 is two sets without overlap. A chance value may
    lie below 0.5.

    Parameters
    ----------
    source, target : array_like, shape (N, D), (M, D)
        Embeddings.
    groups : array_like, shape (N + M,), optional
        What must not be torn apart by folds; every sample its own if not given.
    folds : int
        Of the cross-validation.
    seed : int
        Of the folds.
    """
    first, second = _vectors(source), _vectors(target)
    both = np.concatenate([first, second])
    side = (np.arange(len(both)) >= len(first)).astype(np.int64)
    return _sides_auc(both, side, _codes(groups, len(both)), folds, seed)


def score_shift(
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    permutations: int = 200,
    seed: int = 1,
) -> dict[str, Shift]:
    """Return how far the scores of two sets lie apart, whatever the classes of the samples.

    Parameters
    ----------
    source, target : array_like, shape (N,), (M,)
        Scores.
    groups : array_like, shape (N + M,), optional
        Groups, sources first; every sample its own if not given.
    permutations, seed : int
        As of `with_null`.

    Returns
    -------
    dict of str to Shift
        ``ks``, ``wasserstein``, ``psi``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = score_shift(rng.uniform(size=200), rng.uniform(size=200) ** 2)
    >>> found["ks"].p_value < 0.01
    True
    """
    both = np.concatenate([first := _values(source), _values(target)])
    asked: Mapping[str, Callable[[FloatArray, FloatArray], float]] = {
        "ks": ks_statistic,
        "wasserstein": wasserstein_distance,
        "psi": population_stability_index,
    }
    return {
        name: with_null(
            lambda near, far, of=of: of(both[near], both[far]),  # type: ignore[misc]
            _codes(groups, len(both)),
            len(first),
            permutations=permutations,
            seed=seed,
        )
        for name, of in asked.items()
    }


def embedding_shift(
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    permutations: int = 50,
    seed: int = 1,
) -> dict[str, Shift]:
    """Return how far the embeddings of two sets lie apart.

    Embeddings are first brought to their 16 principal axes, by the mean and covariance of both sets
    together, and to a variance of one for all axes together, so that networks whose embeddings are of
    another scale can be compared. At most 1000 samples of either side are looked at.

    Parameters
    ----------
    source, target : array_like, shape (N, D), (M, D)
        Embeddings.
    groups, permutations, seed
        As of `score_shift`.

    Returns
    -------
    dict of str to Shift
        ``frechet``, ``mmd`` and ``auc`` of a classifier of source against target.
    """
    first, second = _vectors(source), _vectors(target)
    codes = _codes(groups, len(first) + len(second))
    rng = np.random.default_rng(seed)
    kept = [
        offset + np.sort(rng.permutation(len(each))[:PAIRED])
        for each, offset in ((first, 0), (second, len(first)))
    ]
    rows = np.concatenate(kept)
    both, codes, sources = _on_axes(np.concatenate([first, second])[rows]), codes[rows], len(kept[0])
    kernel = _kernel(both, None)
    everywhere = np.arange(len(both))

    def discrepancy(near: IntArray, _: IntArray) -> float:
        return _discrepancy(kernel, np.isin(everywhere, near))

    def told_apart(near: IntArray, _: IntArray) -> float:
        return _sides_auc(both, (~np.isin(everywhere, near)).astype(np.int64), codes, 5, seed)

    asked: dict[str, Callable[[IntArray, IntArray], float]] = {
        "frechet": lambda near, far: frechet_distance(both[near], both[far]),
        "mmd": discrepancy,
        "auc": told_apart,
    }
    return {
        name: with_null(distance, codes, sources, permutations=permutations, seed=seed)
        for name, distance in asked.items()
    }


def _codes(groups: npt.ArrayLike | None, count: int) -> IntArray:
    """Return the group of every sample as a number; every sample its own if there are none."""
    return np.arange(count) if groups is None else check_groups(groups, count)


def _values(array: npt.ArrayLike) -> FloatArray:
    values = np.asarray(array, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise SampleSetError(f"scores of shape {values.shape}; expected finite numbers, one a sample")
    return values


def _vectors(array: npt.ArrayLike) -> FloatArray:
    vectors = np.asarray(array, dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) < 2 or not np.isfinite(vectors).all():
        raise SampleSetError(
            f"embeddings of shape {vectors.shape}; expected finite (N, D) of 2 samples or more"
        )
    return vectors


def _on_axes(vectors: FloatArray) -> FloatArray:
    """Bring vectors to their first principal axes, with a mean square length of one."""
    centred = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes[:AXES].T
    length = np.sqrt((turned**2).sum(1).mean())
    scaled: FloatArray = turned / length if length > 0 else turned
    return scaled


def _kernel(vectors: FloatArray, bandwidth: float | None) -> FloatArray:
    squares = cdist(vectors, vectors, "sqeuclidean")
    if bandwidth is None:
        bandwidth = float(np.sqrt(np.median(squares[np.triu_indices(len(squares), 1)]))) or 1.0
    kernel: FloatArray = np.exp(-squares / (2 * bandwidth**2))
    return kernel


def _discrepancy(kernel: FloatArray, near: npt.NDArray[np.bool_]) -> float:
    one, other = near.astype(np.float64), (~near).astype(np.float64)
    n, m = one.sum(), other.sum()
    towards_one, towards_other = kernel @ one, kernel @ other
    # A sample is no pair with itself: its kernel of 1 is left out.
    within = (one @ towards_one - n) / (n * (n - 1)) + (other @ towards_other - m) / (m * (m - 1))
    return float(within - 2 * (one @ towards_other) / (n * m))


def _sides_auc(vectors: FloatArray, side: IntArray, codes: IntArray, folds: int, seed: int) -> float:
    smallest = min(len(np.unique(codes[side == each])) for each in (0, 1))
    if smallest < 2:
        raise SampleSetError("source and target need two groups each to be told apart")
    splitter = StratifiedGroupKFold(min(folds, smallest), shuffle=True, random_state=seed)
    areas = []
    for learned, judged in splitter.split(vectors, side, codes):
        if min(len(np.unique(side[rows])) for rows in (learned, judged)) < 2:
            continue
        centre, spread = vectors[learned].mean(0), vectors[learned].std(0)
        scaled = (vectors - centre) / np.where(spread > 0, spread, 1.0)
        # A penalty keeps it from learning a few samples by heart.
        classifier = LogisticRegression(C=0.1, max_iter=500).fit(scaled[learned], side[learned])
        areas.append(roc_auc_score(side[judged], classifier.decision_function(scaled[judged])))
    return float(np.mean(areas)) if areas else float("nan")
