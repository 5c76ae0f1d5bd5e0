"""Trees on features: what is set, what may be set, and what they are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.recipes.feature_classifiers import FEATURE_CLASSIFIERS
from skysieve.recipes.tree_classifiers import TREES, fit_trees, tree_classifier

FEW = {"boosting": {"max_iter": 20}, "forest": {"n_estimators": 20}, "extra-trees": {"n_estimators": 20}}


def clouds(classes: int = 3, count: int = 300) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % classes
    rows = generator.normal(size=(count, 4))
    rows[:, 2] += 4 * labels
    rows[generator.random(rows.shape) < 0.1] = np.nan
    return rows, labels


@pytest.mark.parametrize("name", TREES)
def test_all_learn_from_features_with_holes(name: str) -> None:
    rows, labels = clouds()
    trees = fit_trees(name, rows, labels, 3, FEW[name], seed=1)
    probabilities = trees.predict_proba(rows.astype(np.float32))
    assert probabilities.shape == (300, 3)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.85
    again = fit_trees(name, rows, labels, 3, FEW[name], seed=1)
    np.testing.assert_array_equal(again.predict_proba(rows.astype(np.float32)), probabilities)


@pytest.mark.parametrize("name", TREES)
def test_balanced_weights_raise_the_rare_class(name: str) -> None:
    generator = np.random.default_rng(0)
    labels = (np.arange(600) % 20 == 0).astype(int)
    rows = generator.normal(size=(600, 2)) + 0.8 * labels[:, None]
    arguments = FEW[name] | ({"max_depth": 3} if name == "boosting" else {"min_samples_leaf": 20})
    shares = [
        fit_trees(name, rows, labels, 2, arguments, 0, weights).predict_proba(rows)[:, 1].mean()
        for weights in ("none", "balanced")
    ]
    assert shares[0] < 0.1 < 0.2 < shares[1]


def test_arguments_come_before_the_usual_ones() -> None:
    given = tree_classifier("boosting", 3, arguments={"max_iter": 9, "max_leaf_nodes": 7})
    assert (given.max_iter, given.max_leaf_nodes, given.learning_rate) == (9, 7, 0.07)
    assert (given.early_stopping, given.random_state, given.class_weight) == (False, 3, None)


def test_features_of_tables_are_classified_by_the_same_makers() -> None:
    for name in ("forest", "boosting"):
        assert FEATURE_CLASSIFIERS[name](4).get_params() == tree_classifier(name, 4).get_params()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "boosting",
            {"max_leafs": 7},
            "boosting: has no argument 'max_leafs', did you mean 'max_leaf_nodes'",
        ),
        ("forest", {"xyzzy": 7}, "forest: has no argument 'xyzzy'; known are: bootstrap, "),
        ("forest", {"early_stopping": True}, "forest: has no argument 'early_stopping'"),
        ("extra-trees", {"random_state": 7}, "'random_state' cannot be set, for it is the seed of the run"),
        ("boosting", {"early_stopping": True}, "without regard to groups; set max_iter"),
        ("boosting", {"max_iter": -1}, "boosting: The 'max_iter' parameter .* Got -1 instead"),
    ],
)
def test_arguments_that_are_refused(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        fit_trees(name, *clouds(), 3, arguments, seed=0)


def test_names_that_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="'trees'; known are: boosting, forest, extra-trees"):
        tree_classifier("trees", 0)
    with pytest.raises(ConfigurationError, match="'even'; expected 'none' or 'balanced'"):
        tree_classifier("forest", 0, class_weights="even")


def test_samples_that_are_refused() -> None:
    rows, labels = clouds()
    for changed, given, classes, message in [
        (rows, labels[:9], 3, r"shape \(300, 4\) and labels \(9,\)"),
        (rows, labels, 4, "labels are 0, 1, 2; expected samples of every class from 0 to 3"),
        (rows, labels, 2, "every class from 0 to 1"),
        (rows[:0], labels[:0], 3, "the labels are none"),
        (np.where(np.arange(4) == 1, 1e39, rows), labels, 3, "feature 1 of sample 0 is infinite"),
    ]:
        with pytest.raises(SampleSetError, match=message):
            fit_trees("forest", changed, given, classes, {}, seed=0)
