"""What is known without any score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skysieve.samples.weak_labels import is_known


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 0], [False, True, False]),
        ([0.0, 1.0, np.nan, -999.0], [False, True, False, True]),
        (["SN Ia", "", "None", "nan", "-", " NULL ", "0"], [True, False, False, False, False, False, True]),
        ([True, False], [True, False]),
        (
            np.array([None, True, False, "", "SN", np.nan, 2], dtype=object),
            [False, True, False, False, True, False, True],
        ),
    ],
)  # fmt: skip
def test_what_says_nothing_is_not_known(values: Any, expected: list[bool]) -> None:
    assert is_known(np.asarray(values)).tolist() == expected
