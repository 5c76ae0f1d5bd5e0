"""Parquet: every column with its type, absent values as null."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from skysieve.service.candidates.export.registry import FORMATS, Opened
from skysieve.service.candidates.export.source import Row, Source

__all__ = ["open_parquet"]

#: Rows of a row group, which is in memory as a whole.
_GROUP = 10_000


@FORMATS.register("parquet")
def open_parquet(source: Source) -> Opened:
    """Write a table, a row group at a time."""
    return Opened("application/vnd.apache.parquet", ".parquet", _chunks(source))


def _chunks(source: Source) -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    columns = source.columns
    types = {
        "number": pa.float64(),
        "whole": pa.int64(),
        "text": pa.string(),
        "truth": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([pa.field(column.name, types[column.type]) for column in columns])
    written = _Written()

    def group(rows: list[Row]) -> Any:
        arrays = []
        for column in columns:
            values = [column.value(row) for row in rows]
            if column.type == "number":
                values = [None if value is None else float(value) for value in values]
            arrays.append(pa.array(values, types[column.type]))
        return pa.Table.from_arrays(arrays, schema=schema)

    with parquet.ParquetWriter(written, schema, compression="zstd") as writer:
        waiting: list[Row] = []
        for rows in source.rows():
            waiting += rows
            if len(waiting) >= _GROUP:
                writer.write_table(group(waiting))
                waiting = []
                yield written.take()
        if waiting:
            writer.write_table(group(waiting))
    yield written.take()


class _Written(io.RawIOBase):
    """A file that is read from its beginning while it grows at its end."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size

    def close(self) -> None:
        """Stay open: what was written is still to be taken."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
