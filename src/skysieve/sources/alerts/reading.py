"""Reading alerts, whatever they come in: one alert or one finding for every packet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.avro.container import Block, iter_blocks
from skysieve.sources.alerts.avro.record import RawRecord, RecordReader
from skysieve.sources.alerts.avro.schema import SchemaLookup, SchemaSource, WriterSchema
from skysieve.sources.alerts.stamps import decode_stamp
from skysieve.sources.alerts.survey import Identity, Survey, recognise_survey
from skysieve.sources.inputs import ARCHIVE_SUFFIXES, Blob, ItemRef, list_items

__all__ = ["ALERT_SUFFIXES", "alerts_from_blob", "alerts_from_item", "build_alert", "read_alerts"]

#: Files of a folder or an archive that are taken for alerts; others are reported.
ALERT_SUFFIXES = (".avro", ".parquet")

_INT64 = np.iinfo(np.int64)
# More digits than any number of 64 bits has.
_LONGEST_ID = 21
# Above it neighbouring whole numbers are the same float.
_EXACT_FLOATS = 2.0**53
_PLAIN_TYPES = frozenset({float, str, bool, type(None)})


def read_alerts(
    inputs: Iterable[str | Path],
    *,
    schemas: SchemaSource | None = None,
    suffixes: tuple[str, ...] = ALERT_SUFFIXES,
) -> Iterator[Alert | Finding]:
    """Read alerts from files, folders, globs, tar archives and Parquet tables.

    Parameters
    ----------
    inputs : iterable of str or Path
        Avro packets (object containers or framed messages), folders of them, globs,
        tar archives, and Parquet tables as of `read_alert_table`.
    schemas : folder, mapping or callable, optional
        Finds the writer schema of messages that carry only its id.
    suffixes : tuple of str
        Endings by which alerts are recognised within folders and archives.

    Yields
    ------
    Alert or Finding
        In the order of the inputs, folders and archives sorted by name and as
        stored. A packet that cannot be used is a finding; the rest goes on.

    Examples
    --------
    >>> for each in read_alerts(["no-such-folder"]):
    ...     print(each)
    error: no-such-folder: does not exist; check the path [missing-path]
    """
    lookup = None if schemas is None else SchemaLookup(schemas)
    for item in list_items(inputs, suffixes=suffixes + ARCHIVE_SUFFIXES):
        if isinstance(item, Finding):
            yield item
        else:
            yield from alerts_from_item(item, schemas=lookup, suffixes=suffixes)


def alerts_from_item(
    item: ItemRef, *, schemas: SchemaLookup | None = None, suffixes: tuple[str, ...] = ALERT_SUFFIXES
) -> Iterator[Alert | Finding]:
    """Read the alerts of one file, archive or table, as listed by `list_items`."""
    if not item.is_archive and item.name.lower().endswith(".parquet"):
        from skysieve.sources.alerts.table import read_alert_table

        yield from read_alert_table(item.path, name=item.name)
        return
    for blob in item.blobs(suffixes=suffixes):
        if isinstance(blob, Finding):
            yield blob
        else:
            yield from alerts_from_blob(blob, schemas=schemas)


def alerts_from_blob(blob: Blob, *, schemas: SchemaLookup | None = None) -> Iterator[Alert | Finding]:
    """Read the alerts in the bytes of one file or message.

    Parameters
    ----------
    blob : Blob
        An Avro container, a framed message or a Parquet table.
    schemas : SchemaLookup, optional
        For framed messages.

    Yields
    ------
    Alert or Finding
        In the order of the records. Where a blob holds several, they are called
        ``name::record 0`` and so on.
    """
    if blob.data.startswith(b"PAR1"):
        from skysieve.sources.alerts.table import read_alert_table

        yield from read_alert_table(blob.data, name=blob.name)
        return
    index = 0
    try:
        for block in iter_blocks(blob.data, item=blob.name, schemas=schemas):
            survey, reader = _reader_for(block.schema)
            yield from _alerts_of_block(block, survey, reader, blob.name, index)
            index += block.count
    except InputError as error:
        yield Finding(blob.name, error.kind, error.reason)


def _alerts_of_block(
    block: Block, survey: Survey, reader: RecordReader, name: str, index: int
) -> Iterator[Alert | Finding]:
    """Yield what a block holds; one that breaks off costs only its own rest."""
    try:
        for record in reader.read_block(block, item=name):
            source = name if block.alone else f"{name}::record {index}"
            index += 1
            yield _alert_of_record(record, survey, block.schema, source)
    except InputError as error:
        yield Finding.from_error(error)


def _alert_of_record(record: RawRecord, survey: Survey, schema: WriterSchema, source: str) -> Alert | Finding:
    try:
        identity = survey.identify(record.values, schema)
        return build_alert(identity, record.cutouts, survey=survey.name, names=survey.cutouts, source=source)
    except InputError as error:
        return Finding(source, error.kind, error.reason)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"its fields have the names of {survey.name} but not their types ({error!r})"
        return Finding(source, "malformed-record", reason)


def build_alert(
    identity: Identity,
    cutouts: tuple[bytes | None, ...],
    *,
    survey: str,
    names: tuple[str, str, str],
    source: str,
) -> Alert:
    """Decode the cutouts of a packet and build its alert.

    Parameters
    ----------
    identity : Identity
        Who it is.
    cutouts : tuple of three (bytes or None)
        Science, template, difference stamps.
    survey, source : str
        As in `Alert`.
    names : tuple of three str
        What the survey calls the cutouts, for messages.

    Raises
    ------
    InputError
        ``missing-id``; ``bad-id`` if an id is no whole number of 64 bits, or that of the object
        neither a word nor a number; ``missing-cutout``; ``nan-cutout`` if a cutout has no finite
        pixel; the kinds of `decode_stamp`.
    """
    candid = _detection_id(identity.candid, source)
    science, template, difference = (
        _cutout(data, name, source) for data, name in zip(cutouts, names, strict=True)
    )
    return Alert(
        candid=candid,
        object_id=_object_id(identity.object_id, source),
        survey=survey,
        schema=str(identity.schema),
        candidate=_plain(identity.candidate),
        cutouts=(science, template, difference),
        source=source,
    )


def _detection_id(found: Any, source: str) -> int:
    if found is None:
        reason = "the packet's id is null: it does not say which detection it is"
        raise InputError(source, "missing-id", reason)
    candid = found
    if isinstance(found, str) and found.isascii() and found.isdecimal():
        # Python refuses to read numbers of thousands of digits.
        candid = int(found.lstrip("0")[:_LONGEST_ID] or "0")
    # A float has lost the last digits of an id already.
    if not isinstance(candid, int) or isinstance(candid, bool):
        raise InputError(source, "bad-id", f"its id {found!r:.60} is not a whole number")
    if not _INT64.min <= candid <= _INT64.max:
        raise InputError(source, "bad-id", f"its id {found!r:.60} does not fit into 64 bits")
    return candid


def _object_id(found: Any, source: str) -> str:
    if found is None or found != found:  # NaN: a table without the id in this row
        return ""
    if isinstance(found, float) and found.is_integer() and abs(found) < _EXACT_FLOATS:
        found = int(found)
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise InputError(source, "bad-id", f"its object's id {found!r} is neither a word nor a whole number")
    return str(found)


def _plain(candidate: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields as they are, or as near as a column of a table can take them."""
    if all(type(value) in _PLAIN_TYPES or _is_int64(value) for value in candidate.values()):
        return candidate
    return {name: _nearest_plain(value) for name, value in candidate.items()}


def _is_int64(value: Any) -> bool:
    return type(value) is int and bool(_INT64.min <= value <= _INT64.max)


def _nearest_plain(value: Any) -> float | int | str | bool | None:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, float | str | bool) or _is_int64(value):
        return value  # type: ignore[no-any-return]
    return float(value) if isinstance(value, int) else str(value)


def _cutout(data: bytes | None, name: str, source: str) -> NDArray[np.float32]:
    if data is None:
        raise InputError(source, "missing-cutout", f"{name} is absent (null): the packet cannot be vetted")
    try:
        pixels = decode_stamp(data, item=source)
    except InputError as error:
        raise InputError(source, error.kind, f"{name} {error.reason}") from error
    # The first pixel spares nearly all cutouts the search through the others.
    if not math.isfinite(pixels.item(0)) and not np.isfinite(pixels).any():
        raise InputError(source, "nan-cutout", f"{name} has no finite pixel among its {pixels.size:,}")
    return pixels


@lru_cache(maxsize=256)
def _reader_for(schema: WriterSchema) -> tuple[Survey, RecordReader]:
    survey = recognise_survey(schema)
    return survey, RecordReader(schema, survey.wanted, survey.cutouts)
