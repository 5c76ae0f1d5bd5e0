"""Files go when no row names them, and only then."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skysieve.service.database.tables import QuarantinedItem, Table, WaitingPart
from skysieve.service.operation import unnamed_files
from skysieve.service.operation.named_files import NAMING, PREFIXES, named_files
from skysieve.service.operation.retention import prune
from skysieve.service.operation.unnamed_files import GRACE, remove_unnamed_files
from skysieve.service.service import Service


def later() -> datetime:
    """Return a time at which what was written a moment ago is old."""
    return datetime.now(UTC) + GRACE + timedelta(minutes=1)


def test_every_column_with_the_hash_of_a_file_is_known() -> None:
    found = {
        str(column)
        for table in Table.metadata.tables.values()
        for column in table.columns
        if "sha256" in column.name and column.name != "secret_sha256"
    }
    assert found == {str(column.property.columns[0]) for column in NAMING}


def test_named_files_are_found_by_their_prefix(service, add_candidate) -> None:
    add_candidate(service, "one")
    with service.database.writing() as session:
        for number, sha256 in enumerate(("ff" + "f" * 62, "00" + "0" * 62)):
            session.add(
                QuarantinedItem(feed="folder", item=str(number), kind="bad", reason="bad", sha256=sha256)
            )
        session.add(WaitingPart(name="s", part="picture", stamp="1", sha256="9f" + "0" * 62))
    with service.database.reading() as session:
        found = {prefix: named_files(session, prefix) for prefix in PREFIXES}
    assert all(sha256.startswith(prefix) for prefix, each in found.items() for sha256 in each)
    assert sum(map(len, found.values())) == 6
    assert found["ff"] >= {"ff" + "f" * 62}
    assert found["9f"] >= {"9f" + "0" * 62}


def test_files_without_a_row_go_after_an_hour(service, add_candidate) -> None:
    add_candidate(service, "kept")
    orphan = service.files.put(b"orphan")
    half = service.files.path(orphan).with_name(".half-written")
    half.write_bytes(b"xx")
    assert remove_unnamed_files(service, now=datetime.now(UTC)).count == 0
    assert remove_unnamed_files(service, now=later(), dry_run=True).count == 2
    assert service.files.has(orphan)
    removed = remove_unnamed_files(service, now=later())
    assert (removed.count, removed.bytes) == (2, len(b"orphan") + 2)
    assert not service.files.has(orphan)
    assert not half.exists()
    assert len(list(service.files.names())) == 3


def test_pruned_candidates_give_their_files_back(service, add_candidate) -> None:
    add_candidate(service, "old")
    done = prune(service, 30, now=later())
    assert (done.candidates, done.files) == (1, 3)
    assert list(service.files.names()) == []


def test_a_file_that_is_stored_again_while_files_go_stays(sqlite_service: Service, monkeypatch) -> None:
    name = sqlite_service.files.put(b"again")
    rename = Path.rename

    def touch_first(self: Path, target: Path) -> Path:
        if target.name.startswith(".removed-"):
            os.utime(self, (later().timestamp(), later().timestamp()))
        return rename(self, target)

    monkeypatch.setattr(unnamed_files.Path, "rename", touch_first)
    assert remove_unnamed_files(sqlite_service, now=later()).count == 0
    assert sqlite_service.files.get(name) == b"again"


def test_what_a_kill_left_aside_goes_with_the_next_run(sqlite_service: Service) -> None:
    path = sqlite_service.files.path(sqlite_service.files.put(b"x"))
    path.rename(path.with_name(f".removed-{path.name}"))
    assert remove_unnamed_files(sqlite_service, now=later()).count == 1
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("strange", ["notes.txt", "zz"])
def test_what_is_not_of_the_store_is_left_alone(sqlite_service: Service, strange: str) -> None:
    (sqlite_service.files.folder / strange).write_text("mine")
    remove_unnamed_files(sqlite_service, now=later())
    assert (sqlite_service.files.folder / strange).read_text() == "mine"
