from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.service.pages.angles import read_angle
from skysieve.service.web.formats import declination, right_ascension


@given(st.floats(0, 359.99))
def test_a_right_ascension_that_a_page_shows_is_read_back(degrees):
    assert read_angle(right_ascension(degrees), hours=True) == pytest.approx(degrees, abs=0.0051 / 240)


@given(st.floats(-90, 90))
def test_a_declination_that_a_page_shows_is_read_back(degrees):
    assert read_angle(declination(degrees), hours=False) == pytest.approx(degrees, abs=0.051 / 3600)


@pytest.mark.parametrize(
    ("text", "hours", "degrees"),
    [("12", True, 12.0), ("1h30m00s", True, 22.5), ("-00:30", False, -0.5), (" 5 30 00 ", False, 5.5)],
)
def test_forms_that_people_write(text, hours, degrees):
    assert read_angle(text, hours=hours) == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("", True), ("nan", True), ("361", True), ("-1", True), ("91", False), ("5:61:00", False)],
)
def test_what_is_no_angle_is_refused(text, hours):
    with pytest.raises(InputError, match="expected"):
        read_angle(text, hours=hours)
