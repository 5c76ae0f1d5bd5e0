"""Files that a folder of alerts may hold and that are not sound alert packets, one function a kind."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skysieve.sources.simulators.packets import Cutout, packet_bytes, stamp_bytes

__all__ = ["BAD_PACKET_KINDS", "BadPacketKind", "Packet"]


@dataclass(frozen=True, slots=True)
class Packet:
    """The content of one packet, before it is written.

    Parameters
    ----------
    candidate : dict
        Fields of the record ``candidate``.
    cutouts : tuple of three
        Science, template, difference.
    object_id : str
        Name of the object.
    """

    candidate: dict[str, Any]
    cutouts: tuple[Cutout, Cutout, Cutout]
    object_id: str

    def to_bytes(self, science: Any = ...) -> bytes:
        """Return the packet, with ``science`` in the place of the science cutout if given."""
        cutouts = self.cutouts if science is ... else (science, *self.cutouts[1:])
        return packet_bytes(self.candidate, cutouts, object_id=self.object_id)


@dataclass(frozen=True, slots=True)
class BadPacketKind:
    """One way in which a packet is bad.

    Parameters
    ----------
    name : str
        Its name; files are called after it.
    suffix : str
        Suffix of its files.
    scorable : bool
        Whether the packet still has to be scored: it is unusual, not unusable.
    description : str
        What is wrong.
    damage : callable
        From a sound `Packet` to the bytes of the bad one.
    """

    name: str
    suffix: str
    scorable: bool
    description: str
    damage: Callable[[Packet], bytes]


def _truncated_avro(packet: Packet) -> bytes:
    whole = packet.to_bytes()
    return whole[: 2 * len(whole) // 3]


def _science(packet: Packet) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(packet.cutouts[0], dtype=np.float32)


def _truncated_gzip(packet: Packet) -> bytes:
    stamp = stamp_bytes(_science(packet))
    return packet.to_bytes(stamp[: len(stamp) // 2])


def _header_only(packet: Packet) -> bytes:
    return packet.to_bytes(gzip.compress(gzip.decompress(stamp_bytes(_science(packet)))[:2880], mtime=0))


def _resized(packet: Packet, height: int, width: int) -> bytes:
    """Return the packet with all three cutouts cut, or padded with zeros, to another size."""
    cutouts: list[Cutout] = []
    for cutout in packet.cutouts:
        pixels = np.asarray(cutout, dtype=np.float32)[:height, :width]
        missing = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]))
        cutouts.append(np.pad(pixels, missing))
    return packet_bytes(packet.candidate, cutouts, object_id=packet.object_id)


#: Every kind of bad packet, by name.
BAD_PACKET_KINDS: dict[str, BadPacketKind] = {
    kind.name: kind
    for kind in (
        BadPacketKind("truncated-avro", ".avro", False, "the file ends after two thirds", _truncated_avro),
        BadPacketKind("truncated-gzip", ".avro", False, "the science stamp ends half-way", _truncated_gzip),
        BadPacketKind(
            "empty-cutout", ".avro", False, "the science stamp has no bytes", lambda p: p.to_bytes(b"")
        ),
        BadPacketKind(
            "null-cutout", ".avro", False, "the science cutout is null", lambda p: p.to_bytes(None)
        ),
        BadPacketKind("header-only", ".avro", False, "the science stamp has no pixels", _header_only),
        BadPacketKind(
            "all-nan-cutout",
            ".avro",
            False,
            "every science pixel is NaN",
            lambda p: p.to_bytes(np.full_like(_science(p), np.nan)),
        ),
        BadPacketKind(
            "oversized-cutout", ".avro", False, "cutouts of 80 x 80 pixels", lambda p: _resized(p, 80, 80)
        ),
        BadPacketKind(
            "undersized-cutout",
            ".avro",
            True,
            "cutouts of 63 x 50 pixels: the detector ends there",
            lambda p: _resized(p, 63, 50),
        ),
        BadPacketKind(
            "foreign-text",
            ".txt",
            False,
            "a text file",
            lambda _: b"Observer's log: thin cirrus after 4 UT.\n",
        ),
        BadPacketKind(
            "text-named-avro", ".avro", False, "a text file called .avro", lambda _: b"<html>404</html>\n"
        ),
        BadPacketKind("zero-byte", ".avro", False, "an empty file", lambda _: b""),
    )
}
