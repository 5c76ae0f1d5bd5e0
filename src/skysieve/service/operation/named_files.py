"""Which files the rows of a database name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from skysieve.service.database.tables import Cutouts, Explanation, QuarantinedItem, WaitingPart

__all__ = ["PREFIXES", "named_files"]

#: First two digits of a hash: the folders of `ContentStore`.
PREFIXES = tuple(f"{number:02x}" for number in range(256))

#: Every column that holds the hash of a file; a test looks for others among the tables.
NAMING: tuple[InstrumentedAttribute[str], ...] = (
    Cutouts.sha256,
    Cutouts.packet_sha256,
    Explanation.sha256,
    QuarantinedItem.sha256,
    WaitingPart.sha256,
)


def named_files(session: Session, prefix: str) -> set[str]:
    """Return the hashes with a prefix that some row names.

    A prefix at a time, because those of millions of candidates would not fit into memory.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    prefix : str
        One of `PREFIXES`.
    """
    return set(_of_prefix(session, prefix))


def _of_prefix(session: Session, prefix: str) -> Iterator[str]:
    for column in NAMING:
        yield from session.scalars(select(column).where(_begins(column, prefix)))


def _begins(column: InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    # A range, and not LIKE: indexes of every collation serve it. "g" comes after all digits.
    after = f"{int(prefix, 16) + 1:02x}" if prefix != "ff" else "g"
    return (column >= prefix) & (column < after)
