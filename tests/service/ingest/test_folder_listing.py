"""The listing of a folder: what is seen, what is passed over, what is refused."""

import os

import pytest

from skysieve.errors import ServiceError
from skysieve.service.ingest.folder_listing import is_passed_over, list_folder, look_at


def _lay(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")


def test_files_are_found_at_any_depth_but_hidden_and_half_written_ones(tmp_path):
    shown = ["a.avro", "stamps/b.jpg", "stamps/deeper/c.jpg", "z.txt"]
    _lay(tmp_path, *shown, ".hidden", ".git/config", "a.avro.part", "b.TMP", "c~", "x.tmp/in.avro")
    assert sorted(file.name for file in list_folder(tmp_path)) == shown
    assert all(file.refusal is None for file in list_folder(tmp_path))


def test_links_within_are_followed_and_links_beyond_are_refused(tmp_path):
    root, beyond = tmp_path / "inbox", tmp_path / "secret"
    _lay(root, "a.avro")
    _lay(beyond, "key")
    (root / "within").symlink_to(root / "a.avro")
    (root / "file").symlink_to(beyond / "key")
    (root / "folder").symlink_to(beyond)
    (root / "around").symlink_to(root)
    (root / "nothing").symlink_to(root / "gone")
    (root / "itself").symlink_to(root / "itself")
    os.mkfifo(root / "pipe")
    found = {file.name: file for file in list_folder(root)}
    refused = {name: file.refusal.kind for name, file in found.items() if file.refusal}
    assert refused == {
        "file": "foreign-link",
        "folder": "foreign-link",
        "around": "foreign-link",
        "pipe": "not-a-file",
    }
    assert found.keys() == {"a.avro", "within", *refused}
    assert found["within"].path == root / "a.avro"


def test_a_folder_that_is_a_link_itself_is_one(tmp_path):
    _lay(tmp_path / "disk", "a.avro")
    (tmp_path / "inbox").symlink_to(tmp_path / "disk")
    assert [file.name for file in list_folder(tmp_path / "inbox")] == ["a.avro"]


def test_a_folder_that_is_not_there_is_told_of(tmp_path):
    with pytest.raises(ServiceError, match="does not exist"):
        list(list_folder(tmp_path / "gone"))
    _lay(tmp_path, "file")
    with pytest.raises(ServiceError, match="cannot be listed"):
        list(list_folder(tmp_path / "file"))


def test_a_folder_below_that_cannot_be_listed_costs_itself(tmp_path, monkeypatch):
    _lay(tmp_path, "a.avro", "closed/b.avro", "open/c.avro")
    scandir = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    unlisted = []
    assert [file.name for file in list_folder(tmp_path, unlisted)] == ["a.avro", "open/c.avro"]
    assert len(unlisted) == 1
    assert "closed: Permission denied" in unlisted[0]


def test_one_path_is_looked_at_like_the_listing(tmp_path):
    _lay(tmp_path, "night/a.avro")
    [listed] = list_folder(tmp_path)
    assert look_at(tmp_path, tmp_path / "night" / "a.avro") == listed
    assert look_at(tmp_path, tmp_path / "night") is None
    assert look_at(tmp_path, tmp_path / "gone") is None


def test_names_that_are_no_unicode_are_spelled_out(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.avro")).touch()
    [file] = list_folder(tmp_path)
    assert file.name == "\\udcff.avro"
    assert file.path.read_bytes() == b""


@pytest.mark.parametrize("name", [".a", "a.part", "a.PARTIAL", "a.tmp", "a~", "a.crdownload", "a.filepart"])
def test_names_of_what_is_being_written(name):
    assert is_passed_over(name)
    assert not is_passed_over("part.avro")
