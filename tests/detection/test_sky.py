import numpy as np
import pytest
from astropy.wcs import WCS

from skysieve.detection.sky import sky_columns
from skysieve.detection.streak import Streak


def streak(x1: float, y1: float, x2: float, y2: float) -> Streak:
    numbers = dict.fromkeys((name for name in Streak.__slots__ if name != "flags"), 0.0)
    return Streak(**numbers | {"x1": x1, "y1": y1, "x2": x2, "y2": y2})


def system(dec: float = 0.0) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [0.0, dec], [51.0, 51.0]
    wcs.wcs.cdelt = [-1 / 3600, 1 / 3600]
    return wcs


def test_a_streak_to_the_north_and_one_to_the_east() -> None:
    columns = sky_columns([streak(50, 40, 50, 60), streak(40, 50, 60, 50)], system(), seconds=30.0)
    np.testing.assert_allclose(columns["sky_length"], 20.0, rtol=1e-6)
    np.testing.assert_allclose(columns["sky_pa"], [0.0, 90.0], atol=1e-6)
    np.testing.assert_allclose(columns["rate"], 20.0 / 3600 * 2880, rtol=1e-6)
    np.testing.assert_allclose(columns["dec1"], [-10 / 3600, 0.0], atol=1e-9)


def test_the_middle_is_right_across_zero_hours_and_near_the_pole() -> None:
    columns = sky_columns([streak(40, 50, 60, 50)], system(), seconds=None)
    assert columns["ra"][0] % 360.0 == pytest.approx(0.0, abs=1e-6) or columns["ra"][0] == pytest.approx(
        360.0
    )
    polar = sky_columns([streak(30, 45, 75, 60)], system(dec=89.99), seconds=30.0)
    world = system(dec=89.99).all_pix2world([[52.5, 52.5]], 0)[0]
    assert polar["dec"][0] == pytest.approx(world[1], abs=1e-6)
    assert np.isnan(columns["rate"]).all()


def test_no_streaks_give_empty_columns() -> None:
    assert all(values.shape == (0,) for values in sky_columns([], system(), seconds=30.0).values())
