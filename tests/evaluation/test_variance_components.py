"""Spread of seeds and of splits, against scipy and against runs whose spread is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from skysieve.errors import ConfigurationError
from skysieve.evaluation.variance_components import variance_components


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0.5, 1).map(lambda x: round(x, 3))))
def test_f_and_p_are_those_of_scipy(table: np.ndarray) -> None:
    found = variance_components(table)
    within = table.var(axis=1, ddof=1).mean()
    if within < 1e-12:
        assert math.isnan(found.f) or found.seed < 1e-6
        return
    expected = stats.f_oneway(*table)
    assert found.f == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    assert found.total**2 == pytest.approx(found.seed**2 + found.split**2)


def test_known_components_are_found() -> None:
    rng = np.random.default_rng(1)
    table = 0.9 + rng.normal(0, 0.03, (400, 1)) + rng.normal(0, 0.01, (400, 5))
    found = variance_components(table)
    assert found.seed == pytest.approx(0.01, rel=0.05)
    assert found.split == pytest.approx(0.03, rel=0.1)
    assert found.seed_low < 0.01 < found.seed_high


def test_the_interval_of_the_seed_holds_it_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        found = variance_components(rng.normal(0, 1, (3, 3)))
        held += found.seed_low < 1 < found.seed_high
    assert 0.92 < held / 400 < 0.98


def test_splits_that_differ_by_less_than_seeds_have_no_spread_of_their_own() -> None:
    found = variance_components([[0.8, 1.0], [1.0, 0.8]])
    assert found.split == 0
    assert found.p == 1


def test_a_figure_that_is_undefined_in_a_run_has_no_components() -> None:
    assert math.isnan(variance_components([[0.8, np.nan], [1.0, 0.8]]).split)


@pytest.mark.parametrize("values", [[[0.9, 0.8]], [[0.9], [0.8]], [0.9, 0.8]])
def test_one_run_has_no_spread(values: list[object]) -> None:
    with pytest.raises(ConfigurationError, match="2 or more splits and seeds"):
        variance_components(values)
