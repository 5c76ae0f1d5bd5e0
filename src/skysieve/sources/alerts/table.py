"""Parquet tables of alerts: a row an alert, its three cutouts as the stamps that came in the packet."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.reading import build_alert
from skysieve.sources.alerts.survey import Identity
from skysieve.sources.item_names import printable

__all__ = ["read_alert_table"]


def read_alert_table(
    table: str | Path | bytes,
    *,
    name: str = "",
    candid: str = "candid",
    object_id: str = "objectId",
    schema: str = "schemavsn",
    cutouts: tuple[str, str, str] = ("cutoutScience", "cutoutTemplate", "cutoutDifference"),
    survey: str = "ZTF",
    batch_size: int = 256,
) -> Iterator[Alert | Finding]:
    """Read a Parquet table of alerts, some hundred rows at a time.

    Parameters
    ----------
    table : str, Path or bytes
        The file, or its content.
    name : str
        What to call it; by default its path.
    candid, object_id, schema : str
        Columns of the identity. The last two may be absent.
    cutouts : tuple of three str
        Columns of the science, template and difference stamps, FITS files, gzipped or not.
    survey : str
        Whose alerts they are.
    batch_size : int
        Rows to hold in memory at a time.

    Yields
    ------
    Alert or Finding
        One for each row, called ``name::row 0`` and so on. All further columns of
        numbers, strings and truth values stand in `Alert.candidate`. A file that
        is no such table is one finding: ``unreadable-file``, ``not-parquet``,
        ``missing-column``; ``truncated-parquet`` where its rows break off.
    """
    name = name or (table.hex()[:8] if isinstance(table, bytes) else printable(str(table)))
    try:
        file = _open(table, name)
        columns = _columns(file.schema_arrow, name, (candid, *cutouts))
        index = 0
        for batch in _batches(file, columns, batch_size, name):
            for row in _rows(batch):
                source = f"{name}::row {index}"
                index += 1
                try:
                    stamps = tuple(row.pop(column) for column in cutouts)
                    identity = _identity(row, candid, object_id, schema)
                    yield build_alert(identity, stamps, survey=survey, names=cutouts, source=source)
                except InputError as error:
                    yield Finding.from_error(error)
                except (AttributeError, TypeError, ValueError) as error:
                    reason = f"its values are not of the types of an alert ({error!r})"
                    yield Finding(source, "malformed-record", reason)
    except InputError as error:
        yield Finding.from_error(error)


def _open(table: str | Path | bytes, name: str) -> pq.ParquetFile:
    try:
        if isinstance(table, str | Path) and printable(str(table)) != str(table):
            table = Path(table).read_bytes()  # Arrow opens no file whose name is no Unicode
        return pq.ParquetFile(pa.BufferReader(table) if isinstance(table, bytes) else table)
    except pa.ArrowException as error:
        raise InputError(name, "not-parquet", f"cannot be read as Parquet: {error}") from error
    except OSError as error:
        raise InputError(name, "unreadable-file", f"cannot be read: {error.strerror or error}") from error


def _columns(schema: pa.Schema, name: str, needed: tuple[str, ...]) -> list[str]:
    """Return the columns to read: those that are needed and all scalar ones."""
    for column in needed:
        if column not in schema.names:
            near = difflib.get_close_matches(column, schema.names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise InputError(name, "missing-column", f"has no column {column!r}{hint}")
    return [field.name for field in schema if field.name in needed or _is_scalar(field.type)]


def _is_scalar(kind: pa.DataType) -> bool:
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return bool(is_text or is_number or pa.types.is_boolean(kind))


def _batches(file: pq.ParquetFile, columns: list[str], size: int, name: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=size, columns=columns)
    except (pa.ArrowException, OSError) as error:
        reason = f"its rows break off, the rest cannot be read: {error}"
        raise InputError(name, "truncated-parquet", reason) from error


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the rows; bytes that are no text make only their own value None."""
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:
        columns = [[_value(each) for each in column] for column in batch.columns]
        names = batch.schema.names
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    yield from rows


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return None


def _identity(row: Mapping[str, Any], candid: str, object_id: str, schema: str) -> Identity:
    version = row.get(schema)
    return Identity(
        candid=row[candid],
        object_id=row.get(object_id),
        # Tables that went through pandas spell an absent version as a word.
        schema="" if version in (None, "None", "nan") else str(version),
        candidate={
            column: value for column, value in row.items() if column not in (candid, object_id, schema)
        },
    )
