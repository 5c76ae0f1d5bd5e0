from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score

from skysieve.errors import ConfigurationError
from skysieve.evaluation.thresholds import Threshold, equal_error, fixed, max_f1, max_fpr, min_recall

Sample = tuple[np.ndarray, np.ndarray]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    n = draw(st.integers(2, 40))
    labels = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))])
    tied = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    scores = draw(hnp.arrays(dtype, n + 2, elements=st.floats(0, 1, width=32) | tied))
    return labels, scores


def rates(labels: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[float, float]:
    called = scores >= threshold
    return called[labels == 0].mean(), called[labels == 1].mean()


def all_rates(labels: np.ndarray, scores: np.ndarray) -> list[tuple[float, float]]:
    return [rates(labels, scores, t) for t in [*np.unique(scores), np.inf]]


@given(samples(), st.floats(0, 1))
def test_max_fpr_keeps_its_bound_at_the_highest_recall(sample: Sample, bound: float) -> None:
    fpr, recall = rates(*sample, max_fpr(*sample, bound, split="validation").value)
    assert fpr <= bound
    assert recall == max(r for f, r in all_rates(*sample) if f <= bound)


@given(samples(), st.floats(0, 1))
def test_min_recall_keeps_its_bound_at_the_lowest_fpr(sample: Sample, bound: float) -> None:
    fpr, recall = rates(*sample, min_recall(*sample, bound, split="validation").value)
    assert recall >= bound
    assert fpr == min(f for f, r in all_rates(*sample) if r >= bound)


@given(samples())
def test_equal_error_has_the_least_gap(sample: Sample) -> None:
    fpr, recall = rates(*sample, equal_error(*sample, split="validation").value)
    gaps = [abs(f - (1 - r)) for f, r in all_rates(*sample)[:-1]]
    assert abs(fpr - (1 - recall)) == pytest.approx(min(gaps))


@settings(deadline=None)  # scikit-learn asks each threshold anew
@given(samples())
def test_max_f1_has_the_greatest_f1(sample: Sample) -> None:
    labels, scores = sample
    value = max_f1(labels, scores, split="validation").value
    best = max(f1_score(labels, scores >= t) for t in np.unique(scores))
    assert f1_score(labels, scores >= value) == pytest.approx(best)


def test_the_value_survives_the_last_digit_of_another_runtime() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.float32([0.1, 0.4, 0.6, 0.9])
    threshold = max_fpr(labels, scores, 0.0, split="validation").value
    assert threshold == pytest.approx(0.5)
    nudged = scores + np.float32([1, -1, 1, -1]) * np.float32(1e-6)
    assert rates(labels, nudged, threshold) == rates(labels, scores, threshold)


def test_neighbouring_floats_are_still_told_apart() -> None:
    low = np.float32(0.5)
    scores = np.array([low, np.nextafter(low, np.float32(1))])
    assert rates(np.array([0, 1]), scores, max_fpr([0, 1], scores, 0.0, split="test").value) == (0, 1)


def test_it_remembers_who_chose_it() -> None:
    threshold = max_fpr([0, 1], [0.1, 0.9], 0.01, split="validation")
    assert (threshold.rule, threshold.split) == ("FPR <= 0.01", "validation")
    assert Threshold(**json.loads(json.dumps(threshold.to_json()))) == threshold
    assert str(fixed(0.5)) == "0.5 (fixed)"


def test_refusals() -> None:
    with pytest.raises(ConfigurationError, match=r"fpr is 1\.5"):
        max_fpr([0, 1], [0.1, 0.9], 1.5, split="validation")
    with pytest.raises(ConfigurationError, match="finite"):
        fixed(float("nan"))
