"""Members of tar archives, streamed one after the other, with a sharp eye for archives that break off."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from isal import igzip, igzip_lib

from skysieve.errors import InputError
from skysieve.sources.item_names import printable

__all__ = [
    "MAX_HEADER_BYTES",
    "MAX_MEMBER_BYTES",
    "MOST_RATIO",
    "SMALL_BYTES",
    "TAR_SUFFIXES",
    "iter_members",
]

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
#: Larger members are reported and passed over.
MAX_MEMBER_BYTES = 1 << 28
#: Long names and further attributes of a member; `tarfile` reads them into memory at once, however many.
MAX_HEADER_BYTES = 1 << 20
#: An archive is refused where it unpacks to more than so many times its size, and this much.
MOST_RATIO, SMALL_BYTES = 100, 1 << 30

_BLOCK = 512
_HEADERS = frozenset(
    (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )
)
# How `tarfile` words it when bytes are missing, as against bytes that are wrong.
_SIGNS_OF_A_CUT = ("empty file", "truncated header", "unexpected end of data")


def iter_members(path: Path, name: str) -> Iterator[tuple[str, bytes | InputError]]:
    """Yield the regular files of an archive as they are stored; nothing is written to disk.

    Parameters
    ----------
    path : Path
        A ``.tar``, ``.tar.gz`` or ``.tgz`` file.
    name : str
        Its name; members are called ``name::member``.

    Yields
    ------
    tuple of str and (bytes or InputError)
        Name and content of each member, or why it is passed over: ``oversized-member``,
        ``foreign-file`` for links and devices. Folders and hidden files are ignored.

    Raises
    ------
    InputError
        After the members that are good: ``truncated-archive``, ``bad-archive``,
        ``archive-bomb`` where it unpacks to far more than its size, ``unreadable-file``.
    """
    try:
        with _open(path) as stream:
            watched = _Watched(stream, name, most=max(SMALL_BYTES, MOST_RATIO * path.stat().st_size))
            with tarfile.open(fileobj=watched, mode="r|", tarinfo=_Member) as archive:
                for member in archive:
                    if not member.isdir() and not PurePosixPath(member.name).name.startswith("."):
                        full_name = printable(f"{name}::{member.name}")
                        yield full_name, _content(archive, member, full_name)
                watched.check_end(archive.offset)
    except EOFError:
        raise _broken_off(name) from None
    except (tarfile.TarError, igzip.BadGzipFile, igzip_lib.IsalError) as error:  # type: ignore[misc]
        if str(error) in _SIGNS_OF_A_CUT:
            raise _broken_off(name) from None
        raise InputError(name, "bad-archive", f"is not a sound tar archive: {error}") from error
    except OSError as error:
        raise InputError(name, "unreadable-file", f"cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".tar"):
        return path.open("rb")
    return igzip.open(path, "rb")  # type: ignore[no-untyped-call, no-any-return]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bytes | InputError:
    if not member.isreg():
        return InputError(name, "foreign-file", "is a link or a device, not a file; it was left alone")
    if member.size > MAX_MEMBER_BYTES:
        reason = (
            f"is announced with {member.size:,} bytes, more than the {MAX_MEMBER_BYTES:,} of any single item"
        )
        return InputError(name, "oversized-member", reason)
    stream = archive.extractfile(member)
    assert stream is not None  # a regular file has content
    return stream.read()


def _broken_off(name: str) -> InputError:
    return InputError(name, "truncated-archive", "the archive breaks off here; what came before it is good")


class _Member(tarfile.TarInfo):
    """A member of which no header is read that is larger than any sound one."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADERS and self.size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header is announced with {self.size:,} bytes")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


class _Watched:
    """A stream that remembers what was last read from it, and ends where an archive unpacks without end.

    `tarfile` takes any unreadable header for the end of the archive, and so
    hides that a file was cut off: only two blocks of zeros are the true end.
    """

    def __init__(self, stream: IO[bytes], name: str, *, most: int) -> None:
        self._stream = stream
        self._name, self._most = name, most
        self._window = b""
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._window = (self._window + data)[-2 * tarfile.RECORDSIZE :]
        self._position += len(data)
        self._check_size()
        return data

    def _check_size(self) -> None:
        if self._position > self._most:
            reason = f"unpacks to more than {self._most:,} bytes, far more than its size; nothing sound does"
            raise InputError(self._name, "archive-bomb", reason)

    def check_end(self, offset: int) -> None:
        """Raise unless nothing but zeros follows from ``offset`` on, where `tarfile` stopped."""
        rest = self._window[offset - (self._position - len(self._window)) :]
        if len(rest) < _BLOCK:
            raise EOFError
        while rest:
            if rest.count(0) != len(rest):
                raise tarfile.ReadError(f"there is neither a header nor the end at byte {offset:,}")
            rest = self.read(tarfile.RECORDSIZE)

    def close(self) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
