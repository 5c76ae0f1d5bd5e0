"""``score`` and ``sieve`` on streaks: what they refuse, and what they say the second time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[[list[str]], tuple[str, str]]
pytestmark = pytest.mark.xdist_group("examples")
SCORE = ["score", "streak-sieve", "streaks", "-o", "scores.parquet"]
DECIDE = ["sieve", "decide", "streaks.parquet", "-o", "new.parquet"]


@pytest.mark.parametrize(
    "option",
    [
        ["--field", "jd"],
        ["--any-survey"],
        ["--schemas", "schemas"],
    ],
)
@pytest.mark.usefixtures("streak_place")
def test_options_of_alerts_are_refused(option: list[str], call: Call) -> None:
    _, error = call([*SCORE, *option])
    assert f"{option[0]} is for models of alerts, toy is none; leave it out" in error
    assert not Path("scores.parquet").exists()


@pytest.mark.usefixtures("streak_place")
def test_the_second_time_little_is_new(call: Call) -> None:
    first, _ = call(SCORE)
    again, _ = call(SCORE)
    assert first.startswith("11 streaks scored with toy")
    assert again.startswith("0 streaks scored with toy")
    assert "11 were known" in again
    Path("streaks/strkid0_pid0_scimref.jpg").unlink()
    assert "1 of before are not among the inputs any more" in call(SCORE)[0]


@pytest.mark.usefixtures("streak_place")
def test_a_model_alone_scores_streaks(call: Call) -> None:
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
@pytest.mark.usefixtures("streak_place")
def test_impossible_verdicts_are_refused(words: list[str], message: str, call: Call) -> None:
    assert message in call([*DECIDE, *words])[1]
    assert not Path("new.parquet").exists()


def test_other_files_are_not_written_over(streak_place: Path, call: Call) -> None:
    (streak_place / "new.parquet").write_text("mine")
    assert "is not a table of streak scores" in call(DECIDE)[1]
    assert (streak_place / "new.parquet").read_text() == "mine"
