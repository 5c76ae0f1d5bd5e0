"""Conformal sets: thresholds against the closed form, coverage on exchangeable samples and groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.conformal import fit_conformal, least_groups, nonconformity
from skysieve.evaluation.conformal_coverage import conformal_coverage


def drawn(n: int, rng: np.random.Generator, classes: int = 3) -> tuple[Any, Any]:
    """Return labels, and probabilities of a classifier that is wrong and unsure of itself now and then."""
    labels = rng.integers(0, classes, n)
    logits = rng.normal(0, 1.2, (n, classes)) + 1.5 * np.eye(classes)[labels]
    return labels, special.softmax(logits, axis=1)


@given(st.integers(19, 200), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.integers(0, 10**6))
def test_the_threshold_is_the_order_statistic_of_split_conformal(n: int, coverage: float, seed: int) -> None:
    labels, probabilities = drawn(n, np.random.default_rng(seed))
    sets = fit_conformal(labels, probabilities, np.arange(n), coverage=coverage)
    scores = np.sort(1 - probabilities[np.arange(n), labels])
    assert sets.thresholds[0] == scores[math.ceil((n + 1) * coverage - 1e-9) - 1]


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("class_conditional", [False, True])
def test_coverage_of_exchangeable_samples(method: Any, class_conditional: bool) -> None:
    rng, n, coverage, repeats = np.random.default_rng(8), 120, 0.9, 300
    hit = []
    for repeat in range(repeats):
        labels, probabilities = drawn(2 * n, rng)
        sets = fit_conformal(
            labels[:n], probabilities[:n], np.arange(n), coverage=coverage, method=method,
            class_conditional=class_conditional, seed=2 * repeat,
        )  # fmt: skip
        inside = sets(probabilities[n:], seed=2 * repeat + 1)
        hit.append(inside[np.arange(n), labels[n:]].mean())
    # Closed form: the coverage given one calibration is a beta variable, its mean k / (n + 1).
    slack = 3 / (n + 1) if class_conditional else 1 / (n + 1)
    error = 4 * np.std(hit) / math.sqrt(repeats)
    assert coverage - error < np.mean(hit) < coverage + slack + error


def test_coverage_varies_from_calibration_to_calibration_as_the_closed_form_says() -> None:
    rng, n, coverage = np.random.default_rng(3), 99, 0.9
    exact = []
    for _ in range(400):
        # A classifier whose nonconformity of the truth is uniform: coverage of a threshold is the threshold.
        scores = rng.random(n)
        sets = fit_conformal(np.ones(n, int), 1 - scores, np.arange(n), coverage=coverage)
        exact.append(sets.thresholds[0])
    k = math.ceil((n + 1) * coverage)
    assert stats.kstest(exact, stats.beta(k, n + 1 - k).cdf).pvalue > 0.01


def test_groups_count_and_not_their_samples() -> None:
    rng, coverage, hit = np.random.default_rng(5), 0.9, []
    for _ in range(400):
        # 40 objects, a few with very many samples that are all as hard as the object is.
        sizes = np.where(rng.random(41) < 0.1, 200, 2)
        hardness = np.repeat(rng.random(41), sizes)
        groups = np.repeat(np.arange(41), sizes)
        known = groups < 40
        ones = np.ones(known.size, dtype=int)
        sets = fit_conformal(ones[known], 1 - hardness[known], groups[known], coverage=coverage)
        hit.append((hardness[~known] <= sets.thresholds[0]).mean())
    assert abs(np.mean(hit) - coverage) < 0.05


@given(st.integers(0, 10**6), st.sampled_from(["lac", "aps"]), st.floats(0.3, 0.9))
def test_more_coverage_never_makes_a_set_smaller(seed: int, method: Any, coverage: float) -> None:
    labels, probabilities = drawn(80, np.random.default_rng(seed))
    less, more = (
        fit_conformal(labels, probabilities, np.arange(80), coverage=each, method=method)(probabilities)
        for each in (coverage, coverage + 0.08)
    )
    assert (more | ~less).all()


@given(st.integers(0, 10**6))
def test_aps_of_a_class_lies_between_what_is_likelier_and_that_with_itself(seed: int) -> None:
    _, probabilities = drawn(20, np.random.default_rng(seed), classes=4)
    found = nonconformity(probabilities, "aps", seed=seed)
    for row, scores in zip(probabilities, found, strict=True):
        for own, score in zip(row, scores, strict=True):
            likelier = row[row > own].sum()
            assert likelier - 1e-12 <= score <= likelier + own + 1e-12


def test_two_classes_are_given_as_one_probability() -> None:
    scores = np.linspace(0.01, 0.99, 50)
    both = np.stack([1 - scores, scores], axis=1)
    np.testing.assert_array_equal(nonconformity(scores, "lac"), nonconformity(both, "lac"))


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95, 0.99])
def test_least_groups_is_the_least(coverage: float) -> None:
    needed = least_groups(coverage)
    ones = np.ones(needed, dtype=int)
    sets = fit_conformal(ones, np.linspace(0.1, 0.9, needed), np.arange(needed), coverage=coverage)
    assert math.isfinite(sets.thresholds[0])
    with pytest.raises(SampleSetError, match=f"needs at least {needed} "):
        fit_conformal(ones[1:], np.linspace(0.1, 0.9, needed - 1), np.arange(needed - 1), coverage=coverage)


def test_each_class_needs_groups_of_its_own() -> None:
    labels, scores = np.repeat([0, 1], [30, 5]), np.full(35, 0.5)
    with pytest.raises(SampleSetError, match=r"5 groups of class 1 .* needs at least 9 .* at most 0\.833"):
        fit_conformal(labels, scores, np.arange(35), coverage=0.9, class_conditional=True)


@pytest.mark.parametrize("coverage", [0, 1, 1.5])
def test_coverage_is_a_fraction(coverage: float) -> None:
    with pytest.raises(ConfigurationError, match="coverage is"):
        fit_conformal([0, 1], [0.1, 0.9], [0, 1], coverage=coverage)


def test_an_unknown_method() -> None:
    with pytest.raises(ConfigurationError, match="'raps'; expected lac or aps"):
        nonconformity([0.5], "raps")  # type: ignore[arg-type]


def test_figures_of_sets_count_samples_groups_and_classes() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    sets = np.array([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0], [1, 1]], dtype=bool)
    groups = np.array([1, 1, 1, 2, 3, 3])
    found = conformal_coverage(labels, sets, groups, classes=("a", "b"), seed=1, replicates=50)
    assert found.by_sample.value == pytest.approx(4 / 6)
    assert found.coverage.value == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert {name: round(each.value, 3) for name, each in found.by_class.items()} == {"a": 0.667, "b": 0.667}
    assert found.sizes == (1, 3, 2)
    assert found.mean_size.value == pytest.approx(7 / 6)


def test_a_coverage_of_one_has_an_interval() -> None:
    sets = np.ones((20, 2), dtype=bool)
    found = conformal_coverage(np.arange(20) % 2, sets, np.arange(20), classes=("a", "b"), seed=1)
    assert found.coverage.method == "wilson"
    assert 0.8 < found.coverage.low < found.coverage.value == 1
