"""What ``score`` and ``detect`` refuse before, or admit after, they have looked at their inputs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.samples import SampleSet
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.streak_frame_files import write_streak_frame
from skysieve.sources.simulators.streak_frames import simulate_streak_frame

pytestmark = pytest.mark.xdist_group("examples")
SCORE = ["score", "streak-sieve", "streaks", "-o", "new.parquet"]


@pytest.fixture
def place(streak_ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("streak-sieve", "streaks"):
        shutil.copytree(streak_ground / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> tuple[str, str]:
    result = CliRunner().invoke(application, [*words])
    return result.stdout, str(result.exception or "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--site", "Mars"], "the site 'Mars' is unknown; known are Palomar"),
        (["--site", "1490"], "outside -360..360"),
        (["--truth", "truth.csv"], "give --report too"),
        (["--truth", "nosuch.csv", "--report", "new.html"], "nosuch.csv: is no file"),
        (["--truth", "poor.csv", "--report", "new.html"], "poor.csv: is no table of the truth"),
    ],
)
def test_mistakes_are_told_before_anything_is_scored(words: list[str], message: str, place: Path) -> None:
    (place / "poor.csv").write_text("name,os\na,1\n")
    said, error = call(*SCORE, *words)
    assert message in error
    assert said == ""
    assert not list(place.glob("new*"))


@pytest.mark.parametrize("site", ["149.06", "-116.9", "Siding Spring"])
@pytest.mark.usefixtures("place")
def test_a_site_is_a_name_or_a_longitude(site: str) -> None:
    assert call(*SCORE, "--site", site)[1] == ""


def test_a_folder_of_something_else_is_an_error(place: Path) -> None:
    simulate_night(place / "alerts", n=3, seed=1)
    (place / "nothing").mkdir()
    (place / "notes").mkdir()
    (place / "notes" / "notes.txt").write_text("seeing 1.4\n")
    wanted = {
        ("streak-sieve", "alerts/packets"): "alerts are scored by a model of alerts",
        ("streak-sieve", "notes"): "no streak is among the inputs (foreign-file 1)",
        ("streak-sieve", "nothing"): "is it mounted?",
        ("braai-weak", "streaks"): "a sieve scores streaks",
        ("braai-weak", "streaks/strkid1_pid1_scimref.jpg"): "a sieve scores streaks",
        ("braai-weak", "notes"): "no file of alerts is there (foreign-file 1)",
    }
    for (model, folder), message in wanted.items():
        assert message in call("score", model, folder, "-o", "new.parquet")[1]
        assert not list(place.glob("new*"))


def test_inputs_of_which_none_can_be_used_are_an_error(place: Path) -> None:
    for path in place.glob("streaks/*.jpg"):
        path.write_bytes(b"")
    said, error = call(*SCORE)
    assert "empty-file" in said
    assert "not one of the inputs could be used; the reasons are in new.quarantine.jsonl" in error
    (place / "bad.avro").write_bytes(b"Obj")
    assert (
        "not one of the inputs could be used" in call("score", "braai-weak", "bad.avro", "-o", "x.parquet")[1]
    )


def test_streaks_that_wait_for_the_rest_of_the_night_are_no_error(place: Path) -> None:
    (place / "streaks" / "ztf_20190214_streaks.txt").write_text("streakid|pid\n")
    said, error = call(*SCORE)
    assert error == ""
    assert "image-without-metadata  12" in said


def test_what_comes_late_is_told(place: Path) -> None:
    call(*SCORE)
    (place / "streaks" / "strkid1_pid1_ades.psv").write_text("obsTime|ra|dec\n2019-02-15T07:00:00Z|1|1\n")
    said, _ = call(*SCORE)
    assert "10 are scored and stay in the table, but wait for metadata or a report" in said
    assert pq.read_metadata("new.parquet").num_rows == 11
    said, _ = call(*SCORE, "--expect", "ades")
    assert "10 of before left the table, with reasons in new.quarantine.jsonl" in said


def test_detected_streaks_are_scored(place: Path) -> None:
    simulated = simulate_streak_frame(
        3, seed=4, shape=(300, 320), lengths=(20.0, 60.0), peak_snrs=(10.0, 20.0)
    )
    frame = write_streak_frame(place / "frame", simulated)
    frames = [str(frame / f"{name}.fits") for name in ("science", "reference", "difference")]
    for option in ("--pixel-scale", "--psf-fwhm"):
        words = ["detect", "streaks", *frames, "-o", "found.parquet", option, "0"]
        assert f"{option} is a number above 0, found 0" in call(*words)[1]
    call("detect", "streaks", *frames, "-o", "found.parquet", "--cutouts", "cut.parquet")
    said, error = call("score", "streak-sieve", "cut.parquet", "-o", "new.parquet", "--report", "new.html")
    assert error == ""
    found, samples = pq.read_table("found.parquet"), SampleSet.open("cut.parquet")
    assert said.startswith(f"{len(samples)} streaks scored with toy")
    table = pq.read_table("new.parquet")
    assert table["id"].to_pylist() == found["id"].to_pylist()
    assert table["length"].to_pylist() == found["length"].to_pylist()
    assert {"rb-1", "rb", "sl", "plausible"} <= set(table.column_names)
    for option in (["--expect", "ades"], ["--site", "Palomar"], ["--workers", "2"]):
        assert (
            f"{option[0]} is for nights of streaks" in call(*SCORE[:2], "cut.parquet", *SCORE[3:], *option)[1]
        )
    assert "one by one" in call(*SCORE[:2], "cut.parquet", "found.parquet", *SCORE[3:])[1]
    refused = call(*SCORE[:2], "found.parquet", *SCORE[3:])[1]
    assert "found.parquet: is a table of detected streaks, not a sample set; give the cutouts" in refused
    assert "`skysieve detect streaks` writes with --cutouts" in refused
    pq.write_table(table.replace_schema_metadata(None), "bare.parquet")
    assert "not a sample set" in call(*SCORE[:2], "bare.parquet", *SCORE[3:])[1]
    assert call("sieve", "decide", "new.parquet", "-o", "again.parquet", "--threshold", "rb=0")[1] == ""
