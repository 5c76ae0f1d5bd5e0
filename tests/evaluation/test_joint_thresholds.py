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


def few(case: int, families: int) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """Return a few samples, many of whose scores tie, and a rate that lets none or few of the bogus pass."""
    rng = np.random.default_rng(case)
    labels = np.concatenate([[1, 0], rng.integers(0, 2, rng.integers(4, 22))])
    scores = {
        f"f{number}": rng.normal(labels * rng.uniform(0, 2)).round(case % 3) for number in range(families)
    }
    return labels, scores, float(rng.choice([0.0, 0.02, 0.1, 0.3, 1.0]))


def counts_of_everything(labels: np.ndarray, scores: dict[str, np.ndarray]) -> list[tuple[int, int]]:
    """Return the reals and, negative, the bogus that pass, for every choice that keeps a real."""
    candidates = [np.unique(values[labels == 1]) for values in scores.values()]
    every = (verdict(scores, dict(zip(scores, each, strict=True))) for each in itertools.product(*candidates))
    return [
        (reals, -int(each[labels == 0].sum())) for each in every if (reals := int(each[labels == 1].sum()))
    ]


@pytest.mark.parametrize("families", [1, 2, 3])
@pytest.mark.parametrize("start", range(0, 200, 50))
def test_the_choice_is_within_if_any_is_and_with_two_families_the_best(families, start):
    worse = 0
    for case in range(start, start + 50):
        labels, scores, max_fpr = few(case, families)
        chosen = joint_thresholds(labels, scores, max_fpr)
        counts = counts_of_everything(labels, scores)
        limit = int(np.floor(max_fpr * (labels == 0).sum() + 1e-9))
        fewest = min(-false for _, false in counts)
        assert chosen.within == (fewest <= limit)
        best = max(each for each in counts if -each[1] <= max(limit, fewest))
        passed = verdict(scores, chosen.values)
        found = int(passed[labels == 1].sum()), -int(passed[labels == 0].sum())
        assert -found[1] <= max(limit, fewest)
        worse += found != best
    assert worse <= (2 if families == 3 else 0)


def test_no_false_positive_costs_the_reals_below_the_bogus_and_no_more():
    labels = np.repeat([1, 0], 20)
    scores = {"rb": np.concatenate([np.linspace(0, 0.95, 20), np.full(20, 0.9)])}
    chosen = joint_thresholds(labels, scores, 0.0)
    assert (chosen.values, chosen.tpr, chosen.fpr, chosen.within) == ({"rb": 0.95}, 1 / 20, 0.0, True)


def test_three_families_of_which_the_grid_has_no_choice_still_find_one_that_is_within():
    labels = np.repeat([1, 0], [20, 20])
    reals = np.linspace(0, 0.95, 20)
    scores = {name: np.concatenate([reals, np.full(20, 0.93)]) for name in ("rb", "sl", "kd")}
    chosen = joint_thresholds(labels, scores, 0.0)
    assert (chosen.tpr, chosen.fpr, chosen.within) == (1 / 20, 0.0, True)


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


def test_a_missing_score_is_refused_with_its_family():
    scores = {"rb": np.array([0.1, 0.2, 0.3]), "kd": np.array([0.1, np.nan, 0.3])}
    with pytest.raises(ConfigurationError, match="1 of the 3 scores of the family 'kd' are NaN"):
        joint_thresholds(np.array([1, 0, 1]), scores, 0.1)


@pytest.mark.parametrize("max_fpr", [-0.1, 1.5, float("nan")])
def test_a_rate_that_is_no_share_is_refused(max_fpr):
    with pytest.raises(ConfigurationError, match="max_fpr is a share of the bogus"):
        joint_thresholds(np.array([1, 0]), {"rb": np.array([0.1, 0.2])}, max_fpr)
