"""Tests of `skysieve.sources.streaks.observing_night`."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.sources.streaks.observing_night import SITE_LONGITUDES, observing_night, to_mjd

LONGITUDES = st.floats(-179.9, 179.9)
DAYS = st.integers(40_000, 80_000)


def _date(day: int) -> str:
    return (dt.date(1858, 11, 17) + dt.timedelta(days=day)).strftime("%Y%m%d")


@settings(max_examples=200, deadline=None)
@given(day=DAYS, longitude=LONGITUDES, share=st.floats(1e-6, 1 - 1e-6))
def test_every_instant_between_noons_has_the_name_of_the_evening(
    day: int, longitude: float, share: float
) -> None:
    noon = day + 0.5 - longitude / 360
    assert observing_night(noon + share, longitude) == _date(day)
    assert observing_night(noon + 1 + share, longitude) == _date(day + 1)


def test_night_of_chile_is_one_though_utc_has_two_dates() -> None:
    hours = np.arange(0, 10)
    times = np.datetime64("2019-02-14T23:30") + hours.astype("timedelta64[h]")
    assert set(observing_night(times, "La Silla")) == {"20190214"}
    assert len(set(times.astype("datetime64[D]"))) == 2


def test_night_of_palomar_bears_the_evening_date_and_utc_the_next() -> None:
    assert observing_night("2019-02-15T02:00:00Z", "Palomar") == "20190214"


def test_night_of_australia_begins_the_same_utc_day() -> None:
    assert observing_night("2019-02-14T09:00:00", "Siding Spring") == "20190214"
    assert observing_night("2019-02-14T19:00:00", "siding spring") == "20190214"


def test_times_of_all_kinds_mean_the_same() -> None:
    text = "2019-02-15T07:12:34.500"
    time = Time(text, scale="utc")
    for given_time in (text, time.mjd, time.jd, np.datetime64(text)):
        assert float(to_mjd(given_time)) == pytest.approx(time.mjd, abs=2e-9)
    assert to_mjd([text]) == pytest.approx([time.mjd], abs=1e-11)


def test_missing_time_has_no_night() -> None:
    assert np.asarray(observing_night([np.nan, 58529.3], "Palomar")).tolist() == ["", "20190214"]
    assert observing_night(np.datetime64("NaT"), "Palomar") == ""


def test_a_longitude_may_come_as_words() -> None:
    assert observing_night(58529.0, "149.06") == observing_night(58529.0, 149.06)
    with pytest.raises(ConfigurationError, match=r"outside -360\.\.360"):
        observing_night(58529.0, "1490.6")
    with pytest.raises(ConfigurationError, match=r"longitude nan"):
        observing_night(58529.0, "nan")


def test_unknown_site_and_impossible_longitude_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'Ondrejov' is unknown; known are Palomar"):
        observing_night(58529.0, "Ondrejov")
    with pytest.raises(ConfigurationError, match=r"-360\.\.360"):
        observing_night(58529.0, 1000.0)
    assert observing_night(58529.0, 243.14) == observing_night(58529.0, -116.86)


def test_sites_lie_on_earth() -> None:
    assert all(-180 < longitude < 180 for longitude in SITE_LONGITUDES.values())
