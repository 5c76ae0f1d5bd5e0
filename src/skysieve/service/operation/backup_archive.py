"""The archive of a backup: a tar file whose last member says what the others must be."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from skysieve.errors import ServiceError

__all__ = ["ArchiveCheck", "ArchiveWriter", "Manifest", "check_archive", "content_name", "iter_archive"]

MANIFEST = "manifest.json"
FORMAT = 1
#: Members that there can be: nothing else is ever written to a disk. No part of a path begins with a dot.
_MEMBER = re.compile(
    r"database\.sqlite|service\.toml|manifest\.json|files/[0-9a-f]{2}/[0-9a-f]{64}"
    r"|models(/[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}){1,8}"
)
#: A compressed archive is refused where it unpacks to more than so many times its size, and this much.
MOST_RATIO, SMALL_BYTES = 100, 1 << 30
#: A manifest is read into memory.
_MANIFEST_BYTES = 64 << 20
_BLOCK = 1 << 20


@dataclass(slots=True)
class Manifest:
    """What a backup holds.

    Parameters
    ----------
    made_at : str
        When, ISO 8601, UTC.
    version : str
        The skysieve that made it.
    revision : str
        Of the tables.
    origin : str
        ``sqlite`` or ``postgresql``: where the rows came from.
    rows : dict
        Rows by table.
    files, file_bytes : int
        Files of the content store.
    members : dict
        SHA-256 of every other member. A file of the content store is named by its own.
    missing : list of str
        Files that rows name, and that were not there or damaged when the backup was made.
    format : int
        Of the archive.
    """

    made_at: str = ""
    version: str = ""
    revision: str = ""
    origin: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    file_bytes: int = 0
    members: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    @classmethod
    def read(cls, data: bytes, path: Path) -> Manifest:
        """Return the manifest of an archive, or raise `ServiceError` if it is not one that is known."""
        try:
            found: dict[str, Any] = json.loads(data)
            if found["format"] != FORMAT:
                raise ServiceError(
                    f"{path} is a backup of format {found['format']!r}, this skysieve reads {FORMAT}; "
                    "restore it with the skysieve that made it"
                )
            return cls(**found)
        except (ValueError, KeyError, TypeError) as error:
            raise ServiceError(f"{path}: the manifest is damaged: {error}") from error


class ArchiveWriter:
    """Writes the members of a backup; the manifest follows where the block ends well.

    Parameters
    ----------
    path : Path
        What to write.
    compressed : bool
        Whether with gzip.
    manifest : Manifest
        Filled while members are added.
    """

    def __init__(self, path: Path, *, compressed: bool, manifest: Manifest) -> None:
        self.manifest = manifest
        # Both are closed at the end of the block.
        self._file: Any = gzip.open(path, "wb", compresslevel=1) if compressed else path.open("wb")  # noqa: SIM115
        self._archive: Any = tarfile.open(fileobj=self._file, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add_content(self, sha256: str, data: bytes) -> None:
        """Add a file of the content store."""
        self._add(content_name(sha256), io.BytesIO(data), len(data))
        self.manifest.files += 1
        self.manifest.file_bytes += len(data)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file under a name of the archive."""
        with path.open("rb") as file:
            hashing = _Hashing(file)
            self._add(name, hashing, path.stat().st_size)
        self.manifest.members[name] = hashing.hash.hexdigest()

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                data = json.dumps(asdict(self.manifest), indent=1).encode()
                self._add(MANIFEST, io.BytesIO(data), len(data))
                self._archive.close()

    def _add(self, name: str, stream: Any, size: int) -> None:
        if not _MEMBER.fullmatch(name):
            raise ServiceError(f"{name[:200]!r} cannot be kept in a backup: rename it, or move it elsewhere")
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._archive.addfile(member, stream)
        self._archive.members.clear()  # else the headers of millions of files would stay in memory


def content_name(sha256: str) -> str:
    """Return the name of a file of the content store within an archive."""
    return f"files/{sha256[:2]}/{sha256}"


def iter_archive(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the members of a backup: their names, which are safe to join to a folder, and their bytes.

    Raises
    ------
    ServiceError
        If it is no backup, breaks off, has a member that no backup has (a link, a path that leads
        elsewhere, a name that comes twice), or unpacks to far more than its size.
    """
    seen: set[str] = set()
    with _told_as_damage(path), _open(path) as stream:
        archive: Any = tarfile.open(fileobj=stream, mode="r|")  # noqa: SIM115 - its stream is closed
        for member in archive:
            _check_member(member, path, seen)
            yield member.name, archive.extractfile(member)
            archive.members.clear()


def check_archive(path: Path) -> Manifest:
    """Read a backup to its end, and compare every member with what the manifest says.

    Raises
    ------
    ServiceError
        As of `iter_archive`, or if a member is missing or has other bytes.
    """
    check = ArchiveCheck(path)
    for name, stream in iter_archive(path):
        check.see(name, stream, None)
    return check.finish()


class ArchiveCheck:
    """Compares members with the manifest while they are read.

    Parameters
    ----------
    path : Path
        The archive, for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members: dict[str, str] = {}
        self._files = 0
        self._manifest: Manifest | None = None

    def see(self, name: str, stream: IO[bytes], copy: IO[bytes] | None) -> None:
        """Read a member, and copy it where that is wanted."""
        if name == MANIFEST:
            with _told_as_damage(self.path):
                data = stream.read(_MANIFEST_BYTES)
            self._manifest = Manifest.read(data, self.path)
            return
        digest = hashlib.sha256()
        while block := self._block(stream):
            digest.update(block)
            if copy is not None:
                copy.write(block)
        if not name.startswith("files/"):
            self._members[name] = digest.hexdigest()
        elif name == content_name(digest.hexdigest()):
            self._files += 1
        else:
            raise ServiceError(f"{self.path}: {name} has other bytes than when it was stored")

    def _block(self, stream: IO[bytes]) -> bytes:
        with _told_as_damage(self.path):
            return stream.read(_BLOCK)

    def finish(self) -> Manifest:
        """Return the manifest; raise `ServiceError` if it does not fit what was seen."""
        manifest = self._manifest
        if manifest is None:
            raise ServiceError(f"{self.path} breaks off before its end; take another backup")
        for name in sorted(manifest.members.keys() | self._members.keys()):
            if manifest.members.get(name) != self._members.get(name):
                raise ServiceError(f"{self.path}: {name} is not what the manifest says; take another backup")
        if manifest.files != self._files:
            raise ServiceError(
                f"{self.path} has {self._files:,} files, its manifest says {manifest.files:,}; "
                "take another backup"
            )
        return manifest


@contextlib.contextmanager
def _told_as_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ServiceError(f"{path} is damaged or breaks off: {error}; take another backup") from error


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        with gzip.open(file) if compressed else contextlib.nullcontext(file) as stream:
            yield _Limited(stream, path)


class _Limited:
    """A stream that ends with an error where an archive unpacks to far more than its size."""

    def __init__(self, stream: Any, path: Path) -> None:
        self._stream, self._path = stream, path
        self._left = max(SMALL_BYTES, MOST_RATIO * path.stat().st_size)

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ServiceError(f"{self._path} unpacks to far more than its size; it is no backup")
        return data


class _Hashing:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.hash.update(data)
        return data


def _check_member(member: tarfile.TarInfo, path: Path, seen: set[str]) -> None:
    name = member.name
    if not member.isreg() or member.issparse():
        raise ServiceError(f"{path}: {name[:200]!r} is a link or a device; no backup has such a member")
    if not _MEMBER.fullmatch(name):
        raise ServiceError(f"{path}: {name[:200]!r} is the name of no member of a backup")
    if not name.startswith("files/"):
        if name in seen:
            raise ServiceError(f"{path}: {name} comes twice")
        seen.add(name)
    if name == MANIFEST and member.size > _MANIFEST_BYTES:
        raise ServiceError(f"{path}: the manifest is announced with {member.size:,} bytes; that is none")
