from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import (
    check_binary,
    check_fraction,
    check_groups,
    check_labels,
    check_scores,
)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "at least one"),
        ([[0, 1]], r"\(1, 2\)"),
        ([0, -1, 1], "1 of 3 samples are unlabelled .* position 1"),
        ([0.0, 1.0, np.nan], "unlabelled .* position 2"),
        ([0, 2], "position 1 is 2; expected one of 0 ... 1"),
        ([0.5, 1.0], "position 0 is 0.5"),
        (["real", "bogus"], "expected the integer index"),
    ],
)
def test_labels_that_cannot_be_used(labels: Any, message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        check_labels(labels, classes=2)


def test_whole_floats_and_booleans_are_labels() -> None:
    assert check_labels([0.0, 1.0]).tolist() == [0, 1]
    assert check_labels(np.array([True, False])).dtype == np.int64


def test_scores_keep_their_precision_and_must_be_finite() -> None:
    assert check_scores(np.zeros((3, 2), np.float32), 3).dtype == np.float32
    with pytest.raises(SampleSetError, match="1 of 3 scores are not finite, the first at position 2"):
        check_scores([0.1, 0.2, np.nan], 3)
    with pytest.raises(SampleSetError, match=r"2 labels but scores of shape \(3,\)"):
        check_binary([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(SampleSetError, match="positive class only"):
        check_binary([0, 1], [[0.1, 0.9], [0.2, 0.8]])


def test_groups_of_any_type_become_codes() -> None:
    assert check_groups(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert check_groups(np.array(["b", 7, "b"], dtype=object), 3).tolist() == [1, 0, 1]
    with pytest.raises(SampleSetError, match="missing"):
        check_groups(np.array(["a", None], dtype=object), 2)
    with pytest.raises(SampleSetError, match="missing"):
        check_groups([1.0, np.nan], 2)
    with pytest.raises(SampleSetError, match=r"\(2,\)"):
        check_groups([1, 2, 3], 2)


def test_fractions() -> None:
    assert check_fraction("level", 0.95) == 0.95
    assert check_fraction("fpr", 0.0, closed=True) == 0
    with pytest.raises(ConfigurationError, match="level is 1; expected a fraction between 0 and 1"):
        check_fraction("level", 1)
