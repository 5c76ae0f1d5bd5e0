"""Streaks: every score stands at its own streak, and a night may break off, grow and be completed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from skysieve.errors import ConfigurationError, ContractError, ScoringError
from skysieve.models import InputContract, Model, ModelDescription, Sieve, save_model, write_sieve
from skysieve.models.rebuild import build_network
from skysieve.models.rules import parse_rule
from skysieve.models.sieve import Member
from skysieve.scoring import streaks
from skysieve.scoring.parts import PartStore
from skysieve.scoring.streak_table import read_description, redecide
from skysieve.scoring.streaks import StreakOptions, StreakSummary, score_streaks

torch.set_num_threads(1)
CONTRACT = InputContract((1, 144, 144), ("difference",), unit="grey level")
FAMILIES = {"rb-1": "rb", "rb-2": "rb", "sl-1": "sl", "os": "os"}
RULES = {"plausible": {"all": [{"any": "rb"}, {"any": "sl"}]}, "one-shot": {"any": "os"}}


def save_member(folder: Path, seed: int, **changes: Any) -> Model:
    fields: dict[str, Any] = {
        "name": folder.name,
        "summary": "Tells streaks from bogus.",
        "classes": ("bogus", "streak"),
        "contract": CONTRACT,
        "preprocess": [{"step": "nan-to-num"}, {"step": "unit-range"}],
        "network": {"name": "compact", "outputs": 1, "arguments": {"width": 4, "depth": 1}},
        "calibration": {"kind": "sigmoid"},
    } | changes
    description = ModelDescription(**fields)
    torch.manual_seed(seed)
    network = build_network(description).eval()
    spread_scores(network)
    return save_model(folder, network, description)


def spread_scores(network: Any) -> None:
    """Give an untrained network's scores both sides of one half, so that a mix-up would show."""
    images = torch.from_numpy(np.stack([draw_cutout(number, 144) for number in range(20)])[:, None] / 255)
    with torch.inference_mode():
        logits = network(images.float())
    with torch.no_grad():
        network.output.weight.div_(logits.std())
        network.output.bias.sub_(logits.mean()).div_(logits.std())


@pytest.fixture(scope="module")
def sieve(tmp_path_factory: pytest.TempPathFactory) -> Sieve:
    place = tmp_path_factory.mktemp("sieve")
    members = [
        Member(name, family, save_member(place / "models" / name, seed))
        for seed, (name, family) in enumerate(FAMILIES.items())
    ]
    return write_sieve(place / "toy", name="toy", members=members, rules=RULES)


def streak_id(number: int) -> str:
    return f"strkid5970{number:06d}15_pid5970{number:06d}15"


def draw_cutout(number: int, side: int = 157) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rng = np.random.default_rng(number)
    sky = rng.normal(204, 20.4, (side, side))
    x = np.arange(side)
    start, length, slope = rng.integers(20, 80), rng.integers(5, 60), rng.uniform(-0.5, 0.5)
    for column in x[start : start + length]:
        row = int(side / 2 + slope * (column - side / 2))
        sky[row - 1 : row + 2, column] -= rng.uniform(20, 200)
    return sky.clip(0, 255).astype(np.uint8)


def write_cutout(folder: Path, number: int, side: int = 157) -> Path:
    path = folder / f"{streak_id(number)}_scimref.jpg"
    Image.fromarray(draw_cutout(number, side)).save(path, "JPEG", quality=90)
    return path


def truncate(path: Path) -> bytes:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


@pytest.fixture(scope="module")
def whole_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for number in range(40):
        write_cutout(folder, number)
    return folder


@pytest.fixture
def night(whole_night: Path, tmp_path: Path) -> Path:
    # copytree keeps the times of change, by which a changed file is known.
    return Path(shutil.copytree(whole_night, tmp_path / "night"))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaks, "PART_STREAKS", 8)


def rows_of(summary: StreakSummary) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in pq.read_table(summary.output).to_pylist()}


def aside_of(summary: StreakSummary) -> list[dict[str, str]]:
    return [json.loads(line) for line in summary.quarantine.read_text().splitlines()]


def bytes_of(summary: StreakSummary) -> Sequence[bytes | None]:
    places = (summary.output, summary.quarantine)
    return [place.read_bytes() if place.exists() else None for place in places]


def test_a_night_is_scored(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
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


def test_the_table_says_what_made_it(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
    description = read_description(pq.read_metadata(summary.output).metadata, "scores")
    assert description["identity"] == sieve.identity
    assert description["members"] == {member.name: member.model.identity for member in sieve.members}
    assert description["thresholds"]["rb-1"] == {"value": 0.5, "origin": "default"}
    assert description["rules"] == RULES
    assert description["counts"] == {"scored": 40, "passed": summary.passed, "kept_aside": {}}


def test_scores_are_those_of_the_members(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    rows = rows_of(score_streaks(sieve, [night], tmp_path / "scores.parquet"))
    for number in (0, 17, 39):
        with Image.open(night / f"{streak_id(number)}_scimref.jpg") as picture:
            resized = picture.convert("L").resize((144, 144), Image.Resampling.BILINEAR)
        image = np.asarray(resized, dtype=np.float32)[None, None]
        for member in sieve.members:
            assert rows[streak_id(number)][member.name] == pytest.approx(
                member.model.predict(image)[0], abs=1e-6
            )


@pytest.mark.parametrize("bad", [0, 9, 20, 39])
def test_a_truncated_cutout_moves_no_score(sieve: Sieve, night: Path, tmp_path: Path, bad: int) -> None:
    whole = rows_of(score_streaks(sieve, [night], tmp_path / "whole.parquet"))
    path = night / f"{streak_id(bad)}_scimref.jpg"
    truncate(path)
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
    rows = rows_of(summary)
    del whole[streak_id(bad)]
    assert rows == whole
    (line,) = aside_of(summary)
    assert (line["id"], line["kind"], line["severity"]) == (streak_id(bad), "bad-image", "error")
    assert Path(line["source"]).name == path.name
    assert summary.kept_aside == {"bad-image": 1}


def test_what_is_bad_is_named(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    write_cutout(night, 50, side=100)
    Image.fromarray(np.full((157, 157), 204, np.uint8)).save(night / f"{streak_id(51)}_scimref.jpg")
    colours = np.random.default_rng(0).integers(0, 255, (157, 157, 3), dtype=np.uint8)
    Image.fromarray(colours).save(night / f"{streak_id(52)}_scimref.jpg")
    (night / f"{streak_id(53)}_scimref.jpg").write_bytes(b"")
    with Image.open(night / f"{streak_id(0)}_scimref.jpg") as picture:
        picture.convert("RGB").save(night / f"{streak_id(54)}_scimref.jpg")
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
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
def test_the_number_of_processes_moves_nothing(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    truncate(night / f"{streak_id(3)}_scimref.jpg")
    truncate(night / f"{streak_id(30)}_scimref.jpg")
    one, two = (
        score_streaks(sieve, [night], tmp_path / f"{workers}.parquet", StreakOptions(workers=workers))
        for workers in (1, 2)
    )
    assert bytes_of(one) == bytes_of(two)


@pytest.mark.usefixtures("small_parts")
def test_a_night_that_grows_ends_as_one_that_was_whole(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    whole = score_streaks(sieve, [night], tmp_path / "whole.parquet")
    later = tmp_path / "later"
    later.mkdir()
    for number in (0, 1, 13, 22, 39):
        shutil.move(night / f"{streak_id(number)}_scimref.jpg", later)
    bad = night / f"{streak_id(7)}_scimref.jpg"
    times = bad.stat()
    complete = truncate(bad)
    growing = tmp_path / "growing.parquet"
    first = score_streaks(sieve, [night], growing)
    assert (first.scored, first.new, first.kept_aside) == (34, 34, {"bad-image": 1})
    again = score_streaks(sieve, [night], growing)
    assert (again.scored, again.new, again.kept_aside) == (34, 0, {"bad-image": 1})
    assert aside_of(again)[0]["id"] == streak_id(7)
    for path in later.iterdir():
        shutil.move(path, night)
    bad.write_bytes(complete)
    os.utime(bad, ns=(times.st_atime_ns, times.st_mtime_ns))
    last = score_streaks(sieve, [night], growing)
    assert (last.scored, last.new, last.kept_aside) == (40, 6, {})
    assert bytes_of(last) == bytes_of(whole)
    assert not last.quarantine.exists()


def test_a_replaced_cutout_is_scored_again(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    before = rows_of(score_streaks(sieve, [night], tmp_path / "scores.parquet"))
    one, other = (night / f"{streak_id(number)}_scimref.jpg" for number in (4, 5))
    shutil.copy(other, one)
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
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


def test_a_streak_is_scored_as_soon_as_it_is_complete(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    write_table(night, [number for number in range(40) if number not in (5, 6)])
    first = score_streaks(sieve, [night], tmp_path / "scores.parquet")
    assert (first.scored, first.kept_aside["image-without-metadata"]) == (38, 2)
    aside = {line["id"]: line for line in aside_of(first) if line["kind"] == "image-without-metadata"}
    assert aside.keys() == {streak_id(5), streak_id(6)}
    assert {line["severity"] for line in aside.values()} == {"warning"}
    write_table(night, range(40))
    whole = score_streaks(sieve, [night], tmp_path / "whole.parquet")
    last = score_streaks(sieve, [night], tmp_path / "scores.parquet")
    assert (last.scored, last.new) == (40, 2)
    assert "image-without-metadata" not in last.kept_aside
    assert bytes_of(last) == bytes_of(whole)
    row = rows_of(last)[streak_id(5)]
    assert row["jd"] == 2458405.5
    assert row["midpoint_dec"] == pytest.approx(5.0, abs=1e-6)
    assert "_id" not in row


def test_a_changed_row_changes_no_score(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    images_alone = rows_of(score_streaks(sieve, [night], tmp_path / "scores.parquet"))
    write_table(night, range(40))
    rows = rows_of(score_streaks(sieve, [night], tmp_path / "scores.parquet"))
    for name, row in images_alone.items():
        assert {member: row[member] for member in FAMILIES} == {
            member: rows[name][member] for member in FAMILIES
        }


def test_names_that_the_sieve_has_taken_stay_its_own(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    rules = {"length": {"any": "rb"}}
    named = write_sieve(tmp_path / "named", name="named", members=sieve.members, rules=rules)
    write_table(night, range(40))
    table = pq.read_table(score_streaks(named, [night], tmp_path / "scores.parquet").output)
    assert table.schema.field("length").type == pa.bool_()
    assert set(table["night_length"].to_pylist()) == {12.5}


def test_an_archive_is_scored_as_the_folder_it_holds(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    folder = pq.read_table(score_streaks(sieve, [night], tmp_path / "folder.parquet").output)
    archive = shutil.make_archive(str(tmp_path / "archive"), "gztar", night)
    summary = score_streaks(sieve, [archive], tmp_path / "archive.parquet")
    table = pq.read_table(summary.output)
    assert table.select(list(FAMILIES)).equals(folder.select(list(FAMILIES)))
    assert table["source"][0].as_py().partition("::")[0] == archive


def test_streaks_that_are_gone_leave_the_table(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    score_streaks(sieve, [night], tmp_path / "scores.parquet")
    for number in (1, 2):
        (night / f"{streak_id(number)}_scimref.jpg").unlink()
    summary = score_streaks(sieve, [night], tmp_path / "scores.parquet")
    assert (summary.scored, summary.new, summary.gone) == (38, 0, 2)


def test_other_thresholds_need_no_new_scores(
    sieve: Sieve, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_streaks(sieve, [night], tmp_path / "scores.parquet")
    strict = sieve.with_thresholds({"rb": 1.0})
    monkeypatch.setattr(Sieve, "score", None)
    summary = score_streaks(strict, [night], tmp_path / "scores.parquet")
    assert (summary.scored, summary.new, summary.passed["plausible"]) == (40, 0, 0)


KILLED = """
import sys, time
from skysieve.scoring import streaks
streaks.PART_STREAKS = 4
write = streaks.write_part
def slowly(*arguments):
    write(*arguments)
    time.sleep(0.1)
streaks.write_part = slowly
if __name__ == "__main__":
    from skysieve.models import Sieve
    options = streaks.StreakOptions(workers=int(sys.argv[4]))
    streaks.score_streaks(Sieve.load(sys.argv[1]), [sys.argv[2]], sys.argv[3], options)
"""


def start(sieve: Sieve, night: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    script = output.with_name("killed.py")
    script.write_text(KILLED)
    command = [sys.executable, str(script), *map(str, (sieve.folder, night, output, workers))]
    return subprocess.Popen(command, start_new_session=True)


def wait_for_parts(store: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(store.glob("*/part-*.parquet"))) < count and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_and_ends_the_same(
    sieve: Sieve, night: Path, tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(night / f"{streak_id(11)}_scimref.jpg")
    whole = score_streaks(sieve, [night], tmp_path / "whole.parquet")
    output = tmp_path / "killed.parquet"
    killed = start(sieve, night, output, workers)
    wait_for_parts(tmp_path / "killed.parquet.parts", 2)
    # The parent alone: its workers must find out by themselves.
    killed.send_signal(signal.SIGKILL)
    killed.wait(60)
    assert not output.exists(), "the run was over before it could be killed"
    summary = score_streaks(sieve, [night], output)
    assert summary.resumed
    assert 0 < summary.new <= 31
    assert bytes_of(summary) == bytes_of(whole)
    assert not (tmp_path / "killed.parquet.parts").exists()


def test_two_runs_do_not_write_to_one_output(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    with (
        PartStore(tmp_path / "scores.parquet").claim(),
        pytest.raises(ConfigurationError, match="another run is writing"),
    ):
        score_streaks(sieve, [night], tmp_path / "scores.parquet")


def test_the_output_may_lie_among_the_inputs(sieve: Sieve, night: Path) -> None:
    truncate(night / f"{streak_id(11)}_scimref.jpg")
    for _ in range(2):
        summary = score_streaks(sieve, [night], night / "scores.parquet")
        assert (summary.scored, summary.kept_aside) == (39, {"bad-image": 1})


def test_other_tables_are_not_written_over(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.parquet"
    score_streaks(sieve, [night], output)
    fewer = sieve.members[:1]
    other = write_sieve(tmp_path / "fewer", name="fewer", members=fewer, rules={"r": {"any": "rb"}})
    with pytest.raises(ConfigurationError, match=r"differs in: members.*--restart"):
        score_streaks(other, [night], output)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_cutout(elsewhere, 77)
    with pytest.raises(ConfigurationError, match="another night"):
        score_streaks(sieve, [elsewhere], output)
    assert score_streaks(other, [elsewhere], output, restart=True).scored == 1
    for text in (b"mine", None):
        if text is None:
            pq.write_table(pa.table({"id": [1]}), tmp_path / "notes.parquet")
        else:
            (tmp_path / "notes.parquet").write_bytes(text)
        content = (tmp_path / "notes.parquet").read_bytes()
        with pytest.raises(ConfigurationError, match="not a table of streak scores"):
            score_streaks(sieve, [night], tmp_path / "notes.parquet")
        assert (tmp_path / "notes.parquet").read_bytes() == content


def test_parts_of_other_models_are_not_mixed_in(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    store = PartStore(tmp_path / "scores.parquet")
    with store.claim():
        store.begin({"members": {}}, restart=False)
    with pytest.raises(ConfigurationError, match="parts of another run"):
        score_streaks(sieve, [night], tmp_path / "scores.parquet")
    assert score_streaks(sieve, [night], tmp_path / "scores.parquet", restart=True).scored == 40


def test_a_model_alone_scores(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    alone = score_streaks(sieve.members[0].model, [night], tmp_path / "alone.parquet")
    table = pq.read_table(alone.output)
    joint = pq.read_table(score_streaks(sieve, [night], tmp_path / "joint.parquet").output)
    assert table["score"].equals(joint["rb-1"])
    assert table.column_names == [*("id", "source", "streakid", "pid", "score", "passes", "notes", "stamp")]


def test_models_of_other_images_are_refused(night: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="a streak cutout is"):
        score_streaks(Model.load("braai-weak"), [night], tmp_path / "scores.parquet")
    with pytest.raises(ConfigurationError, match="1 or more"):
        StreakOptions(workers=0)


@pytest.mark.usefixtures("small_parts")
def test_a_worker_that_dies_is_told(
    sieve: Sieve, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaks, "_start_worker", os.abort)
    with pytest.raises(ScoringError, match="a worker process was killed"):
        score_streaks(sieve, [night], tmp_path / "scores.parquet", StreakOptions(workers=2))
    monkeypatch.undo()
    assert score_streaks(sieve, [night], tmp_path / "scores.parquet").scored == 40


def test_new_verdicts_need_no_networks(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    table = pq.read_table(score_streaks(sieve, [night], tmp_path / "scores.parquet").output)
    assert redecide(table).equals(table)
    strict = redecide(table, thresholds={"rb": 0.9, "rb-2": 0.2})
    passing = (table["rb-1"].to_numpy() >= np.float32(0.9)) | (table["rb-2"].to_numpy() >= np.float32(0.2))
    expected = passing & (table["sl-1"].to_numpy() >= 0.5)
    np.testing.assert_array_equal(strict["plausible"].to_numpy(), expected)
    description = read_description(strict.schema.metadata, "table")
    assert description["thresholds"]["rb-1"] == {"value": 0.9, "origin": "given"}
    assert description["counts"]["passed"]["plausible"] == expected.sum()
    other = redecide(table, rules={"twice": parse_rule({"at_least": 2, "of": "rb"})})
    assert "plausible" not in other.column_names
    expected = (table["rb-1"].to_numpy() >= 0.5) & (table["rb-2"].to_numpy() >= 0.5)
    np.testing.assert_array_equal(other["twice"].to_numpy(), expected)
    by_sieve = redecide(table, sieve.with_thresholds({"rb": 0.9, "rb-2": 0.2}))
    assert by_sieve["plausible"].equals(strict["plausible"])


def test_impossible_verdicts_are_refused(sieve: Sieve, night: Path, tmp_path: Path) -> None:
    table = pq.read_table(score_streaks(sieve, [night], tmp_path / "scores.parquet").output)
    for thresholds, message in (
        ({"rv": 0.5}, r"did you mean 'rb'|known are"),
        ({"rb": 2}, "between 0 and 1"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            redecide(table, thresholds=thresholds)
    for rule in ({"any": "kd"}, {"score": "rb-9"}):
        with pytest.raises(ConfigurationError, match=r"did you mean|known are"):
            redecide(table, rules={"r": parse_rule(rule)})
    with pytest.raises(ConfigurationError, match="cannot be called 'source'"):
        redecide(table, rules={"source": parse_rule({"any": "rb"})})
    with pytest.raises(ConfigurationError, match="other models"):
        redecide(table, Sieve.of_model(sieve.members[0].model))
    with pytest.raises(ConfigurationError, match="not a table of streak scores"):
        redecide(table.replace_schema_metadata(None))
