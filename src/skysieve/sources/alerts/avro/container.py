"""Framing of Avro: object containers and messages of a schema registry, cut into blocks of records.

Every length, count and sync marker is checked, so that a truncated or damaged
file is recognised before any of its records is believed.
Avro 1.11 specification, "Object Container Files"; Confluent "wire format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from isal import isal_zlib

from skysieve.errors import InputError
from skysieve.sources.alerts.avro.binary import read_long
from skysieve.sources.alerts.avro.schema import SchemaLookup, WriterSchema, parse_writer_schema

__all__ = ["MAX_BLOCK_BYTES", "Block", "iter_blocks"]

MAGIC = b"Obj\x01"
SYNC_BYTES = 16
FRAME_BYTES = 5
#: A compressed block that unfolds to more than this is refused.
MAX_BLOCK_BYTES = 1 << 26
_MAX_METADATA = 1000


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one schema, one after the other without any separator.

    Parameters
    ----------
    schema : WriterSchema
        What they were written with.
    count : int
        How many there are, at least one.
    data : bytes
        Their encoding, uncompressed.
    alone : bool
        Whether the input holds nothing else.
    """

    schema: WriterSchema
    count: int
    data: bytes
    alone: bool


def iter_blocks(data: bytes, *, item: str, schemas: SchemaLookup | None = None) -> Iterator[Block]:
    """Yield the blocks of a container, or the one record of a framed message.

    Parameters
    ----------
    data : bytes
        A whole file or message.
    item : str
        Its name, for messages.
    schemas : SchemaLookup, optional
        Where to look up the schema of a message that carries only its id
        (magic byte 0, four bytes of id, record).

    Raises
    ------
    InputError
        After the blocks that are good: ``empty-file``, ``not-avro``,
        ``truncated-avro``, ``corrupt-avro``, ``bad-schema``, ``no-records``,
        ``unsupported-codec``, ``missing-schema``, ``unknown-schema``.
    """
    if not data:
        raise InputError(item, "empty-file", "holds 0 bytes where an Avro packet was expected")
    if data.startswith(MAGIC):
        yield from _container_blocks(data, item)
    elif data[0] == 0 and len(data) > FRAME_BYTES:
        yield _framed_record(data, item, schemas)
    elif MAGIC.startswith(data) or data[0] == 0:
        raise InputError(
            item, "truncated-avro", f"ends after {len(data)} bytes, within the first marks of Avro"
        )
    else:
        reason = f"begins with {data[:4]!r}, an Avro container with {MAGIC!r}: it is not an Avro file"
        raise InputError(item, "not-avro", reason)


def _framed_record(data: bytes, item: str, schemas: SchemaLookup | None) -> Block:
    schema_id: int = struct.unpack_from(">I", data, 1)[0]
    if schemas is None:
        reason = (
            f"begins like a message of a schema registry (schema id {schema_id}), which needs the writer's "
            "schema: give schemas= a folder, a mapping or a function that finds it"
        )
        raise InputError(item, "missing-schema", reason)
    return Block(schemas.get(schema_id, item=item), 1, data[FRAME_BYTES:], alone=True)


def _container_blocks(data: bytes, item: str) -> Iterator[Block]:
    try:
        metadata, position = _read_metadata(data)
        sync, position = _take(data, position, SYNC_BYTES)
    except IndexError:
        raise InputError(
            item, "truncated-avro", f"ends after {len(data):,} bytes, within its header"
        ) from None
    except ValueError as error:
        raise InputError(item, "corrupt-avro", f"its header is damaged: {error}") from None
    schema = parse_writer_schema(metadata.get(b"avro.schema", b""), item=item)
    codec = metadata.get(b"avro.codec", b"null")
    first, total = position, 0
    while position < len(data):
        start = position
        count, body, position = _read_block(data, start, sync, item)
        total += count
        if count:
            alone = count == 1 and start == first and position == len(data)
            yield Block(schema, count, _unpacked(data[body], count, codec, item), alone)
    if not total:
        raise InputError(item, "no-records", "is a sound Avro container without any record")


def _read_metadata(data: bytes) -> tuple[dict[bytes, bytes], int]:
    metadata: dict[bytes, bytes] = {}
    count, position = read_long(data, len(MAGIC))
    while count:
        if count < 0:
            _, position = read_long(data, position)
        if abs(count) > _MAX_METADATA:
            raise ValueError(f"it announces {abs(count):,} entries")
        for _ in range(abs(count)):
            size, position = read_long(data, position)
            key, position = _take(data, position, size)
            size, position = read_long(data, position)
            metadata[key], position = _take(data, position, size)
        count, position = read_long(data, position)
    return metadata, position


def _take(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    if size < 0:
        raise ValueError(f"a length of {size}")
    if position + size > len(data):
        raise IndexError
    return data[position : position + size], position + size


def _read_block(data: bytes, start: int, sync: bytes, item: str) -> tuple[int, slice, int]:
    """Return the count of records, where they lie and where the next block begins."""
    try:
        count, position = read_long(data, start)
        size, position = read_long(data, position)
    except IndexError:
        raise _cut_off(data, start, item) from None
    except ValueError as error:
        raise InputError(item, "corrupt-avro", f"the block at byte {start:,} is damaged: {error}") from None
    if count < 0 or size < 0:
        reason = f"the block at byte {start:,} announces {count:,} records in {size:,} bytes"
        raise InputError(item, "corrupt-avro", reason)
    end = position + size
    if end + SYNC_BYTES > len(data):
        raise _cut_off(data, start, item)
    if not data.startswith(sync, end):
        reason = f"the sync marker after the block at byte {start:,} is not the one of the header"
        raise InputError(item, "corrupt-avro", reason)
    return count, slice(position, end), end + SYNC_BYTES


def _cut_off(data: bytes, start: int, item: str) -> InputError:
    reason = f"ends after {len(data):,} bytes, within the block of records that begins at byte {start:,}"
    return InputError(item, "truncated-avro", reason)


def _unpacked(encoded: bytes, count: int, codec: bytes, item: str) -> bytes:
    data = _decompress(encoded, codec, item)
    if count > len(data):
        raise InputError(item, "corrupt-avro", f"a block announces {count:,} records in {len(data):,} bytes")
    return data


def _decompress(encoded: bytes, codec: bytes, item: str) -> bytes:
    if codec == b"null":
        return encoded
    try:
        if codec == b"deflate":
            return _inflate(encoded)
        if codec == b"snappy":
            return _unsnap(encoded)
    except Exception as error:  # the decompressors raise various types of their own
        raise InputError(
            item, "corrupt-avro", f"a {codec.decode()} block does not unpack: {error}"
        ) from error
    reason = f"is compressed by {codec!r}; known are null, deflate and snappy"
    raise InputError(item, "unsupported-codec", reason)


def _inflate(encoded: bytes) -> bytes:
    stream = isal_zlib.decompressobj(wbits=-15)
    data: bytes = stream.decompress(encoded, MAX_BLOCK_BYTES)
    if not stream.eof:
        raise ValueError(f"incomplete, or more than {MAX_BLOCK_BYTES:,} bytes")
    return data


def _unsnap(encoded: bytes) -> bytes:
    """Unpack snappy with pyarrow, which is here anyway; the last four bytes are a CRC-32."""
    import pyarrow as pa

    size, shift = 0, 0
    for byte in encoded[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > MAX_BLOCK_BYTES:
        raise ValueError(f"more than {MAX_BLOCK_BYTES:,} bytes")
    data: bytes = pa.decompress(encoded[:-4], decompressed_size=size, codec="snappy", asbytes=True)
    if zlib.crc32(data) != int.from_bytes(encoded[-4:], "big"):
        raise ValueError("its checksum is wrong")
    return data
