"""Sorted values of many curves, and what is read off them, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.preprocess.curve_features.ordered_values import (
    median_deviation,
    ordered_values,
    percentile,
)

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=10), min_size=1, max_size=10))
def test_each_curve_is_sorted_by_itself(rows: list[list[float]]) -> None:
    offsets = np.cumsum([0, *map(len, rows)])
    value = np.array([each for row in rows for each in row])
    given_value = value.copy()
    ordered = ordered_values(offsets, value)
    np.testing.assert_array_equal(ordered, [each for row in rows for each in sorted(row)])
    np.testing.assert_array_equal(value, given_value)


@settings(deadline=None)
@given(numbers)
def test_the_median_deviation_is_that_of_numpy(drawn: list[float]) -> None:
    ordered = np.sort(drawn)
    middle = float(np.median(ordered))
    expected = np.median(np.abs(ordered - middle))
    assert median_deviation(ordered, middle) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(numbers, st.floats(0, 100))
def test_percentiles_are_those_of_numpy(drawn: list[float], percent: float) -> None:
    ordered = np.sort(drawn)
    assert percentile(ordered, percent) == pytest.approx(np.percentile(ordered, percent), rel=1e-9, abs=1e-6)
