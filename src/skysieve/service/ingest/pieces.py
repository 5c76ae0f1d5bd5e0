"""What items hold: alerts, pictures, rows and reports of streaks, and what is wrong with some."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.service.ingest.items import as_stored_name

__all__ = [
    "KEEP_BYTES",
    "AlertPiece",
    "Foreign",
    "Piece",
    "Problem",
    "Result",
    "StreakPart",
    "Unfinished",
    "blob_name",
    "content_hash",
    "record_name",
]

#: Bad items up to this size are kept, so that they can be tried again when their source has gone.
KEEP_BYTES = 1 << 24

#: What became of a piece: it made a candidate or changed one, changed nothing, or waits for its other half.
Result = Literal["stored", "same", "waiting"]

_LONGEST_RECORD = 200
_WITHIN = re.compile(r"(::record \d+|::row \d+|:\d+)$")


@dataclass(frozen=True, slots=True)
class AlertPiece:
    """An alert, ready to be stored.

    Parameters
    ----------
    values : dict
        Columns of its candidate, but for the night's id; ``night`` is the night's name.
    images : bytes
        Its cutouts in one file.
    packet : bytes
        The Avro file or message that it came in; empty where that is not kept.
    packet_record : int
        Number of its record there.
    record : str
        Which record of the item it is.
    """

    values: dict[str, Any] = field(repr=False)
    images: bytes = field(repr=False)
    packet: bytes = field(repr=False)
    packet_record: int
    record: str


@dataclass(frozen=True, slots=True)
class StreakPart:
    """One part of a streak.

    Parameters
    ----------
    name : str
        ``strkid..._pid...``.
    part : {"picture", "metadata", "ades"}
        Which.
    stamp : str
        Another stamp means another content.
    values : dict
        Columns of a row or a report.
    picture : bytes
        The file of a picture.
    media_type : str
        Its type.
    look : bytes
        What it looks like, as of `skysieve.service.candidates.similar.look_of`.
    source : str
        Where it came from.
    record : str
        Which record of the item it is.
    """

    name: str
    part: Literal["picture", "metadata", "ades"]
    stamp: str
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    picture: bytes = field(default=b"", repr=False)
    media_type: str = ""
    look: bytes = field(default=b"", repr=False)
    source: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A record, or a whole item, that cannot be used.

    Parameters
    ----------
    record : str
        Which record of the item; empty: the whole.
    kind, reason : str
        As of `InputError`.
    kept : bytes
        The bytes to try again; empty where they are not kept, or lie in the files already.
    sha256 : str
        Hash of their file.
    """

    record: str
    kind: str
    reason: str
    kept: bytes = field(default=b"", repr=False)
    sha256: str = ""

    @classmethod
    def of(cls, wrong: InputError | Finding, *, item: str, blob: bytes = b"") -> Problem:
        """Return the problem of what a reader found in the bytes ``blob`` of an item."""
        kept = blob if len(blob) <= KEEP_BYTES else b""
        reason = wrong.reason.replace("\0", "\\0")
        return cls(record_name(wrong.item, item), wrong.kind[:64], reason, kept)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file, or a member of an archive, that is nothing this service takes."""

    name: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A table that is still being written: there will be more of it under another stamp."""

    name: str


Piece = AlertPiece | StreakPart | Problem | Foreign | Unfinished


def record_name(full_name: str, item: str) -> str:
    """Return which record of an item a reader speaks of.

    Examples
    --------
    >>> record_name("night.tar.gz::1.avro::record 2", "night.tar.gz"), record_name("1.avro", "1.avro")
    ('1.avro::record 2', '')
    >>> record_name("meta/ztf_streaks.txt:17", "meta/ztf_streaks.txt")
    ':17'
    """
    rest = full_name.removeprefix(item) if full_name.startswith(item) else full_name
    return as_stored_name(rest.removeprefix("::"), _LONGEST_RECORD)


def blob_name(item: str, record: str) -> str:
    """Return the name of the file or member that a record is in.

    Examples
    --------
    >>> blob_name("night.tar.gz", "1.avro::record 2"), blob_name("1.avro", "record 2")
    ('night.tar.gz::1.avro', '1.avro')
    """
    member = _WITHIN.sub("", f"::{record}") if record else ""
    return item + ("" if member in ("", "::") else member)


def content_hash(*parts: bytes) -> str:
    """Return a hash that tells one content from another, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
