"""A full disk: one signal, whoever finds it."""

import dataclasses
import errno
import sqlite3
import tarfile
from collections import namedtuple

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from skysieve.errors import ServiceError
from skysieve.service.database.tables import Candidate, JournalEntry
from skysieve.service.ingest import disk
from skysieve.service.ingest.disk import is_disk_full, require_space, watching_space
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive


def _keeping(service, megabytes):
    ingest = dataclasses.replace(service.settings.ingest, stop_free_mb=megabytes)
    return dataclasses.replace(service, settings=dataclasses.replace(service.settings, ingest=ingest))


def test_room_is_asked_for_before_there_is_none(sqlite_service):
    require_space(_keeping(sqlite_service, 0))
    with pytest.raises(ServiceError, match=r"MB are kept free.*skysieve prune") as raised:
        require_space(_keeping(sqlite_service, 10**12))
    assert is_disk_full(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_files_and_databases_tell_of_a_full_disk_alike(sqlite_service, error):
    with pytest.raises(ServiceError, match="the disk is full") as raised, watching_space(sqlite_service):
        raise error
    assert is_disk_full(raised.value)


def test_postgresql_tells_by_its_code(sqlite_service):
    original = sqlite3.OperationalError("could not extend file")
    original.sqlstate = "53100"
    with pytest.raises(ServiceError) as raised, watching_space(sqlite_service):
        raise OperationalError("INSERT", {}, original)
    assert is_disk_full(raised.value)


def test_other_failures_pass(sqlite_service):
    for error in (OSError(errno.EACCES, "no"), OperationalError("x", {}, sqlite3.OperationalError("locked"))):
        with pytest.raises(type(error)), watching_space(sqlite_service):
            raise error
        assert not is_disk_full(error)


def test_an_archive_stops_in_the_middle_when_the_room_runs_out(
    service, packets, tmp_path, with_settings, monkeypatch
):
    archive = tmp_path / "night.tar"
    with tarfile.open(archive, "w") as tar:
        for path in packets:
            tar.add(path, path.name)
    service = with_settings(service, batch=1, stop_free_mb=100)
    free = iter([500, 400, 300, 50])
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage(next(free, 50) * 1_000_000))
    item = Item("folder", archive.name, "1", path=archive)
    with pytest.raises(ServiceError, match="50 MB are free") as raised:
        receive(service, [item])
    assert is_disk_full(raised.value)
    assert 0 < _count(service, Candidate) < len(packets)
    # When there is room again, it goes on to its end, and nothing is doubled.
    monkeypatch.undo()
    service = with_settings(service, batch=1, stop_free_mb=1)
    assert receive(service, [item]).outcomes == ("stored",)
    assert _count(service, Candidate) == len(packets)
    assert _count(service, JournalEntry) == 1


def _count(service, table):
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))
