"""Cones find what astropy finds, at the poles and across 0 degrees, on both databases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from astropy.coordinates import SkyCoord, angular_separation
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.database.tables import Candidate, Night
from skysieve.service.service import Service
from skysieve.service.sky.cells import ORDER, cell_of, cell_ranges, haversine, in_cone, separation_of

RA = st.one_of(st.floats(0, 360), st.sampled_from([0.0, 45.0, 90.0, 180.0, 359.9999999, 360.0]))
DEC = st.one_of(
    st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 89.99999, -89.99999, 41.810314895778596, 0.0])
)
RADIUS = st.floats(-1, 5.85).map(lambda power: 10**power)


def _place(ra: float, dec: float, distance: float, angle: float) -> tuple[float, float]:
    """Return the position at a distance (arcseconds) from another."""
    there = SkyCoord(ra, dec, unit="deg").directional_offset_by(
        math.degrees(angle) * _degree(), distance * _second()
    )
    return float(there.ra.deg), float(np.clip(there.dec.deg, -90, 90))


def _degree():
    from astropy.units import deg

    return deg


def _second():
    from astropy.units import arcsec

    return arcsec


@given(RA, DEC, RADIUS, st.floats(0, 1), st.floats(0, 2 * math.pi))
@settings(max_examples=300, deadline=None)
def test_ranges_cover_the_whole_cone(ra: float, dec: float, radius: float, part: float, angle: float) -> None:
    there = _place(ra, dec, radius * part, angle)
    ranges = cell_ranges(ra, dec, radius)
    assert any(first <= cell_of(*there) <= last for first, last in ranges)
    assert len(ranges) <= 40


@given(RA, DEC, RADIUS)
@settings(max_examples=100, deadline=None)
def test_ranges_do_not_reach_far_beyond_the_cone(ra: float, dec: float, radius: float) -> None:
    cells = sum(last - first + 1 for first, last in cell_ranges(ra, dec, radius))
    sky = 12 * 4**ORDER
    cap = (1 - math.cos(min(math.radians(radius / 3600), math.pi))) / 2 * sky
    assert cells <= 40 * cap + 12


def test_ranges_are_ascending_and_apart() -> None:
    ranges = cell_ranges(0.0, 0.0, 600.0)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(ranges))


def test_cell_is_the_same_once_around_the_circle() -> None:
    ra = np.array([-10.0, 350.0, 710.0])
    cells = cell_of(ra, np.full(3, 12.5))
    assert cells.dtype == np.int64
    assert len(set(cells.tolist())) == 1


@pytest.mark.parametrize(("ra", "dec"), [(math.nan, 0.0), (0.0, 90.5), (math.inf, 0.0), (0.0, math.nan)])
def test_no_position_has_no_cell(ra: float, dec: float) -> None:
    with pytest.raises(InputError, match="expected finite degrees"):
        cell_of(ra, dec)


@pytest.mark.parametrize(
    "cone", [(0.0, 91.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, -1.0), (math.nan, 0.0, 1.0), (0.0, 0.0, math.inf)]
)
def test_no_cone_is_refused(cone: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="positive radius"):
        in_cone(*cone)


CENTRES = [(0.0, 0.0), (359.9999, 10.0), (10.5, 41.2), (123.0, 90.0), (45.0, -89.9999), (200.0, 41.8103)]
RADII = [0.5, 10.0, 60.0, 3600.0, 200_000.0, 700_000.0]


def test_cone_finds_what_astropy_finds(service: Service) -> None:
    random = np.random.default_rng(3)
    places = [
        _place(ra, dec, radius * random.uniform(0.0, 1.6), random.uniform(0, 2 * math.pi))
        for ra, dec in CENTRES
        for radius in RADII
        for _ in range(12)
    ]
    with service.database.writing() as session:
        night = Night(name="unknown")
        session.add(night)
        session.flush()
        rows = [
            Candidate(
                kind="alert",
                survey="ZTF",
                name=str(n),
                night_id=night.id,
                ra=ra,
                dec=dec,
                cell=cell_of(ra, dec),
            )
            for n, (ra, dec) in enumerate(places)
        ]
        session.add_all([*rows, Candidate(kind="alert", survey="ZTF", name="nowhere", night_id=night.id)])
    ras, decs = np.radians(np.array(places)).T
    with service.database.reading() as session:
        for ra, dec in CENTRES:
            separations = angular_separation(math.radians(ra), math.radians(dec), ras, decs)
            for radius in RADII:
                found = session.execute(
                    select(Candidate.name, haversine(ra, dec)).where(in_cone(ra, dec, radius))
                ).all()
                inside = np.degrees(separations) * 3600 <= radius
                assert {int(name) for name, _ in found} == set(np.flatnonzero(inside).tolist())
                for name, value in found:
                    expected = np.degrees(separations[int(name)]) * 3600
                    assert separation_of(value) == pytest.approx(expected, rel=1e-7, abs=1e-6)
