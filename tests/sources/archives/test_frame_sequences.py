"""Frame sequences: every frame asked for once, failures that cost themselves, kills that cost nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.preprocess.frames import FrameMinMax
from skysieve.samples import SampleSet
from skysieve.sources.archives.cutout_service import Politeness, Position
from skysieve.sources.archives.frame_sequences import FrameSummary, fetch_frame_sequences
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.ztf_exposures import (
    ExposureSearch,
    FrameCutouts,
    ZtfFrames,
    light_curve_origin,
)

QUICK = Stubbornness(attempts=3, pause=0.01, silence=2.0, deadline=10.0)


@pytest.fixture
def experiment(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("killed_frames")


@pytest.fixture
def exposures(experiment: ModuleType) -> Iterator[Any]:
    with experiment.exposure_archive() as state:
        yield state


def fetch(archive: Any, table: Any, output: Path, **options: Any) -> FrameSummary:
    given = {"politeness": Politeness(4, 0.0), "stubbornness": QUICK, "progress": False}
    return fetch_frame_sequences(table, output, frames=ZtfFrames(base_url=archive.url), **(given | options))


def test_objects_become_sequences_in_the_order_of_time(
    exposures: Any, experiment: ModuleType, tmp_path: Path
) -> None:
    table = experiment.objects(3) | {"kind": ["artefact", None, "star"]}
    summary = fetch(exposures, table, tmp_path / "set.parquet", label="kind", label_origin="two observers")
    samples = SampleSet.open(summary.path)
    assert samples.ids.tolist() == table["oid"]
    assert (samples.classes, samples.labels.tolist()) == (("artefact", "star"), [0, -1, 1])
    assert samples.scalar("n_frames").tolist() == [3, 3, 3]
    assert (summary.samples, summary.frames, summary.cut_off, summary.asked) == (3, 9, 0, 12)
    for row, ra in enumerate(table["ra"]):
        np.testing.assert_allclose(samples.ragged("time")[row], [58220.0, 58221.0, 58222.0])
        for frame, name in zip(samples.ragged("frames")[row], exposures.names(ra), strict=True):
            expected = np.random.default_rng(int(name)).normal(200, 9, (28, 28)).astype(np.float32)
            np.testing.assert_array_equal(frame[0], expected)
    search = next(path for path, _ in exposures.log if path.startswith("/search") and "POS=1,1.5&" in path)
    for part in ("field%3D257", "filtercode%3D%27zr%27", "ccdid%3D1", "qid%3D4"):
        assert part in search
    assert any("center=1,1.5&size=27pix" in path for path, _ in exposures.log)


def test_times_are_asked_for_to_a_second() -> None:
    frames, target = ZtfFrames(since=58194.12345, until=58500.0), Position("257201400048862", 10.0, -20.0)
    request = ExposureSearch(frames).request(target, [])
    assert request is not None
    assert "obsjd>=2458194.62345 AND obsjd<2458500.5" in dict(request.parameters)["WHERE"]


def test_an_image_that_would_unpack_to_gigabytes_is_not_unpacked() -> None:
    huge = fits.CompImageHDU(np.zeros((30, 30), dtype=np.int16), tile_shape=(30, 30))
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), huge]).writeto(stream)
    body = stream.getvalue()
    for axis in (b"1", b"2"):
        short = b"ZNAXIS" + axis + b" =                   30"
        assert short in body
        body = body.replace(short, b"ZNAXIS" + axis + b" =               100000")
    place = Position("257201400048862/20180411123456", 10.0, -20.0)
    with pytest.raises(InputError, match="is 100000 x 100000 pixels, 28 x 28 were asked for") as caught:
        FrameCutouts(ZtfFrames()).frame(place, body)
    assert caught.value.kind == "wrong-size"


def test_a_second_run_asks_nothing_and_writes_the_same(
    exposures: Any, experiment: ModuleType, tmp_path: Path
) -> None:
    first = fetch(exposures, experiment.objects(2), tmp_path / "set.parquet")
    written, asked = first.path.read_bytes(), len(exposures.log)
    second = fetch(exposures, experiment.objects(2), tmp_path / "set.parquet")
    assert (second.asked, len(exposures.log)) == (0, asked)
    assert second.path.read_bytes() == written


def test_a_frame_that_fails_costs_itself_and_is_asked_again_on_demand(
    exposures: Any, experiment: ModuleType, tmp_path: Path
) -> None:
    table, output = experiment.objects(2), tmp_path / "set.parquet"
    lost, late = exposures.names(1.0)[1], exposures.names(1.5)[0]
    exposures.always[lost], exposures.faults[late] = "404", ["500", "cut"]
    summary = fetch(exposures, table, output)
    (failure,) = summary.failures
    assert (failure.id, failure.kind) == (f"{table['oid'][0]}/{lost}", "http-status")
    assert SampleSet.open(output).scalar("n_frames").tolist() == [2, 3]
    assert SampleSet.open(output).ragged("time")[0].tolist() == [58220.0, 58222.0]
    asked = len(exposures.log)
    exposures.always.clear()
    assert fetch(exposures, table, output).frames == 5
    assert len(exposures.log) == asked
    assert fetch(exposures, table, output, retry=True).frames == 6
    assert len(exposures.log) == asked + 1


def test_an_object_without_a_frame_is_left_out(
    exposures: Any, experiment: ModuleType, tmp_path: Path
) -> None:
    table = experiment.objects(2)
    table = {
        name: [*values, more] for (name, values), more in zip(table.items(), ("12", 9.0, 9.0), strict=True)
    }
    exposures.always = dict.fromkeys(exposures.names(1.0), "404")
    summary = fetch(exposures, table, tmp_path / "set.parquet")
    assert SampleSet.open(summary.path).ids.tolist() == table["oid"][1:2]
    kinds = [failure.kind for failure in summary.failures]
    assert kinds == ["bad-oid", "http-status", "http-status", "http-status", "no-frames"]
    exposures.always |= dict.fromkeys(exposures.names(1.5), "404")
    with pytest.raises(SampleSetError, match=r"not one object has a frame; the first of 9 failures: 12"):
        fetch(exposures, table, tmp_path / "none.parquet")


def test_no_object_at_all_says_why(exposures: Any, experiment: ModuleType, tmp_path: Path) -> None:
    options = {"politeness": Politeness(4, 0.0), "stubbornness": QUICK, "progress": False}
    green = ZtfFrames(bands=("zg",), base_url=exposures.url)
    with pytest.raises(SampleSetError, match="its id names the filter zr, zg were asked for"):
        fetch_frame_sequences(experiment.objects(2), tmp_path / "set.parquet", frames=green, **options)
    with pytest.raises(SampleSetError, match="the table has no row"):
        fetch(exposures, {"oid": [], "ra": [], "dec": []}, tmp_path / "set.parquet")
    assert not exposures.log


def test_a_frame_at_the_edge_of_the_detector_is_pasted_where_its_object_lies(
    exposures: Any, experiment: ModuleType, tmp_path: Path
) -> None:
    exposures.exposures = 3
    low, high, wide = exposures.names(1.0)
    pieces = {
        low: experiment.frame_file(1.0, 1.5, rows=20, place=(6, 14)),
        high: experiment.frame_file(1.0, 1.5, columns=18, place=(14, 14)),
        wide: experiment.frame_file(1.0, 1.5, rows=29, columns=29),
    }
    exposures.bodies = pieces
    summary = fetch(exposures, experiment.objects(1), tmp_path / "set.parquet")
    frames = SampleSet.open(summary.path).ragged("frames")[0]
    assert (summary.frames, summary.cut_off) == (3, 2)
    scaled = FrameMinMax()(frames)
    # Rows below the first one of the detector are missing, and columns beyond its last one.
    assert (scaled[0, 0, :8] == 0).all()
    assert (scaled[1, 0, :, 18:] == 0).all()
    assert (scaled[0, 0, 8:] > 0).sum() == 20 * 28 - 1
    assert (scaled[1, 0, :, :18] > 0).sum() == 28 * 18 - 1
    whole = np.random.default_rng(0).normal(200, 9, (29, 29)).astype(np.float32)
    np.testing.assert_array_equal(frames[2, 0], whole[:28, :28])


@pytest.mark.parametrize(
    "oid", ["", "12", "257401400048862", "257217400048862", "257201500048862", "25720140004886x"]
)
def test_what_is_no_id_of_a_light_curve_is_refused(oid: str) -> None:
    with pytest.raises(InputError, match="is no id of a light curve"):
        light_curve_origin(oid)


def test_fields_of_the_second_grid_have_four_digits() -> None:
    assert light_curve_origin("1592213200004836") == {
        "field": 1592,
        "filtercode": "zr",
        "ccdid": 13,
        "qid": 2,
    }


def test_a_wrong_call_asks_nothing(exposures: Any, experiment: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no column 'kind'"):
        fetch(exposures, experiment.objects(2), tmp_path / "set.parquet", label="kind")
    with pytest.raises(ConfigurationError, match="2 to 3072"):
        ZtfFrames(size=1)
    assert not exposures.log


@pytest.mark.slow
def test_200_sequences_survive_two_kills(exposures: Any, experiment: ModuleType, tmp_path: Path) -> None:
    figures = experiment.killed_frames(exposures, tmp_path)
    assert (figures["sequences_written"], figures["frames_written"], figures["missing"]) == (200, 588, 0)
    assert not figures["set_before_the_end"]
    assert {"500", "cut", "page", "404"} <= set(figures["faults"])
    first, second = figures["on_disk_at_kills"]
    assert 0 < first < second < figures["answers_kept"] == 788
    # What had reached the disk was not asked for again; only what a kill tore away came twice.
    assert figures["torn_by_kills"] <= 2 * figures["at_once"]
    assert figures["requests_of_a_second_run"] == 0
