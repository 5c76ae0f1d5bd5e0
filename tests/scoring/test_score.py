"""Scoring: every input is a row or is kept aside with its reason, and a kill costs nothing."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import fastavro
import numpy as np
import pyarrow.parquet as pq
import pytest

from skysieve.errors import ConfigurationError, ScoringError
from skysieve.models import Model
from skysieve.scoring import parts
from skysieve.scoring import score as score_module
from skysieve.scoring.merge import quarantine_path
from skysieve.scoring.rows import outcome_schema
from skysieve.scoring.score import ScoringOptions, score
from skysieve.sources.simulators.night import NightSummary, simulate_night
from skysieve.sources.simulators.packet_schema import alert_schema

#: Bad packets whose cutouts are unusual but usable: they are scored.
USABLE = {"undersized-cutout"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load("braai-weak")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> NightSummary:
    return simulate_night(tmp_path_factory.mktemp("night"), n=150, seed=3, bad_packets=True)


def truth_of(night: NightSummary) -> list[dict[str, str]]:
    with night.truth.open() as file:
        return list(csv.DictReader(file))


def test_every_packet_is_scored_or_kept_aside(model: Model, night: NightSummary, tmp_path: Path) -> None:
    summary = score(model, [night.packets], tmp_path / "scores.parquet")
    table = pq.read_table(summary.output)
    lines = [json.loads(line) for line in summary.quarantine.read_text().splitlines()]
    names = sorted(path.name for path in night.packets.iterdir())
    done = [Path(source).name.partition("::")[0] for source in table["source"].to_pylist()]
    aside = [Path(line["source"]).name.partition("::")[0] for line in lines]
    assert sorted(done + aside) == names
    assert summary.scored == len(done) == table.num_rows
    assert sum(summary.kept_aside.values()) == len(aside)
    assert all(line["kind"] and line["reason"] for line in lines)
    assert not (tmp_path / "scores.parquet.parts").exists()


def test_scores_stand_on_their_own_candid(model: Model, night: NightSummary, tmp_path: Path) -> None:
    summary = score(model, [night.packets], tmp_path / "scores.parquet")
    table = pq.read_table(summary.output).to_pydict()
    rows = list(zip(table["candid"], table["source"], table["score"], strict=True))
    for candid, source, value in rows[::5]:
        name = Path(source).name
        if not name.startswith("bad-"):
            assert name == f"{candid}.avro"
        alone = score(model, [source], tmp_path / "one.parquet", restart=True)
        row = pq.read_table(alone.output).to_pydict()
        assert row["candid"] == [candid]
        assert row["score"][0] == pytest.approx(value, abs=1e-6)


def test_a_thousand_good_packets_and_one_of_each_kind_of_bad_one(model: Model, tmp_path: Path) -> None:
    night = simulate_night(tmp_path / "night", n=1000, seed=9, bad_packets=True)
    table = pq.read_table(score(model, [night.packets], tmp_path / "scores.parquet").output).to_pydict()
    truth = {row["file"]: row for row in truth_of(night)}
    good = {int(row["candid"]) for row in truth.values() if not row["bad_packet"]}
    scored = dict(zip(table["candid"], table["source"], strict=True))
    assert len(good) == 1000
    assert good <= scored.keys()
    assert {Path(scored[candid]).name for candid in good} == {f"{candid}.avro" for candid in good}
    beyond = {truth[Path(scored[candid]).name]["bad_packet"] for candid in scored.keys() - good}
    assert beyond == USABLE
    assert all(0 <= value <= 1 for value in table["score"])


def test_confluent_framed_messages_are_scored(model: Model, tmp_path: Path) -> None:
    night = simulate_night(tmp_path / "night", n=3, seed=4)
    folder = tmp_path / "framed"
    folder.mkdir()
    schema = alert_schema()
    (tmp_path / "7.avsc").write_text(json.dumps(schema))
    parsed = fastavro.parse_schema(schema)
    for packet in night.packets.iterdir():
        with packet.open("rb") as file:
            (record,) = fastavro.reader(file)
        body = io.BytesIO()
        fastavro.schemaless_writer(body, parsed, record)
        (folder / packet.name).write_bytes(b"\0" + (7).to_bytes(4, "big") + body.getvalue())
    without = score(model, [folder], tmp_path / "without.parquet")
    assert without.kept_aside == {"missing-schema": 3}
    framed = score(model, [folder], tmp_path / "with.parquet", ScoringOptions(schemas=str(tmp_path)))
    plain = score(model, [night.packets], tmp_path / "plain.parquet")
    columns = [pq.read_table(summary.output).select(["candid", "score"]) for summary in (framed, plain)]
    assert columns[0].equals(columns[1])


def test_the_order_of_files_does_not_move_scores(model: Model, night: NightSummary, tmp_path: Path) -> None:
    paths = sorted(night.packets.glob("*.avro"))
    forward = score(model, paths, tmp_path / "a.parquet")
    backward = score(model, paths[::-1], tmp_path / "b.parquet")
    tables = [pq.read_table(summary.output).select(["candid", "score"]) for summary in (forward, backward)]
    one, other = (dict(zip(*table.to_pydict().values(), strict=True)) for table in tables)
    assert one.keys() == other.keys()
    np.testing.assert_allclose([one[key] for key in one], [other[key] for key in one], atol=1e-6)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_and_ends_the_same(
    model: Model, night: NightSummary, tmp_path: Path, workers: int
) -> None:
    whole = run_command(night, tmp_path / "whole.parquet", workers)
    assert whole.wait(120) == 0
    killed = run_command(night, tmp_path / "killed.parquet", workers)
    store = tmp_path / "killed.parquet.parts"
    deadline = time.monotonic() + 60
    while len(list(store.glob("*/*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    # The parent alone: its workers find out by themselves, and must not write beside the next run's.
    killed.send_signal(signal.SIGKILL)
    killed.wait(60)
    assert not (tmp_path / "killed.parquet").exists(), "the run was over before it could be killed"
    before = len(list(store.glob("*/*.parquet")))
    assert before >= 2
    assert run_command(night, tmp_path / "killed.parquet", workers).wait(120) == 0
    assert (tmp_path / "killed.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    one, other = (tmp_path / f"{name}.quarantine.jsonl" for name in ("killed", "whole"))
    assert one.read_bytes() == other.read_bytes()
    assert not store.exists()


SMALL_PARTS = """
import sys, time
from skysieve.scoring import parts, score
parts.PART_ROWS = score.PART_ROWS = 8
add = parts.PartStore.add
def slowly(self, *arguments):
    time.sleep(0.05)
    add(self, *arguments)
parts.PartStore.add = slowly
if __name__ == "__main__":
    from skysieve.models import Model
    options = score.ScoringOptions(workers=int(sys.argv[3]))
    score.score(Model.load("braai-weak"), [sys.argv[1]], sys.argv[2], options)
"""


def run_command(night: NightSummary, output: Path, workers: int) -> subprocess.Popen[bytes]:
    """Score in a process group of its own, in many small parts."""
    script = output.with_name("small_parts.py")
    script.write_text(SMALL_PARTS)
    command = [sys.executable, str(script), str(night.packets), str(output), str(workers)]
    return subprocess.Popen(command, start_new_session=True)


def test_two_runs_do_not_write_to_one_output(night: NightSummary, tmp_path: Path) -> None:
    first = run_command(night, tmp_path / "scores.parquet", 1)
    store = tmp_path / "scores.parquet.parts"
    deadline = time.monotonic() + 60
    while not list(store.glob("shard-*/part-*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.005)
    with (
        pytest.raises(ConfigurationError, match="another run is writing"),
        parts.PartStore(tmp_path / "scores.parquet").claim(),
    ):
        pass
    assert first.wait(120) == 0
    table = pq.read_table(tmp_path / "scores.parquet")
    assert len(set(table["source"].to_pylist())) == table.num_rows


def test_parts_that_do_not_follow_each_other_are_refused(tmp_path: Path) -> None:
    store = parts.PartStore(tmp_path / "scores.parquet")
    with store.claim():
        store.begin({}, restart=False)
        empty = outcome_schema(("bogus", "real"), ()).empty_table()
        store.add(0, empty, parts.Cursor(1, 1))
        with pytest.raises(ScoringError, match="is not finished"):
            list(store.tables())
        store.add(0, empty, parts.Cursor(2, 0, done=True))
        assert len(list(store.tables())) == 2
        first = min(store.folder.glob("shard-*/part-*.parquet"))
        shutil.copy(first, first.with_name("part-000009.parquet"))
        with pytest.raises(ScoringError, match="the part before it ends at"):
            list(store.tables())


def test_a_changed_input_is_another_run(model: Model, night: NightSummary, tmp_path: Path) -> None:
    packet = tmp_path / "packet.avro"
    shutil.copy(next(night.packets.glob("[0-9]*.avro")), packet)
    score(model, [packet], tmp_path / "scores.parquet")
    content = bytearray(packet.read_bytes())
    content[-1] ^= 1
    packet.write_bytes(content)
    with pytest.raises(ConfigurationError, match="inputs"):
        score(model, [packet], tmp_path / "scores.parquet")


def test_the_output_may_lie_among_the_inputs(model: Model, night: NightSummary, tmp_path: Path) -> None:
    for packet in list(night.packets.glob("[0-9]*.avro"))[:3]:
        shutil.copy(packet, tmp_path)
    (tmp_path / "bad.avro").write_text("no")
    for _ in range(2):
        summary = score(model, [tmp_path], tmp_path / "scores.parquet")
        assert (summary.scored, summary.kept_aside) == (3, {"not-avro": 1})


def test_odd_fields_are_refused_or_told(model: Model, night: NightSummary, tmp_path: Path) -> None:
    for fields in (("jd", "jd"), ("score",), ("candid",)):
        with pytest.raises(ConfigurationError, match="named twice or is a column"):
            ScoringOptions(fields=fields)
    summary = score(model, [night.packets], tmp_path / "s.parquet", ScoringOptions(fields=("jd", "magpsff")))
    assert summary.absent_fields == ["magpsff"]


def test_outputs_of_other_names_have_their_own_quarantine() -> None:
    assert quarantine_path(Path("q.parquet")).name == "q.quarantine.jsonl"
    assert quarantine_path(Path("q.pq")).name == "q.pq.quarantine.jsonl"


def test_a_run_that_is_over_is_not_done_again(model: Model, night: NightSummary, tmp_path: Path) -> None:
    first = score(model, [night.packets], tmp_path / "scores.parquet")
    stamp = first.output.stat().st_mtime_ns
    again = score(model, [night.packets], tmp_path / "scores.parquet")
    assert (again.scored, again.kept_aside, again.above_threshold) == (
        first.scored,
        first.kept_aside,
        first.above_threshold,
    )
    assert first.output.stat().st_mtime_ns == stamp


def test_another_run_is_not_written_over(model: Model, night: NightSummary, tmp_path: Path) -> None:
    one = sorted(night.packets.glob("[0-9]*.avro"))[:3]
    score(model, one, tmp_path / "scores.parquet")
    with pytest.raises(ConfigurationError, match="another run"):
        score(model, [night.packets], tmp_path / "scores.parquet")
    (tmp_path / "notes.parquet").write_text("mine")
    with pytest.raises(ConfigurationError, match="not a table of scores"):
        score(model, one, tmp_path / "notes.parquet")
    assert (tmp_path / "notes.parquet").read_text() == "mine"
    store = parts.PartStore(tmp_path / "half.parquet")
    with store.claim():
        store.begin({"model": "another"}, restart=False)
    with pytest.raises(ConfigurationError, match="parts of another run"):
        score(model, one, tmp_path / "half.parquet")
    assert score(model, one, tmp_path / "half.parquet", restart=True).scored == 3


def test_an_archive_gives_the_scores_of_its_files(model: Model, tmp_path: Path) -> None:
    arguments = {"n": 20, "seed": 8, "bad_packets": True}
    files = simulate_night(tmp_path / "files", **arguments)
    archive = simulate_night(tmp_path / "archive", archive=True, **arguments)
    tables = []
    for number, packets in enumerate((files.packets, archive.packets)):
        summary = score(model, [packets], tmp_path / f"{number}.parquet")
        tables.append(pq.read_table(summary.output).sort_by("candid"))
    assert tables[0]["candid"].equals(tables[1]["candid"])
    np.testing.assert_allclose(tables[0]["score"], tables[1]["score"], atol=1e-6)


def test_missing_inputs_are_kept_aside_too(model: Model, night: NightSummary, tmp_path: Path) -> None:
    good = next(night.packets.glob("[0-9]*.avro"))
    summary = score(model, [good, tmp_path / "absent.avro"], tmp_path / "scores.parquet")
    assert (summary.scored, summary.kept_aside) == (1, {"missing-path": 1})
    assert "absent.avro" in summary.quarantine.read_text()


def test_nothing_to_score_is_an_empty_table(model: Model, tmp_path: Path) -> None:
    summary = score(model, [tmp_path / "absent"], tmp_path / "scores.parquet")
    assert pq.read_table(summary.output).num_rows == 0
    assert summary.kept_aside == {"missing-path": 1}


def test_repeated_candids_are_counted(model: Model, night: NightSummary, tmp_path: Path) -> None:
    packet = next(night.packets.glob("[0-9]*.avro"))
    (tmp_path / "copy.avro").write_bytes(packet.read_bytes())
    summary = score(model, [packet, tmp_path / "copy.avro"], tmp_path / "scores.parquet")
    assert (summary.scored, summary.repeated) == (2, 1)


def test_the_table_says_which_model_gave_the_scores(
    model: Model, night: NightSummary, tmp_path: Path
) -> None:
    options = ScoringOptions(engine="openvino", precision="float32", fields=("jd", "magpsf", "rb"))
    summary = score(model, [night.packets], tmp_path / "scores.parquet", options)
    described = json.loads(pq.read_metadata(summary.output).metadata[b"skysieve"])
    assert described["identity"] == model.identity
    assert described["engine"].startswith("openvino")
    assert described["precision"] == "float32"
    table = pq.read_table(summary.output)
    assert table.column_names == ["candid", "object_id", "survey", "jd", "magpsf", "rb", "score", "source"]
    default = pq.read_table(score(model, [night.packets], tmp_path / "ort.parquet").output)
    np.testing.assert_allclose(table["score"], default["score"], atol=1e-5)


def test_memory_does_not_grow_with_the_number_of_parts(
    model: Model, night: NightSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    monkeypatch.setattr(score_module, "PART_ROWS", 16)
    add = parts.PartStore.add
    monkeypatch.setattr(
        parts.PartStore, "add", lambda self, *rest: (held.append(rest[1].num_rows), add(self, *rest))[1]
    )
    score(model, [night.packets], tmp_path / "scores.parquet")
    assert max(held) == 16
    assert len(held) >= 150 // 16


@pytest.mark.realdata
def test_both_folders_of_real_packets(model: Model, real_data: Path, tmp_path: Path) -> None:
    folders = [real_data / "alerts_avro" / survey for survey in ("ztf", "lsst")]
    summary = score(model, folders, tmp_path / "scores.parquet")
    assert summary.scored + sum(summary.kept_aside.values()) == 98
    assert summary.kept_aside == {"other-survey": 38}
    everything = score(model, folders, tmp_path / "any.parquet", ScoringOptions(any_survey=True))
    assert everything.scored + sum(everything.kept_aside.values()) == 98
