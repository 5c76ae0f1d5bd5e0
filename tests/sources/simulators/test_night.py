import csv
import io
import tarfile
from pathlib import Path

import fastavro
import pytest

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.bad_packets import BAD_PACKET_KINDS
from skysieve.sources.simulators.night import NightSummary, simulate_night


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> NightSummary:
    return simulate_night(tmp_path_factory.mktemp("night"), n=60, seed=11, bad_packets=2)


def truth_of(night: NightSummary) -> list[dict[str, str]]:
    with night.truth.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_has_its_row_of_the_truth(night: NightSummary) -> None:
    rows = truth_of(night)
    assert sorted(row["file"] for row in rows) == sorted(path.name for path in night.packets.iterdir())
    assert (night.n_packets, night.n_bad) == (60, 2 * len(BAD_PACKET_KINDS))
    assert night.truth.parent == night.packets.parent
    sound = [row for row in rows if not row["bad_packet"]]
    assert sum(int(row["label"]) for row in sound) == night.n_real
    assert len({row["object_id"] for row in sound}) == night.n_objects < 60


def test_packets_are_what_the_truth_says(night: NightSummary) -> None:
    candids = set()
    for row in truth_of(night):
        if row["bad_packet"]:
            assert row["file"].startswith(f"bad-{row['bad_packet']}-")
            assert (row["scorable"] == "True") == BAD_PACKET_KINDS[row["bad_packet"]].scorable
            continue
        (record,) = fastavro.reader(io.BytesIO((night.packets / row["file"]).read_bytes()))
        assert row["file"] == f"{record['candid']}.avro"
        assert row["candid"] == str(record["candid"])
        assert row["object_id"] == record["objectId"]
        assert row["fid"] == str(record["candidate"]["fid"])
        assert record["candidate"]["drb"] is None
        candids.add(record["candid"])
    assert len(candids) == 60


def test_objects_that_come_again_tell_of_their_earlier_detections(night: NightSummary) -> None:
    records = []
    for row in truth_of(night):
        if not row["bad_packet"]:
            records += list(fastavro.reader(io.BytesIO((night.packets / row["file"]).read_bytes())))
    again = [record for record in records if record["prv_candidates"]]
    assert again
    first = {record["candid"]: record for record in records}
    for record in again:
        earlier = record["prv_candidates"][-1]
        assert earlier["jd"] < record["candidate"]["jd"]
        assert first[earlier["candid"]]["objectId"] == record["objectId"]


def test_same_seed_same_bytes(night: NightSummary, tmp_path: Path) -> None:
    again = simulate_night(tmp_path, n=60, seed=11, bad_packets=2)
    assert again.truth.read_bytes() == night.truth.read_bytes()
    for path in night.packets.iterdir():
        assert (again.packets / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_shorter_night_is_the_beginning_of_a_longer_one(night: NightSummary, tmp_path: Path) -> None:
    short = simulate_night(tmp_path, n=10, seed=11)
    for path in short.packets.iterdir():
        assert path.read_bytes() == (night.packets / path.name).read_bytes()


def test_archive_holds_the_same_files_and_no_time(night: NightSummary, tmp_path: Path) -> None:
    first, second = (
        simulate_night(tmp_path / name, n=60, seed=11, bad_packets=2, archive=True) for name in ("a", "b")
    )
    assert first.packets.read_bytes() == second.packets.read_bytes()
    with pytest.raises(ConfigurationError, match="exists"):
        simulate_night(tmp_path / "a", n=1, seed=1, archive=True)
    with tarfile.open(first.packets) as archive:
        members = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        assert set(members) == {path.name for path in night.packets.iterdir()}
        for name, file in members.items():
            assert file is not None
            assert file.read() == (night.packets / name).read_bytes()


def test_existing_packets_are_never_mixed_with_new_ones(night: NightSummary) -> None:
    before = night.truth.read_bytes()
    with pytest.raises(ConfigurationError, match="not empty"):
        simulate_night(night.packets.parent, n=1, seed=1)
    assert night.truth.read_bytes() == before


@pytest.mark.parametrize("setting", [{"n": -1}, {"bad_packets": -1}, {"nid": 0}])
def test_impossible_requests_are_refused(setting: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        simulate_night(tmp_path, **({"n": 1, "seed": 1} | setting))  # type: ignore[arg-type]
