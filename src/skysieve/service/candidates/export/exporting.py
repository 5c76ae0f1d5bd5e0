"""Export: the search is carried out once, then what it found is written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skysieve.errors import InputError
from skysieve.service.candidates.asked import Search
from skysieve.service.candidates.export.registry import FORMATS
from skysieve.service.candidates.export.source import Source
from skysieve.service.candidates.search import find_all
from skysieve.service.filters.problem import did_you_mean
from skysieve.service.service import Service

__all__ = ["Export", "export_formats", "iter_export"]


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is written while it is read.

    Parameters
    ----------
    media_type : str
        What it is.
    file_name : str
        What to call it.
    count : int
        Candidates that the search has found.
    chunks : iterator of bytes
        Its content.
    """

    media_type: str
    file_name: str
    count: int
    chunks: Iterator[bytes]


def iter_export(service: Service, search: Search, format: str) -> Export:  # noqa: A002 - what it is
    """Write all that a search finds into a file.

    What is found is settled when this returns: eight bytes of memory for each candidate. Their rows are
    read while the file is written, some hundreds at a time, each as it is then; one that was removed in
    the meantime is left out.

    Parameters
    ----------
    service : Service
        Where the candidates are.
    search : Search
        What is searched for, in its order; its size and cursor do not matter.
    format : str
        One of `export_formats`.

    Raises
    ------
    InputError
        If the search is none, or nobody knows the format; kind ``no-such-format``.
    """
    if format not in FORMATS:
        raise InputError(
            "format",
            "no-such-format",
            f"nothing is exported as {format[:40]!r}{did_you_mean(format, FORMATS)}",
        )
    with service.database.reading() as session:
        numbers = find_all(session, search)
    opened = FORMATS.get(format)(Source(service, numbers))
    name = f"candidates{f'-{search.night}' if search.night.isalnum() else ''}{opened.ending}"
    return Export(opened.media_type, name, len(numbers), opened.chunks)


def export_formats() -> list[str]:
    """Return the names of the formats.

    Examples
    --------
    >>> export_formats()
    ['avro', 'csv', 'fits', 'parquet', 'votable']
    """
    return list(FORMATS)
