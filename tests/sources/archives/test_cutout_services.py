"""Addresses as the archives document them, and pixels of their answers."""

from __future__ import annotations

import dataclasses
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.io import fits

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES, Position, Request
from skysieve.sources.archives.irsa_ztf import IrsaZtf
from skysieve.sources.archives.legacy_survey import LegacySurvey
from skysieve.sources.archives.sdss import Sdss

HERE = Position("m31", 10.684708, 41.26875)

SEARCH = (
    b"filefracday,field,ccdid,qid,filtercode,imgtypecode,obsjd,maglimit\n"
    b"20180411467847,535,11,3,zr,o,2458219.97,20.1\n"
    b"20190502123456,1535,4,1,zr,o,2458605.62,20.9\n"
)


def parts(request: Request | None) -> tuple[str, dict[str, str]]:
    assert request is not None
    address = urlsplit(request.url)
    query = {name: values[0] for name, values in parse_qs(address.query, strict_parsing=True).items()}
    return f"{address.scheme}://{address.netloc}{address.path}", query


def fits_file(pixels: np.ndarray, *, compressed: bool = False, **cards: Any) -> bytes:
    hdu = fits.CompImageHDU(pixels) if compressed else fits.PrimaryHDU(pixels)
    hdu.header.update(cards)
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu] if compressed else [hdu])
    file = io.BytesIO()
    hdus.writeto(file)
    return file.getvalue()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)


def test_every_service_is_a_frozen_tree_of_settings() -> None:
    assert set(CUTOUT_SERVICES) >= {"legacy-survey", "sdss", "irsa-ztf"}
    for name in CUTOUT_SERVICES:
        service: Any = CUTOUT_SERVICES.get(name)()
        with pytest.raises(dataclasses.FrozenInstanceError):
            service.size = 1
        service = override(service, {"size": 100, "base_url": "http://mirror.example.org/ls/"})
        assert service.layout.shape[1:] == (100, 100)
        assert service.field_of_view > 0
        request = service.request(HERE, [])
        assert request.url.startswith("http://mirror.example.org/ls/")
        assert "//" not in request.url.removeprefix("http://")
        assert 1 <= service.politeness.at_once <= 4
        assert service.politeness.pause > 0


@pytest.mark.parametrize(
    ("settings", "path", "query"),
    [
        ({}, "jpeg-cutout", {"layer": "ls-dr10", "pixscale": "0.262", "size": "256"}),
        (
            {"layer": "hsc-dr2", "size": 64, "pixel_scale": 0.168},
            "jpeg-cutout",
            {"layer": "hsc-dr2", "pixscale": "0.168", "size": "64"},
        ),
        (
            {"layer": "des-dr1", "format": "fits", "bands": "griz"},
            "fits-cutout",
            {"layer": "des-dr1", "pixscale": "0.262", "size": "256", "bands": "griz"},
        ),
        (
            {"format": "fits"},
            "fits-cutout",
            {"layer": "ls-dr10", "pixscale": "0.262", "size": "256", "bands": "grz"},
        ),
    ],
)
def test_legacy_survey(settings: dict[str, Any], path: str, query: dict[str, str]) -> None:
    address, found = parts(LegacySurvey(**settings).request(HERE, []))
    assert address == f"https://www.legacysurvey.org/viewer/{path}"
    assert found == {"ra": "10.684708", "dec": "41.26875"} | query


def test_sdss() -> None:
    address, found = parts(Sdss(release="DR17", size=120, pixel_scale=0.396127).request(HERE, []))
    assert address == "https://skyserver.sdss.org/dr17/SkyServerWS/ImgCutout/getjpeg"
    expected = {"ra": "10.684708", "dec": "41.26875", "scale": "0.396127", "width": "120", "height": "120"}
    assert found == expected


def test_ztf_asks_for_exposures_first() -> None:
    address, found = parts(IrsaZtf(exposure="sharpest", since=2458200.5).request(HERE, []))
    assert address == "https://irsa.ipac.caltech.edu/ibe/search/ztf/products/sci"
    assert found == {
        "POS": "10.684708,41.26875",
        "WHERE": "filtercode='zr' AND infobits<33554432 AND obsjd>2458200.5",
        "COLUMNS": "filefracday,field,ccdid,qid,filtercode,imgtypecode,obsjd,seeing",
        "ct": "csv",
    }


@pytest.mark.parametrize(
    ("exposure", "path"),
    [
        ("deepest", "2019/0502/123456/ztf_20190502123456_001535_zr_c04_o_q1"),
        ("latest", "2019/0502/123456/ztf_20190502123456_001535_zr_c04_o_q1"),
    ],
)
def test_ztf_finds_the_files_of_an_exposure(exposure: Any, path: str) -> None:
    service = IrsaZtf(exposure=exposure, size=63)
    service.check(HERE, [SEARCH])
    address, found = parts(service.request(HERE, [SEARCH]))
    assert address == f"https://irsa.ipac.caltech.edu/ibe/data/ztf/products/sci/{path}_sciimg.fits"
    assert found == {"center": "10.684708,41.26875", "size": "63px", "gzip": "false"}
    address, _ = parts(service.request(HERE, [SEARCH, b"SIMPLE"]))
    assert address.endswith(f"{path}_scimrefdiffimg.fits.fz")
    assert service.request(HERE, [SEARCH, b"SIMPLE", b"SIMPLE"]) is None


def test_the_file_name_is_that_of_irsas_own_example() -> None:
    older = SEARCH.replace(b"20.1\n", b"21.9\n")
    address, _ = parts(IrsaZtf().request(HERE, [older]))
    example = "2018/0411/467847/ztf_20180411467847_000535_zr_c11_o_q3_sciimg.fits"
    assert address == f"https://irsa.ipac.caltech.edu/ibe/data/ztf/products/sci/{example}"


def test_ztf_stacks_products() -> None:
    service = IrsaZtf(size=30)
    science, difference = noise(30, 30) + 200, noise(31, 30)
    answers = [SEARCH, fits_file(science), fits_file(difference, compressed=True)]
    service.check(HERE, answers[:2])
    service.check(HERE, answers)
    pixels = service.cutout(HERE, answers).pixels
    assert pixels.shape == service.layout.shape == (2, 30, 30)
    np.testing.assert_array_equal(pixels[0], science)
    np.testing.assert_allclose(pixels[1], difference[:30], atol=0.1)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([SEARCH.split(b"\n")[0]], "outside-footprint"),
        ([b"a,b\n1,2\n"], "bad-table"),
        ([SEARCH.replace(b"20190502123456", b"../../secret00")], "bad-table"),
        ([b"<html>down for maintenance</html>"], "not-a-table"),
        ([SEARCH, fits_file(noise(30, 20))], "wrong-size"),
        ([SEARCH, b"<html>"], "not-an-image"),
        ([SEARCH, fits_file(noise(30, 30) * np.nan)], "outside-footprint"),
    ],
)
def test_ztf_names_what_is_wrong(answers: list[bytes], kind: str) -> None:
    with pytest.raises(InputError) as caught:
        IrsaZtf(size=30).check(HERE, answers)
    assert caught.value.kind == kind
    assert caught.value.item == "m31"


def test_a_cutout_that_is_cut_off_says_so() -> None:
    with pytest.raises(
        InputError, match="is 30 x 20 pixels, 30 x 30 were asked for; it is cut off at the edge"
    ):
        IrsaZtf(size=30).check(HERE, [SEARCH, fits_file(noise(30, 20))])


@pytest.mark.parametrize(
    ("service", "settings", "reason"),
    [
        (LegacySurvey, {"size": 4000}, "the viewer gives 1 to 3000"),
        (LegacySurvey, {"size": 0}, "the viewer gives 1 to 3000"),
        (LegacySurvey, {"pixel_scale": 0.0}, "arcsec a pixel such as 0.262"),
        (LegacySurvey, {"layer": "ls dr10&x=1"}, "no name of a layer"),
        (LegacySurvey, {"bands": "ggr"}, "letters such as grz"),
        (Sdss, {"size": 60}, "SkyServer gives 64 to 2048"),
        (Sdss, {"release": "latest"}, "a data release such as dr18"),
        (IrsaZtf, {"products": ("template",)}, "known are science, difference"),
        (IrsaZtf, {"size": 4000}, "a quadrant of ZTF has 3072"),
    ],
)
def test_settings_that_no_server_takes(service: Any, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        service(**settings)
