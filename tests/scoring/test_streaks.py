"""Streaks: every score stands at its own streak, and a night may break off, grow and be completed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from skysieve.errors import ConfigurationError, ContractError
from skysieve.models import Model, Sieve, write_sieve
from skysieve.scoring.streak_table import read_description
from skysieve.scoring.streaks import StreakOptions, StreakSummary, score_streaks

torch.set_num_threads(1)
FAMILIES = {"rb-1": "rb", "rb-2": "rb", "sl-1": "sl", "os": "os"}
RULES = {"plausible": {"all": [{"any": "rb"}, {"any": "sl"}]}, "one-shot": {"any": "os"}}


def streak_id(number: int) -> str:
    return f"strkid5970{number:06d}15_pid5970{number:06d}15"


def truncate(path: Path) -> bytes:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


def rows_of(summary: StreakSummary) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in pq.read_table(summary.output).to_pylist()}


def aside_of(summary: StreakSummary) -> list[dict[str, str]]:
    return [json.loads(line) for line in summary.quarantine.read_text().splitlines()]


def bytes_of(summary: StreakSummary) -> Sequence[bytes | None]:
    places = (summary.output, summary.quarantine)
    return [place.read_bytes() if place.exists() else None for place in places]


def test_a_night_is_scored(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    table = pq.read_table(summary.output)
    assert (summary.scored, summary.new, summary.kept_aside) == (40, 40, {})
    assert table["id"].to_pylist() == sorted(streak_id(number) for number in range(40))
    assert [Path(source).name for source in table["source"].to_pylist()] == [
        f"{name}_scimref.jpg" for name in table["id"].to_pylist()
    ]
    assert not summary.quarantine.exists()
    assert not (tmp_path / "scores.parquet.parts").exists()
    for name in FAMILIES:
        assert table.schema.field(name).type == pa.float32()
        assert len(set(table[name].to_pylist())) > 20, "scores that differ, so that a mix-up would show"
    rb = np.maximum(table["rb-1"].to_numpy(), table["rb-2"].to_numpy())
    np.testing.assert_array_equal(table["rb"].to_numpy(), rb)
    expected = (rb >= 0.5) & (table["sl"].to_numpy() >= 0.5)
    np.testing.assert_array_equal(table["plausible"].to_numpy(), expected)
    assert summary.passed == {
        "plausible": int(expected.sum()),
        "one-shot": int(table["one-shot"].to_numpy().sum()),
    }
    assert "notes" in table.column_names


def test_the_table_says_what_made_it(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    description = read_description(pq.read_metadata(summary.output).metadata, "scores")
    assert description["identity"] == streak_sieve.identity
    assert description["members"] == {member.name: member.model.identity for member in streak_sieve.members}
    assert description["thresholds"]["rb-1"] == {"value": 0.5, "origin": "default"}
    assert description["rules"] == RULES
    assert description["counts"] == {"scored": 40, "passed": summary.passed, "kept_aside": {}}


def test_scores_are_those_of_the_members(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    rows = rows_of(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet"))
    for number in (0, 17, 39):
        with Image.open(night / f"{streak_id(number)}_scimref.jpg") as picture:
            resized = picture.convert("L").resize((144, 144), Image.Resampling.BILINEAR)
        image = np.asarray(resized, dtype=np.float32)[None, None]
        for member in streak_sieve.members:
            assert rows[streak_id(number)][member.name] == pytest.approx(
                member.model.predict(image)[0], abs=1e-6
            )


@pytest.mark.parametrize("bad", [0, 9, 20, 39])
def test_a_truncated_cutout_moves_no_score(
    streak_sieve: Sieve, night: Path, tmp_path: Path, bad: int
) -> None:
    whole = rows_of(score_streaks(streak_sieve, [night], tmp_path / "whole.parquet"))
    path = night / f"{streak_id(bad)}_scimref.jpg"
    truncate(path)
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    rows = rows_of(summary)
    del whole[streak_id(bad)]
    assert rows == whole
    (line,) = aside_of(summary)
    assert (line["id"], line["kind"], line["severity"]) == (streak_id(bad), "bad-image", "error")
    assert Path(line["source"]).name == path.name
    assert summary.kept_aside == {"bad-image": 1}


def test_what_is_bad_is_named(
    streak_sieve: Sieve, night: Path, tmp_path: Path, add_cutout: Callable[..., Path]
) -> None:
    add_cutout(night, 50, side=100)
    Image.fromarray(np.full((157, 157), 204, np.uint8)).save(night / f"{streak_id(51)}_scimref.jpg")
    colours = np.random.default_rng(0).integers(0, 255, (157, 157, 3), dtype=np.uint8)
    Image.fromarray(colours).save(night / f"{streak_id(52)}_scimref.jpg")
    (night / f"{streak_id(53)}_scimref.jpg").write_bytes(b"")
    with Image.open(night / f"{streak_id(0)}_scimref.jpg") as picture:
        picture.convert("RGB").save(night / f"{streak_id(54)}_scimref.jpg")
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    kinds = {line["id"]: line["kind"] for line in aside_of(summary)}
    assert kinds == {
        streak_id(50): "wrong-size",
        streak_id(51): "all-masked",
        streak_id(52): "coloured-image",
        streak_id(53): "empty-file",
    }
    rows = rows_of(summary)
    assert len(rows) == 41
    assert {name: row["notes"] for name, row in rows.items() if row["notes"]} == {
        streak_id(54): "grey-as-rgb"
    }


@pytest.mark.usefixtures("small_parts")
def test_a_night_that_grows_ends_as_one_that_was_whole(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    whole = score_streaks(streak_sieve, [night], tmp_path / "whole.parquet")
    later = tmp_path / "later"
    later.mkdir()
    for number in (0, 1, 13, 22, 39):
        shutil.move(night / f"{streak_id(number)}_scimref.jpg", later)
    bad = night / f"{streak_id(7)}_scimref.jpg"
    times = bad.stat()
    complete = truncate(bad)
    growing = tmp_path / "growing.parquet"
    first = score_streaks(streak_sieve, [night], growing)
    assert (first.scored, first.new, first.kept_aside) == (34, 34, {"bad-image": 1})
    again = score_streaks(streak_sieve, [night], growing)
    assert (again.scored, again.new, again.kept_aside) == (34, 0, {"bad-image": 1})
    assert aside_of(again)[0]["id"] == streak_id(7)
    for path in later.iterdir():
        shutil.move(path, night)
    bad.write_bytes(complete)
    os.utime(bad, ns=(times.st_atime_ns, times.st_mtime_ns))
    last = score_streaks(streak_sieve, [night], growing)
    assert (last.scored, last.new, last.kept_aside) == (40, 6, {})
    assert bytes_of(last) == bytes_of(whole)
    assert not last.quarantine.exists()


def test_a_replaced_cutout_is_scored_again(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    before = rows_of(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet"))
    one, other = (night / f"{streak_id(number)}_scimref.jpg" for number in (4, 5))
    shutil.copy(other, one)
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    rows = rows_of(summary)
    assert (summary.scored, summary.new) == (40, 1)
    assert rows[streak_id(4)]["rb-1"] == before[streak_id(5)]["rb-1"] != before[streak_id(4)]["rb-1"]
    del rows[streak_id(4)], before[streak_id(4)]
    assert rows == before


def write_table(folder: Path, numbers: Sequence[int]) -> None:
    """Write a table of the depot with some of its columns."""
    lines = [" streakid | pid | jd | ra1 | dec1 | ra2 | dec2 | length"]
    for number in numbers:
        streakid, pid = streak_id(number).removeprefix("strkid").split("_pid")
        lines.append(f" {streakid} | {pid} | {2458400.5 + number} | 10.0 | 5.0 | 10.001 | 5.0 | 12.5")
    (folder / "ztf_20181009_zg_c01_streaks.txt").write_text("\n".join([*lines, f"({len(numbers)} rows)\n"]))


def test_a_streak_is_scored_as_soon_as_it_is_complete(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    write_table(night, [number for number in range(40) if number not in (5, 6)])
    first = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    assert (first.scored, first.kept_aside["image-without-metadata"]) == (38, 2)
    aside = {line["id"]: line for line in aside_of(first) if line["kind"] == "image-without-metadata"}
    assert aside.keys() == {streak_id(5), streak_id(6)}
    assert {line["severity"] for line in aside.values()} == {"warning"}
    write_table(night, range(40))
    whole = score_streaks(streak_sieve, [night], tmp_path / "whole.parquet")
    last = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    assert (last.scored, last.new) == (40, 2)
    assert "image-without-metadata" not in last.kept_aside
    assert bytes_of(last) == bytes_of(whole)
    row = rows_of(last)[streak_id(5)]
    assert row["jd"] == 2458405.5
    assert row["midpoint_dec"] == pytest.approx(5.0, abs=1e-6)
    assert "_id" not in row


def test_a_changed_row_changes_no_score(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    images_alone = rows_of(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet"))
    write_table(night, range(40))
    rows = rows_of(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet"))
    for name, row in images_alone.items():
        assert {member: row[member] for member in FAMILIES} == {
            member: rows[name][member] for member in FAMILIES
        }


def test_names_that_the_sieve_has_taken_stay_its_own(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    rules = {"length": {"any": "rb"}}
    named = write_sieve(tmp_path / "named", name="named", members=streak_sieve.members, rules=rules)
    write_table(night, range(40))
    table = pq.read_table(score_streaks(named, [night], tmp_path / "scores.parquet").output)
    assert table.schema.field("length").type == pa.bool_()
    assert set(table["night_length"].to_pylist()) == {12.5}


def test_an_archive_is_scored_as_the_folder_it_holds(
    streak_sieve: Sieve, night: Path, tmp_path: Path
) -> None:
    folder = pq.read_table(score_streaks(streak_sieve, [night], tmp_path / "folder.parquet").output)
    archive = shutil.make_archive(str(tmp_path / "archive"), "gztar", night)
    summary = score_streaks(streak_sieve, [archive], tmp_path / "archive.parquet")
    table = pq.read_table(summary.output)
    assert table.select(list(FAMILIES)).equals(folder.select(list(FAMILIES)))
    assert table["source"][0].as_py().partition("::")[0] == archive


def test_streaks_that_are_gone_leave_the_table(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    for number in (1, 2):
        (night / f"{streak_id(number)}_scimref.jpg").unlink()
    summary = score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    assert (summary.scored, summary.new, summary.gone) == (38, 0, 2)


def test_a_model_alone_scores(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    alone = score_streaks(streak_sieve.members[0].model, [night], tmp_path / "alone.parquet")
    table = pq.read_table(alone.output)
    joint = pq.read_table(score_streaks(streak_sieve, [night], tmp_path / "joint.parquet").output)
    assert table["score"].equals(joint["rb-1"])
    assert table.column_names == [*("id", "source", "streakid", "pid", "score", "passes", "notes", "stamp")]


def test_models_of_other_images_are_refused(night: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="a streak cutout is"):
        score_streaks(Model.load("braai-weak"), [night], tmp_path / "scores.parquet")
    with pytest.raises(ConfigurationError, match="1 or more"):
        StreakOptions(workers=0)
