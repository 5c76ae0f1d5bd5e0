"""Entropy, mutual information and the accuracy of the surest, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from skysieve.errors import SampleSetError
from skysieve.evaluation.probability_spread import accuracy_of_surest, probability_spread

OPINIONS = hnp.arrays(np.float64, (4, 6), elements=st.floats(0, 1))


@given(OPINIONS)
def test_two_classes_are_k_classes(opinions: np.ndarray) -> None:
    single, both = probability_spread(opinions), probability_spread(np.stack([1 - opinions, opinions], -1))
    np.testing.assert_allclose(single.mean, both.mean[:, 1])
    for name in ("spread", "entropy", "mutual_information"):
        np.testing.assert_allclose(getattr(single, name), getattr(both, name))
    np.testing.assert_allclose(single.spread, opinions.std(axis=0, ddof=1), atol=1e-12)


@settings(max_examples=20)
@given(OPINIONS)
def test_mutual_information_is_the_mean_divergence_from_the_mean(opinions: np.ndarray) -> None:
    found = probability_spread(opinions)
    both = np.stack([1 - opinions, opinions], -1)
    mean = both.mean(axis=0)
    divergence = [np.mean([stats.entropy(each, mean[i]) for each in both[:, i]]) for i in range(6)]
    np.testing.assert_allclose(found.mutual_information, divergence, atol=1e-9)
    assert (found.mutual_information <= found.entropy + 1e-12).all()


def test_opinions_that_agree_leave_nothing_to_learn() -> None:
    found = probability_spread(np.tile([0.25, 0.5], (7, 1)))
    np.testing.assert_allclose(found.mutual_information, 0, atol=1e-12)
    np.testing.assert_allclose(found.spread, 0, atol=1e-12)


@pytest.mark.parametrize("opinions", [[[0.5]], [0.5, 0.5], [[0.5], [np.nan]]])
def test_what_is_no_set_of_opinions(opinions: list[object]) -> None:
    with pytest.raises(SampleSetError, match="opinions of shape"):
        probability_spread(opinions)


@given(st.integers(0, 10**6))
def test_an_uncertainty_that_knows_the_mistakes_removes_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.random(50) < 0.7
    kept = np.array([0.1, 0.5, 1.0])
    assert accuracy_of_surest(right, np.zeros(50), kept) == pytest.approx(np.full(3, right.mean()))
    best = accuracy_of_surest(right, 1.0 - right, kept)
    np.testing.assert_allclose(best, np.minimum(right.sum() / np.ceil(kept * 50), 1))
