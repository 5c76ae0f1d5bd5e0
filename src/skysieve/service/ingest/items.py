"""Items: what a feed hands over, and what becomes of each."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skysieve.errors import InputError
from skysieve.sources.item_names import printable

__all__ = [
    "MAX_ITEM_BYTES",
    "Item",
    "Outcome",
    "Reception",
    "VanishedError",
    "as_stored_name",
    "file_stamp",
]

#: Larger files, archives and Parquet tables aside, are refused unread.
MAX_ITEM_BYTES = 1 << 28

#: What becomes of an item. All but ``vanished`` stand in the journal, too.
Outcome = Literal["stored", "partly", "quarantined", "duplicate", "waiting", "ignored", "vanished"]

_LONGEST_NAME, _LONGEST_STAMP, _LONGEST_FEED = 500, 100, 48
# The file, or the folder it lay in, went away or does not answer at present.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO, errno.ENODEV, errno.ENOTCONN})


class VanishedError(OSError):
    """The file of an item is gone or its disk does not answer: the feed looks again later."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that came in: a file, a message.

    Parameters
    ----------
    feed : str
        The feed: ``folder``, ``depot``, ``kafka``, ``command``, ``upload``.
    name : str
        What the feed calls it, the same whenever it comes again. What of it no database takes is
        spelled out, and a name of more than 500 letters is shortened to what is still its own.
    stamp : str
        Another stamp means another content.
    data : bytes, optional
        Its bytes. Bytes whose name says nothing are taken for an alert packet.
    path : Path, optional
        Where it lies, in the place of ``data``.
    refusal : InputError, optional
        Why it must not be read; it goes into quarantine with that reason.

    Examples
    --------
    >>> Item("kafka", "ztf_20261121/0/17", "crc:00ff", data=b"Obj").read()
    b'Obj'
    """

    feed: str
    name: str
    stamp: str
    data: bytes | None = field(default=None, repr=False)
    path: Path | None = None
    refusal: InputError | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "feed", as_stored_name(self.feed, _LONGEST_FEED))
        object.__setattr__(self, "name", as_stored_name(self.name, _LONGEST_NAME))
        object.__setattr__(self, "stamp", as_stored_name(self.stamp, _LONGEST_STAMP) or "none")
        if self.data is None and self.path is None and self.refusal is None:
            raise InputError(self.name, "no-content", "has neither bytes nor a path")

    def read(self) -> bytes:
        """Return its bytes.

        Raises
        ------
        VanishedError
            If the file is gone, or cannot be reached at present.
        InputError
            ``unreadable-file``, ``not-a-file``, ``oversized-file``.
        """
        if self.data is not None:
            return self.data
        assert self.path is not None
        try:
            # A link that took the place of the file is not followed, a pipe is not waited for.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                self._check(os.fstat(descriptor))
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return file.read()
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise InputError(self.name, "not-a-file", "is a pipe, a folder or a device, not a file")
        if status.st_size > MAX_ITEM_BYTES:
            reason = f"has {status.st_size:,} bytes, more than the {MAX_ITEM_BYTES:,} of any item"
            raise InputError(self.name, "oversized-file", reason)


@dataclass(frozen=True, slots=True)
class Reception:
    """What became of a batch.

    Parameters
    ----------
    outcomes : tuple of Outcome
        One for each item, in their order.
    candidates : int
        Candidates that were new or have changed.
    problems : mapping of str to int
        What went into quarantine, by kind.
    """

    outcomes: tuple[Outcome, ...] = ()
    candidates: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Items by outcome.

        Examples
        --------
        >>> Reception(("stored", "duplicate", "stored")).counts
        {'stored': 2, 'duplicate': 1}
        """
        return dict(Counter(self.outcomes))

    def __add__(self, other: Reception) -> Reception:
        """Return what became of both batches."""
        return Reception(
            self.outcomes + other.outcomes,
            self.candidates + other.candidates,
            dict(Counter(self.problems) + Counter(other.problems)),
        )


def file_stamp(status: os.stat_result) -> str:
    """Return the stamp of a file: its size and when it was changed.

    Examples
    --------
    >>> file_stamp(os.stat_result((0, 0, 0, 0, 0, 0, 17, 0, 3, 0))).partition(":")[0]
    '17'
    """
    return f"{status.st_size}:{status.st_mtime_ns}"


def as_stored_name(name: str, longest: int) -> str:
    """Return a name as every database takes it: Unicode, without NUL, not too long, still its own.

    Examples
    --------
    >>> as_stored_name("stamps/1.jpg", 500), as_stored_name("a" * 60, 40)
    ('stamps/1.jpg', 'aaaaaaa~11ee391211c6256460b6ed375957fadd')
    """
    name = printable(name).replace("\0", "\\0")
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: longest - len(digest) - 1]}~{digest}"


def _unreadable(name: str, error: OSError) -> Exception:
    if error.errno in _GONE:
        return VanishedError(error.errno, f"{name}: {error.strerror}")
    if error.errno == errno.ELOOP:
        return InputError(name, "foreign-link", "is a link, which is not followed")
    return InputError(name, "unreadable-file", f"cannot be read: {error.strerror or error}")
