from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import Interval, wilson_interval
from skysieve.evaluation.sieve_rates import Night, complement, purity_interval, rate_interval, reviewer_cost

count = st.integers(1, 400)


def exactly(value: float) -> Interval:
    return Interval(value, value, value, 0.95, 0, "known")


def test_the_purity_is_the_formula() -> None:
    found = purity_interval(wilson_interval(99, 100), wilson_interval(2, 100), prevalence=1 / 200)
    assert found.value == pytest.approx(0.99 / 200 / (0.99 / 200 + 0.02 * 199 / 200))
    assert found.method == "mover"


@given(count, count, st.data())
def test_the_interval_of_the_purity_holds_it_and_lies_inside_the_worst_case(
    n: int, m: int, data: st.DataObject
) -> None:
    tpr = wilson_interval(data.draw(st.integers(0, n)), n)
    fpr = wilson_interval(data.draw(st.integers(0, m)), m)
    found = purity_interval(tpr, fpr, 0.005)
    if tpr.value + fpr.value == 0:
        assert math.isnan(found.value)
        assert (found.low, found.high) == (0, 1)
        return

    def purity(t: float, f: float) -> float:
        return t * 0.005 / (t * 0.005 + f * 0.995)

    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found.low >= purity(tpr.low, fpr.high) - 1e-9
    if tpr.high + fpr.low > 0:
        assert found.high <= purity(tpr.high, fpr.low) + 1e-9


def test_the_interval_of_the_purity_covers() -> None:
    rng = np.random.default_rng(0)
    truth = 0.9 * 0.05 / (0.9 * 0.05 + 0.1 * 0.95)
    draws = zip(rng.binomial(150, 0.9, 400), rng.binomial(200, 0.1, 400), strict=True)
    found = [purity_interval(wilson_interval(a, 150), wilson_interval(b, 200), 0.05) for a, b in draws]
    assert 0.92 < np.mean([each.low <= truth <= each.high for each in found]) <= 0.985


def test_rates_that_are_known_exactly_give_an_exact_purity() -> None:
    found = purity_interval(exactly(0.8), exactly(0.1), 0.2)
    assert (found.low, found.high) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_no_false_positive_still_leaves_doubt() -> None:
    found = purity_interval(wilson_interval(95, 100), wilson_interval(0, 100), 0.005)
    assert (found.value, found.high) == (1, 1)
    assert 0.05 < found.low < 0.2


def test_the_cost_is_counted_by_hand() -> None:
    night = Night(streaks=10_000, prevalence=0.01, seconds_per_look=6)
    cost = reviewer_cost(exactly(0.9), exactly(0.1), night, cut="c")
    assert (cost.looks.value, cost.looks.low, cost.looks.high) == (1080, 1080, 1080)
    assert cost.minutes.value == pytest.approx(108)
    assert cost.recall == 0.9


def test_the_limits_of_the_looks_add_in_squares() -> None:
    night = Night(streaks=1000, prevalence=0.5)
    rate = Interval(0.5, 0.4, 0.7, 0.95, 0, "known")
    cost = reviewer_cost(rate, rate, night, cut="c")
    assert cost.looks.low == pytest.approx(500 - 500 * 0.1 * math.sqrt(2))
    assert cost.looks.high == pytest.approx(500 + 500 * 0.2 * math.sqrt(2))


def test_without_a_rate_a_night_may_cost_anything() -> None:
    cost = reviewer_cost(wilson_interval(0, 0), wilson_interval(1, 9), Night(), cut="c")
    assert math.isnan(cost.looks.value)
    assert (cost.looks.low, cost.looks.high) == (0, 33_000)


def test_groups_decide_the_method() -> None:
    hits = np.arange(40) % 4 > 0
    assert rate_interval(hits, np.arange(40)).method == "wilson"
    blocks = rate_interval(hits, np.arange(40) // 4 * 0 + np.arange(40) % 8)
    assert blocks.method == "percentile"
    assert blocks.high - blocks.low > rate_interval(hits, np.arange(40)).high - 0.75


def test_a_bootstrap_cannot_move_from_one_so_groups_are_trials() -> None:
    found = rate_interval(np.ones(100, dtype=bool), np.arange(100) // 10)
    assert found == wilson_interval(10, 10)
    assert rate_interval(np.zeros(100, dtype=bool), np.arange(100) // 10) == wilson_interval(0, 10)


def test_no_trial_no_rate() -> None:
    found = rate_interval(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))
    assert math.isnan(found.value)
    assert (found.low, found.high) == (0, 1)


def test_the_complement_turns_the_limits_round() -> None:
    rate = wilson_interval(3, 10)
    assert complement(rate).value == pytest.approx(0.7)
    assert complement(complement(rate)).low == pytest.approx(rate.low)


@pytest.mark.parametrize("wrong", [{"streaks": 0}, {"prevalence": 1.0}, {"seconds_per_look": 0}])
def test_nights_that_are_none(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Night(**wrong)  # type: ignore[arg-type]
