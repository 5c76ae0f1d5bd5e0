"""Avro packets as they came.

Where every candidate has a packet and all have one schema, they become one container with a record for each
candidate. Otherwise, they become an archive of the packets, and ``missing.txt`` names who has none.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from skysieve.errors import InputError, ServiceError
from skysieve.service.candidates.export.registry import FORMATS, Opened
from skysieve.service.candidates.export.source import Source
from skysieve.service.candidates.export.tar_stream import end_of_archive, member, member_name
from skysieve.service.database.tables import Candidate
from skysieve.service.files.content_store import ContentStore
from skysieve.sources.alerts.avro.container import iter_blocks
from skysieve.sources.alerts.avro.schema import WriterSchema

__all__ = ["open_avro"]

_MAGIC = b"Obj\x01"


@FORMATS.register("avro")
def open_avro(source: Source) -> Opened:
    """Write the packets: one container, or an archive where they do not agree."""
    schema = _common_schema(source)
    if schema is None:
        return Opened("application/x-tar", "-packets.tar", _archive(source))
    return Opened("application/avro", ".avro", _container(source, schema))


def _common_schema(source: Source) -> WriterSchema | None:
    """Return the schema that all candidates' packets have; None if there is no such."""
    seen: set[str] = set()
    common: WriterSchema | None = None
    for candidates in source.candidates():
        for candidate in candidates:
            packet = _packet_of(candidate)
            if packet in seen:
                continue
            schema = _schema(source.service.files, packet)
            if schema is None or (common is not None and schema.declared != common.declared):
                return None
            common = schema
            seen.add(packet)
    return common


def _packet_of(candidate: Candidate) -> str:
    return "" if candidate.cutouts is None else candidate.cutouts.packet_sha256


def _schema(files: ContentStore, packet: str) -> WriterSchema | None:
    if not packet or not files.has(packet):
        return None
    data = files.get(packet)
    if not data.startswith(_MAGIC):
        # A message of a stream, whose schema stands elsewhere.
        return None
    try:
        return next(iter_blocks(data, item=packet)).schema
    except InputError:
        return None


@dataclass
class _Records:
    """Records of packets; the last packet is kept, since the records of a file come one after the other."""

    files: ContentStore
    packet: str = ""
    records: list[Any] = field(default_factory=list)

    def get(self, packet: str, number: int) -> Any:
        if packet != self.packet:
            import fastavro

            self.records = list(fastavro.reader(io.BytesIO(self.files.get(packet))))
            self.packet = packet
        return self.records[number]


def _container(source: Source, schema: WriterSchema) -> Iterator[bytes]:
    from fastavro.write import Writer

    file = io.BytesIO()
    writer = Writer(file, schema.parsed, codec="deflate")
    records = _Records(source.service.files)
    for candidates in source.candidates():
        for candidate in candidates:
            assert candidate.cutouts is not None
            writer.write(records.get(candidate.cutouts.packet_sha256, candidate.cutouts.packet_record))
        writer.flush()
        yield _taken(file)
    yield _taken(file)


def _taken(file: io.BytesIO) -> bytes:
    content = file.getvalue()
    file.seek(0)
    file.truncate()
    return content


def _archive(source: Source) -> Iterator[bytes]:
    files = source.service.files
    seen: set[str] = set()
    missing = []
    for candidates in source.candidates():
        for candidate in candidates:
            packet = _packet_of(candidate)
            if packet in seen:
                continue
            try:
                if not packet:
                    raise ServiceError("no packet of it was kept")
                data = files.get(packet)
            except ServiceError as error:
                missing.append(f"{candidate.survey} {candidate.name}: {error}")
                continue
            seen.add(packet)
            yield member(member_name(candidate, ".avro"), data, time=candidate.updated_at.timestamp())
    yield from end_of_archive(missing)
