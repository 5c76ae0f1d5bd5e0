"""Columns of a candidate, whatever a survey calls them and whatever nonsense it says."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.service.ingest.alert_columns import alert_values, clean_fields, night_name, position
from skysieve.sources.alerts.alert import Alert

PIXELS = tuple(np.full((2, 2), level, np.float32) for level in range(3))

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5)
names = st.sampled_from(
    ["jd", "ra", "dec", "decl", "fid", "magpsf", "midpointMjdTai", "midPointTai", "band", "psfFlux", "rb"]
)


def _alert(survey="ZTF", cutouts=PIXELS, object_id="ZTF18a", schema="4.02", **candidate):
    return Alert(17, object_id, survey, schema, candidate, cutouts, "1.avro")


def _values(alert):
    return alert_values(alert, site="Palomar", source="folder: 1.avro")


def test_an_alert_of_rubin_is_told_in_the_same_columns():
    said = {"midpointMjdTai": 61000.25, "ra": 370.0, "psfFlux": 3631.0, "snr": 9.0}
    values = _values(_alert("LSST", object_id="", dec=-30.0, band="r", **said))
    assert values["jd"] == pytest.approx(2461000.75 - 37 / 86400, abs=1e-9)
    assert (values["ra"], values["dec"], values["band"]) == (10.0, -30.0, "r")
    assert values["mag"] == pytest.approx(22.5, abs=1e-4)
    # What a column holds as it came is not held twice; the right ascension was another.
    assert values["fields"] == said


def test_an_earlier_schema_of_rubin_had_other_names():
    values = _values(_alert("LSST", midPointTai=61000.25, ra=1.0, decl=2.0, filterName="z", psFlux=-3.0))
    assert values["jd"] is not None
    assert (values["dec"], values["band"], values["mag"]) == (2.0, "z", None)


def test_a_band_that_no_column_can_hold_as_it_came_stays_in_the_fields():
    values = _values(_alert("LSST", band="\0"))
    assert values["band"] == values["fields"]["band"] == "\\0"


def test_what_jd_says_is_utc_and_names_the_night():
    values = _values(_alert(jd=2458529.7, ra=1.0, dec=2.0, fid=2, magpsf=18.5, rb=0.9))
    assert (values["jd"], values["night"], values["band"], values["mag"]) == (
        2458529.7,
        "20190214",
        "r",
        18.5,
    )
    assert values["fields"] == {"fid": 2, "magpsf": 18.5, "rb": 0.9}


@given(st.sampled_from(["ZTF", "LSST"]), st.dictionaries(names, scalars))
def test_whatever_is_said_can_be_stored(survey, fields):
    values = _values(_alert(survey, **fields))
    text = json.dumps(values["fields"], allow_nan=False)
    assert "\\u0000" not in text
    for name in ("jd", "ra", "dec", "mag"):
        assert values[name] is None or math.isfinite(values[name])
    assert values["ra"] is None or (0 <= values["ra"] < 360 and -90 <= values["dec"] <= 90)
    assert values["night"] == "unknown" or len(values["night"]) == 8
    assert len(values["band"]) <= 16 * 6
    # Nothing that was said is lost: it stands in a column or in the fields.
    kept = {name for name, value in fields.items() if value is not None and value == value}
    infinite = {name for name in kept if isinstance(fields[name], float) and math.isinf(fields[name])}
    columns = {name for name in ("jd", "ra", "dec", "band") if values[name] == fields.get(name)}
    assert kept - infinite <= values["fields"].keys() | columns


@given(st.floats() | st.none(), st.floats() | st.none())
def test_a_position_is_one_or_none(ra, dec):
    found = position(ra, dec)
    assert (found[0] is None) == (found[1] is None)
    assert found[0] is None or (0 <= found[0] < 360 and -90 <= found[1] <= 90)


def test_the_stamp_tells_every_change_and_nothing_else():
    plain = _values(_alert(jd=1.0, rb=float("nan")))["stamp"]
    other = tuple(np.full((2, 2), level, np.float32) for level in (0, 1, 5))
    flat = tuple(pixels.reshape(1, 4) for pixels in PIXELS)
    changed = [
        _alert(jd=1.0, rb=0.5),
        _alert(jd=1.0),
        _alert(jd=1.0, rb=float("nan"), object_id="ZTF18b"),
        _alert(jd=1.0, rb=float("nan"), schema="3.3"),
        _alert(jd=1.0, rb=float("nan"), cutouts=other),
        _alert(jd=1.0, rb=float("nan"), cutouts=flat),
    ]
    assert len({plain, *(_values(alert)["stamp"] for alert in changed)}) == 7
    assert _values(_alert(rb=float("nan"), jd=1.0))["stamp"] == plain


def test_an_object_with_an_endless_name_is_refused():
    with pytest.raises(InputError) as raised:
        _values(_alert(object_id="x" * 81))
    assert raised.value.kind == "bad-id"


def test_nights_and_fields():
    assert night_name(None, "Palomar") == "unknown"
    assert clean_fields({"a": "x\0", "b": "\ud800", "c": True, "d": None, "e": -0.0}) == {
        "a": "x\\0",
        "b": "\\ud800",
        "c": True,
        "e": -0.0,
    }
