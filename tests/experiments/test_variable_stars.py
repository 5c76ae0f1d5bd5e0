"""Experiments on variable stars: rules and combinations see validation rows only, and learn what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.samples.light_curves import LightCurves


@pytest.fixture
def combination(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("crts_combination")


@pytest.fixture
def told(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("variable_star_figures")


def given(labels: NDArray[np.int64], sharpness: float, seed: int) -> NDArray[np.float64]:
    """Return probabilities of three classes that know the labels as well as they are sharp."""
    scores = np.random.default_rng(seed).normal(size=(len(labels), 3))
    scores[np.arange(len(labels)), labels] += sharpness
    found = np.exp(scores)
    return np.asarray(found / found.sum(1, keepdims=True))


def stars_of(import_experiment: Callable[[str], ModuleType], count: int = 600) -> object:
    data = import_experiment("variable_star_data")
    generator = np.random.default_rng(0)
    times = [np.sort(generator.uniform(0, 100, 20)) for _ in range(count)]
    curves = LightCurves.from_lists(times, [generator.normal(size=20) for _ in range(count)])
    labels = generator.choice(3, count, p=(0.7, 0.2, 0.1))
    folds = np.arange(count) % 5
    return data.VariableStars(curves, labels, ("EW", "EA", "RRd"), folds, np.full(count, np.nan))


def test_a_method_that_knows_more_weighs_more(combination: ModuleType) -> None:
    labels = np.random.default_rng(1).integers(0, 3, 2000)
    logs = np.log(np.stack([given(labels, 2.0, 2), given(labels, 0.0, 3)]))
    weights, offsets = combination.learned(logs, labels)
    assert weights[0] > 0.8
    assert weights[1] < 0.2
    np.testing.assert_allclose(offsets, 0, atol=0.15)
    told = np.exp(combination.pooled(weights, offsets, logs))
    np.testing.assert_allclose(told.sum(1), 1)


def test_a_heavy_penalty_keeps_the_equal_mean(combination: ModuleType) -> None:
    labels = np.random.default_rng(1).integers(0, 3, 300)
    logs = np.log(np.stack([given(labels, 2.0, 2), given(labels, 0.0, 3)]))
    weights, offsets = combination.learned(logs, labels, penalty=1e6)
    np.testing.assert_allclose(weights, 0.5, atol=1e-4)
    np.testing.assert_allclose(offsets, 0, atol=1e-4)


def test_the_slopes_are_those_of_the_loss(combination: ModuleType) -> None:
    """A wrong gradient would stop the search beside the optimum: no step in any direction is better."""
    labels = np.random.default_rng(1).integers(0, 3, 400)
    logs = np.log(np.stack([given(labels, 1.0, 2), given(labels, 0.5, 3)]))
    weights, offsets = combination.learned(logs, labels)

    def loss(weights: NDArray[np.float64], offsets: NDArray[np.float64]) -> float:
        away = np.concatenate([weights - 0.5, offsets])
        found = combination.pooled(weights, offsets, logs)[np.arange(400), labels]
        return float(-found.mean() + combination.PENALTY * away @ away)

    least = loss(weights, offsets)
    for number in range(2):
        for step in (-0.02, 0.02):
            assert loss(weights + step * np.eye(2)[number], offsets) > least
    for number in range(3):
        for step in (-0.02, 0.02):
            assert loss(weights, offsets + step * np.eye(3)[number]) > least


def test_labels_of_judged_stars_change_nothing_but_figures(
    combination: ModuleType, told: ModuleType, import_experiment: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    stars = stars_of(import_experiment)
    for method, sharpness in (("one", 2.0), ("two", 1.0)):
        known = given(stars.labels, sharpness, 5)
        rows = stars.parts(0)
        told.save_probabilities(
            tmp_path / method, 0, {part: known[rows[part]] for part in ("validation", "test")}
        )
    found = combination.judge(stars, tmp_path, ("one", "two"), (0,))
    weights = found["likeliest"]["weights"]
    both = {name: told.load_probabilities(tmp_path / name, 0) for name in ("one", "two")}
    again = combination.combined(both, stars.labels[stars.parts(0)["validation"]])[1]
    assert weights == pytest.approx(again)
    assert found["likeliest"]["accuracy"]["mean"] > 0.7
    assert sum(one["count"] for one in found["likeliest"]["classes"].values()) == 120


def test_methods_that_are_not_complete_are_left_out(combination: ModuleType, tmp_path: Path) -> None:
    for method, folds in (("gru", 2), ("dmdt", 1), ("features-trees", 2)):
        (tmp_path / method).mkdir()
        for fold in range(folds):
            (tmp_path / method / f"fold_{fold}.npz").touch()
    assert combination.networks(tmp_path, (0, 1)) == ("gru",)


def test_the_balanced_rule_finds_more_of_rare_classes(told: ModuleType) -> None:
    labels = np.random.default_rng(1).choice(3, 3000, p=(0.8, 0.15, 0.05))
    found = given(labels, 1.0, 2) * np.array([0.8, 0.15, 0.05])
    weights = told.balancing(labels, found)
    assert weights[2] > weights[1] > weights[0] > 0
    plain, balanced = (told.figures(labels, (found * each).argmax(1)) for each in (np.ones(3), weights))
    assert balanced["balanced_accuracy"] > plain["balanced_accuracy"] + 0.05
    assert sum(balanced[name] for name in ("accuracy", "balanced_accuracy")) > sum(
        plain[name] for name in ("accuracy", "balanced_accuracy")
    )


def test_purity_and_completeness_are_counted(told: ModuleType) -> None:
    found = told.by_class(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), ("a", "b", "c"))
    assert found["a"] == {
        "count": 3,
        "purity": 1.0,
        "completeness": pytest.approx(2 / 3),
        "called": [2, 1, 0],
    }
    assert found["b"]["purity"] == 0.5
    assert found["c"] == {"count": 0, "purity": 0.0, "completeness": 0.0, "called": [0, 0, 0]}
