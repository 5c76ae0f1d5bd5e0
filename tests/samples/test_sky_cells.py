"""Groups by place: no two samples closer than the radius stand in two groups, wherever on the sky."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import SampleSetError
from skysieve.samples.sky_cells import close_pairs, sky_groups

ANYWHERE = st.tuples(st.floats(-400, 800), st.floats(-90, 90))
AT_THE_POLE = st.tuples(st.floats(0, 360), st.floats(89.99, 90))
AT_THE_SEAM = st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))


def separations(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return the distances of all pairs by astropy's own formula, arcsec."""
    places = SkyCoord(ra, dec, unit="deg")
    return np.asarray(places[:, None].separation(places[None, :]).to_value(u.arcsec))


@settings(deadline=None, max_examples=40)
@pytest.mark.parametrize("places", [ANYWHERE, AT_THE_POLE, AT_THE_SEAM])
@given(data=st.data(), radius=st.floats(1, 100))
def test_no_close_pair_is_divided(places: st.SearchStrategy, data: st.DataObject, radius: float) -> None:
    ra, dec = np.array(data.draw(st.lists(places, min_size=1, max_size=30))).T
    apart = separations(ra, dec)
    groups = sky_groups(ra, dec, radius)
    together = groups[:, None] == groups[None, :]
    assert together[apart < radius * (1 - 1e-6)].all()
    # A group of several holds no hermit: each member has a neighbour in it.
    near = (apart <= radius * (1 + 1e-6)) & ~np.eye(len(ra), dtype=bool)
    counts = together.sum(axis=1)
    assert (near[counts > 1] & together[counts > 1]).any(axis=1).all()


def test_a_chain_is_one_group() -> None:
    ra = np.arange(10) * 9 / 3600
    assert len(set(sky_groups(ra, np.zeros(10), 10))) == 1
    assert len(set(sky_groups(ra, np.zeros(10), 8))) == 10


def test_pairs_agree_with_astropy() -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(359.9, 360.1, 300), rng.uniform(-0.1, 0.1, 300)
    expected = np.argwhere(np.triu(separations(ra, dec) <= 60, k=1))
    np.testing.assert_array_equal(close_pairs(ra, dec, 60), expected)


def test_the_radius_itself_is_close() -> None:
    assert close_pairs([10, 10], [20, 20 + 30 / 3600], 30).tolist() == [[0, 1]]
    assert close_pairs([10, 10], [20, 20 + 30.001 / 3600], 30).tolist() == []


def test_names_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 0.1, 200), rng.uniform(60, 60.1, 200)
    order = rng.permutation(200)
    np.testing.assert_array_equal(sky_groups(ra, dec, 20)[order], sky_groups(ra[order], dec[order], 20))


def test_many_copies_of_one_place_are_one_group() -> None:
    assert set(sky_groups(np.full(50_000, 12.0), np.full(50_000, -3.0), 30)) == {"J012.0000000-03.0000000"}


def test_right_ascensions_are_taken_around_the_circle() -> None:
    assert len(set(sky_groups([-0.001, 359.999, 719.999, 0.0], [0, 0, 0, 0], 5))) == 1


def test_no_position_is_no_group() -> None:
    assert sky_groups([], [], 5).tolist() == []


@pytest.mark.parametrize(
    ("ra", "dec", "radius", "reason"),
    [
        ([np.nan], [0], 5, "1 of 1 positions are no place on the sky, the first in row 0"),
        ([1, 2], [0, 90.1], 5, "the first in row 1: ra 2.0, dec 90.1"),
        ([1, 2], [0], 5, "equal length"),
        ([1], [0], 0, "a positive one"),
        ([1], [0], np.nan, "a positive one"),
    ],
)
def test_what_is_no_position_is_refused(ra: list, dec: list, radius: float, reason: str) -> None:
    with pytest.raises(SampleSetError, match=reason):
        sky_groups(ra, dec, radius)
