from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.calibration import Isotonic, Sigmoid, Softmax, Temperature
from skysieve.evaluation.calibration_fitting import choose_calibration, fit_isotonic, fit_temperature


def binary(n: int, seed: int, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2.5, n)
    return logits, (rng.random(n) < 1 / (1 + np.exp(-logits - bend * logits**2))).astype(int)


def test_temperature_and_bias_equal_logistic_regression() -> None:
    logits, labels = binary(800, seed=1)
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(4 * logits[:, None] + 3, labels)
    found = fit_temperature(4 * logits + 3, labels, bias=True)
    assert 1 / found.temperature == pytest.approx(reference.coef_[0, 0], rel=1e-4)
    assert found.bias == pytest.approx(reference.intercept_[0], abs=1e-3)


def test_temperature_of_many_classes_is_found_again() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2, (20_000, 4))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(2.5 * logits, labels).temperature == pytest.approx(2.5, rel=0.03)


def test_separable_data_stay_finite() -> None:
    logits = np.array([-2.0, -1.0, 1.0, 2.0])
    assert 0.01 <= fit_temperature(logits, [0, 0, 1, 1]).temperature < 0.1
    assert np.isfinite(fit_temperature(logits, [0, 0, 1, 1], bias=True).bias)


def test_isotonic_equals_scikit_learn_while_knots_suffice() -> None:
    logits, labels = binary(150, seed=3)
    logits = logits.astype(np.float32)
    reference = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6, out_of_bounds="clip")
    reference.fit(logits.astype(float), labels)
    found = fit_isotonic(logits, labels)
    at = np.linspace(-12, 12, 3000)
    assert len(found.knots) <= 64
    np.testing.assert_allclose(found(at), reference.predict(at), atol=1e-6)


def test_thinned_isotonic_stays_close() -> None:
    logits, labels = binary(20_000, seed=4, bend=0.2)
    found = fit_isotonic(logits, labels, knots=24)
    full = fit_isotonic(logits, labels, knots=10_000)
    at = np.sort(logits)
    assert len(found.knots) == 24 < len(full.knots)
    assert np.abs(found(at) - full(at)).mean() < 0.01


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 60), st.sampled_from([1e-6, 1.0, 1e4]))
def test_isotonic_is_monotone_and_never_certain(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, n).round(6).astype(np.float32)
    found = fit_isotonic(logits, np.arange(n) % 2)
    at = np.sort(np.concatenate([logits, rng.normal(0, 2 * scale, 200)]).astype(np.float32))
    probabilities = found(at)
    assert np.isfinite(probabilities).all()
    assert (np.diff(probabilities) >= 0).all()
    assert probabilities.min() >= 9e-7
    assert probabilities.max() <= 1


@pytest.mark.parametrize(
    ("scale", "shift", "bend", "kinds"),
    [
        (1.0, 0.0, 0.0, (Sigmoid, Temperature)),
        (4.0, 0.0, 0.0, (Temperature,)),
        (1.0, 3.0, 0.0, (Temperature,)),
        (1.0, 0.0, 0.5, (Isotonic,)),
    ],
)
def test_the_right_kind_is_chosen(scale: float, shift: float, bend: float, kinds: tuple[type, ...]) -> None:
    logits, labels = binary(4000, seed=5, bend=bend)
    choice = choose_calibration(scale * logits + shift, labels, np.arange(4000) // 2, seed=0)
    assert isinstance(choice.calibrator, kinds)
    assert choice.name == min(choice.log_loss, key=lambda name: choice.log_loss[name])
    assert choice.folds == 5


def test_classes_are_chosen_for_too() -> None:
    rng = np.random.default_rng(6)
    logits = rng.normal(0, 2, (1500, 3))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    choice = choose_calibration(3 * logits, labels, np.arange(1500), seed=0)
    assert set(choice.log_loss) == {"uncalibrated", "temperature"}
    assert choice.name == "temperature"


def test_too_few_groups_keep_the_map_as_it_is() -> None:
    choice = choose_calibration([-1.0, 1.0, 2.0], [0, 1, 1], ["a", "b", "b"], seed=0)
    assert (choice.calibrator, choice.log_loss, choice.folds) == (Sigmoid(), {}, 0)
    many = choose_calibration(np.eye(3), [0, 1, 2], [0, 1, 2], seed=0)
    assert many.calibrator == Softmax()


def test_the_same_seed_gives_the_same_choice() -> None:
    logits, labels = binary(300, seed=7)
    groups = np.arange(300) // 3
    assert choose_calibration(logits, labels, groups, seed=1) == choose_calibration(
        logits[:, None], labels, groups, seed=1
    )


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match="all 2 samples are of class 1"):
        fit_temperature([0.1, 0.2], [1, 1])
    with pytest.raises(SampleSetError, match="isotonic"):
        fit_isotonic(np.eye(2), [0, 1])
    with pytest.raises(ConfigurationError, match="1 knots"):
        fit_isotonic([0.1, 0.2], [0, 1], knots=1)
    with pytest.raises(ConfigurationError, match="3 classes"):
        fit_temperature(np.eye(3), [0, 1, 2], bias=True)
