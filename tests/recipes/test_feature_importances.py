"""Permutation importances: against scikit-learn, and on features of which one is known to matter."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.recipes.feature_classifiers import FittedFeatureClassifier, fit_feature_classifier
from skysieve.recipes.feature_importances import permutation_importances
from skysieve.recipes.feature_table import FeatureTable

NAMES = ("noise", "signal", "weak")


@pytest.fixture(scope="module")
def fitted() -> tuple[FittedFeatureClassifier, FeatureTable, np.ndarray]:
    generator = np.random.default_rng(1)
    labels = np.arange(600) % 3
    values = generator.normal(size=(600, 3)) + np.array([0, 2, 0.7]) * labels[:, None]
    table = FeatureTable(NAMES, values)
    made = fit_feature_classifier("forest", table.take(slice(400)), labels[:400], ("a", "b", "c"))
    return made, table.take(slice(400, None)), labels[400:]


def test_as_scikit_learn(fitted: tuple[FittedFeatureClassifier, FeatureTable, np.ndarray]) -> None:
    made, table, labels = fitted
    ours = permutation_importances(made, table, labels, figure="accuracy", repeats=30)
    theirs = permutation_importance(
        made.pipeline, table.values, labels, scoring="accuracy", n_repeats=30, random_state=1
    )
    np.testing.assert_allclose(ours.losses.mean(1), theirs.importances_mean, atol=0.02)
    assert [name for name, _, _ in ours.ranked()] == ["signal", "weak", "noise"]
    assert ours.reference == pytest.approx((made.predicted(table) == labels).mean())
    assert ours.to_json()["importances"][0]["feature"] == "signal"


def test_columns_in_any_order(fitted: tuple[FittedFeatureClassifier, FeatureTable, np.ndarray]) -> None:
    made, table, labels = fitted
    turned = FeatureTable(NAMES[::-1], table.values[:, ::-1])
    ours, other = (permutation_importances(made, each, labels) for each in (table, turned))
    np.testing.assert_array_equal(ours.losses, other.losses)
    assert ours.names == other.names


def test_what_is_refused(fitted: tuple[FittedFeatureClassifier, FeatureTable, np.ndarray]) -> None:
    made, table, labels = fitted
    with pytest.raises(ConfigurationError, match="one of accuracy, balanced_accuracy"):
        permutation_importances(made, table, labels, figure="gini")
    with pytest.raises(SampleSetError, match="200 samples have 3 labels"):
        permutation_importances(made, table, labels[:3])
