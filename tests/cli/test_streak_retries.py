"""A night with bad files through the command line: each is named, and completed files are all that is new."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.sources.simulators.streak_night import simulate_streak_night

pytestmark = pytest.mark.xdist_group("examples")

KINDS = {
    "truncated-jpeg": "bad-image",
    "zero-byte": "empty-file",
    "error-page": "bad-image",
    "wrong-size": "wrong-size",
    "coloured": "coloured-image",
    "all-masked": "all-masked",
    "image-without-metadata": "image-without-metadata",
    "metadata-without-image": "metadata-without-image",
    "half-written-table": "image-without-metadata",
    "ades-missing": "ades-missing",
    "foreign-file": "foreign-file",
}
LATER = ("metadata-without-image", "ades-missing", "image-without-metadata")


@pytest.fixture
def place(streak_ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(streak_ground / "streak-sieve", tmp_path / "streak-sieve")
    simulate_streak_night(tmp_path, n=12, seed=5, bad_files=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def score(output: str) -> str:
    result = CliRunner().invoke(application, ["score", "streak-sieve", "night", "-o", output])
    assert result.exit_code == 0, result.exception
    return result.stdout


def named(place: Path, output: str) -> dict[str, str]:
    lines = (place / output).with_suffix(".quarantine.jsonl").read_text().splitlines()
    return {line["id"]: line["kind"] for line in map(json.loads, lines) if line["id"]}


def bad_streaks(place: Path) -> dict[str, str]:
    with (place / "truth.csv").open() as file:
        return {row["bad_file"]: row["id"] for row in csv.DictReader(file) if row["bad_file"]}


def complete(place: Path, bad: dict[str, str]) -> None:
    """Bring the missing picture, report and row, each made from what another streak has."""
    stamps = next((place / "night").glob("stamps_*"))
    meta = next((place / "night" / "meta").iterdir())
    picture = next(path for path in sorted(stamps.glob("*_scimref.jpg")) if path.stat().st_size > 12_000)
    shutil.copy(picture, stamps / f"{bad['metadata-without-image']}_scimref.jpg")
    shutil.copy(next(meta.glob("*_ades.xml")), meta / f"{bad['ades-missing']}_ades.xml")
    header, rule, row, *_ = (meta / "ztf_20190214_001_streaks.txt").read_text().splitlines()
    names = [name.strip() for name in header.split("|")]
    cells = [cell.strip() for cell in row.split("|")]
    streakid, pid = bad["image-without-metadata"].removeprefix("strkid").split("_pid")
    cells[names.index("streakid")], cells[names.index("pid")] = streakid, pid
    text = "\n".join([header, rule, " | ".join(cells), "(1 row)"]) + "\n"
    (meta / "ztf_20190214_009_streaks.txt").write_text(text)


def test_every_bad_file_is_named_and_what_is_completed_alone_is_scored(place: Path) -> None:
    assert score("scores.parquet").startswith("13 streaks scored with toy")
    bad = bad_streaks(place)
    found = named(place, "scores.parquet")
    assert {kind: found.get(name) for kind, name in bad.items()} == KINDS | {"grey-as-rgb": None}
    complete(place, bad)
    said = score("scores.parquet")
    assert said.startswith("3 streaks scored with toy")
    assert "13 were known" in said
    found = named(place, "scores.parquet")
    assert not {bad[kind] for kind in LATER} & set(found)
    score("whole.parquet")
    assert (place / "scores.parquet").read_bytes() == (place / "whole.parquet").read_bytes()
    assert found == named(place, "whole.parquet")
    assert score("scores.parquet").startswith("0 streaks scored with toy")
