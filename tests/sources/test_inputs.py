"""Inputs: everything that is named is found once, in the same order, and nothing is dropped silently."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources import tar
from skysieve.sources.inputs import Blob, ItemRef, iter_blobs, list_items

AVRO = (".avro",)


def named(found: list[Blob | Finding] | list[ItemRef | Finding]) -> list[str]:
    return [each.kind if isinstance(each, Finding) else each.name for each in found]


def names(*inputs: str | Path, suffixes: tuple[str, ...] | None = AVRO) -> list[str]:
    return named(list(iter_blobs(inputs, suffixes)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make ``night/{b,a,c/2,c/1}.avro`` in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("b", "a", "c/2", "c/1"):
        path = Path("night", name + ".avro")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return Path("night")


def test_folders_are_walked_by_name(folder: Path) -> None:
    assert names("night") == ["night/a.avro", "night/b.avro", "night/c/1.avro", "night/c/2.avro"]
    assert [blob.data for blob in iter_blobs(["night"]) if isinstance(blob, Blob)] == [
        b"a",
        b"b",
        b"c/1",
        b"c/2",
    ]


def test_inputs_keep_their_order_and_come_once(folder: Path) -> None:
    assert names("night/b.avro", "night", "./night/../night/a.avro") == [
        "night/b.avro", "night/a.avro", "night/c/1.avro", "night/c/2.avro",
    ]  # fmt: skip


def test_one_input_need_not_be_a_list(folder: Path) -> None:
    assert named(list_items("night/a.avro")) == ["night/a.avro"]
    assert named(list_items(folder / "a.avro")) == ["night/a.avro"]


def test_globs_are_sorted_and_may_be_recursive(folder: Path) -> None:
    assert names("night/*.avro") == ["night/a.avro", "night/b.avro"]
    assert names("night/**/[12].avro") == ["night/c/1.avro", "night/c/2.avro"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    (folder / "x[1].avro").write_bytes(b"x")
    assert names("night/x[1].avro") == ["night/x[1].avro"]


def test_what_is_not_there_is_a_finding(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert names("nowhere", "night/*.fits", "night/empty") == ["missing-path", "no-match", "empty-folder"]


def test_foreign_files_are_findings_and_hidden_ones_are_not(folder: Path) -> None:
    for name in ("notes.txt", "table.csv", ".DS_Store", "._1.avro"):
        (folder / name).write_text("x")
    found = names("night")
    assert found.count("foreign-file") == 2
    assert len(found) == 6


def test_a_file_that_is_named_is_read_whatever_its_ending(folder: Path) -> None:
    (folder / "packet.bin").write_bytes(b"x")
    assert names("night/packet.bin") == ["night/packet.bin"]


def test_listing_reads_nothing(folder: Path) -> None:
    for path in folder.glob("*.avro"):
        path.chmod(0)
    items = list_items(["night"], AVRO)
    assert all(isinstance(item, ItemRef) for item in items)


def test_a_file_that_vanishes_is_a_finding(folder: Path) -> None:
    item = list_items(["night/a.avro"])[0]
    assert isinstance(item, ItemRef)
    item.path.unlink()
    assert named(list(item.blobs())) == ["unreadable-file"]
    with pytest.raises(InputError, match=r"night/a\.avro: cannot be read"):
        item.read()


def test_a_file_without_permission_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (finding,) = iter_blobs(["night/a.avro"])
    assert isinstance(finding, Finding)
    assert (finding.kind, finding.reason) == ("unreadable-file", "cannot be read: Permission denied")


def test_links_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "c" / "up").symlink_to(folder.resolve(), target_is_directory=True)
    (folder / "z.avro").symlink_to((folder / "a.avro").resolve())
    assert names("night") == [
        "night/a.avro", "night/b.avro", "night/c/1.avro", "night/c/2.avro", "night/z.avro",
    ]  # fmt: skip


def pack(path: Path, members: list[tuple[str, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


MEMBERS = [(f"night/{index}.avro", os.urandom(700 + index)) for index in range(20)]


@pytest.mark.parametrize(
    ("name", "mode"), [("n.tar.gz", "w:gz"), ("n.tgz", "w:gz"), ("n.tar", "w"), ("N.TAR", "w")]
)
def test_members_of_archives_come_as_they_are_stored(tmp_path: Path, name: str, mode: str) -> None:
    path = pack(tmp_path / name, MEMBERS[::-1], mode)
    assert list(iter_blobs([path], AVRO)) == [
        Blob(f"{path}::{member}", data) for member, data in MEMBERS[::-1]
    ]


def test_long_names_and_folders_in_archives(tmp_path: Path) -> None:
    long = "x" * 300 + ".avro"
    path = pack(tmp_path / "a.tar", [(long, b"1")], "w")
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo("folder")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    assert names(path) == [f"{path}::{long}"]


def test_members_that_are_not_wanted_are_findings(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.tar.gz", [("1.avro", b"1"), ("notes.txt", b"x"), ("._1.avro", b"x"), ("b.tar", b"x")]
    )
    assert names(path) == [f"{path}::1.avro", "foreign-file", "foreign-file"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_archives_are_not_followed(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("evil.avro")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    assert names(path) == ["foreign-file"]


def test_names_that_climb_out_of_the_folder_are_only_names(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", [("../../evil.avro", b"1")], "w")
    assert names(path) == [f"{path}::../../evil.avro"]
    assert not list(tmp_path.parent.rglob("evil.avro"))


def test_a_member_beyond_measure_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar, "MAX_MEMBER_BYTES", 1000)
    path = pack(tmp_path / "a.tar.gz", [("1.avro", b"1"), ("2.avro", bytes(1001)), ("3.avro", b"3")])
    assert names(path) == [f"{path}::1.avro", "oversized-member", f"{path}::3.avro"]


def test_what_is_no_archive_is_a_finding(tmp_path: Path) -> None:
    for name, data in [
        ("a.tar", b"x" * 2000),
        ("b.tar.gz", b"x" * 2000),
        ("c.tgz", gzip.compress(b"x" * 2000, mtime=0)),
    ]:
        (tmp_path / name).write_bytes(data)
        assert names(tmp_path / name) == ["bad-archive"]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_an_empty_file_is_no_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert names(tmp_path / name) == ["truncated-archive"]


def test_archives_that_were_joined_are_not_dropped_silently(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", [("1.avro", b"1")], "w")
    path.write_bytes(path.read_bytes() * 2)
    assert names(path) == [f"{path}::1.avro", "bad-archive"]


def test_a_damaged_archive_is_a_finding_after_the_good_members(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", MEMBERS, "w")
    data = bytearray(path.read_bytes())
    data[10 * 1536 : 11 * 1536] = b"\xff" * 1536
    path.write_bytes(data)
    assert names(path) == [f"{path}::{name}" for name, _ in MEMBERS[:10]] + ["bad-archive"]


def test_a_damaged_compression_is_a_finding_wherever_the_damage_is(tmp_path: Path) -> None:
    path = pack(tmp_path / "n.tar.gz", [("1.avro", os.urandom(3000))], "w:gz")
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        found = [name for name in names(path) if not name.endswith("::1.avro")]
        # A bit of the header's time or name harms nothing.
        assert set(found) <= {"bad-archive", "truncated-archive"}
        assert found or at < 30


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["n.tar", "n.tar.gz"]))
def test_a_truncated_archive_gives_its_good_members_and_one_finding(
    tmp_path: Path, data: st.DataObject, name: str
) -> None:
    path = pack(tmp_path / name, MEMBERS, "w:gz" if name.endswith("gz") else "w")
    whole = path.read_bytes()
    # A tar file ends with zeros up to the next 10 kB: what is needed of them is the first block.
    length = len(whole) if name.endswith("gz") else 20 * 1536 + 512
    path.write_bytes(whole[: data.draw(st.integers(0, length - 1))])
    *good, bad = iter_blobs([path], AVRO)
    assert good == [Blob(f"{path}::{member}", content) for member, content in MEMBERS[: len(good)]]
    assert isinstance(bad, Finding)
    assert bad.item == str(path)
    assert bad.kind == "truncated-archive"


def test_only_regular_files_are_items(folder: Path) -> None:
    (folder / "gone.avro").symlink_to("nowhere")
    (folder / "loop.avro").symlink_to("loop.avro")
    os.mkfifo(folder / "pipe.avro")
    findings = [each for each in list_items(["night"], AVRO) if isinstance(each, Finding)]
    assert [(each.item, each.kind) for each in findings] == [
        ("night/gone.avro", "not-a-file"),
        ("night/loop.avro", "not-a-file"),
        ("night/pipe.avro", "not-a-file"),
    ]
    assert names("night/pipe.avro", "night/gone.avro", "/dev/null") == ["not-a-file"] * 3
    assert names("x" * 5000) == ["missing-path"]


def test_names_that_are_no_unicode_are_spelled_out(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff.avro")).write_bytes(b"bad name")
    (folder / os.fsdecode(b"\xfe.txt")).write_bytes(b"")
    *_, foreign, blob = iter_blobs(["night"], AVRO)
    assert blob == Blob("night/\\udcff.avro", b"bad name")
    assert isinstance(foreign, Finding)
    assert foreign.item == "night/\\udcfe.txt"
    assert names(folder / os.fsdecode(b"\xfd")) == ["missing-path"]
    for each in iter_blobs([folder / os.fsdecode(b"\xfd")]):
        str(each).encode()


def test_members_whose_names_are_no_unicode_are_spelled_out(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", [(os.fsdecode(b"\xff.avro"), b"1")], "w")
    assert names(path) == [f"{path}::\\udcff.avro"]
