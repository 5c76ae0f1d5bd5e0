from __future__ import annotations

import math
from urllib.parse import parse_qs, urlsplit

import pytest

from skysieve.service.database.tables import Candidate
from skysieve.service.pages.links import links_out


def by_name(**given):
    return {link.name: urlsplit(link.address) for link in links_out(Candidate(**given))}


def test_a_position_is_looked_up_where_it_is():
    there = by_name(survey="LSST", object_id="1", ra=83.633083, dec=22.0145, jd=2461366.75)
    query = parse_qs(there["SIMBAD"].query)
    assert query["Coord"] == ["83.633083 +22.014500"]
    asked = parse_qs(there["MPC checker"].query)
    assert (asked["ra"], asked["decl"]) == (["05 34 31.94"], ["22 00 52.2"])
    assert (asked["year"], asked["month"], asked["day"]) == (["2026"], ["11"], ["22.25"])
    assert "Fink" not in there


@pytest.mark.parametrize("given", [{}, {"ra": 1.0}, {"ra": math.nan, "dec": 0.0}])
def test_without_a_position_there_is_nothing_to_look_up(given):
    assert by_name(survey="LSST", object_id="", **given) == {}


@pytest.mark.parametrize("name", ["../../x", "a/b?c=d#e", '"><script>', "javascript:alert(1)"])
def test_a_name_cannot_lead_elsewhere(name):
    there = by_name(survey="ZTF", object_id=name)
    assert {part.netloc for part in there.values()} == {
        "alerce.online",
        "ztf.fink-portal.org",
        "fritz.science",
    }
    for part in there.values():
        assert part.scheme == "https"
        assert not part.query
        assert not part.fragment
        assert part.path.count("/") <= 2
