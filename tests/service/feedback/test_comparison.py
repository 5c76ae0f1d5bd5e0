"""The comparison: what its figures are, and that its verdict is what can be told and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_curve

from skysieve.service.feedback.comparison import ENOUGH, Judged, compare, recall_at_fpr


def _sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    return labels, np.arange(n), rng.normal(size=n)


def _judged(scores: np.ndarray, *, threshold: float = 0.5, is_probability: bool = True) -> Judged:
    return Judged("one", "0" * 64, scores, scores >= threshold, is_probability)


def _scores(labels: np.ndarray, noise: np.ndarray, quality: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(2 * quality * (2 * labels - 1) + noise)))


def test_figures_are_those_of_scikit_learn() -> None:
    labels, groups, noise = _sample(300, 1)
    old, new = _scores(labels, noise, 0.6), _scores(labels, noise[::-1], 0.9)
    found = compare(labels, groups, _judged(old), _judged(new), replicates=50)
    for name, function in (("average_precision", average_precision_score), ("brier", brier_score_loss)):
        duty, fresh, difference = found.figures[name]
        assert duty.value == pytest.approx(function(labels, old))
        assert fresh.value == pytest.approx(function(labels, new))
        assert difference.value == pytest.approx(fresh.value - duty.value)
        assert difference.low <= difference.value <= difference.high
    fpr = np.mean(old[labels == 0] >= 0.5)
    assert found.rates["duty"]["fpr"] == pytest.approx(fpr)
    assert found.figures["recall_at_duty_fpr"][0].value == pytest.approx(found.rates["duty"]["recall"])
    assert found.to_json()["held_out"] == {
        "candidates": 300,
        "real": int(labels.sum()),
        "objects": 300,
        "left_out_as_seen": 0,
    }


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=40),
    st.floats(0, 1),
)
def test_recall_at_a_rate_is_that_of_the_roc_curve(rows, fpr) -> None:
    labels, scores = np.array(rows, dtype=float).T
    found = recall_at_fpr(labels.astype(int), scores, fpr)
    if len(set(labels)) < 2:
        assert np.isnan(found)
        return
    rates, recalls, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert found == pytest.approx(recalls[rates <= fpr + 1e-12].max())


def test_a_better_and_a_worse_scorer_are_told_and_the_same_one_is_alike() -> None:
    labels, groups, noise = _sample(400, 2)
    good, poor = _scores(labels, noise, 1.2), _scores(labels, noise, 0.3)
    better = compare(labels, groups, _judged(poor), _judged(good), replicates=300)
    assert (better.verdict, better.words[:25]) == ("better", "The new one is better in ")
    worse = compare(labels, groups, _judged(good), _judged(poor), replicates=300)
    assert worse.verdict == "worse"
    assert "average precision (-" in worse.words
    assert compare(labels, groups, _judged(good), _judged(good), replicates=100).verdict == "alike"


def test_what_is_better_here_and_worse_there_is_worse() -> None:
    labels, groups, noise = _sample(400, 3)
    scores = _scores(labels, noise, 1.0)
    # The same ranking with probabilities that are all far too low.
    mixed = compare(labels, groups, _judged(scores), _judged(scores**6), replicates=200)
    assert mixed.verdict == "worse"
    assert "Brier" in mixed.words
    sieve = _judged(scores**6, is_probability=False)
    told = compare(labels, groups, _judged(scores), sieve, replicates=200)
    assert "brier" not in told.figures
    assert told.verdict == "alike"


def test_few_labels_conclude_nothing_however_large_the_difference() -> None:
    labels = np.array([0] * ENOUGH + [1] * (ENOUGH - 1))
    scores = labels.astype(float)
    groups = np.arange(len(labels))
    found = compare(labels, groups, _judged(1 - scores), _judged(scores), replicates=50)
    assert found.verdict == "too-few"
    assert "Nothing can be concluded: only 14 real and 15 others" in found.words
    enough = np.append(labels, 1)
    groups = np.arange(len(enough))
    found = compare(enough, groups, _judged(1.0 - enough), _judged(enough.astype(float)), replicates=50)
    assert found.verdict == "better"
    only = compare(np.ones(5, int), np.arange(5), _judged(np.ones(5)), _judged(np.ones(5)))
    assert (only.verdict, only.figures) == ("too-few", {})


def test_equal_scorers_are_rarely_told_apart() -> None:
    verdicts = []
    for seed in range(12):
        labels, groups, noise = _sample(200, seed)
        other = np.random.default_rng(seed + 10_000).normal(size=200)
        pair = (_judged(_scores(labels, each, 0.8)) for each in (noise, other))
        verdicts.append(compare(labels, groups, *pair, replicates=150).verdict)
    # Of twelve verdicts at 95 % one may be wrong, by bad luck two.
    assert verdicts.count("alike") >= 10


def test_pairing_and_groups_shape_the_interval() -> None:
    labels, _, noise = _sample(400, 5)
    old = _scores(labels, noise, 0.6)
    new = np.clip(old + 0.02 * (2 * labels - 1), 0, 1)
    alone = compare(labels, np.arange(400), _judged(old), _judged(new), replicates=300)
    duty, _, difference = alone.figures["average_precision"]
    # A small difference on the same candidates is known far better than either figure.
    assert difference.high - difference.low < 0.5 * (duty.high - duty.low)
    twenty = np.repeat(np.arange(20), 20)
    order = np.argsort(old)
    grouped = np.empty(400, dtype=int)
    grouped[order] = twenty
    together = compare(labels, grouped, _judged(old), _judged(new), replicates=300)
    assert together.groups == 20
    assert (together.figures["brier"][0].high - together.figures["brier"][0].low) > (
        alone.figures["brier"][0].high - alone.figures["brier"][0].low
    )


def test_what_either_could_not_score_does_not_count() -> None:
    labels, groups, noise = _sample(100, 6)
    scores = _scores(labels, noise, 1.0)
    holes = scores.copy()
    holes[:10] = np.nan
    found = compare(labels, groups, _judged(scores), _judged(holes), replicates=50, seen=3)
    assert (found.n, found.seen) == (90, 3)
