"""CSV, safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula, because it begins with ``=``, ``+``, ``-``, ``@``, a tab
or a line break, gets an apostrophe before it. Numbers are left alone. What is absent is empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from skysieve.service.candidates.export.registry import FORMATS, Opened
from skysieve.service.candidates.export.source import Source

__all__ = ["open_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@FORMATS.register("csv")
def open_csv(source: Source) -> Opened:
    """Write a table in UTF-8 with a line of names."""
    return Opened("text/csv; charset=utf-8", ".csv", _chunks(source))


def _chunks(source: Source) -> Iterator[bytes]:
    columns = source.columns
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(column.name) for column in columns])
    for rows in source.rows():
        writer.writerows([_cell(column.value(row)) for column in columns] for row in rows)
        yield _taken(text)
    yield _taken(text)


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
    return value


def _taken(text: io.StringIO) -> bytes:
    content = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return content
