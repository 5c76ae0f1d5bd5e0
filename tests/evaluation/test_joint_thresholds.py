"""Thresholds of the families of a sieve, chosen together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.evaluation.joint_thresholds import joint_thresholds


def simulated(seed: int, reals: int = 300, bogus: int = 900) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    labels = np.repeat([1, 0], [reals, bogus])
    scores = {name: rng.normal(2.0 * labels, 1.0) for name in ("rb", "sl", "kd")}
    return labels, scores


def verdict(scores: dict[str, np.ndarray], thresholds: dict[str, float]) -> np.ndarray:
    return np.all([scores[name] >= value for name, value in thresholds.items()], axis=0)


@pytest.mark.parametrize("max_fpr", [0.005, 0.02, 0.1])
def test_the_rate_is_kept_and_nothing_on_the_grid_is_more_complete(max_fpr):
    labels, scores = simulated(3)
    losses = (0.0, 0.01, 0.05, 0.1, 0.3)
    chosen = joint_thresholds(labels, scores, max_fpr, losses=losses)
    passed = verdict(scores, chosen.values)
    assert passed[labels == 0].mean() <= max_fpr
    grids = [np.quantile(scores[name][labels == 1], losses, method="lower") for name in scores]
    others = [verdict(scores, dict(zip(scores, each, strict=True))) for each in itertools.product(*grids)]
    possible = [other[labels == 1].mean() for other in others if other[labels == 0].mean() <= max_fpr]
    assert passed[labels == 1].mean() >= max(possible)
    assert (chosen.tpr, chosen.fpr) == (passed[labels == 1].mean(), passed[labels == 0].mean())
    assert chosen.within


@pytest.mark.parametrize("names", [["rb"], ["rb", "kd"]])
@pytest.mark.parametrize("seed", range(5))
def test_with_one_or_two_families_no_choice_is_more_complete(names, seed):
    labels, scores = simulated(seed, reals=25, bogus=60)
    # Rounded, so that many scores tie.
    scores = {name: scores[name].round(1) for name in names}
    chosen = joint_thresholds(labels, scores, 0.05)
    every = [
        verdict(scores, dict(zip(names, each, strict=True))) for each in itertools.product(*scores.values())
    ]
    possible = [other[labels == 1].mean() for other in every if other[labels == 0].mean() <= 0.05]
    assert chosen.tpr == max(possible)
    assert chosen.fpr <= 0.05


def test_three_families_are_chosen_as_well_as_by_trying_everything():
    worse = 0
    for seed in range(10):
        labels, scores = simulated(seed, reals=15, bogus=40)
        chosen = joint_thresholds(labels, scores, 0.05)
        reals = [values[labels == 1] for values in scores.values()]
        every = (verdict(scores, dict(zip(scores, each, strict=True))) for each in itertools.product(*reals))
        possible = [other[labels == 1].sum() for other in every if other[labels == 0].mean() <= 0.05]
        kept = verdict(scores, chosen.values)[labels == 1].sum()
        assert kept >= max(possible) - 1
        worse += kept < max(possible)
    assert worse <= 2


def test_thresholds_lie_as_high_as_the_reals_that_pass_allow():
    labels, scores = simulated(7)
    chosen = joint_thresholds(labels, scores, 0.02)
    kept = verdict(scores, chosen.values) & (labels == 1)
    assert chosen.values == {name: values[kept].min() for name, values in scores.items()}


def test_separable_families_keep_everything():
    labels = np.array([1, 1, 0, 0])
    scores = {"rb": np.array([0.9, 0.8, 0.1, 0.9]), "kd": np.array([0.7, 0.9, 0.9, 0.1])}
    assert verdict(scores, joint_thresholds(labels, scores, 0.0).values).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_where_the_rate_cannot_be_kept_the_fewest_false_positives_are_taken():
    labels = np.array([1, 1, 1, 0, 0, 0])
    scores = {"rb": np.array([0.5, 0.6, 0.7, 0.55, 0.8, 0.1])}
    chosen = joint_thresholds(labels, scores, 0.0, losses=(0.0, 0.5))
    assert chosen.values["rb"] == 0.6
    assert not chosen.within
    assert chosen.fpr == 1 / 3


@pytest.mark.parametrize("labels", [[1, 1], [0, 0]])
def test_one_class_alone_is_refused(labels):
    with pytest.raises(ConfigurationError, match="reals among 2 samples"):
        joint_thresholds(np.array(labels), {"rb": np.array([0.1, 0.2])}, 0.1)
