"""True shares of the classes as a user states them."""

from __future__ import annotations

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.shares import check_shares, complete_shares


def test_shares_of_all_classes_are_scaled_to_one() -> None:
    np.testing.assert_allclose(complete_shares({"b": 0.333, "a": 0.666}, ("a", "b"), [1, 1]), [2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"mergers": 0.1}, "'mergers', which there is not"),
        ({"a": 0.7, "b": 0.7}, "sum to 1.4"),
        ({"a": 0.1, "b": 0.1, "c": 0.1}, "sum to 0.3"),
    ],
)
def test_shares_that_make_no_whole(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        check_shares(shares, ("a", "b", "c"))


def test_a_rest_needs_samples_to_be_divided_by() -> None:
    with pytest.raises(SampleSetError, match=r"leave 0\.9 for a, b"):
        complete_shares({"c": 0.1}, ("a", "b", "c"), [0, 0, 5])
