"""A night that grows out of order: what has been scored stays, and is completed when the rest has come."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from skysieve.errors import ConfigurationError, InputError
from skysieve.models import Sieve
from skysieve.scoring.streaks import StreakOptions, StreakSummary, score_streaks

torch.set_num_threads(1)


def streak_id(number: int) -> str:
    return f"strkid5970{number:06d}15_pid5970{number:06d}15"


def kinds_of(summary: StreakSummary) -> dict[str, str]:
    lines = summary.quarantine.read_text().splitlines() if summary.quarantine.exists() else []
    return {line["id"]: f"{line['severity']}: {line['kind']}" for line in map(json.loads, lines)}


def write_report(folder: Path, number: int) -> None:
    line = f"permID|obsTime|ra|dec\n1|2019-02-15T07:00:00Z|{number}.5|5.0\n"
    (folder / f"{streak_id(number)}_ades.psv").write_text(line)


def write_row(folder: Path, *numbers: int) -> None:
    names = [streak_id(number).removeprefix("strkid").split("_pid") for number in numbers]
    rows = "".join(f"{streakid}|{pid}|2458529.8\n" for streakid, pid in names)
    (folder / "ztf_20190214_streaks.txt").write_text(f"streakid|pid|jd\n{rows}({len(numbers)} rows)\n")


def one_report(folder: Path) -> None:
    write_report(folder, 3)


def a_damaged_report(folder: Path) -> None:
    (folder / f"{streak_id(3)}_ades.xml").write_text("<ades><optical></ades>")


def the_first_rows(folder: Path) -> None:
    write_row(folder, 3, 4)


def all_reports(folder: Path) -> None:
    (folder / f"{streak_id(3)}_ades.xml").unlink(missing_ok=True)
    for number in range(40):
        write_report(folder, number)


def all_rows(folder: Path) -> None:
    write_row(folder, *range(40))


@pytest.mark.parametrize(
    ("first", "then", "kind", "waiting"),
    [
        (one_report, all_reports, "awaits-ades", 39),
        (a_damaged_report, all_reports, "awaits-ades", 40),
        (the_first_rows, all_rows, "awaits-metadata", 38),
    ],
)
def test_what_comes_late_takes_no_score_away(
    streak_sieve: Sieve,
    night: Path,
    tmp_path: Path,
    add_cutout: Callable[..., Path],
    first: Callable[[Path], None],
    then: Callable[[Path], None],
    kind: str,
    waiting: int,
) -> None:
    (night / f"{streak_id(0)}_scimref.jpg").unlink()
    output = tmp_path / "scores.parquet"
    score_streaks(streak_sieve, [night], output)
    first(night)
    add_cutout(night, 0)
    grown = score_streaks(streak_sieve, [night], output)
    # Number 0 was not scored before: it is held back as in any first run.
    assert (grown.scored, grown.new, grown.gone, grown.waiting) == (39, 0, 0, waiting - 1)
    named = kinds_of(grown)
    assert named.pop(streak_id(0)) in ("warning: ades-missing", "warning: image-without-metadata")
    assert f"warning: {kind}" in set(named.values())
    assert "awaits" not in " ".join(grown.kept_aside)
    then(night)
    last = score_streaks(streak_sieve, [night], output)
    assert (last.scored, last.new, last.waiting) == (40, 1, 0)
    whole = score_streaks(streak_sieve, [night], tmp_path / "whole.parquet")
    assert last.output.read_bytes() == whole.output.read_bytes()
    assert kinds_of(last) == kinds_of(whole)


def test_the_row_of_a_streak_that_waits_is_what_is_known(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    one_report(night)
    score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    rows = {row["id"]: row for row in pq.read_table(tmp_path / "scores.parquet").to_pylist()}
    assert rows[streak_id(3)]["ades_ra"] == 3.5
    assert rows[streak_id(4)]["ades_ra"] is None


def test_a_first_run_expects_what_some_streak_has(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    one_report(night)
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    assert (summary.scored, summary.waiting, summary.kept_aside) == (1, 0, {"ades-missing": 39})


def test_what_is_demanded_in_so_many_words_is_demanded(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    one_report(night)
    (night / f"{streak_id(7)}_scimref.jpg").unlink()
    options = StreakOptions(expect=("ades",))
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet", options)
    assert (summary.scored, summary.gone, summary.withheld) == (1, 1, 38)


def test_a_night_that_is_not_there_replaces_no_table(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scores.parquet"
    before = score_streaks(streak_sieve, [night], output).output.read_bytes()
    shutil.move(night, tmp_path / "unmounted")
    night.mkdir()
    for restart in (False, True):
        with pytest.raises(InputError, match=r"no streak is among the inputs.*is it mounted"):
            score_streaks(streak_sieve, [night], output, restart=restart)
    write_row(night, 77)
    with pytest.raises(ConfigurationError, match=r"not one of its 40 streaks.*--restart"):
        score_streaks(streak_sieve, [night], output)
    assert output.read_bytes() == before
    assert score_streaks(streak_sieve, [night], output, restart=True).scored == 0


def test_a_copied_night_is_known_by_what_is_in_its_files(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scores.parquet"
    score_streaks(streak_sieve, [night], output)
    for path in night.iterdir():
        os.utime(path, ns=(1, 1))
    one, other = (night / f"{streak_id(number)}_scimref.jpg" for number in (4, 5))
    shutil.copyfile(other, one)
    touched = score_streaks(streak_sieve, [night], output)
    assert (touched.scored, touched.new) == (40, 1)
    whole = score_streaks(streak_sieve, [night], tmp_path / "whole.parquet")
    assert touched.output.read_bytes() == whole.output.read_bytes()
    archive = shutil.make_archive(str(tmp_path / "archive"), "tar", night)
    assert score_streaks(streak_sieve, [archive], output).new == 0
