"""Requests a second: bursts are allowed, more than that for ever is not, and memory stays bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.accounts.request_limit import RequestLimit


@given(st.lists(st.floats(0, 3), max_size=200), st.floats(0.5, 20), st.integers(1, 20))
def test_no_caller_gets_more_than_is_allowed(pauses: list[float], a_second: float, at_once: int) -> None:
    now = 0.0
    limit = RequestLimit(a_second, at_once, clock=lambda: now)
    allowed = 0
    for pause in pauses:
        now += pause
        allowed += limit.wait_s("ana") == 0
    assert allowed <= at_once + now * a_second + 1e-6


@given(st.floats(0.5, 20), st.integers(1, 20))
def test_who_waits_as_told_is_let_in(a_second: float, at_once: int) -> None:
    now = 0.0
    limit = RequestLimit(a_second, at_once, clock=lambda: now)
    for _ in range(at_once):
        assert limit.wait_s("ana") == 0
    for _ in range(5):
        wait = limit.wait_s("ana")
        assert 0 < wait <= 1 / a_second
        now += wait * (1 + 1e-9)
        assert limit.wait_s("ana") == 0


def test_those_who_called_longest_ago_are_forgotten() -> None:
    limit = RequestLimit(1, 1, most_callers=2, clock=lambda: 0.0)
    for caller in ("ana", "ben", "ada"):
        assert limit.wait_s(caller) == 0
    assert limit.wait_s("ada") > 0
    assert limit.wait_s("ben") > 0
    assert limit.wait_s("ana") == 0
