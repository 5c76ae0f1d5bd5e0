"""Distances between two sets: against closed forms, SciPy and plain sums; chance is known for what it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import linalg, stats

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.domain_shift import (
    embedding_shift,
    frechet_distance,
    gaussian_frechet_distance,
    ks_statistic,
    maximum_mean_discrepancy,
    population_stability_index,
    score_shift,
    source_target_auc,
    wasserstein_distance,
)
from skysieve.evaluation.shift_by_chance import with_null

SEEDS = st.integers(0, 1000)


def spread(seed: int, dimensions: int) -> NDArray[np.float64]:
    root = np.random.default_rng(seed).normal(size=(dimensions, dimensions))
    return root @ root.T


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_gaussian_distance_is_that_by_the_root_of_the_product(seed: int, dimensions: int) -> None:
    first, second = spread(seed, dimensions), spread(seed + 1, dimensions)
    apart = np.random.default_rng(seed).normal(size=dimensions)
    cross = linalg.sqrtm(first @ second).real
    expected = apart @ apart + np.trace(first + second - 2 * cross)
    found = gaussian_frechet_distance(apart, first, np.zeros(dimensions), second)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_gaussian_distance_of_diagonal_covariances_has_a_closed_form() -> None:
    first, second = np.array([1.0, 4.0, 0.0]), np.array([9.0, 1.0, 2.0])
    expected = 3 * 0.5**2 + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    found = gaussian_frechet_distance(np.zeros(3), np.diag(first), np.full(3, 0.5), np.diag(second))
    assert found == pytest.approx(expected)


def test_distance_of_samples_nears_that_of_their_distributions() -> None:
    rng = np.random.default_rng(1)
    source, target = rng.normal(0, 1, (20_000, 2)), rng.normal([1, 0], 2, (20_000, 2))
    assert frechet_distance(source, target) == pytest.approx(1 + 2, rel=0.05)


@pytest.mark.parametrize("distance", [frechet_distance, maximum_mean_discrepancy])
def test_a_set_is_next_to_itself(distance: object) -> None:
    same = np.random.default_rng(2).normal(size=(300, 4))
    assert abs(distance(same, same)) < 0.01  # type: ignore[operator]
    assert distance(same, same + 1) > 0.1  # type: ignore[operator]


def test_discrepancy_is_the_unbiased_sum_over_pairs() -> None:
    rng = np.random.default_rng(3)
    source, target, width = rng.normal(size=(7, 2)), rng.normal(1, 1, (5, 2)), 0.8

    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2 * width**2)))

    def within(points: NDArray[np.float64]) -> float:
        pairs = [kernel(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j]
        return float(np.mean(pairs))

    across = np.mean([kernel(a, b) for a in source for b in target])
    expected = within(source) + within(target) - 2 * across
    assert maximum_mean_discrepancy(source, target, bandwidth=width) == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_distances_of_scores_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.uniform(size=30), rng.beta(2, 3, 40)
    assert ks_statistic(source, target) == pytest.approx(stats.ks_2samp(source, target).statistic)
    assert wasserstein_distance(source, target) == pytest.approx(stats.wasserstein_distance(source, target))


def test_stability_index_of_known_shares() -> None:
    source = np.repeat([0.1, 0.9], [500_000, 500_000])
    target = np.repeat([0.1, 0.9], [800_000, 200_000])
    expected = (0.5 - 0.8) * np.log(0.5 / 0.8) + (0.5 - 0.2) * np.log(0.5 / 0.2)
    assert population_stability_index(source, target) == pytest.approx(expected, rel=1e-3)
    assert population_stability_index(source, source) == 0
    with pytest.raises(ConfigurationError, match="bins"):
        population_stability_index(source, target, bins=1)


def test_sides_that_lie_apart_are_told_apart() -> None:
    rng = np.random.default_rng(4)
    source = rng.normal(size=(400, 3))
    # Of two unit normals d apart a linear classifier reaches the area Phi(d / sqrt 2).
    target = rng.normal([1.5, 0, 0], 1, (400, 3))
    assert source_target_auc(source, target) == pytest.approx(stats.norm.cdf(1.5 / np.sqrt(2)), abs=0.03)
    assert source_target_auc(source, rng.normal(size=(400, 3))) == pytest.approx(0.5, abs=0.07)


def test_chance_is_seldom_called_a_shift() -> None:
    p_values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = score_shift(rng.uniform(size=40), rng.uniform(size=60), permutations=39, seed=seed)
        p_values.append(found["ks"].p_value)
    assert np.mean(np.array(p_values) <= 0.05) < 0.15
    assert np.median(p_values) > 0.25


def test_groups_change_sides_as_a_whole() -> None:
    """Copies of ten objects are no ten times as many objects: chance must be judged by objects."""
    rng = np.random.default_rng(5)
    source, target = np.repeat(rng.uniform(size=10), 30), np.repeat(rng.uniform(size=10), 30)
    groups = np.repeat(np.arange(20), 30)
    alone = score_shift(source, target, permutations=99)["ks"]
    grouped = score_shift(source, target, groups=groups, permutations=99)["ks"]
    assert alone.p_value == 0.01
    assert grouped.p_value > 0.02
    assert grouped.null > 2 * alone.null


def test_null_of_a_distance_that_is_told() -> None:
    found = with_null(lambda near, far: float(near.sum()), np.arange(4), 2, permutations=500)
    # Rows 0 and 1 of 4 give the smallest sum of all, so every draw reaches it.
    assert (found.value, found.p_value) == (1.0, 1.0)
    assert 2 <= found.null <= 4


def test_embeddings_are_compared_whatever_their_scale() -> None:
    rng = np.random.default_rng(6)
    source, target = rng.normal(size=(150, 30)), rng.normal(0.3, 1, (150, 30))
    first = embedding_shift(source, target, permutations=9)
    second = embedding_shift(1000 * source + 5, 1000 * target + 5, permutations=9)
    assert list(first) == ["frechet", "mmd", "auc"]
    for name in first:
        assert first[name].value == pytest.approx(second[name].value, rel=1e-4)
        assert first[name].value > first[name].null_high
        assert first[name].p_value == 0.1


def test_embeddings_without_a_shift_lie_within_chance() -> None:
    rng = np.random.default_rng(9)
    found = embedding_shift(rng.normal(size=(150, 5)), rng.normal(size=(150, 5)), permutations=19)
    assert found["mmd"].p_value > 0.05
    assert abs(found["auc"].value - 0.5) < 0.1


@pytest.mark.parametrize("wrong", [[], [np.nan], [[0.1]]])
def test_scores_that_are_none_are_refused(wrong: list[float]) -> None:
    with pytest.raises(SampleSetError, match="one a sample"):
        ks_statistic(wrong, [0.1])


def test_embeddings_of_one_sample_are_refused() -> None:
    with pytest.raises(SampleSetError, match="2 samples or more"):
        frechet_distance([[1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]])
