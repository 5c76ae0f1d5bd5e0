"""Greedy removal: what is needed stays, what is doubled goes, and the curve is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.minimal_features import MinimalFeatures, minimal_features

CLASSES = ("EW", "RRab", "LPV")
NAMES = ("noise", "first", "second", "twin")


def drawn(count: int = 240) -> tuple[FeatureTable, NDArray[np.int64]]:
    """Return features of which two are needed to tell three classes, and one is the twin of another."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 3
    values = generator.normal(size=(count, 4))
    values[:, 1] += 6 * (labels == 1)
    values[:, 2] += 6 * (labels == 2)
    values[:, 3] = values[:, 2] + generator.normal(0, 0.1, count)
    return FeatureTable(NAMES, values), labels


def removed(**options: Any) -> MinimalFeatures:
    table, labels = drawn()
    given: dict[str, Any] = {"folds": 3, "loss": 0.03} | options
    return minimal_features("forest", table, labels, np.arange(len(labels)), CLASSES, **given)


def test_what_is_needed_stays() -> None:
    found = removed()
    assert len(found.features) == 2
    assert "first" in found.features
    assert set(found.features) <= {"first", "second", "twin"}
    assert [len(step.features) for step in found.steps] == [4, 3, 2, 1]
    assert found.steps[-1].mean < found.steps[0].mean - 0.2
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert {after.removed, *after.features} == set(before.features)


def test_a_larger_loss_leaves_less_and_the_curve_is_the_same() -> None:
    careful, loose = removed(loss=0.0), removed(loss=0.9)
    assert careful.steps == loose.steps
    assert len(loose.features) == 1 < len(careful.features)


def test_it_stops_where_it_should_and_says_where_it_was_judged() -> None:
    found = removed(least=3, candidates=1, figure="accuracy")
    assert [len(step.features) for step in found.steps] == [4, 3]
    told = found.to_json()
    assert told["judged_on"] == "validation folds"
    assert [step["count"] for step in told["curve"]] == [4, 3]
    assert told["curve"][0]["removed"] == ""


def test_groups_are_not_divided() -> None:
    # A number of each group that says its class by chance only helps where groups are divided.
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 4)
    labels = np.repeat(np.arange(60) % 2, 4)
    table = FeatureTable(("a",), np.repeat(generator.normal(size=(60, 1)), 4, axis=0))
    options: dict[str, Any] = {"folds": 4, "loss": 0.0}
    kept = minimal_features("forest", table, labels, groups, ("a", "b"), **options)
    divided = minimal_features("forest", table, labels, np.arange(240), ("a", "b"), **options)
    assert kept.steps[0].mean < 0.65 < 0.8 < divided.steps[0].mean


@pytest.mark.parametrize(
    ("options", "message"),
    [({"figure": "auc"}, "balanced_accuracy"), ({"least": 9}, "least"), ({"loss": -1.0}, "loss")],
)
def test_settings_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        removed(**options)


def test_too_few_groups() -> None:
    table, labels = drawn()
    with pytest.raises(SampleSetError):
        minimal_features("forest", table, labels, np.zeros(len(labels)), CLASSES)
