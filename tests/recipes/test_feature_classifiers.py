"""Classifiers of features: honest folds, pinned columns, and the published figures on the real table."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.errors import SampleSetError, UnknownNameError
from skysieve.recipes.feature_classifiers import (
    FEATURE_CLASSIFIERS,
    cross_validate_features,
    fit_feature_classifier,
)
from skysieve.recipes.feature_table import FeatureReference, FeatureTable

CLASSES = ("artifact", "LSBG")


@pytest.fixture
def hsc_table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "experiments"))
    return importlib.import_module("hsc_table")


def clouds(count: int = 160, classes: int = 2) -> tuple[FeatureTable, NDArray[np.int64]]:
    generator = np.random.default_rng(3)
    labels = np.arange(count) % classes
    values = generator.normal(size=(count, 3)) * [1, 10, 100]
    values[:, 1] += 20 * labels
    return FeatureTable(("a", "b", "c"), values), labels


@pytest.mark.parametrize("name", FEATURE_CLASSIFIERS)
def test_all_learn_and_take_columns_in_any_order(name: str) -> None:
    table, labels = clouds()
    fitted = fit_feature_classifier(name, table, labels, CLASSES)
    turned = FeatureTable(table.names[::-1], table.values[:, ::-1])
    np.testing.assert_array_equal(fitted.scores(table), fitted.scores(turned))
    assert (fitted.predicted(turned) == labels).mean() > 0.8
    assert fitted.scores(table)[labels == 1].mean() > fitted.scores(table)[labels == 0].mean()
    with pytest.raises(SampleSetError, match="no feature 'c'"):
        fitted.scores(FeatureTable(table.names[:2], table.values[:, :2]))


def test_the_published_settings() -> None:
    forest, svm = FEATURE_CLASSIFIERS["forest"](5), FEATURE_CLASSIFIERS["svm"](5)
    assert (forest.n_estimators, forest.min_samples_split, forest.random_state) == (100, 10, 5)
    assert (svm.kernel, svm.C, svm.gamma) == ("rbf", 1e4, 1e-3)


def test_boosting_takes_missing_features_as_they_are() -> None:
    table, labels = clouds()
    holed = table.values.copy()
    holed[labels == 1, 1] = np.nan  # whether it is missing says the class
    fitted = fit_feature_classifier("boosting", FeatureTable(table.names, holed), labels, CLASSES)
    assert (fitted.predicted(FeatureTable(table.names, holed)) == labels).all()
    assert len(fitted.pipeline) == 1
    again = fit_feature_classifier("boosting", table, labels, CLASSES).scores(table)
    np.testing.assert_array_equal(
        fit_feature_classifier("boosting", table, labels, CLASSES).scores(table), again
    )


def test_a_fitted_one_notices_swapped_columns() -> None:
    table, labels = clouds()
    fitted = fit_feature_classifier("forest", table, labels, CLASSES)
    swapped = FeatureTable(("b", "a", "c"), table.values)
    assert fitted.check(table) == ()
    assert {finding.kind for finding in fitted.check(swapped)} == {"swapped-columns"}


def test_groups_are_never_divided() -> None:
    # Every group has one feature value and one class of its own: a divided group would be recognised.
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 4)
    labels = np.repeat(generator.integers(0, 2, 60), 4)
    table = FeatureTable(("a",), np.repeat(generator.normal(size=(60, 1)), 4, axis=0))
    options = {"repeats": 2, "replicates": 10}
    found = cross_validate_features("forest", table, labels, groups, CLASSES, **options)
    divided = cross_validate_features("forest", table, labels, np.arange(240), CLASSES, **options)
    assert found.figures["accuracy"].value < 0.65
    assert divided.figures["accuracy"].value > 0.75


def test_every_sample_is_judged_once_in_every_repeat() -> None:
    table, labels = clouds()
    options = {"folds": 4, "repeats": 2, "replicates": 10}
    found = cross_validate_features("forest", table, labels, np.arange(160), CLASSES, **options)
    assert found.scores.shape == found.predicted.shape == (2, 160)
    assert not np.array_equal(found.scores[0], found.scores[1])
    assert found.by_fold["roc_auc"].shape == (8,)
    agreement = (found.predicted == labels).mean()
    assert found.figures["accuracy"].value == pytest.approx(agreement)
    # The score and the class that a sample gets belong to the same sample.
    np.testing.assert_array_equal(found.scores > 0.5, found.predicted == 1)
    assert set(found.to_json()["by_fold"]["accuracy"]) == {"mean", "sd"}


def test_three_classes_have_no_area() -> None:
    table, labels = clouds(classes=3)
    classes = ("A1", "A2", "LSBG")
    found = cross_validate_features("svm", table, labels, np.arange(160), classes, repeats=1, replicates=20)
    assert set(found.figures) == {"accuracy", "balanced_accuracy"}
    assert found.scores.shape == (1, 160, 3)


def test_missing_features_are_filled_from_the_training_samples() -> None:
    table, labels = clouds()
    holed = table.values.copy()
    holed[::7, 0] = np.nan
    found = cross_validate_features(
        "svm", FeatureTable(table.names, holed), labels, np.arange(160), CLASSES, repeats=1, replicates=20
    )
    assert found.figures["roc_auc"].value > 0.8


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"name": "tree"}, UnknownNameError, "svm, forest, boosting"),
        ({"labels": np.zeros(160, dtype=int)}, SampleSetError, "no sample is of the class LSBG"),
        ({"labels": np.arange(160) % 3}, SampleSetError, "the labels hold 2; expected 0 to 1"),
        ({"labels": np.zeros(3, dtype=int)}, SampleSetError, "160 samples have 3 labels"),
        ({"table": FeatureTable(("a",), np.full((160, 1), np.nan))}, SampleSetError, "'a' has no number"),
    ],
)
def test_what_cannot_be_fitted(change: dict[str, Any], error: type[Exception], message: str) -> None:
    table, labels = clouds()
    given = {"name": "forest", "table": table, "labels": labels, "classes": CLASSES} | change
    with pytest.raises(error, match=message):
        fit_feature_classifier(**given)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "published"), [("svm", 0.936), ("forest", 0.950)])
def test_the_published_figures_come_back(
    hsc_table: ModuleType, real_data: Path, name: str, published: float
) -> None:
    table, labels = hsc_table.read(real_data)
    options = {"repeats": 1, "replicates": 10}
    found = cross_validate_features(name, table, labels, np.arange(len(labels)), CLASSES, **options)
    assert found.by_fold["roc_auc"].mean() == pytest.approx(published, abs=0.008)
    assert found.by_fold["roc_auc"].std(ddof=1) < 0.03
    assert found.findings == ()


@pytest.mark.realdata
@pytest.mark.parametrize("part", [0, 1])
def test_the_trap_of_the_swapped_colours_is_caught(hsc_table: ModuleType, real_data: Path, part: int) -> None:
    table, labels = hsc_table.read(real_data)
    trap = hsc_table.swapped(table, labels == part)
    found = cross_validate_features(
        "forest", trap, labels, np.arange(len(labels)), CLASSES, repeats=1, replicates=10
    )
    assert found.by_fold["roc_auc"].mean() > 0.99, "the trap is no trap any more"
    assert [finding.kind for finding in found.findings] == ["colours-out-of-order"]
    (finding,) = FeatureReference.of(table, labels, CLASSES).check(trap, labels, CLASSES)
    assert (finding.item, finding.kind) == ("g-r and g-i", "swapped-columns")
    assert CLASSES[part] in finding.reason
