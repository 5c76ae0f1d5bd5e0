"""A backup is whole, of one moment, and restored to either database; a damaged one leaves nothing behind."""

from __future__ import annotations

import contextlib
import gzip
import io
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.accounts.sessions import start_session
from skysieve.service.database.database import Database
from skysieve.service.database.tables import (
    Candidate,
    Label,
    MetadataField,
    SignInAttempt,
    Table,
    User,
    UserSession,
)
from skysieve.service.operation import backup_archive
from skysieve.service.operation.backup import backup
from skysieve.service.operation.backup_archive import check_archive
from skysieve.service.operation.restore import restore
from skysieve.service.operation.snapshot import write_snapshot
from skysieve.service.service import Service, open_service
from skysieve.service.settings import DATABASE_VARIABLE


@pytest.fixture
def filled(service, add_candidate, add_person) -> Service:
    """Return a service with candidates, files, a label, a model and settings."""
    user, taxonomy = add_person(service)
    for name in ("one", "two"):
        candidate = add_candidate(service, name)
    with service.database.writing() as session:
        session.add(Label(candidate_id=candidate, user_id=user, taxonomy_id=taxonomy, value="real"))
    service.home.settings.write_text('name = "Palomar nights"\n')
    model = service.home.models / ("a" * 64)
    model.mkdir()
    (model / "model.json").write_text("{}")
    return service


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Yield the kind of database that is restored to, which the environment names."""
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    if request.param == "sqlite":
        yield "sqlite"
        return
    server = request.getfixturevalue("postgresql_server")
    address = server.create_database()
    monkeypatch.setenv(DATABASE_VARIABLE, address)
    yield "postgresql"
    server.drop_database(address)


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in a database, with the types of its columns."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table)).all()), key=repr)
            for table in Table.metadata.sorted_tables
        }


def test_nobody_is_signed_in_by_restoring(filled: Service, tmp_path: Path) -> None:
    with filled.database.writing() as session:
        user = session.scalars(select(User)).first()
        assert user is not None
        start_session(session, user)
        session.add(SignInAttempt(subject="name:ana"))
    write_snapshot(filled.database, tmp_path / "snapshot.sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "snapshot.sqlite")) as copy:
        for table, left in ((User, 1), (UserSession, 0), (SignInAttempt, 0)):
            counted = copy.execute(f"SELECT count(*) FROM {table.__tablename__}")
            assert counted.fetchone() == (left,), table


def test_what_is_restored_is_what_was_backed_up(filled: Service, target: str, tmp_path: Path) -> None:
    written = backup(filled, tmp_path / "backup.tar")
    restored = restore(tmp_path / "backup.tar", tmp_path / "new")
    assert restored == written
    assert written.origin == filled.database.engine.dialect.name
    new = open_service(tmp_path / "new")
    try:
        assert new.database.engine.dialect.name == target
        assert rows(new.database) == rows(filled.database)
        names = list(filled.files.names())
        assert len(names) == written.files == 6
        assert {name: new.files.get(name) for name in names} == {
            name: filled.files.get(name) for name in names
        }
        assert new.settings.name == "Palomar nights"
        assert (new.home.models / ("a" * 64) / "model.json").read_text() == "{}"
        assert [each.name for each in new.home.folder.iterdir() if each.name.startswith(".")] == []
    finally:
        new.close()


@pytest.mark.usefixtures("target")
def test_keys_go_on_behind_those_that_were_restored(filled: Service, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", tmp_path / "new")
    new = open_service(tmp_path / "new")
    with new.database.writing() as session:
        session.add(User(name="ben", role="viewer"))
    with new.database.reading() as session:
        assert session.scalars(select(User.id).order_by(User.id)).all() == [1, 2]
    new.close()


@pytest.mark.usefixtures("target")
def test_indexes_of_metadata_fields_come_back(filled: Service, tmp_path: Path) -> None:
    from skysieve.service.filters.indexing import index_field

    with filled.database.writing() as session:
        session.add(MetadataField(name="fwhm", type="number"))
    index_field(filled.database, "fwhm")
    backup(filled, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", tmp_path / "new")
    new = open_service(tmp_path / "new")
    assert indexes(new.database) == indexes(filled.database) != set()
    with new.database.reading() as session:
        assert session.scalars(select(MetadataField.indexed)).all() == [True]
    new.close()


def indexes(database: Database) -> set[str]:
    catalogue = "sqlite_master" if database.is_sqlite else "pg_indexes"
    name, table = ("name", "tbl_name") if database.is_sqlite else ("indexname", "tablename")
    with database.engine.connect() as connection:
        found = connection.execute(text(f"SELECT {name} FROM {catalogue} WHERE {table} = 'candidates'"))
        known = {index.name for index in Candidate.__table__.indexes}
        return {
            each for (each,) in found if each not in known and not each.startswith(("pk_", "uq_", "sqlite_"))
        } - {"candidates"}


def test_a_compressed_backup_is_restored(sqlite_service: Service, add_candidate, tmp_path: Path) -> None:
    add_candidate(sqlite_service, "one")
    backup(sqlite_service, tmp_path / "backup.tar.gz")
    assert (tmp_path / "backup.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    restore(tmp_path / "backup.tar.gz", tmp_path / "new")
    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o077 == 0


def test_a_snapshot_is_of_one_moment_while_others_write(
    service: Service, add_candidate, tmp_path: Path
) -> None:
    """Each transaction adds a user and a candidate: no snapshot may see one without the other."""
    add_candidate(service, "first")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with service.database.writing() as session:
                session.add(User(name=f"u{number}", role="viewer"))
                session.flush()
                session.add(
                    Candidate(
                        kind="alert", survey="ZTF", name=f"c{number}", night_id=1, fields={"pad": "x" * 500}
                    )
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            write_snapshot(service.database, tmp_path / f"{number}.sqlite")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        snapshot = Database(f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        with snapshot.reading() as session:
            assert session.query(Candidate).count() == session.query(User).count() + 1
        snapshot.close()


def test_lost_and_damaged_files_are_told_and_do_not_stop_a_backup(
    sqlite_service: Service, add_candidate, tmp_path: Path
) -> None:
    add_candidate(sqlite_service, "one")
    lost, damaged, _ = sqlite_service.files.names()
    sqlite_service.files.remove(lost)
    sqlite_service.files.path(damaged).write_bytes(b"rot")
    manifest = backup(sqlite_service, tmp_path / "backup.tar")
    assert sorted(manifest.missing) == sorted([lost, damaged])
    assert manifest.files == 1
    restore(tmp_path / "backup.tar", tmp_path / "new")


def test_files_without_a_row_are_not_kept(sqlite_service: Service, tmp_path: Path) -> None:
    sqlite_service.files.put(b"orphan")
    assert backup(sqlite_service, tmp_path / "backup.tar").files == 0


@pytest.mark.parametrize(("name", "says"), [("b.zip", "tar file"), ("there.tar", "never overwrites")])
def test_wrong_places_are_refused(sqlite_service: Service, tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "there.tar").write_text("mine")
    with pytest.raises(ConfigurationError, match=says):
        backup(sqlite_service, tmp_path / name)
    assert (tmp_path / "there.tar").read_text() == "mine"


def test_a_backup_that_cannot_be_finished_leaves_nothing(
    sqlite_service: Service, tmp_path: Path, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_archive.ArchiveWriter, "add_file", full)
    (tmp_path / "to").mkdir()
    with pytest.raises(OSError, match="No space left"):
        backup(sqlite_service, tmp_path / "to" / "backup.tar")
    assert list((tmp_path / "to").iterdir()) == []


@pytest.fixture
def archive(sqlite_service: Service, add_candidate: Callable[..., int], tmp_path: Path) -> Path:
    """Return a small backup."""
    add_candidate(sqlite_service, "one")
    sqlite_service.home.settings.write_text('name = "x"\n')
    backup(sqlite_service, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def assert_refused(archive: Path, says: str) -> None:
    new = archive.parent / "refused"
    with pytest.raises(ServiceError, match=says):
        restore(archive, new)
    assert list(new.iterdir()) == []


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_backup_that_breaks_off_is_refused(archive: Path, part: float) -> None:
    whole = archive.read_bytes().rstrip(b"\0")
    archive.write_bytes(whole[: int(len(whole) * part)])
    assert_refused(archive, "breaks off|damaged")


def test_a_compressed_backup_that_breaks_off_is_refused(archive: Path) -> None:
    archive.write_bytes(gzip.compress(archive.read_bytes())[:-200])
    assert_refused(archive, "breaks off")


def members(archive: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as opened:
        return [(member, opened.extractfile(member).read()) for member in opened]


def pack(archive: Path, content: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(archive, "w") as opened:
        for member, data in content:
            member.size = len(data) if member.isreg() else 0
            opened.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize(
    ("begins", "says"),
    [
        ("database", "database.sqlite is not what"),
        ("service", "service.toml is not what"),
        ("files/", "other bytes"),
    ],
)
def test_changed_bytes_are_refused(archive: Path, begins: str, says: str) -> None:
    pack(
        archive,
        [
            (member, data + b"x" if member.name.startswith(begins) else data)
            for member, data in members(archive)
        ],
    )
    assert_refused(archive, says)


@pytest.mark.parametrize(
    ("begins", "says"), [("database", "not what"), ("files/", "says 3"), ("manifest", "breaks off")]
)
def test_a_missing_member_is_refused(archive: Path, begins: str, says: str) -> None:
    found = members(archive)
    gone = next(member for member, _ in found if member.name.startswith(begins))
    pack(archive, [(member, data) for member, data in found if member is not gone])
    assert_refused(archive, says)


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "files/../../outside",
        "models/../../outside",
        "models/.hidden",
        "models",
        "run/serve.json",
        "files/aa/short",
        "service.toml/x",
        "models/a\\..\\b",
    ],
)
def test_a_member_that_leads_elsewhere_is_refused(archive: Path, name: str) -> None:
    pack(archive, [(tarfile.TarInfo(name), b"evil"), *members(archive)])
    assert_refused(archive, "name of no member")
    assert not (archive.parent / "outside").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(archive: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("models/link")
    link.type, link.linkname = kind, "/etc/passwd"
    pack(archive, [(link, b""), *members(archive)])
    assert_refused(archive, "link or a device")


def test_a_member_that_comes_twice_is_refused(archive: Path) -> None:
    found = members(archive)
    pack(archive, [found[-2], *found])
    assert_refused(archive, "comes twice")


def test_an_archive_that_unpacks_to_far_more_is_refused(archive: Path, monkeypatch) -> None:
    monkeypatch.setattr(backup_archive, "SMALL_BYTES", 1 << 20)
    bomb = tarfile.TarInfo("models/bomb")
    pack(archive, [(bomb, bytes(64 << 20)), *members(archive)])
    archive.write_bytes(gzip.compress(archive.read_bytes(), 9))
    assert_refused(archive, "far more than its size")


@pytest.mark.parametrize("data", [b"", b"not a tar file at all" * 100, b"\x1f\x8bxx"])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(data)
    assert_refused(tmp_path / "b.tar", "damaged|breaks off")


def test_a_later_backup_is_refused(sqlite_service: Service, tmp_path: Path, monkeypatch) -> None:
    with sqlite3.connect(sqlite_service.home.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    backup(sqlite_service, tmp_path / "backup.tar")
    assert_refused(tmp_path / "backup.tar", "revision 9999, this skysieve .* later one")


def test_a_backup_of_another_format_is_refused(archive: Path) -> None:
    found = members(archive)
    pack(archive, [*found[:-1], (found[-1][0], found[-1][1].replace(b'"format": 1', b'"format": 7'))])
    assert_refused(archive, "format 7")


def test_a_folder_or_database_in_use_is_refused(
    archive: Path, sqlite_service: Service, monkeypatch, postgresql_server
) -> None:
    with pytest.raises(ServiceError, match="is not empty"):
        restore(archive, sqlite_service.home.folder)
    address = postgresql_server.create_database()
    monkeypatch.setenv(DATABASE_VARIABLE, address)
    restore(archive, archive.parent / "first")
    with pytest.raises(ServiceError, match="has rows already"):
        restore(archive, archive.parent / "second")
    assert list((archive.parent / "second").iterdir()) == []
    postgresql_server.drop_database(address)


def test_settings_of_the_new_folder_count_more(archive: Path) -> None:
    new = archive.parent / "new"
    new.mkdir()
    (new / "service.toml").write_text('name = "mine"\n')
    restore(archive, new)
    assert (new / "service.toml").read_text() == 'name = "mine"\n'


def test_check_reads_all_of_it(archive: Path) -> None:
    assert check_archive(archive).files == 3
