"""VOTable 1.4, as Aladin, TOPCAT and astropy read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from skysieve.service.candidates.export.columns import Column
from skysieve.service.candidates.export.registry import FORMATS, Opened
from skysieve.service.candidates.export.source import Source

__all__ = ["open_votable"]

_TYPES = {
    "number": 'datatype="double"',
    "whole": 'datatype="long"',
    "text": 'datatype="unicodeChar" arraysize="*"',
    "truth": 'datatype="boolean"',
    "time": 'datatype="char" arraysize="*" xtype="timestamp"',
}
#: What XML cannot hold, however it is written.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE>
<COOSYS ID="icrs" system="ICRS"/>
<TABLE name="candidates">
"""
_TAIL = "</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


@FORMATS.register("votable")
def open_votable(source: Source) -> Opened:
    """Write a table with units and UCDs."""
    return Opened("application/x-votable+xml", ".vot", _chunks(source))


def _chunks(source: Source) -> Iterator[bytes]:
    columns = source.columns
    fields = "".join(_field(number, column) for number, column in enumerate(columns))
    yield f"{_HEAD}{fields}<DATA><TABLEDATA>\n".encode()
    for rows in source.rows():
        lines = [
            f"<TR>{''.join(f'<TD>{_cell(column.value(row))}</TD>' for column in columns)}</TR>\n"
            for row in rows
        ]
        yield "".join(lines).encode()
    yield _TAIL.encode()


def _field(number: int, column: Column) -> str:
    attributes = f'ID="c{number}" name={_attribute(column.name)} {_TYPES[column.type]}'
    for name, value in (("unit", column.unit), ("ucd", column.ucd)):
        attributes += f" {name}={_attribute(value)}" if value else ""
    if column.unit == "deg":
        attributes += ' ref="icrs"'
    return f"<FIELD {attributes}><DESCRIPTION>{_text(column.meaning)}</DESCRIPTION></FIELD>\n"


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.replace(tzinfo=None).isoformat()
        case str():
            return _text(value)
    return repr(value)


def _text(value: str) -> str:
    return escape(_NO_XML.sub("\ufffd", value))


def _attribute(value: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", value))
