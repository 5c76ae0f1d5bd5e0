from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.candidates.history import Point
from skysieve.service.pages.drawing import bars_by_hour, light_curve, nice_ticks, score_bars

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(low=FINITE, width=st.floats(1e-3, 1e6), most=st.integers(2, 10))
def test_ticks_are_few_round_and_within(low, width, most):
    high = low + width
    ticks = nice_ticks(low, high, most)
    assert len(ticks) <= most
    assert all(low - width * 1e-6 <= tick <= high + width * 1e-6 for tick in ticks)
    assert len(nice_ticks(low, high, 5)) >= 1


@given(st.lists(st.integers(0, 10**7), min_size=20, max_size=20))
def test_bars_of_scores_stand_within_the_drawing_and_keep_their_order(counts):
    drawn = score_bars(counts, 0.5)
    assert all(0 <= bar.height <= drawn.height for bar in drawn.bars)
    order = sorted(range(20), key=lambda at: counts[at])
    heights = [drawn.bars[at].height for at in order]
    assert heights == sorted(heights)
    assert drawn.marks[0][0] == pytest.approx(drawn.width / 2)


def test_an_hour_in_which_nothing_came_leaves_a_gap():
    first = datetime(2026, 11, 20, 22, tzinfo=UTC)
    drawn = bars_by_hour([(first, 4), (first + timedelta(hours=3), 2)])
    assert [bar.words for bar in drawn.bars] == ["20 Nov 22 h: 4", "21 Nov 01 h: 2"]
    step = drawn.width / 12
    assert drawn.bars[1].x - drawn.bars[0].x == pytest.approx(3 * step)
    assert drawn.bars[0].height == pytest.approx(2 * drawn.bars[1].height)
    assert drawn.across.ticks[0][1] == "22"


def test_only_the_last_two_days_of_hours_are_drawn():
    first = datetime(2026, 11, 1, tzinfo=UTC)
    drawn = bars_by_hour([(first, 9), (first + timedelta(hours=100), 1)])
    assert [bar.words for bar in drawn.bars] == ["05 Nov 04 h: 1"]


def test_nothing_came_is_no_bar():
    assert bars_by_hour([]).bars == []


def point(jd: float, mag: float, **given) -> Point:
    return Point(
        jd, mag, given.pop("error", 0.1), given.pop("band", "g"), given.pop("detected", True), **given
    )


def test_what_is_bright_stands_above_and_what_is_late_to_the_right():
    drawn = light_curve([point(1, 18.0), point(5, 20.0)])
    bright, faint = sorted(drawn.marks, key=lambda mark: mark.y)
    assert bright.words.endswith("g = 18.00 ± 0.10")
    assert bright.x < faint.x
    assert bright.high < bright.y < bright.low


def test_the_candidate_that_is_looked_at_is_drawn_last():
    drawn = light_curve([point(1, 18.0, candidate_id=7), point(2, 18.0, candidate_id=8)], here=7)
    assert [mark.here for mark in drawn.marks] == [False, True]


def test_bands_differ_by_shape_and_limits_are_said_to_be_limits():
    drawn = light_curve([point(1, 18.0), point(2, 19.0, band="r", detected=False, error=None)])
    assert dict(drawn.bands) == {"g": "circle", "r": "square"}
    assert any("r fainter than 19.00" in mark.words for mark in drawn.marks)


@given(
    st.lists(st.tuples(st.floats(2.4e6, 2.5e6), st.floats(5, 25), st.floats(0, 2)), min_size=1, max_size=20)
)
def test_every_point_stands_within_the_drawing(given_points):
    drawn = light_curve([point(jd, mag, error=error) for jd, mag, error in given_points])
    for mark in drawn.marks:
        assert -1e-9 <= mark.x <= drawn.width + 1e-9
        assert -1e-9 <= mark.high <= mark.y <= mark.low <= drawn.height + 1e-9


def test_points_that_are_no_numbers_are_left_out():
    assert light_curve([point(math.nan, 18.0), point(1.0, math.inf)]) is None
