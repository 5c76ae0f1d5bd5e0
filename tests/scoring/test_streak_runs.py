"""Runs over a night of streaks: several processes, kills, and outputs that are not theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from skysieve.errors import ConfigurationError, ScoringError
from skysieve.models import Sieve, write_sieve
from skysieve.scoring import streaks
from skysieve.scoring.parts import PartStore
from skysieve.scoring.streaks import StreakOptions, StreakSummary, score_streaks

torch.set_num_threads(1)


def streak_id(number: int) -> str:
    return f"strkid5970{number:06d}15_pid5970{number:06d}15"


def truncate(path: Path) -> bytes:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


def bytes_of(summary: StreakSummary) -> Sequence[bytes | None]:
    places = (summary.output, summary.quarantine)
    return [place.read_bytes() if place.exists() else None for place in places]


@pytest.mark.usefixtures("small_parts")
def test_the_number_of_processes_moves_nothing(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    truncate(night / f"{streak_id(3)}_scimref.jpg")
    truncate(night / f"{streak_id(30)}_scimref.jpg")
    one, two = (
        score_streaks(streak_sieve, [night], tmp_path / f"{workers}.parquet", StreakOptions(workers=workers))
        for workers in (1, 2)
    )
    assert bytes_of(one) == bytes_of(two)


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


def start(streak_sieve: Sieve, night: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    script = output.with_name("killed.py")
    script.write_text(KILLED)
    command = [sys.executable, str(script), *map(str, (streak_sieve.folder, night, output, workers))]
    return subprocess.Popen(command, start_new_session=True)


def wait_for_parts(store: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(store.glob("*/part-*.parquet"))) < count and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_and_ends_the_same(
    streak_sieve: Sieve, night: Path, tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(night / f"{streak_id(11)}_scimref.jpg")
    whole = score_streaks(streak_sieve, [night], tmp_path / "whole.parquet")
    output = tmp_path / "killed.parquet"
    killed = start(streak_sieve, night, output, workers)
    wait_for_parts(tmp_path / "killed.parquet.parts", 2)
    # The parent alone: its workers must find out by themselves.
    killed.send_signal(signal.SIGKILL)
    killed.wait(60)
    assert not output.exists(), "the run was over before it could be killed"
    summary = score_streaks(streak_sieve, [night], output)
    assert summary.resumed
    assert 0 < summary.new <= 31
    assert bytes_of(summary) == bytes_of(whole)
    assert not (tmp_path / "killed.parquet.parts").exists()


def test_two_runs_do_not_write_to_one_output(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    with (
        PartStore(tmp_path / "scores.parquet").claim(),
        pytest.raises(ConfigurationError, match="another run is writing"),
    ):
        score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")


def test_the_output_may_lie_among_the_inputs(streak_sieve: Sieve, night: Path) -> None:
    truncate(night / f"{streak_id(11)}_scimref.jpg")
    for _ in range(2):
        summary = score_streaks(streak_sieve, [night], night / "scores.parquet")
        assert (summary.scored, summary.kept_aside) == (39, {"bad-image": 1})


def test_other_tables_are_not_written_over(
    streak_sieve: Sieve, night: Path, tmp_path: Path, add_cutout: Callable[..., Path]
) -> None:
    output = tmp_path / "scores.parquet"
    score_streaks(streak_sieve, [night], output)
    fewer = streak_sieve.members[:1]
    other = write_sieve(tmp_path / "fewer", name="fewer", members=fewer, rules={"r": {"any": "rb"}})
    with pytest.raises(ConfigurationError, match=r"differs in: members.*--restart"):
        score_streaks(other, [night], output)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    add_cutout(elsewhere, 77)
    with pytest.raises(ConfigurationError, match="another night"):
        score_streaks(streak_sieve, [elsewhere], output)
    assert score_streaks(other, [elsewhere], output, restart=True).scored == 1
    for text in (b"mine", None):
        if text is None:
            pq.write_table(pa.table({"id": [1]}), tmp_path / "notes.parquet")
        else:
            (tmp_path / "notes.parquet").write_bytes(text)
        content = (tmp_path / "notes.parquet").read_bytes()
        with pytest.raises(ConfigurationError, match="not a table of streak scores"):
            score_streaks(streak_sieve, [night], tmp_path / "notes.parquet")
        assert (tmp_path / "notes.parquet").read_bytes() == content


def test_parts_of_other_models_are_not_mixed_in(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    store = PartStore(tmp_path / "scores.parquet")
    with store.claim():
        store.begin({"members": {}}, restart=False)
    with pytest.raises(ConfigurationError, match="parts of another run"):
        score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    assert score_streaks(streak_sieve, [night], tmp_path / "scores.parquet", restart=True).scored == 40


@pytest.mark.usefixtures("small_parts")
def test_a_worker_that_dies_is_told(
    streak_sieve: Sieve, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaks, "_start_worker", os.abort)
    with pytest.raises(ScoringError, match="a worker process was killed"):
        score_streaks(streak_sieve, [night], tmp_path / "scores.parquet", StreakOptions(workers=2))
    monkeypatch.undo()
    assert score_streaks(streak_sieve, [night], tmp_path / "scores.parquet").scored == 40
