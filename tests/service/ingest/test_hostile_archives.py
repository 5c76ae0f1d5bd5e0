"""Archives that somebody made to do harm: they cost themselves, nothing is written beside the files."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from sqlalchemy import select

from skysieve.service.database.tables import QuarantinedItem
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.sources import tar


def packed(*members: tarfile.TarInfo, data: bytes = b"") -> bytes:
    """Return an archive of members, each with the same content."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(written.getvalue(), 1)


def kinds_of(service) -> list[str]:
    with service.database.reading() as session:
        return sorted(session.scalars(select(QuarantinedItem.kind)))


def upload(service, data: bytes) -> str:
    return receive(service, [Item("upload", "night.tar.gz", str(len(data)), data=data)]).outcomes[0]


def test_an_archive_that_unpacks_without_end_is_refused(sqlite_service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tar, "SMALL_BYTES", 1 << 20)
    bomb = packed(*(tarfile.TarInfo(f"{at}.avro") for at in range(8)), data=bytes(1 << 20))
    assert len(bomb) * tar.MOST_RATIO < 8 << 20
    assert upload(sqlite_service, bomb) == "quarantined"
    assert "archive-bomb" in kinds_of(sqlite_service)


def test_zeros_behind_the_end_of_an_archive_are_not_read_for_ever(
    sqlite_service, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tar, "SMALL_BYTES", 1 << 20)
    bomb = packed() + gzip.compress(bytes(16 << 20), 9)
    upload(sqlite_service, bomb)
    assert kinds_of(sqlite_service) == ["archive-bomb"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_larger_than_any_is_not_read_into_memory(sqlite_service, kind: bytes):
    member = tarfile.TarInfo("header")
    member.type, member.size = kind, tar.MAX_HEADER_BYTES + 1
    bomb = gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(4 << 20), 9)
    assert upload(sqlite_service, bomb) == "quarantined"
    assert kinds_of(sqlite_service) == ["bad-archive"]


@pytest.mark.parametrize(
    "name", ["../../outside.avro", "/etc/outside.avro", "a/../../../outside.avro", "a\\..\\outside.avro"]
)
def test_path_traversal_by_a_member_of_an_archive_leads_nowhere(sqlite_service, name: str):
    folder = sqlite_service.home.folder.parent
    before = {path for path in folder.rglob("*") if "outside" in path.name}
    upload(sqlite_service, packed(tarfile.TarInfo(name), data=b"no packet"))
    assert {path for path in folder.rglob("*") if "outside" in path.name} == before
    assert kinds_of(sqlite_service) != []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_an_archive_are_left_alone(sqlite_service, kind: bytes):
    member = tarfile.TarInfo("1.avro")
    member.type, member.linkname = kind, "/etc/passwd"
    upload(sqlite_service, packed(member))
    assert kinds_of(sqlite_service) == ["foreign-file"]
