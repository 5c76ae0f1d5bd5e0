from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.web import formats


@given(st.floats(0, 360, exclude_max=True))
def test_a_right_ascension_reads_back(degrees):
    hours, minutes, seconds = (float(part) for part in formats.right_ascension(degrees).split(":"))
    assert minutes < 60
    assert seconds < 60
    back = 15 * (hours + minutes / 60 + seconds / 3600)
    assert min(abs(back - degrees), 360 - abs(back - degrees)) <= 15 * 0.0051 / 3600


@given(st.floats(-90, 90))
def test_a_declination_reads_back_with_its_sign(degrees):
    text = formats.declination(degrees)
    parts = [float(part) for part in text[1:].split(":")]
    assert parts[2] < 60
    back = parts[0] + parts[1] / 60 + parts[2] / 3600
    assert back * (-1 if text[0] == "\N{MINUS SIGN}" else 1) == pytest.approx(degrees, abs=0.051 / 3600)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(value):
    assert {
        formats.number(value),
        formats.right_ascension(value),
        formats.declination(value),
        formats.moment_of_jd(value),
    } == {formats.UNKNOWN}


def test_a_julian_date_out_of_the_calendar_is_a_dash():
    assert formats.moment_of_jd(1e12) == formats.UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "now"), (119, "119 s ago"), (600, "10 min ago"), (5 * 86400, "5 days ago")]
)
def test_how_long_ago(seconds, said):
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert formats.ago(now - timedelta(seconds=seconds), now) == said


def test_never_is_said():
    assert formats.ago(None) == "never"


def test_thousands_stand_apart():
    assert formats.count(1000000) == "1\u202f000\u202f000"
