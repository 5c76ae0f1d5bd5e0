"""``score`` and ``sieve`` on streaks: what they refuse, and what they say the second time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application

pytestmark = pytest.mark.xdist_group("examples")
SCORE = ["score", "streak-sieve", "streaks", "-o", "scores.parquet"]
DECIDE = ["sieve", "decide", "streaks.parquet", "-o", "new.parquet"]


@pytest.fixture
def place(streak_ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(streak_ground, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(words: list[str]) -> tuple[str, str]:
    result = CliRunner().invoke(application, words)
    return result.stdout, str(result.exception or "")


@pytest.mark.parametrize(
    "option",
    [
        ["--field", "jd"],
        ["--any-survey"],
        ["--schemas", "schemas"],
    ],
)
@pytest.mark.usefixtures("place")
def test_options_of_alerts_are_refused(option: list[str]) -> None:
    _, error = call([*SCORE, *option])
    assert f"{option[0]} is for models of alerts, toy is none; leave it out" in error
    assert not Path("scores.parquet").exists()


@pytest.mark.usefixtures("place")
def test_the_second_time_little_is_new() -> None:
    first, _ = call(SCORE)
    again, _ = call(SCORE)
    assert first.startswith("11 streaks scored with toy")
    assert again.startswith("0 streaks scored with toy")
    assert "11 were known" in again
    Path("streaks/strkid0_pid0_scimref.jpg").unlink()
    assert "1 of before are not among the inputs any more" in call(SCORE)[0]


@pytest.mark.usefixtures("place")
def test_a_model_alone_scores_streaks() -> None:
    said, error = call(["score", "models/sl-1", "streaks", "-o", "alone.parquet"])
    assert not error
    assert "passes" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rule", "plausibel"], "no rule is called 'plausibel'; did you mean 'plausible'"),
        (["--rule", "best"], "known are: plausible; or give JSON"),
        (["--rule", '{"any": '], "is not JSON"),
        (["--rule", 'mine={"any": "rbb"}'], "did you mean 'rb'"),
        (["--threshold", "rb"], "not of the form key=value"),
        (["--threshold", "rb=high"], "between 0 and 1"),
        (["--threshold", "rv=0.5"], "no family or member is called 'rv'"),
        (["--sieve", "models/rb-1"], "neither a folder with a sieve.json"),
    ],
)
@pytest.mark.usefixtures("place")
def test_impossible_verdicts_are_refused(words: list[str], message: str) -> None:
    assert message in call([*DECIDE, *words])[1]
    assert not Path("new.parquet").exists()


def test_other_files_are_not_written_over(place: Path) -> None:
    (place / "new.parquet").write_text("mine")
    assert "is not a table of streak scores" in call(DECIDE)[1]
    assert (place / "new.parquet").read_text() == "mine"
