"""Robust principal components: a matrix as the sum of one of low rank and a sparse one, with gaps.

Two ways. Alternating projections (Netrapalli et al. 2014) are told the rank, and cost two products of
matrices an iteration. Principal component pursuit (Candès et al. 2011) finds the rank, by the inexact
augmented Lagrangian method of Lin, Chen & Ma 2010. What is missing is taken from the present estimate of
low rank in the first, and left free in the second; both return it in ``low_rank``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import ConfigurationError

__all__ = ["LowRank", "alternating_projections", "principal_component_pursuit"]

Matrix = NDArray[np.float64]

GROWTH = 1.2
"""Of the weight of the constraint in an iteration of the pursuit; slower is more exact."""

UNEXPLAINED = 0.1
"""A stage before the last ends when it has settled to this part of the next singular value."""


@dataclass(frozen=True, eq=False)
class LowRank:
    """A decomposition, matrix = low_rank + sparse where the matrix was seen.

    Parameters
    ----------
    low_rank : ndarray, shape (m, n)
        Also where nothing was seen.
    sparse : ndarray, shape (m, n)
        0 where nothing was seen.
    rank : int
        Of ``low_rank``.
    iterations : int
        That it took.
    residual : float
        Norm of matrix - low_rank - sparse over that of the matrix, on what was seen. Alternating
        projections leave what is below their last threshold there.
    converged : bool
        Whether the tolerance was reached before the iterations ended.
    """

    low_rank: Matrix
    sparse: Matrix
    rank: int
    iterations: int
    residual: float
    converged: bool


def alternating_projections(
    matrix: ArrayLike,
    rank: int,
    *,
    seen: ArrayLike | None = None,
    threshold: float | None = None,
    decay: float = 0.7,
    tolerance: float = 1e-7,
    iterations: int = 200,
) -> LowRank:
    """Separate a sparse matrix from one of known rank by non-convex alternating projections.

    The part of low rank has to be spread over rows and columns, as the paper supposes: in a row or column
    whose entries stand out by far, some may be taken for sparse ones for good, whatever ``converged`` says.

    Stage k = 1 ... rank alternates between the best matrix of rank k and hard thresholding of what is
    left at ``threshold · (σ[k + 1] + decay**t · σ[k])``, t counting the iterations of the stage.

    Parameters
    ----------
    matrix : array_like, shape (m, n)
        NaN where nothing was seen.
    rank : int
        Of the part of low rank, from 1 to below min(m, n).
    seen : array_like of bool, shape (m, n), optional
        False where an entry is missing, whatever stands there.
    threshold : float, optional
        β; 4 rank / √(mn) if left out, which is that of the paper for an incoherence of 1.
    decay : float
        How fast the threshold falls, below 1. The paper has 0.5, which is too fast where a fifth is
        missing: entries of low rank that are not yet explained are then taken for sparse ones for good.
    tolerance : float
        The last stage ends when both the threshold and the change of the estimate are below this part
        of the matrix.
    iterations : int
        Of a stage, at most.

    Raises
    ------
    ConfigurationError
        If the matrix has no finite entry, or there is no such rank.

    References
    ----------
    Netrapalli, Niranjan, Sanghavi, Anandkumar & Jain 2014, arXiv:1410.7660.

    Examples
    --------
    >>> planted = np.outer(np.arange(1.0, 21), np.ones(30))
    >>> corrupted = planted.copy()
    >>> corrupted[3, 4], corrupted[5, 6] = 99.0, np.nan
    >>> found = alternating_projections(corrupted, rank=1)
    >>> bool(np.allclose(found.low_rank, planted)), round(float(found.sparse[3, 4]), 6)
    (True, 95.0)
    """
    given, known = _given(matrix, seen)
    if not 1 <= rank < min(given.shape):
        raise ConfigurationError(
            f"the rank of a matrix of {given.shape} is from 1 to {min(given.shape) - 1}, found {rank}"
        )
    beta = 4 * rank / np.sqrt(given.size) if threshold is None else threshold
    size = _norm(given)
    sparse = _hard(given, beta * _spectrum(given)[0])
    estimate = np.zeros_like(given)
    done, converged = 0, False
    for stage in range(1, rank + 1):
        for step in range(iterations):
            before = estimate
            estimate, kept, left = _best_of_rank(np.where(known, given - sparse, before), stage)
            falling = decay**step * kept
            sparse = np.where(known, _hard(given - estimate, beta * (left + falling)), 0)
            done += 1
            # What the next rank will explain bounds how exact this one can become.
            enough = max(tolerance * size, UNEXPLAINED * left)
            converged = max(falling, _norm(estimate - before)) <= enough
            if converged:
                break
    residual = _norm(np.where(known, given - estimate - sparse, 0)) / max(size, np.finfo(float).tiny)
    return LowRank(estimate, sparse, rank, done, residual, converged)


def principal_component_pursuit(
    matrix: ArrayLike,
    *,
    seen: ArrayLike | None = None,
    weight: float | None = None,
    tolerance: float = 1e-7,
    iterations: int = 1000,
) -> LowRank:
    """Separate a sparse matrix from one of unknown low rank by convex optimisation.

    Minimises the sum of the singular values of L and λ times the sum of the sizes of the entries of S,
    with matrix = L + S where it was seen.

    Parameters
    ----------
    matrix : array_like, shape (m, n)
        NaN where nothing was seen.
    seen : array_like of bool, shape (m, n), optional
        False where an entry is missing, whatever stands there.
    weight : float, optional
        λ; 1 / √(p max(m, n)) if left out, p being the part that was seen.
    tolerance : float
        Of the norm of matrix - L - S over that of the matrix.
    iterations : int
        At most.

    Raises
    ------
    ConfigurationError
        If the matrix has no finite entry.

    References
    ----------
    Candès, Li, Ma & Wright 2011, J. ACM 58, 11; Lin, Chen & Ma 2010, arXiv:1009.5055.

    Examples
    --------
    >>> planted = np.outer(np.arange(1.0, 21), np.ones(30))
    >>> corrupted = planted.copy()
    >>> corrupted[3, 4], corrupted[5, 6] = 99.0, np.nan
    >>> found = principal_component_pursuit(corrupted)
    >>> found.rank, bool(np.allclose(found.low_rank, planted, atol=1e-3))
    (1, True)
    """
    given, known = _given(matrix, seen)
    size = _norm(given)
    lam = 1 / np.sqrt(known.mean() * max(given.shape)) if weight is None else weight
    largest = _spectrum(given)[0]
    estimate, sparse = np.zeros_like(given), np.zeros_like(given)
    if size == 0:
        return LowRank(estimate, sparse, 0, 0, 0.0, True)
    dual = given / max(largest, np.abs(given).max() / lam)
    penalty = 1.25 / largest
    last = penalty * 1e7
    rank, residual, step = 0, 1.0, 0
    while residual > tolerance and step < iterations:
        filled = np.where(known, given - sparse + dual / penalty, estimate)
        estimate, rank = _shrunk(filled, 1 / penalty)
        sparse = np.where(known, _soft(given - estimate + dual / penalty, lam / penalty), 0)
        left = np.where(known, given - estimate - sparse, 0)
        dual += penalty * left
        penalty = min(penalty * GROWTH, last)
        residual = _norm(left) / size
        step += 1
    return LowRank(estimate, sparse, rank, step, residual, residual <= tolerance)


def _given(matrix: ArrayLike, seen: ArrayLike | None) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return the matrix with 0 for what is missing, and what is not."""
    values = np.asarray(matrix, dtype=np.float64)
    known = np.isfinite(values)
    if seen is not None:
        known &= np.asarray(seen, dtype=bool)
    if values.ndim != 2 or not known.any():
        raise ConfigurationError(
            f"expected a matrix with entries that are finite and seen, found the shape {values.shape} "
            f"with {int(known.sum())} of them"
        )
    return np.where(known, values, 0), known


def _norm(matrix: Matrix) -> float:
    return float(np.linalg.norm(matrix))


def _hard(matrix: Matrix, threshold: float) -> Matrix:
    return np.where(np.abs(matrix) > threshold, matrix, 0)


def _soft(matrix: Matrix, threshold: float) -> Matrix:
    return np.sign(matrix) * np.maximum(np.abs(matrix) - threshold, 0)


def _spectrum(matrix: Matrix) -> Matrix:
    return _singular(matrix)[0]


def _singular(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """Return singular values, descending, and the vectors of the shorter side.

    By the eigenvalues of the smaller square: a set of images has far more images than pixels. Values
    below 1e-8 of the largest are noise.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    values, vectors = np.linalg.eigh(wide @ wide.T)
    return np.sqrt(np.maximum(values[::-1], 0)), vectors[:, ::-1]


def _projected(matrix: Matrix, vectors: Matrix, factors: Matrix) -> Matrix:
    """Return the matrix with its singular values multiplied by factors."""
    if matrix.shape[0] <= matrix.shape[1]:
        return np.asarray((vectors * factors) @ (vectors.T @ matrix))
    return np.asarray(((matrix @ vectors) * factors) @ vectors.T)


def _best_of_rank(matrix: Matrix, rank: int) -> tuple[Matrix, float, float]:
    """Return the best approximation, its least singular value, and the next one."""
    values, vectors = _singular(matrix)
    best = _projected(matrix, vectors[:, :rank], np.ones(rank))
    return best, float(values[rank - 1]), float(values[rank])


def _shrunk(matrix: Matrix, threshold: float) -> tuple[Matrix, int]:
    """Return the matrix with its singular values made smaller, and how many are left."""
    values, vectors = _singular(matrix)
    rank = int((values > threshold).sum())
    return _projected(matrix, vectors[:, :rank], 1 - threshold / values[:rank]), rank
