"""Make a service from a backup: in an empty folder and database, once all of it is known to be sound."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import check_revision, is_empty, upgrade
from skysieve.service.database.tables import MetadataField
from skysieve.service.home import Home, find_home
from skysieve.service.operation.backup_archive import ArchiveCheck, Manifest, content_name, iter_archive
from skysieve.service.operation.named_files import PREFIXES, named_files
from skysieve.service.operation.snapshot import check_snapshot, sqlite_file
from skysieve.service.operation.table_copy import copy_tables, count_rows
from skysieve.service.settings import load_settings

__all__ = ["restore"]


def restore(
    archive: Path, folder: str | Path | None = None, *, tell: Callable[[str], None] | None = None
) -> Manifest:
    """Put a backup into a new folder, and its rows into a new database.

    Everything is unpacked beside its place and compared with the manifest first: a backup that is
    damaged leaves nothing behind. The rows go to SQLite or to PostgreSQL as the settings of the folder,
    those of the backup or ``SKYSIEVE_DATABASE_URL`` say, wherever they came from.

    Parameters
    ----------
    archive : Path
        What `skysieve.service.operation.backup.backup` wrote.
    folder : path, optional
        As of `skysieve.service.home.find_home`; it may hold a ``service.toml``, which then counts.
    tell : callable, optional
        Called with a line for each stage.

    Returns
    -------
    Manifest
        What was restored.

    Raises
    ------
    ServiceError
        If the backup is damaged or of a later skysieve, or the folder or the database is not empty.
    """
    home = find_home(folder)
    tell = tell or (lambda _: None)
    _require_empty_folder(home)
    with _staging(home) as staged:
        tell("unpacking and checking the files")
        manifest = _unpack(archive, staged)
        tell("checking the database")
        snapshot = staged.folder / "database.sqlite"
        check_snapshot(snapshot)
        _require_files(archive, staged, snapshot, manifest)
        settings = load_settings(home if home.settings.exists() else staged)
        tell("filling the database")
        place = _fill_database(settings.database_address(home), snapshot)
        _move(staged, home)
        if place is not None:
            # Last: a folder without its database is not taken for a service.
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(snapshot, place)
            place.chmod(0o600)
        tell("making the indexes")
        _index_again(settings.database_address(home))
        home.create()
        os.sync()
    return manifest


def _require_empty_folder(home: Home) -> None:
    kept = {home.settings.name}
    for entry in home.folder.iterdir() if home.folder.is_dir() else ():
        if entry.name not in kept and (not entry.is_dir() or any(entry.iterdir())):
            raise ServiceError(
                f"{home.folder} is not empty: {entry.name} is there; a backup is restored into a new folder"
            )


@contextlib.contextmanager
def _staging(home: Home) -> Iterator[Home]:
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=home.folder, prefix=".restore-") as folder:
        yield Home(Path(folder))


def _unpack(archive: Path, staged: Home) -> Manifest:
    check = ArchiveCheck(archive)
    for name, stream in iter_archive(archive):
        place = staged.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            check.see(name, stream, file)
    manifest = check.finish()
    if "database.sqlite" not in manifest.members:
        raise ServiceError(f"{archive} holds no database; it is no backup")
    return manifest


def _require_files(archive: Path, staged: Home, snapshot: Path, manifest: Manifest) -> None:
    known = set(manifest.missing)
    database = Database(f"sqlite:///{snapshot}")
    try:
        for prefix in PREFIXES:
            with database.reading() as session:
                named = named_files(session, prefix)
            for sha256 in named:
                if sha256 not in known and not (staged.folder / content_name(sha256)).is_file():
                    raise ServiceError(f"{archive} lacks the file {sha256}, which its database names")
    finally:
        database.close()


def _fill_database(address: str, snapshot: Path) -> Path | None:
    """Fill a database of PostgreSQL; of SQLite, return where the snapshot must be moved to."""
    target = Database(address)
    try:
        if target.is_sqlite:
            place = sqlite_file(target)
            if place.exists():
                raise ServiceError(f"{place} is there already; a backup is restored into a new database")
            return place
        if is_empty(target):
            upgrade(target)
        check_revision(target)
        _copy(snapshot, target)
        return None
    finally:
        target.close()


def _copy(snapshot: Path, target: Database) -> None:
    source = Database(f"sqlite:///{snapshot}")
    try:
        with source.engine.connect() as read, target.engine.connect() as written, written.begin():
            rows = {name: count for name, count in count_rows(written).items() if count}
            if rows:
                raise ServiceError(
                    f"the database has rows already ({rows}); a backup is restored into a new database: "
                    "make one, and name it in SKYSIEVE_DATABASE_URL or in service.toml"
                )
            copied = copy_tables(read, written)
            if count_rows(written) != copied:
                raise ServiceError("the database does not hold what was copied into it; nothing was kept")
    finally:
        source.close()


def _index_again(address: str) -> None:
    """Make the indexes of metadata fields, which are no part of the tables that a migration makes."""
    from skysieve.service.filters.indexing import index_field

    database = Database(address)
    try:
        with database.reading() as session:
            names = session.scalars(select(MetadataField.name).where(MetadataField.indexed)).all()
        for name in names:
            index_field(database, name)
    finally:
        database.close()


def _move(staged: Home, home: Home) -> None:
    for source, place in ((staged.files, home.files), (staged.models, home.models)):
        if place.is_dir():
            place.rmdir()  # empty, as was checked
        if source.is_dir():
            source.rename(place)
    if staged.settings.exists() and not home.settings.exists():
        staged.settings.rename(home.settings)
