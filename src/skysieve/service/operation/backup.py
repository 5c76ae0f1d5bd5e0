"""Make a backup of a service while it runs: one file, read again and checked before it gets its name."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import skysieve
from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import latest_revision
from skysieve.service.files.durable import sync
from skysieve.service.operation.backup_archive import ArchiveWriter, Manifest, check_archive
from skysieve.service.operation.exclusion import alone
from skysieve.service.operation.named_files import PREFIXES, named_files
from skysieve.service.operation.snapshot import write_snapshot
from skysieve.service.operation.table_copy import count_rows
from skysieve.service.service import Service

__all__ = ["backup"]

SUFFIXES = (".tar", ".tar.gz", ".tgz")


def backup(service: Service, path: Path, *, tell: Callable[[str], None] | None = None) -> Manifest:
    """Write everything that a service keeps into one archive.

    The database is that of one moment, always as an SQLite file, so that a backup of PostgreSQL can be
    restored to SQLite and the other way round. The files are those that its rows name; they never
    change, and nothing removes them meanwhile.

    Parameters
    ----------
    service : Service
        The service; it may run.
    path : Path
        The archive to write: ``.tar``, or ``.tar.gz`` to compress the database (pictures are already).
    tell : callable, optional
        Called with a line for each stage.

    Returns
    -------
    Manifest
        What it holds, as read from the finished archive. ``missing`` names files that were lost before.

    Raises
    ------
    ConfigurationError
        If the archive is there already, or has another suffix.
    ServiceError
        If another backup is made at the same time, or what was written cannot be read again.
    """
    if not path.name.endswith(SUFFIXES):
        raise ConfigurationError(f"{path}: a backup is a tar file; expected a name ending in {SUFFIXES}")
    if path.exists():
        raise ConfigurationError(f"{path} is there already; a backup never overwrites another")
    tell = tell or (lambda _: None)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(service, "backup"), _beside(path) as (unfinished, snapshot):
        tell("copying the database")
        write_snapshot(service.database, snapshot)
        tell("copying the files")
        _write(service, unfinished, snapshot, compressed=not path.name.endswith(".tar"))
        tell("reading the backup again")
        manifest = check_archive(unfinished)
        unfinished.replace(path)
        sync(path.parent)
    return manifest


def _write(service: Service, path: Path, snapshot: Path, *, compressed: bool) -> None:
    database = Database(f"sqlite:///{snapshot}")
    try:
        with database.engine.connect() as connection:
            rows = count_rows(connection)
        manifest = Manifest(
            utc_now().isoformat(timespec="seconds"),
            skysieve.__version__,
            latest_revision(),
            service.database.engine.dialect.name,
            rows,
        )
        with ArchiveWriter(path, compressed=compressed, manifest=manifest) as writer:
            _add_files(service, database, writer)
            writer.add_file("database.sqlite", snapshot)
            _add_settings_and_models(service, writer)
    finally:
        database.close()
    sync(path)


def _add_settings_and_models(service: Service, writer: ArchiveWriter) -> None:
    if service.home.settings.is_file():
        writer.add_file("service.toml", service.home.settings)
    for file in sorted(service.home.models.rglob("*")):
        name = file.relative_to(service.home.models)
        # A name with a dot before it is that of a model which is being copied.
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            writer.add_file(f"models/{name.as_posix()}", file)


def _add_files(service: Service, database: Database, writer: ArchiveWriter) -> None:
    for prefix in PREFIXES:
        with database.reading() as session:
            named = sorted(named_files(session, prefix))
        for sha256 in named:
            try:
                data = service.files.get(sha256)
            except ServiceError:
                writer.manifest.missing.append(sha256)
                continue
            if hashlib.sha256(data).hexdigest() == sha256:
                writer.add_content(sha256, data)
            else:
                writer.manifest.missing.append(sha256)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield places for the archive and the snapshot until both are finished; none but the owner may read."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        unfinished, snapshot = Path(folder) / "backup", Path(folder) / "database.sqlite"
        unfinished.touch(mode=0o600)
        yield unfinished, snapshot
