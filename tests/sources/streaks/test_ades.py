"""Tests of `skysieve.sources.streaks.ades`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.sources.streaks.ades import MAX_ADES_BYTES, parse_ades

OPTICAL = (
    "<optical><trkSub>ZTF00x1</trkSub><mode>CCD</mode><stn>I41</stn>"
    "<obsTime>{}</obsTime><ra>{}</ra><dec>-3.5</dec>"
)
FIRST = OPTICAL.format("2019-02-15T07:12:34.5Z", 359.99) + "<mag>18.2</mag><band>r</band></optical>"
SECOND = OPTICAL.format("2019-02-15T07:13:04.5Z", 0.01) + "<rmsRA> 0.4 </rmsRA></optical>"
CONTEXT = """<obsContext><observatory><mpcCode>I41</mpcCode></observatory>
<observers><name>A. B</name><name>C. D</name></observers></obsContext>"""


def _report(*opticals: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    block = f"<obsBlock>{CONTEXT}<obsData>{''.join(opticals)}</obsData></obsBlock>"
    return f'{head}<ades version="2017">{block}</ades>'.encode()


def _kind(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse_ades(data, item="s_ades.xml")
    assert caught.value.item == "s_ades.xml"
    return caught.value.kind


def test_one_observation_with_its_context() -> None:
    assert parse_ades(_report(FIRST), item="a") == {
        "ades_observatory_mpcCode": "I41",
        "ades_observers_name": "A. B; C. D",
        "ades_trkSub": "ZTF00x1",
        "ades_mode": "CCD",
        "ades_stn": "I41",
        "ades_obsTime": "2019-02-15T07:12:34.5Z",
        "ades_ra": 359.99,
        "ades_dec": -3.5,
        "ades_mag": 18.2,
        "ades_band": "r",
        "ades_observations": 1,
    }


def test_both_ends_of_a_streak() -> None:
    report = parse_ades(_report(FIRST, SECOND), item="a")
    assert (report["ades_ra"], report["ades_ra_2"]) == (359.99, 0.01)
    assert report["ades_rmsRA_2"] == 0.4
    assert "ades_mag_2" not in report
    assert report["ades_observations"] == 2


def test_psv_says_the_same_as_xml() -> None:
    psv = (
        "# version=2017\n# observatory\n! mpcCode I41\n# observers\n! name A. B\n! name C. D\n"
        "trkSub |mode|stn|obsTime|ra|dec|mag|band\n"
        "ZTF00x1|CCD|I41|2019-02-15T07:12:34.5Z| 359.99 |-3.5|18.2|r\n"
    )
    assert parse_ades(psv.encode(), item="a") == parse_ades(_report(FIRST), item="a")


@pytest.mark.parametrize(
    "data",
    [
        _report(FIRST, head='<!DOCTYPE x [<!ENTITY a "aaaa">]>'),
        _report(FIRST, head="<!doctype x>"),
        _report(FIRST).decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-16"?>' + "<!DOCTYPE x><ades/>".encode("utf-16-le"),
    ],
)
def test_documents_that_could_harm_are_not_parsed(data: bytes) -> None:
    assert _kind(data) == ("unsafe-xml" if data.lstrip().startswith(b"<") else "bad-ades")


def test_claimed_encoding_does_not_hide_a_document_type() -> None:
    hidden = '<?xml version="1.0" encoding="cp037"?>'.encode("cp037") + "<!DOCTYPE x><ades/>".encode("cp037")
    assert _kind(hidden) == "bad-ades"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"  ", "empty-file"),
        (b" " * MAX_ADES_BYTES + b"<ades/>", "oversized-file"),
        (_report(FIRST)[:-9], "bad-ades"),
        (_report(), "bad-ades"),
        (_report(FIRST, FIRST, FIRST), "bad-ades"),
        (_report(FIRST.replace("<ra>359.99</ra>", "")), "bad-ades"),
        (_report(FIRST.replace("359.99", "23 59 57")), "bad-ades"),
        (b"<html><optical/></html>", "bad-ades"),
        (b"ra|dec\n1\n", "bad-ades"),
    ],
)
def test_bad_reports_are_named(data: bytes, kind: str) -> None:
    assert _kind(data) == kind


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    for data in (noise, _report(FIRST)[:150] + noise):
        try:
            parse_ades(data, item="a")
        except InputError:
            continue
