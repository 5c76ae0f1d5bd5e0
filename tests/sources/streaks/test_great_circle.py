"""Tests of `skysieve.sources.streaks.great_circle`, against astropy."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.sources.streaks.great_circle import great_circle_arc


@settings(max_examples=40, deadline=None)
@given(
    ra=st.floats(0, 360, exclude_max=True),
    dec=st.floats(-89.99, 89.99),
    angle=st.floats(0.1, 179.9),
    length=st.floats(1.0, 3600.0),
)
def test_arc_agrees_with_astropy(ra: float, dec: float, angle: float, length: float) -> None:
    middle = SkyCoord(ra, dec, unit="deg")
    first, second = (
        middle.directional_offset_by(turn * units.deg, length / 2 * units.arcsec)
        for turn in (angle, angle + 180)
    )
    arc = great_circle_arc(first.ra.deg, first.dec.deg, second.ra.deg, second.dec.deg)
    found = SkyCoord(arc.ra, arc.dec, unit="deg")
    assert found.separation(middle).arcsec < 1e-6
    assert arc.length * 3600 == pytest.approx(length, abs=1e-6)
    assert arc.position_angle == pytest.approx(angle, abs=1e-3)
    assert 0 <= arc.ra < 360


def test_midpoint_across_right_ascension_zero_and_over_the_pole() -> None:
    arc = great_circle_arc([359.9, 10.0], [0.0, 89.9], [0.1, 190.0], [0.0, 89.9])
    assert min(arc.ra[0], 360 - arc.ra[0]) == pytest.approx(0, abs=1e-9)
    assert arc.dec[1] == pytest.approx(90, abs=1e-5)
    np.testing.assert_allclose(arc.length, [0.2, 0.2], rtol=1e-9)


def test_point_has_no_direction_and_missing_end_gives_nan() -> None:
    point, missing = (great_circle_arc(10.0, 20.0, ra, 20.0) for ra in (10.0, np.nan))
    assert point.length == 0
    assert np.isnan(point.position_angle)
    assert all(np.isnan(value) for value in missing)
