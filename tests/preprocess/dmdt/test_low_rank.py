"""Robust principal components against planted matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.preprocess.dmdt.low_rank import alternating_projections, principal_component_pursuit

Matrix = NDArray[np.float64]


def planted(
    shape: tuple[int, int],
    rank: int,
    *,
    seed: int,
    corrupted: float = 0.05,
    missing: float = 0.2,
    spread: bool = False,
) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
    """Return a matrix of low rank, a sparse one as large as its entries or larger, and what is seen."""
    rng = np.random.default_rng(seed)
    low = _factor(rng, (shape[0], rank), spread) @ _factor(rng, (rank, shape[1]), spread)
    size = rng.choice([-1, 1], shape) * rng.uniform(2, 20, shape)
    sparse = np.where(rng.random(shape) < corrupted, size, 0)
    return low, sparse, rng.random(shape) > missing


def _factor(rng: np.random.Generator, shape: tuple[int, int], spread: bool) -> Matrix:
    """Return a factor; a spread one has no row or column that stands out, as the methods suppose."""
    if spread:
        return rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
    return rng.normal(size=shape)


def difference(found: Matrix, expected: Matrix) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("method", ["projections", "pursuit"])
@pytest.mark.parametrize(("shape", "rank"), [((100, 120), 2), ((150, 90), 4), ((60, 300), 1)])
def test_planted_matrices_are_found_with_a_fifth_missing(
    method: str, shape: tuple[int, int], rank: int
) -> None:
    low, sparse, seen = planted(shape, rank, seed=rank)
    given_ = np.where(seen, low + sparse, np.nan)
    if method == "projections":
        found = alternating_projections(given_, rank)
    else:
        found = principal_component_pursuit(given_)
    assert found.converged
    assert found.rank == rank
    # The missing entries of low rank are found as well as the others.
    assert difference(found.low_rank, low) < 1e-4
    assert difference(found.sparse[seen], sparse[seen]) < 1e-4
    assert not found.sparse[~seen].any()
    assert found.residual < 1e-6


@given(rank=st.integers(1, 3), seed=st.integers(0, 1000), scale=st.sampled_from([1e-4, 1.0, 255.0]))
@settings(max_examples=12, deadline=None)
def test_neither_scale_nor_draw_matters(rank: int, seed: int, scale: float) -> None:
    low, sparse, seen = planted((70, 80), rank, seed=seed, corrupted=0.03, spread=True)
    found = alternating_projections(scale * (low + sparse), rank, seen=seen)
    assert difference(found.low_rank, scale * low) < 1e-4
    assert (
        difference(principal_component_pursuit(scale * (low + sparse), seen=seen).low_rank, scale * low)
        < 1e-4
    )


def test_the_ordinary_principal_component_is_far_off() -> None:
    low, sparse, _ = planted((100, 120), 2, seed=2)
    vectors = np.linalg.svd(low + sparse, full_matrices=False)
    best = (vectors[0][:, :2] * vectors[1][:2]) @ vectors[2][:2]
    assert difference(best, low) > 0.1


@pytest.mark.parametrize(
    "method", [lambda m, **o: alternating_projections(m, 2, **o), principal_component_pursuit]
)
def test_what_stands_where_nothing_was_seen_does_not_matter(method: Any) -> None:
    low, sparse, seen = planted((40, 50), 2, seed=3)
    one = method(np.where(seen, low + sparse, 1e9), seen=seen)
    other = method(np.where(seen, low + sparse, np.nan))
    np.testing.assert_array_equal(one.low_rank, other.low_rank)


def test_a_transposed_matrix_has_transposed_parts() -> None:
    low, sparse, seen = planted((40, 70), 2, seed=4)
    given_ = np.where(seen, low + sparse, np.nan)
    one, other = alternating_projections(given_, 2), alternating_projections(given_.T, 2)
    np.testing.assert_allclose(one.low_rank, other.low_rank.T, atol=1e-6)


def test_a_matrix_of_zeros_has_none() -> None:
    assert principal_component_pursuit(np.zeros((4, 5))).rank == 0
    assert not alternating_projections(np.zeros((4, 5)), 1).low_rank.any()


def test_what_cannot_be_decomposed() -> None:
    with pytest.raises(ConfigurationError, match="from 1 to 3, found 4"):
        alternating_projections(np.eye(4), 4)
    with pytest.raises(ConfigurationError, match="finite and seen"):
        principal_component_pursuit(np.full((3, 3), np.nan))
    with pytest.raises(ConfigurationError, match="finite and seen"):
        principal_component_pursuit(np.ones(3))
