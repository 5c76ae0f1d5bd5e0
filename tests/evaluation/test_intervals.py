from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    bootstrap_intervals,
    wilson_interval,
)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_single_groups_give_the_interval_of_scipy(method: str) -> None:
    values = np.random.default_rng(8).lognormal(size=80)
    ours = bootstrap_interval(
        np.mean,
        values,
        groups=np.arange(80),
        replicates=6000,
        seed=1,
        method=method,  # type: ignore[arg-type]
    )
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=6000, method=method, rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.value == values.mean()
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)


def test_bca_of_a_skewed_figure_lies_above_the_percentiles() -> None:
    values = np.random.default_rng(9).lognormal(sigma=1.2, size=60)
    plain = bootstrap_interval(np.mean, values, groups=np.arange(60), seed=1)
    corrected = bootstrap_interval(np.mean, values, groups=np.arange(60), seed=1, method="bca")
    assert corrected.low > plain.low
    assert corrected.high > plain.high


def coverage(by_group: bool) -> float:
    rng, hits, rounds = np.random.default_rng(10), 0, 200
    for seed in range(rounds):
        group = np.repeat(np.arange(60), 5)
        values = np.repeat(rng.normal(size=60), 5) + 0.3 * rng.normal(size=300)
        found = bootstrap_interval(
            np.mean,
            values,
            groups=group if by_group else np.arange(300),
            replicates=200,
            level=0.9,
            seed=seed,
        )
        hits += found.low <= 0 <= found.high
    return hits / rounds


def test_groups_are_what_makes_the_interval_cover() -> None:
    assert 0.82 <= coverage(by_group=True) <= 0.95
    assert coverage(by_group=False) < 0.7


def test_replicates_without_both_classes_are_counted() -> None:
    labels, scores = np.array([0, 0, 1]), np.array([0.1, 0.3, 0.8])

    def auc(y: np.ndarray, s: np.ndarray) -> float:
        return roc_auc_score(y, s) if 0 < y.mean() < 1 else float("nan")

    found = bootstrap_interval(auc, labels, scores, groups=[0, 1, 2], replicates=500, seed=0)
    one_class = (2 / 3) ** 3 + (1 / 3) ** 3
    assert found.undefined / 500 == pytest.approx(one_class, abs=0.07)
    assert (found.low, found.high) == (1, 1)


def test_never_defined_is_nan_not_an_error() -> None:
    found = bootstrap_interval(lambda _: float("nan"), [1.0, 2.0], groups=[0, 1], replicates=5, seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.undefined == 5


def test_groups_come_whole_and_rows_stay_together() -> None:
    groups = np.array(["a", "b", "a", "c", "b", "a"])
    rows = np.arange(6)
    seen = []

    def watch(drawn: np.ndarray, again: np.ndarray) -> float:
        assert np.array_equal(drawn, again)
        seen.append(np.bincount(drawn, minlength=6))
        return 0.0

    bootstrap_interval(watch, rows, rows, groups=groups, replicates=50, seed=0)
    for counts in seen:
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]
        assert counts[[0, 1, 3]].sum() == 3


def test_several_figures_share_their_replicates_and_the_seed_decides() -> None:
    values = np.random.default_rng(11).normal(size=50)

    def both(x: np.ndarray) -> dict[str, float]:
        return {"mean": x.mean(), "twice": 2 * x.mean()}

    found = bootstrap_intervals(both, values, groups=np.arange(50), seed=3)
    assert found["twice"].low == pytest.approx(2 * found["mean"].low)
    assert found["mean"] == bootstrap_interval(np.mean, values, groups=np.arange(50), seed=3)
    assert found["mean"] != bootstrap_interval(np.mean, values, groups=np.arange(50), seed=4)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (7, 7), (3, 11), (499, 500)])
def test_wilson_equals_its_formula(k: int, n: int) -> None:
    z = stats.norm.ppf(0.975)
    p = k / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    found = wilson_interval(k, n)
    assert (found.value, found.method) == (p, "wilson")
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_nothing_tried_is_nothing_known() -> None:
    found = wilson_interval(0, 0)
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0, 1)


def test_json_round_trip() -> None:
    found = wilson_interval(3, 4)
    assert Interval(**json.loads(json.dumps(found.to_json()))) == found


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match="3, 2 rows"):
        bootstrap_interval(np.mean, [1, 2, 3], [1, 2], groups=[1, 2, 3], seed=0)
    with pytest.raises(ConfigurationError, match="1 replicates"):
        bootstrap_interval(np.mean, [1, 2], groups=[1, 2], replicates=1, seed=0)
    with pytest.raises(ConfigurationError, match="level is 95"):
        bootstrap_interval(np.mean, [1, 2], groups=[1, 2], level=95, seed=0)
    with pytest.raises(ConfigurationError, match="5 successes in 3"):
        wilson_interval(5, 3)
