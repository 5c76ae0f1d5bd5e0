"""Chunks: computed once, of the right computation, and whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skysieve.recipes.uncertainty.stored_chunks import digest_of, stored_chunks


def test_a_chunk_is_computed_once_and_not_taken_for_another(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def compute(first: int, behind: int) -> np.ndarray:
        asked.append((first, behind))
        return np.arange(first, behind)

    options = {"what": "counting", "size": 4, "progress": False}
    for _ in range(2):
        assert stored_chunks(tmp_path, "a", 10, compute, **options).tolist() == list(range(10))  # type: ignore[arg-type]
    assert asked == [(0, 4), (4, 8), (8, 10)]
    stored_chunks(tmp_path, "b", 10, compute, **options)  # type: ignore[arg-type]
    assert len(asked) == 6


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(), max_size=4), st.lists(st.integers(), max_size=4))
def test_digests_tell_lists_apart(first: list[int], second: list[int]) -> None:
    assert (digest_of(first) == digest_of(second)) == (first == second)


def test_digests_see_type_shape_and_order() -> None:
    arrays = [
        np.arange(4),
        np.arange(4.0),
        np.arange(4).reshape(2, 2),
        np.arange(4)[::-1],
        np.array(["0", "1", "2", "3"]),
        np.array([0, 1, 2, None], dtype=object),
    ]
    assert len({digest_of(each) for each in arrays}) == len(arrays)
    assert digest_of("a", "b") != digest_of("ab")
