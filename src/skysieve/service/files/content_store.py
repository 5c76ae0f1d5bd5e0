"""Files by the hash of their content: written once, whole or not at all, never changed."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from skysieve.errors import ServiceError
from skysieve.service.files.durable import sync, write_durably

__all__ = ["ContentStore"]

#: Threads that wait for the disk at once.
SYNCING = 16

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ContentStore:
    """A folder of files named by the SHA-256 of their bytes.

    The same bytes are one file, however often they come. A file is there before the row of the
    database that names it: what a kill leaves behind is a file without a row, which pruning removes.

    Parameters
    ----------
    folder : Path
        Made where it is missing.

    Examples
    --------
    >>> store = ContentStore(Path(tempfile.mkdtemp()))
    >>> name = store.put(b"stamp")
    >>> store.get(name), store.put(b"stamp") == name
    (b'stamp', True)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Store bytes, on the disk when this returns, and return their hash."""
        return self.put_all([data])[0]

    def put_all(self, contents: Iterable[bytes]) -> list[str]:
        """Store many at once: the disk is waited for by several threads together.

        Raises
        ------
        OSError
            If the disk is full or may not be written; what was written before stays.
        """
        given = list(contents)
        names = [hashlib.sha256(data).hexdigest() for data in given]
        missing = {name: data for name, data in zip(names, given, strict=True) if not self._touch(name)}
        if missing:
            parents = {self.path(name).parent for name in missing}
            new = sum(_make(parent) for parent in parents)
            with ThreadPoolExecutor(min(SYNCING, len(missing))) as pool:
                list(pool.map(self._write, missing, missing.values()))
                list(pool.map(sync, [*parents, self.folder] if new else parents))
        return names

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash.

        Raises
        ------
        ServiceError
            If there is no such file; it is restored from a backup, or comes with the item once more.
        """
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise ServiceError(
                f"the file {sha256[:12]}... is missing in {self.folder}; restore it from a backup"
            ) from None

    def has(self, sha256: str) -> bool:
        """Say whether there is a file of a hash."""
        return self.path(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """Return where a file lies, or would.

        Raises
        ------
        ServiceError
            If the name is no hash: nothing else is ever joined to a path.
        """
        if not _SHA256.fullmatch(sha256):
            raise ServiceError(f"{sha256[:80]!r} is not a SHA-256 in hexadecimal digits")
        return self.folder / sha256[:2] / sha256

    def remove(self, sha256: str) -> None:
        """Delete a file; it may be gone already."""
        self.path(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Yield the hashes of all files."""
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for file in sorted(folder.iterdir()):
                if _SHA256.fullmatch(file.name):
                    yield file.name

    def _touch(self, sha256: str) -> bool:
        """Make a file young again, so that no pruning takes it for forgotten; say whether it is there."""
        try:
            os.utime(self.path(sha256))
        except FileNotFoundError:
            return False
        return True

    def _write(self, sha256: str, data: bytes) -> None:
        path = self.path(sha256)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        os.close(descriptor)
        temporary = Path(name)
        try:
            write_durably(temporary, data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _make(folder: Path) -> bool:
    """Make a folder, and say whether it was missing."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True
