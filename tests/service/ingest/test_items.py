"""Items: names that every database takes, and what may be read."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.service.ingest import items
from skysieve.service.ingest.items import Item, Reception, VanishedError, as_stored_name, file_stamp


@given(st.text(st.characters(codec=None), max_size=80), st.text(max_size=80))
def test_stored_names_are_short_clean_and_their_own(first, second):
    stored = as_stored_name(first, 40)
    assert len(stored) <= 40
    assert "\0" not in stored
    stored.encode()
    assert as_stored_name(stored, 40) == stored
    if len(first) > 40 and first != second:
        assert as_stored_name(second, 40) != stored


def test_long_names_are_shortened_when_an_item_is_made():
    item = Item("f" * 60, "n" * 501, "s" * 101, data=b"")
    assert (len(item.feed), len(item.name), len(item.stamp)) == (48, 500, 100)


def test_an_item_without_content_is_refused():
    with pytest.raises(InputError, match="neither bytes nor a path"):
        Item("folder", "a", "1")


def test_bytes_come_from_memory_or_from_the_file(tmp_path):
    path = tmp_path / "1.avro"
    path.write_bytes(b"Obj")
    assert Item("folder", "1.avro", "s", path=path).read() == b"Obj"
    assert Item("kafka", "t/0/1", "s", data=b"x").read() == b"x"


def test_what_is_gone_is_not_taken_for_bad(tmp_path):
    with pytest.raises(VanishedError):
        Item("folder", "1.avro", "s", path=tmp_path / "1.avro").read()
    with pytest.raises(VanishedError):
        Item("folder", "1.avro", "s", path=tmp_path / "no-folder" / "1.avro").read()


def test_links_pipes_and_folders_are_not_read(tmp_path):
    (tmp_path / "target").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    kinds = {}
    for name in ("link", "pipe", "folder"):
        with pytest.raises(InputError) as raised:
            Item("folder", name, "s", path=tmp_path / name).read()
        kinds[name] = raised.value.kind
    assert kinds == {"link": "foreign-link", "pipe": "not-a-file", "folder": "not-a-file"}


def test_an_enormous_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(items, "MAX_ITEM_BYTES", 3)
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(InputError) as raised:
        Item("folder", "a", "s", path=tmp_path / "a").read()
    assert raised.value.kind == "oversized-file"


def test_the_stamp_of_a_file_changes_with_size_and_time(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    first = file_stamp(path.stat())
    os.utime(path, ns=(1, 1))
    second = file_stamp(path.stat())
    path.write_bytes(b"12")
    assert len({first, second, file_stamp(path.stat())}) == 3


def test_receptions_add_up():
    both = Reception(("stored",), 3, {"bad-fits": 1}) + Reception(("partly",), 1, {"bad-fits": 2})
    assert both == Reception(("stored", "partly"), 4, {"bad-fits": 3})
