"""Cursors keep a place exactly, and whatever is made up is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.service.candidates.cursor import Place, read_cursor, write_cursor

NUMBERS = st.integers(1, 2**63 - 1)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.none(), NUMBERS, st.booleans())
def test_numbers_come_back_exactly(value: float | None, number: int, backwards: bool) -> None:
    place = Place(value, number, backwards)
    assert read_cursor(write_cursor(place, "d"), "d", float) == place


@given(st.datetimes(timezones=st.just(UTC)), NUMBERS)
def test_times_come_back_exactly(value: datetime, number: int) -> None:
    assert read_cursor(write_cursor(Place(value, number), "d"), "d", datetime) == Place(value, number)


@given(st.text(max_size=800))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_cursor(text, "d", float)
    assert caught.value.kind == "bad-cursor"


def _forged(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "content",
    [
        ["d", 0, 0.5],
        ["d", 0, 0.5, 0],
        ["d", 0, 0.5, 2**63],
        ["d", 0, 0.5, True],
        ["d", 2, 0.5, 1],
        ["d", True, 0.5, 1],
        ["d", 0, "0.5", 1],
        ["d", 0, True, 1],
        ["d", 0, float("nan"), 1],
        ["d", 0, float("inf"), 1],
        ["d", 0, 10**400, 1],
        ["d", 0, [0.5], 1],
        ["other", 0, 0.5, 1],
        {"d": 0},
        [[[]]] * 4,
        "d",
    ],
)
def test_forged_cursors_are_refused(content: object) -> None:
    with pytest.raises(InputError) as caught:
        read_cursor(_forged(content), "d", float)
    assert caught.value.kind == "bad-cursor"


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 81, "line\n"])
def test_texts_that_no_database_takes_are_refused(value: str) -> None:
    with pytest.raises(InputError):
        read_cursor(_forged(["d", 0, value, 1]), "d", str)


@pytest.mark.parametrize("value", ["2026-11-20T00:00:00", "never", "9999-12-31T23:59:59-23:00"])
def test_times_without_meaning_are_refused(value: str) -> None:
    with pytest.raises(InputError):
        read_cursor(_forged(["d", 0, value, 1]), "d", datetime)
