"""Cutouts by position: every answer is asked for once, every failure is named, a kill costs nothing."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skysieve.errors import ConfigurationError, DownloadError, SampleSetError
from skysieve.samples import SampleSet
from skysieve.samples.split_neighbours import cutout_width
from skysieve.sources.archives.cutout_fetch import FetchSummary, fetch_cutouts
from skysieve.sources.archives.cutout_service import Politeness, Position
from skysieve.sources.archives.irsa_ztf import IrsaZtf
from skysieve.sources.archives.legacy_survey import LegacySurvey
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.sdss import Sdss

SIDE = 16
QUICK = Stubbornness(attempts=3, pause=0.01, silence=1.0, deadline=10.0)


def viewer(archive: Any, **settings: Any) -> LegacySurvey:
    return LegacySurvey(base_url=archive.url, **({"size": SIDE} | settings))


def fetch(archive: Any, table: Any, output: Path, service: Any = None, **options: Any) -> FetchSummary:
    given = {"politeness": Politeness(4, 0.0), "stubbornness": QUICK, "progress": False}
    return fetch_cutouts(table, service or viewer(archive), output, **(given | options))


def fits_file(pixels: np.ndarray, **cards: Any) -> bytes:
    hdu, file = fits.PrimaryHDU(pixels), io.BytesIO()
    hdu.header.update(cards)
    hdu.writeto(file)
    return file.getvalue()


def places(count: int) -> dict[str, list[Any]]:
    """Return positions half a degree apart."""
    return {
        "id": [f"s{row}" for row in range(count)],
        "ra": [row / 2 for row in range(count)],
        "dec": [1.5] * count,
    }


def listed(summary: FetchSummary) -> dict[str, str]:
    with summary.failures_path.open(newline="") as stream:
        return {row["id"]: row["kind"] for row in csv.DictReader(stream)}


def test_a_table_becomes_a_sample_set(archive: Any, tmp_path: Path) -> None:
    table = places(3) | {"kind": ["lsbg", None, "artefact"], "n": [1, 2, None], "notes": ["x", "y", "z"]}
    summary = fetch(archive, table, tmp_path / "set.parquet", label="kind", label_origin="two observers")
    samples = SampleSet.open(summary.path)
    assert samples.ids.tolist() == ["s0", "s1", "s2"]
    assert samples.labels.tolist() == [1, -1, 0]
    assert samples.classes == ("artefact", "lsbg")
    assert samples.description.label_origin == "two observers"
    assert samples.description.tensors["cutouts"].channels == ("red", "green", "blue")
    assert samples.description.origin["service"] == "legacy-survey"
    assert cutout_width(samples.description.origin) == samples.description.origin["field_of_view"]
    assert samples.tensor("cutouts").shape == (3, 3, SIDE, SIDE)
    assert samples.tensor("cutouts").dtype == np.uint8
    assert samples.scalar("ra").tolist() == [0.0, 0.5, 1.0]
    for url, digest in zip(samples.scalar("url"), samples.scalar("sha256"), strict=True):
        query = dict(pair.split("=") for pair in url.partition("?")[2].split("&"))
        assert hashlib.sha256(archive.picture(query)).hexdigest() == digest
    assert [finding.kind for finding in summary.findings] == ["reserved-column"]
    assert not summary.failures
    assert not summary.failures_path.exists()
    assert summary.asked == 3


def test_a_second_run_asks_nothing_and_writes_the_same(archive: Any, tmp_path: Path) -> None:
    first = fetch(archive, places(5), tmp_path / "set.parquet")
    written = first.path.read_bytes()
    second = fetch(archive, places(5), tmp_path / "set.parquet")
    assert (second.asked, len(archive.log)) == (0, 5)
    assert second.path.read_bytes() == written


def test_two_samples_at_one_place_share_their_question(archive: Any, tmp_path: Path) -> None:
    archive.delay = 0.05
    table = {"id": list("abcd"), "ra": [10.0] * 4, "dec": [1.0] * 4}
    summary = fetch(archive, table, tmp_path / "set.parquet")
    assert len(archive.log) == 1
    assert (summary.samples, summary.groups, summary.largest_group) == (4, 1, 4)


def test_two_samples_at_one_place_share_their_failure(archive: Any, tmp_path: Path) -> None:
    archive.always["10"] = "404"
    table = {"id": list("abcd"), "ra": [10.0] * 3 + [11.0], "dec": [1.0] * 4}
    for asked in (2, 3):
        summary = fetch(archive, table, tmp_path / "set.parquet", retry=True)
        assert listed(summary) == dict.fromkeys("abc", "http-status")
        assert len(archive.log) == asked


@pytest.mark.parametrize(
    "fault", ["500", "503", "truncate", "stall", "html", "disguised", "corrupt", "padded", "empty"]
)
def test_what_passes_is_asked_again(archive: Any, tmp_path: Path, fault: str) -> None:
    archive.faults["0.5"] = [fault, fault]
    summary = fetch(archive, places(2), tmp_path / "set.parquet")
    assert summary.samples == 2
    assert sum("ra=0.5&" in url for url, _ in archive.log) == 3


@pytest.mark.parametrize(
    ("fault", "kind", "times", "reason"),
    [
        ("500", "http-status", 3, r"HTTP 500: '<html>something is wrong</html>' \(the last of 3 attempts\)"),
        ("404", "http-status", 1, "HTTP 404"),
        ("truncate", "truncated", 3, r"peer closed connection without sending complete message body"),
        ("stall", "stalled", 3, "no byte for 1 s"),
        ("html", "not-an-image", 3, "an image was asked for, text/html came: .*Too many requests"),
        ("disguised", "not-an-image", 3, "a JPEG was asked for, the answer begins with '<html>Too many"),
        ("corrupt", "bad-image", 3, "the JPEG breaks off"),
        ("padded", "bad-image", 3, "the JPEG breaks off"),
        ("empty", "empty-file", 3, "0 bytes"),
        ("blank", "outside-footprint", 1, "100% of the picture is one colour"),
        ("small", "wrong-size", 1, "is 9 x 9 pixels, 16 x 16 were asked for"),
    ],
)
def test_what_stays_is_named_and_costs_only_itself(
    archive: Any, tmp_path: Path, fault: str, kind: str, times: int, reason: str
) -> None:
    archive.always["0.5"] = fault
    summary = fetch(archive, places(3), tmp_path / "set.parquet")
    assert SampleSet.open(summary.path).ids.tolist() == ["s0", "s2"]
    (failure,) = summary.failures
    assert (failure.id, failure.kind) == ("s1", kind)
    assert re.search(reason, failure.reason), failure.reason
    assert failure.url == viewer(archive).request(Position("s1", 0.5, 1.5), []).url
    assert listed(summary) == {"s1": kind}
    assert sum("ra=0.5&" in url for url, _ in archive.log) == times


def test_failures_are_asked_again_only_on_demand(archive: Any, tmp_path: Path) -> None:
    archive.always["0.5"] = "404"
    output = tmp_path / "set.parquet"
    fetch(archive, places(3), output)
    archive.always.clear()
    again = fetch(archive, places(3), output)
    assert (listed(again), len(archive.log)) == ({"s1": "http-status"}, 3)
    healed = fetch(archive, places(3), output, retry=True)
    assert (healed.samples, healed.asked, len(archive.log)) == (3, 1, 4)
    assert not healed.failures_path.exists()


def test_a_host_that_asks_for_time_is_left_alone(archive: Any, tmp_path: Path) -> None:
    archive.faults["0"] = ["429"]
    start = time.monotonic()
    summary = fetch(archive, places(8), tmp_path / "set.parquet", politeness=Politeness(1, 0.0))
    assert time.monotonic() - start >= 1
    assert (summary.samples, len(archive.log)) == (8, 9)


def test_a_host_that_sends_everybody_away_stops_the_run(archive: Any, tmp_path: Path) -> None:
    archive.always["2"] = "429"
    archive.retry_after = "3600"
    with pytest.raises(
        DownloadError, match=r"answers 429 and asks to wait 3,600 s; what was fetched is kept"
    ):
        fetch(archive, places(20), tmp_path / "set.parquet", politeness=Politeness(1, 0.0))
    assert not (tmp_path / "set.parquet").exists()
    archive.always.clear()
    assert fetch(archive, places(20), tmp_path / "set.parquet").asked == 16


def test_a_host_that_is_away_stops_the_run_and_blames_no_position(archive: Any, tmp_path: Path) -> None:
    away = viewer(archive)
    gone = LegacySurvey(size=SIDE, base_url="http://127.0.0.1:9/")
    with pytest.raises(DownloadError, match=r"127.0.0.1:9: cannot be reached"):
        fetch(archive, places(20), tmp_path / "set.parquet", gone)
    assert not list((tmp_path / "set.parquet.cache").glob("*/*.failure.json"))
    assert fetch(archive, places(20), tmp_path / "set.parquet", away).samples == 20


def test_an_answer_that_was_damaged_on_disk_is_fetched_again(archive: Any, tmp_path: Path) -> None:
    summary = fetch(archive, places(3), tmp_path / "set.parquet")
    written = summary.path.read_bytes()
    first, second, _ = sorted((tmp_path / "set.parquet.cache").glob("*/*.jpg"))
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    second.unlink()
    assert fetch(archive, places(3), tmp_path / "set.parquet").asked == 2
    assert summary.path.read_bytes() == written


def test_bad_rows_cost_themselves(archive: Any, tmp_path: Path) -> None:
    table = tmp_path / "positions.csv"
    table.write_text(
        "id,ra,dec\n007,1,1\nb,2,95\nc,nan,1\n007,3,1\n,4,1\nd,12:30:00,1\ne,370,1\nf,,1\ng,900,1\n"
    )
    summary = fetch(archive, table, tmp_path / "set.parquet")
    assert SampleSet.open(summary.path).ids.tolist() == ["007", "e"]
    assert SampleSet.open(summary.path).scalar("ra").tolist() == [1, 10]
    kinds = [(each.id, each.kind) for each in summary.failures]
    bad = "bad-position"
    expected = [
        ("b", bad),
        ("c", bad),
        ("007", "repeated-id"),
        ("row 5", "missing-id"),
        ("d", bad),
        ("f", bad),
        ("g", bad),
    ]
    assert kinds == expected


def test_neighbours_are_one_group(archive: Any, tmp_path: Path) -> None:
    diagonal = SIDE * 0.262 * np.sqrt(2) / 3600
    table = {"id": ["a", "b", "c"], "ra": [0, 0, 0], "dec": [0, diagonal * 0.99, diagonal * 2.1]}
    groups = SampleSet.open(fetch(archive, table, tmp_path / "set.parquet").path).groups
    assert groups[0] == groups[1] != groups[2]
    wide = fetch(archive, table, tmp_path / "wide.parquet", group_radius=7.0)
    assert (wide.groups, wide.largest_group) == (1, 3)
    own = fetch(archive, table | {"field": ["x", "y", None]}, tmp_path / "own.parquet", group="field")
    assert SampleSet.open(own.path).groups.tolist() == ["x", "y", "c"]


def test_columns_keep_one_type_over_all_blocks(
    archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skysieve.sources.archives.cutout_samples._BLOCK_BYTES", 1)
    table = places(3) | {"z": [None, None, 0.5], "empty": [None] * 3, "mixed": [1, "x", 2.0]}
    summary = fetch(archive, table, tmp_path / "set.parquet")
    samples = SampleSet.open(summary.path)
    assert samples.scalar("z")[2] == 0.5
    assert [finding.kind for finding in summary.findings] == ["mixed-column"]


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"label": "kinds"}, ConfigurationError, "no column 'kinds'"),
        ({"group": "fields"}, ConfigurationError, "no column 'fields'"),
        ({"label": "kind", "classes": ["lsbg"]}, SampleSetError, "'artefact' is not among the classes"),
        ({"group_radius": -1.0}, ConfigurationError, "group_radius"),
        ({"ra": "RA"}, ConfigurationError, "no column 'RA'"),
    ],
)
def test_a_wrong_call_asks_nothing(
    archive: Any, tmp_path: Path, options: dict[str, Any], error: type[Exception], reason: str
) -> None:
    table = places(2) | {"kind": ["artefact", "lsbg"]}
    with pytest.raises(error, match=reason):
        fetch(archive, table, tmp_path / "set.parquet", **options)
    assert not archive.log


def test_without_one_cutout_the_failures_are_listed_all_the_same(archive: Any, tmp_path: Path) -> None:
    archive.always = {"0": "404", "0.5": "blank"}
    with pytest.raises(SampleSetError, match=r"not one position has a cutout.*set\.parquet\.failures\.csv"):
        fetch(archive, places(2), tmp_path / "set.parquet")
    assert (tmp_path / "set.parquet.failures.csv").read_text().count("\n") == 3


def test_a_cache_serves_one_run_at_a_time(archive: Any, tmp_path: Path) -> None:
    from skysieve.sources.archives.answer_cache import AnswerCache

    cache = AnswerCache(tmp_path / "cache")
    with cache.alone(), pytest.raises(DownloadError, match="another run"):
        fetch(archive, places(2), tmp_path / "set.parquet", cache=tmp_path / "cache")


def test_fluxes_come_as_bands_whatever_the_order_of_the_cube(archive: Any, tmp_path: Path) -> None:
    planes = np.random.default_rng(1).normal(0, 1, (3, SIDE, SIDE)).astype(np.float32)
    archive.bodies["/fits-cutout"] = ("image/fits", fits_file(planes.transpose(1, 2, 0), BANDS="zrg"))
    summary = fetch(archive, places(2), tmp_path / "set.parquet", viewer(archive, format="fits", bands="grz"))
    samples = SampleSet.open(summary.path)
    assert samples.description.tensors["cutouts"].channels == ("g", "r", "z")
    assert samples.description.tensors["cutouts"].unit == "nanomaggy"
    np.testing.assert_array_equal(samples.tensor("cutouts")[1], planes[::-1])
    assert summary.notes == {"channels-moved": 2, "channels-reordered": 2}
    assert samples.scalar("notes").tolist() == ["channels-moved channels-reordered"] * 2


def test_ztf_is_searched_then_cut_out(archive: Any, tmp_path: Path) -> None:
    search = b"filefracday,field,ccdid,qid,filtercode,imgtypecode,maglimit\n20180411467847,535,11,3,zr,o,20\n"
    archive.bodies["/search/ztf/products/sci"] = ("text/csv", search)
    files = "/data/ztf/products/sci/2018/0411/467847/ztf_20180411467847_000535_zr_c11_o_q3_"
    planes = np.random.default_rng(1).normal(0, 1, (2, SIDE, SIDE)).astype(np.float32)
    for name, plane in zip(("sciimg.fits", "scimrefdiffimg.fits.fz"), planes, strict=True):
        archive.bodies[files + name] = ("image/fits", fits_file(plane))
    service = IrsaZtf(size=SIDE, base_url=archive.url)
    table = {"id": ["a", "b"], "ra": [255.0, 255.01], "dec": [12.0, 12.0]}
    summary = fetch(archive, table, tmp_path / "set.parquet", service)
    samples = SampleSet.open(summary.path)
    np.testing.assert_array_equal(samples.tensor("cutouts")[0], planes)
    assert samples.description.tensors["cutouts"].channels == ("science", "difference")
    assert (summary.asked, len(archive.log)) == (6, 6)
    assert all(len(sums.split()) == 3 for sums in samples.scalar("sha256"))
    assert fetch(archive, table, tmp_path / "set.parquet", service).asked == 0


def serve_exposures(archive: Any, count: int, without: dict[int, str]) -> list[np.ndarray]:
    """Serve some exposures of ZTF, the best first, of which some lack a file; return their planes."""
    names = [f"2018041146784{number}" for number in range(count)]
    rows = [f"{name},535,11,3,zr,o,{20 - number}" for number, name in enumerate(names)]
    header = "filefracday,field,ccdid,qid,filtercode,imgtypecode,maglimit"
    archive.bodies["/search/ztf/products/sci"] = ("text/csv", "\n".join([header, *rows, ""]).encode())
    all_planes = []
    for number, name in enumerate(names):
        path = f"/data/ztf/products/sci/2018/0411/{name[8:]}/ztf_{name}_000535_zr_c11_o_q3_"
        planes = np.random.default_rng(number).normal(0, 1, (2, SIDE, SIDE)).astype(np.float32)
        for ending, plane in zip(("sciimg.fits", "scimrefdiffimg.fits.fz"), planes, strict=True):
            archive.bodies[path + ending] = ("image/fits", fits_file(plane))
            if without.get(number) == ending:
                archive.lacking.add(path + ending)
        all_planes.append(planes)
    return all_planes


@pytest.mark.parametrize("ending", ["sciimg.fits", "scimrefdiffimg.fits.fz"])
def test_the_next_exposure_stands_in_for_one_whose_files_are_lost(
    archive: Any, tmp_path: Path, ending: str
) -> None:
    planes = serve_exposures(archive, 4, {0: "sciimg.fits", 1: ending})
    service, table = IrsaZtf(size=SIDE, base_url=archive.url), {"id": ["a"], "ra": [255.0], "dec": [12.0]}
    summary = fetch(archive, table, tmp_path / "set.parquet", service)
    samples = SampleSet.open(summary.path)
    np.testing.assert_array_equal(samples.tensor("cutouts")[0], planes[2])
    assert (summary.failures, summary.notes) == ((), {"another-exposure": 1})
    assert samples.scalar("notes").tolist() == ["another-exposure"]
    # Of each answer that came, its address and checksum.
    assert [len(samples.scalar(name)[0].split()) for name in ("url", "sha256")] == [summary.asked] * 2
    written, asked = summary.path.read_bytes(), len(archive.log)
    assert fetch(archive, table, tmp_path / "set.parquet", service).asked == 0
    assert (len(archive.log), summary.path.read_bytes()) == (asked, written)
    # What is found again is the better one.
    archive.lacking.clear()
    assert fetch(archive, table, tmp_path / "set.parquet", service, retry=True).notes == {}
    np.testing.assert_array_equal(SampleSet.open(summary.path).tensor("cutouts")[0], planes[0])


def test_three_exposures_without_files_are_a_failure(archive: Any, tmp_path: Path) -> None:
    serve_exposures(archive, 5, dict.fromkeys(range(3), "sciimg.fits"))
    table = {"id": ["a"], "ra": [255.0], "dec": [12.0]}
    with pytest.raises(SampleSetError, match="not one position has a cutout"):
        fetch(archive, table, tmp_path / "set.parquet", IrsaZtf(size=SIDE, base_url=archive.url))
    lines = (tmp_path / "set.parquet.failures.csv").read_text().splitlines()
    assert "467842_000535" in lines[1]
    assert "missing-file,HTTP 404" in lines[1]
    assert len(archive.log) == 4


def test_a_wrong_piece_of_the_best_exposure_asks_for_no_other(archive: Any, tmp_path: Path) -> None:
    serve_exposures(archive, 2, {})
    best = next(path for path in archive.bodies if path.endswith("sciimg.fits"))
    archive.bodies[best] = ("image/fits", fits_file(np.zeros((SIDE + 5, SIDE), np.float32)))
    table = {"id": ["a"], "ra": [255.0], "dec": [12.0]}
    with pytest.raises(SampleSetError, match="not one position has a cutout"):
        fetch(archive, table, tmp_path / "set.parquet", IrsaZtf(size=SIDE, base_url=archive.url))
    assert "wrong-size" in (tmp_path / "set.parquet.failures.csv").read_text()


def test_a_notebook_may_fetch_too(archive: Any, tmp_path: Path) -> None:
    async def cell() -> FetchSummary:
        return fetch(archive, places(2), tmp_path / "set.parquet")

    assert asyncio.run(cell()).samples == 2


def test_the_footprint_of_sdss_is_told_by_its_status(archive: Any, tmp_path: Path) -> None:
    archive.always["0.5"] = "404"
    service = Sdss(size=64, base_url=archive.url)
    summary = fetch(archive, places(2), tmp_path / "set.parquet", service)
    assert listed(summary) == {"s1": "outside-footprint"}
