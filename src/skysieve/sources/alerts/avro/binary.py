"""The one number that Avro is built of: the zigzag variable-length long."""

from __future__ import annotations

__all__ = ["LONGEST", "encode_long", "read_long"]

#: A 64-bit long never takes more bytes than this.
LONGEST = 10


def read_long(data: bytes, position: int) -> tuple[int, int]:
    r"""Return the long that starts at ``position`` and the position after it.

    Raises
    ------
    IndexError
        If ``data`` ends within the number.
    ValueError
        If the number is longer than 64 bits.

    Examples
    --------
    >>> read_long(b"\x02", 0), read_long(b"\x80\x01", 0), read_long(b"\x01", 0)
    ((1, 1), (64, 2), (-1, 1))
    """
    byte = data[position]
    position += 1
    value = byte & 0x7F
    shift = 7
    while byte & 0x80:
        if shift >= 7 * LONGEST:
            raise ValueError("a number of more than 64 bits")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value >> 1) ^ -(value & 1), position


def encode_long(value: int) -> bytes:
    r"""Encode a 64-bit integer.

    Examples
    --------
    >>> encode_long(64), encode_long(-1)
    (b'\x80\x01', b'\x01')
    """
    rest = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)
