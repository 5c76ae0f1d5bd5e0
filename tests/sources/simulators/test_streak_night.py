"""Tests of `skysieve.sources.simulators.streak_night` and ``streak_records``."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streak_night import BAD_STREAK_FILES, simulate_streak_night
from skysieve.sources.simulators.streak_records import SkyPlace
from skysieve.sources.streaks.night import StreakCutout, list_streak_night, read_streak


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _truth(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        simulate_streak_night(tmp_path / name, n=3, seed=5, bad_files=True)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    simulate_streak_night(tmp_path / "c", n=3, seed=6, bad_files=True)
    assert _digests(tmp_path / "a").keys() != _digests(tmp_path / "c").keys()


def test_every_sound_streak_is_complete_and_agrees_with_the_truth(tmp_path: Path) -> None:
    summary = simulate_streak_night(tmp_path, n=12, seed=2, real_fraction=0.5, date="20190301")
    night = list_streak_night([summary.night])
    truth = _truth(summary.truth)
    assert night.findings == ()
    assert {item.id for item in night.items} == set(truth)
    for item in night.items:
        row, expected = item.row, truth[item.id]
        assert row["observing_night"] == "20190301"
        assert row["ades_ra"] == pytest.approx(row["ra1"], abs=1e-6)
        assert row["ades_dec_2"] == pytest.approx(row["dec2"], abs=1e-6)
        if expected["rate"] and np.isfinite(float(expected["rate"])):
            assert row["angular_length"] == pytest.approx(float(expected["length_arcsec"]), rel=1e-3)
            assert row["angular_rate"] == pytest.approx(float(expected["rate"]), rel=0.01)
    assert summary.n_plausible == sum(row["os"] == "1" for row in truth.values()) > 0


@pytest.mark.parametrize("setting", ["exposure_time", "pixel_scale", "bands"])
def test_tables_are_those_of_the_camera(tmp_path: Path, setting: str) -> None:
    bands = tuple(replace(band, zero_point=band.zero_point + 4.0) for band in Camera().bands)
    camera = replace(
        Camera(), **{setting: {"exposure_time": 120.0, "pixel_scale": 0.5, "bands": bands}[setting]}
    )
    summary = simulate_streak_night(tmp_path, n=12, seed=2, real_fraction=1.0, camera=camera)
    truth = _truth(summary.truth)
    items = list_streak_night([summary.night]).items
    assert len(items) == 12
    zero_point = camera.bands[1].zero_point + 2.5 * np.log10(camera.exposure_time / 30.0)
    for item in items:
        row, expected = item.row, truth[item.id]
        assert row["angular_rate"] == pytest.approx(float(expected["rate"]), rel=0.02)
        assert row["angular_length"] == pytest.approx(float(expected["length_arcsec"]), rel=0.02)
        width = row["sigma"] * 2.355 * camera.pixel_scale
        assert width == pytest.approx(float(expected["seeing"]), rel=0.01)
        assert zero_point - 2.5 * np.log10(row["flux"]) == pytest.approx(
            float(expected["magnitude"]), abs=0.01
        )


def test_exposures_of_a_night_do_not_overlap(tmp_path: Path) -> None:
    camera = replace(Camera(), exposure_time=300.0)
    summary = simulate_streak_night(tmp_path, n=41, seed=1, ades="none", kinds=["noise"], camera=camera)
    rows = [item.row for item in list_streak_night([summary.night]).items]
    first, second = sorted({row["startmjd"] for row in rows})
    assert min(row["endmjd"] for row in rows) > first + 299 / 86_400
    assert second > first + 300 / 86_400


def test_bad_files_are_found_one_by_one(tmp_path: Path) -> None:
    summary = simulate_streak_night(tmp_path, n=2, seed=3, bad_files=True)
    truth = _truth(summary.truth)
    assert summary.n_bad == len(BAD_STREAK_FILES)
    night = list_streak_night([summary.night])
    outcomes = {item.id: read_streak(item) for item in night.items}
    scored = {name for name, outcome in outcomes.items() if isinstance(outcome, StreakCutout)}
    assert scored == {name for name, row in truth.items() if row["scorable"] == "True"}
    of_kind = {row["bad_file"]: name for name, row in truth.items()}
    kinds = {
        "truncated-jpeg": "bad-image",
        "zero-byte": "empty-file",
        "error-page": "bad-image",
        "wrong-size": "wrong-size",
        "coloured": "coloured-image",
        "all-masked": "all-masked",
    }
    for bad, kind in kinds.items():
        assert getattr(outcomes[of_kind[bad]], "kind") == kind  # noqa: B009 - a finding, or it fails
    named = {(finding.kind, name) for finding in night.findings for name in truth if name in finding.item}
    assert named == {
        ("image-without-metadata", of_kind["image-without-metadata"]),
        ("image-without-metadata", of_kind["half-written-table"]),
        ("metadata-without-image", of_kind["metadata-without-image"]),
        ("ades-missing", of_kind["ades-missing"]),
        ("foreign-file", of_kind["foreign-file"]),
    }
    assert {finding.kind for finding in night.findings} >= {"unfinished-table"}


@pytest.mark.parametrize(("ades", "share"), [("plausible", 0.5), ("none", 0.0)])
def test_reports_of_some_streaks(tmp_path: Path, ades: str, share: float) -> None:
    summary = simulate_streak_night(tmp_path, n=8, seed=4, real_fraction=0.5, ades=ades)  # type: ignore[arg-type]
    reports = len(list(summary.night.rglob("*.xml")))
    assert reports == (summary.n_plausible if share else 0)
    assert len(list_streak_night([summary.night], expect=("metadata",)).items) == 8


def test_projection_agrees_with_astropy() -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [359.99, 72.0], [79.0, 79.0]
    wcs.wcs.cdelt = [-1.01 / 3600, -1.01 / 3600]
    place = SkyPlace(359.99, 72.0, 78.0)
    for x, y in ((0.0, 0.0), (156.0, 20.0), (78.0, 100.0)):
        expected = wcs.pixel_to_world(x, y)
        found = SkyCoord(*place.to_sky(x, y), unit="deg")
        assert found.separation(expected).arcsec < 1e-6


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="some"):
        simulate_streak_night(tmp_path, n=1, seed=1, ades="some")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="YYYYMMDD"):
        simulate_streak_night(tmp_path, n=1, seed=1, date="2019-02-1")
    simulate_streak_night(tmp_path, n=1, seed=1)
    with pytest.raises(ConfigurationError, match="not empty"):
        simulate_streak_night(tmp_path, n=1, seed=1)
