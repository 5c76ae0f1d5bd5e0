"""Files by their hash: whole or absent, one for the same bytes, and never outside of their folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.files import content_store
from skysieve.service.files.content_store import ContentStore


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "files")


def files(store: ContentStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_the_same_bytes_are_one_file(store: ContentStore) -> None:
    names = store.put_all([b"a", b"b", b"a"])
    assert names == [hashlib.sha256(data).hexdigest() for data in (b"a", b"b", b"a")]
    assert store.put(b"b") == names[1]
    assert len(files(store)) == 2
    assert sorted(store.names()) == sorted(set(names))
    assert [store.get(name) for name in names] == [b"a", b"b", b"a"]


def test_what_is_wanted_again_is_young_again(store: ContentStore) -> None:
    name = store.put(b"a")
    os.utime(store.path(name), (0, 0))
    store.put(b"a")
    assert store.path(name).stat().st_mtime > 0


def test_a_broken_write_leaves_nothing(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, data: bytes) -> None:
        path.write_bytes(data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(content_store, "write_durably", half)
    with pytest.raises(OSError, match="No space"):
        store.put(b"abc")
    assert files(store) == []
    monkeypatch.undo()
    assert store.get(store.put(b"abc")) == b"abc"


def test_a_file_that_is_gone_is_named(store: ContentStore) -> None:
    name = store.put(b"a")
    store.remove(name)
    store.remove(name)
    assert not store.has(name)
    with pytest.raises(ServiceError, match=f"{name[:12]}.*backup"):
        store.get(name)


WRONG = ["", "../../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" * 64]


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("call", ["get", "has", "path", "remove"])
def test_only_a_hash_is_joined_to_a_path(store: ContentStore, name: str, call: str) -> None:
    with pytest.raises(ServiceError, match="is not a SHA-256"):
        getattr(store, call)(name)
