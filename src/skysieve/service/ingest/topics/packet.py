"""A message as a packet that stands alone: with its writer's schema, whichever way the broker sends that.

Three ways are in use. IPAC sends whole Avro containers, which carry their schema. Rubin sends framed
records (magic byte 0, four bytes of schema id), whose schemas lie in a folder. Fink sends the bare record,
with the schema as JSON in the key of the message; that one is made a container here, so that it can be
kept, put into quarantine and tried again without the broker.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

__all__ = ["as_packet"]

_CONTAINER = b"Obj\x01"


def as_packet(value: bytes, key: bytes | None) -> bytes:
    r"""Return a message as a packet that stands alone.

    Parameters
    ----------
    value : bytes
        The message.
    key : bytes, optional
        Its key.

    Returns
    -------
    bytes
        An Avro container where the key is an Avro schema and the value is none yet; else the value as it is.

    Examples
    --------
    >>> as_packet(b"Obj...", b"ZTF18abc")
    b'Obj...'
    >>> as_packet(b"\x02a", b'{"type": "record", "name": "alert", "fields": []}')[:4]
    b'Obj\x01'
    """
    if not key or not key.lstrip().startswith(b"{") or value.startswith(_CONTAINER):
        return value
    header = _container_header(key)
    if header is None:
        return value
    sync = header[-16:]
    return header + _long(1) + _long(len(value)) + value + sync


@lru_cache(maxsize=64)
def _container_header(schema: bytes) -> bytes | None:
    """Return the head of a container up to its first block, None where the schema is none."""
    try:
        parsed = json.loads(schema)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or parsed.get("type") != "record":
        return None
    entries = ((b"avro.schema", schema), (b"avro.codec", b"null"))
    metadata = _long(len(entries)) + b"".join(_bytes(name) + _bytes(value) for name, value in entries)
    # Any 16 bytes do; these make the same message the same packet.
    sync = hashlib.sha256(schema).digest()[:16]
    return _CONTAINER + metadata + _long(0) + sync


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value


def _long(value: int) -> bytes:
    """Encode a whole number that is not negative: zigzag, seven bits a byte, the lowest first."""
    value <<= 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
