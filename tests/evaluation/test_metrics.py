from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.metrics import (
    binary_metrics,
    curves,
    multiclass_metrics,
    precision_at_prevalence,
)


@pytest.fixture(params=[np.float32, np.float64])
def binary(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 700)
    scores = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.2)))
    return labels, scores.round(3).astype(request.param)


def test_binary_metrics_equal_scikit_learn(binary: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = binary
    ours, called = binary_metrics(labels, scores, 0.4), scores >= 0.4
    expected = {
        "roc_auc": sk.roc_auc_score(labels, scores),
        "average_precision": sk.average_precision_score(labels, scores),
        "accuracy": sk.accuracy_score(labels, called),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, called),
        "precision": sk.precision_score(labels, called),
        "recall": sk.recall_score(labels, called),
        "f1": sk.f1_score(labels, called),
        "mcc": sk.matthews_corrcoef(labels, called),
        "brier": sk.brier_score_loss(labels, scores.astype(float)),
        "log_loss": sk.log_loss(labels, scores.astype(float)),
        "fpr": 1 - sk.recall_score(labels, called, pos_label=0),
        "fnr": 1 - sk.recall_score(labels, called),
    }
    for name, value in expected.items():
        assert getattr(ours, name) == pytest.approx(value, abs=1e-12), name
    assert np.array_equal(ours.confusion, sk.confusion_matrix(labels, called))
    assert (ours.n, ours.n_positive) == (700, labels.sum())


def test_multiclass_metrics_equal_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, 600)
    logits = rng.normal(0, 1, (600, 4))
    logits[np.arange(600), labels] += 1.5
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours, called = multiclass_metrics(labels, scores), scores.argmax(axis=1)
    assert ours.accuracy == pytest.approx(sk.accuracy_score(labels, called))
    assert ours.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(labels, called))
    assert ours.macro_f1 == pytest.approx(sk.f1_score(labels, called, average="macro"))
    assert ours.macro_roc_auc == pytest.approx(sk.roc_auc_score(labels, scores, multi_class="ovr"))
    assert ours.log_loss == pytest.approx(sk.log_loss(labels, scores))
    np.testing.assert_allclose(ours.recall, sk.recall_score(labels, called, average=None))
    np.testing.assert_allclose(ours.precision, sk.precision_score(labels, called, average=None))
    np.testing.assert_allclose(ours.f1, sk.f1_score(labels, called, average=None))
    np.testing.assert_allclose(
        ours.class_ece, [binary_metrics(labels == i, scores[:, i], 0.5).ece for i in range(4)]
    )
    assert np.array_equal(ours.confusion, sk.confusion_matrix(labels, called))
    assert ours.counts == tuple(np.bincount(labels))


def test_undefined_figures_are_nan_and_never_a_warning() -> None:
    only_bogus = binary_metrics([0, 0], [0.1, 0.2], 0.5)
    assert np.isnan([only_bogus.roc_auc, only_bogus.recall, only_bogus.precision, only_bogus.mcc]).all()
    assert only_bogus.fpr == 0
    absent = multiclass_metrics([0, 1, 1], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    assert np.isnan(absent.recall[2])
    assert np.isnan(absent.roc_auc[2])
    assert absent.balanced_accuracy == 1


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_a_score_at_the_threshold_is_positive(threshold: float) -> None:
    assert binary_metrics([1], np.float32([threshold]), float(np.float32(threshold))).recall == 1


def test_certain_mistakes_cost_a_finite_log_loss() -> None:
    assert binary_metrics([0, 1], [1.0, 0.0], 0.5).log_loss == pytest.approx(36.04, abs=0.01)


def test_logits_are_not_taken_for_probabilities() -> None:
    with pytest.raises(SampleSetError, match=r"position 1 is 3.5; .*calibration"):
        binary_metrics([0, 1], [0.2, 3.5], 0.5)
    with pytest.raises(SampleSetError, match="row 1 sum to"):
        multiclass_metrics([0, 1], [[0.5, 0.5], [0.5, 0.9]])
    with pytest.raises(SampleSetError, match=r"\(2,\); expected \(N, K\)"):
        multiclass_metrics([0, 1], [0.5, 0.5])


def test_curves_equal_scikit_learn(binary: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = binary
    table = curves(labels, scores)
    assert sk.auc(table.fpr, table.recall) == pytest.approx(sk.roc_auc_score(labels, scores))
    for i in (0, 1, 57, len(table.thresholds) - 1):
        called = scores >= table.thresholds[i]
        assert table.fpr[i] == pytest.approx(called[labels == 0].mean())
        assert table.fnr[i] == pytest.approx(1 - called[labels == 1].mean())
        if called.any():
            assert table.precision[i] == pytest.approx(labels[called].mean())


def test_equal_error_is_the_crossing_of_the_rates() -> None:
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], 20_000)
    found = curves(labels, rng.normal(2 * labels, 1)).equal_error
    assert found.threshold == pytest.approx(1, abs=0.03)
    assert found.rate == pytest.approx(0.1587, abs=0.005)


def test_curves_need_both_classes() -> None:
    with pytest.raises(SampleSetError, match="all 2 samples are of class 1"):
        curves([1, 1], [0.2, 0.3])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_purity_at_prevalence_is_bayes_theorem(recall: float, fpr: float, prevalence: float) -> None:
    purity = precision_at_prevalence(recall, fpr, prevalence)
    called = recall * prevalence + fpr * (1 - prevalence)
    if called == 0:
        assert np.isnan(purity)
    else:
        assert 0 <= purity <= 1
        assert purity * called == pytest.approx(recall * prevalence)


def test_purity_at_the_prevalence_of_the_sample_is_its_purity() -> None:
    figures = binary_metrics([0, 0, 0, 1, 1], [0.1, 0.6, 0.2, 0.8, 0.4], 0.5)
    assert precision_at_prevalence(figures.recall, figures.fpr, 2 / 5) == pytest.approx(figures.precision)
    with pytest.raises(ConfigurationError, match="prevalence is 2"):
        precision_at_prevalence(0.5, 0.5, 2)
