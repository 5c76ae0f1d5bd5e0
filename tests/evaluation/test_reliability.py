from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.reliability import expected_calibration_error, reliability


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    scores = rng.beta(0.4, 0.4, 900)
    return (rng.random(900) < scores**1.5).astype(int), scores


def ece_by_a_loop(labels: np.ndarray, scores: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = [i for i in range(len(scores)) if min(int(scores[i] * bins), bins - 1) == b]
        if inside:
            total += abs(sum(labels[i] - scores[i] for i in inside))
    return total / len(scores)


@pytest.mark.parametrize("bins", [1, 4, 8, 16])
def test_error_equals_a_plain_loop(sample: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    expected = ece_by_a_loop(*sample, bins)
    assert expected_calibration_error(*sample, bins=bins) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("binning", "strategy"), [("equal-width", "uniform"), ("equal-mass", "quantile")])
def test_curve_equals_scikit_learn(
    sample: tuple[np.ndarray, np.ndarray], binning: str, strategy: str
) -> None:
    curve = reliability(*sample, binning=binning)  # type: ignore[arg-type]
    frequency, mean = calibration_curve(*sample, n_bins=10, strategy=strategy)
    np.testing.assert_allclose(curve.frequency, frequency)
    np.testing.assert_allclose(curve.mean_score, mean)
    assert curve.count.sum() == 900


def test_empty_bins_are_nan_and_do_not_count() -> None:
    curve = reliability([0, 1, 1], [0.0, 1.0, 1.0])
    assert np.isnan(curve.frequency[1:-1]).all()
    assert curve.count.tolist() == [1, *[0] * 8, 2]
    assert curve.error == 0


def test_many_equal_scores_give_fewer_equal_mass_bins() -> None:
    curve = reliability([0] * 90 + [1] * 10, [0.0] * 90 + [0.9] * 10, binning="equal-mass")
    assert curve.count.sum() == 100
    assert curve.count.size < 10


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.integers(1, 20))
def test_the_error_is_a_fraction(scores: list[float], bins: int) -> None:
    labels = np.arange(len(scores)) % 2
    assert 0 <= expected_calibration_error(labels, scores, bins=bins) <= 1


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match=r"reach from -2\.0 to 0.5"):
        reliability([0, 1], [-2.0, 0.5])
    with pytest.raises(ConfigurationError, match="0 bins"):
        reliability([0, 1], [0.2, 0.5], bins=0)
    with pytest.raises(ConfigurationError, match="'odd'"):
        reliability([0, 1], [0.2, 0.5], binning="odd")  # type: ignore[arg-type]
