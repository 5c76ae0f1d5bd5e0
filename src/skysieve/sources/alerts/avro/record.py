"""Records of one writer schema: the few fields that are wanted, and the bytes of the cutouts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import fastavro

from skysieve.errors import InputError
from skysieve.sources.alerts.avro.container import Block
from skysieve.sources.alerts.avro.cutout_chain import CutoutChain
from skysieve.sources.alerts.avro.schema import WriterSchema

__all__ = ["RawRecord", "RecordReader"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What a packet says, before a survey makes sense of it.

    Parameters
    ----------
    values : mapping
        The wanted fields by name.
    cutouts : tuple of (bytes or None)
        Stamps as they came, in the order they were asked for; None where the packet has none.
    """

    values: Mapping[str, Any]
    cutouts: tuple[bytes | None, ...]


class RecordReader:
    """Reads wanted fields and cutouts from records of one schema.

    A record that is alone in its block is read the short way: a schema of the
    first fields only, then the chain of cutouts (`CutoutChain`). All others,
    and whatever the short way does not understand, are read by fastavro with
    the unwanted fields projected away.

    Parameters
    ----------
    schema : WriterSchema
        What the records were written with.
    wanted : sequence of str
        Top-level fields to read; those that the schema lacks are ignored.
    cutouts : sequence of str
        Top-level fields of the cutouts, in the order to return them: bytes, or a
        record of which one field is bytes.
    """

    def __init__(self, schema: WriterSchema, wanted: Sequence[str], cutouts: Sequence[str]) -> None:
        self._schema = schema
        self._wanted = [name for name in schema.fields if name in wanted]
        self._cutouts = list(cutouts)
        self._projection = _projection(schema, [*self._wanted, *cutouts])
        self._short = _ShortWay.of_schema(schema, self._wanted, self._cutouts)

    def read_block(self, block: Block, *, item: str) -> Iterator[RawRecord]:
        """Yield the records of a block.

        Raises
        ------
        InputError
            Kind ``malformed-avro``, after the records that are good: the bytes
            do not follow the schema, or there are more of them than records.
        """
        if block.count == 1 and self._short and (record := self._short.read(block.data)):
            yield record
            return
        stream = io.BytesIO(block.data)
        for index in range(block.count):
            try:
                values = _read(stream, self._schema.parsed, self._projection)
            except Exception as error:  # fastavro raises many types on bytes that make no sense
                reason = f"record {index} does not follow its schema ({type(error).__name__}: {error})"
                raise InputError(item, "malformed-avro", reason) from error
            if index == block.count - 1 and stream.tell() != len(block.data):
                reason = f"{len(block.data) - stream.tell():,} bytes are left over after the last record"
                raise InputError(item, "malformed-avro", reason)
            yield self._raw(values)

    def _raw(self, values: dict[str, Any]) -> RawRecord:
        cutouts = tuple(_stamp_bytes(values.get(name)) for name in self._cutouts)
        return RawRecord({name: values[name] for name in self._wanted}, cutouts)


class _ShortWay:
    """Head by schema, cutouts by their chain, tail by schema again."""

    def __init__(
        self,
        wanted: list[str],
        head: dict[str, Any],
        chain: CutoutChain,
        order: list[int],
        tail: dict[str, Any] | None,
    ) -> None:
        self._wanted, self._head, self._chain, self._order, self._tail = wanted, head, chain, order, tail

    @classmethod
    def of_schema(cls, schema: WriterSchema, wanted: list[str], cutouts: list[str]) -> _ShortWay | None:
        names = list(schema.fields)
        places = sorted(names.index(name) for name in cutouts if name in names)
        if len(places) != len(cutouts) or places[-1] - places[0] != len(places) - 1:
            return None
        first, after = places[0], places[-1] + 1
        ahead = [index for index, name in enumerate(names[:first]) if name in wanted]
        if not ahead:
            return None
        known: dict[str, Any] = {}
        before = schema.part(names[:after], known=known)
        chain = CutoutChain.of_fields([field["type"] for field in before["fields"][first:after]], known)
        if chain is None:
            return None
        tail = schema.part(names[after:], suffix="Tail", known=known) if after < len(names) else None
        order = [names.index(name) - first for name in cutouts]
        return cls(wanted, schema.part(names[: ahead[-1] + 1]), chain, order, tail)

    def read(self, data: bytes) -> RawRecord | None:
        """Read the record that fills ``data``, or return None if that needs the complete reader."""
        stream = io.BytesIO(data)
        try:
            values = _read(stream, self._head)
        except Exception:  # the complete reader says what is wrong
            return None
        tail: dict[str, Any] = {}

        def ends_right(position: int) -> bool:
            if self._tail is None:
                return position == len(data)
            stream.seek(position)
            try:
                tail.update(_read(stream, self._tail))
            except Exception:  # not the tail: a false start
                return False
            return stream.tell() == len(data)

        spans = self._chain.find(data, stream.tell(), ends_right)
        if spans is None:
            return None
        cutouts = tuple(data[slice(*spans[index])] for index in self._order)
        values |= tail
        return RawRecord({name: values[name] for name in self._wanted}, cutouts)


def _read(stream: io.BytesIO, writer: Any, reader: Any = None) -> dict[str, Any]:
    """Read the record at the stream's position."""
    return cast("dict[str, Any]", fastavro.schemaless_reader(stream, writer, reader))


def _projection(schema: WriterSchema, names: list[str]) -> dict[str, Any] | None:
    """Return the reader schema of some fields, or None if only the whole record reads alike.

    Avro resolves a union of the writer to the *first* branch of the reader that
    could hold the value, which may be of another type: only optional fields are safe.
    """
    try:
        part = schema.part([name for name in schema.fields if name in names])
    except (
        fastavro.schema.SchemaParseException,
        fastavro.schema.UnknownType,
    ):  # it refers to a type that another field declares
        return None
    return part if _resolves_to_itself(part) else None


def _resolves_to_itself(declared: Any) -> bool:
    if isinstance(declared, list):
        return sum(branch != "null" for branch in declared) <= 1 and all(map(_resolves_to_itself, declared))
    if isinstance(declared, dict):
        inner = [field["type"] for field in declared.get("fields", ())]
        inner += [declared[key] for key in ("items", "values") if key in declared]
        return all(map(_resolves_to_itself, inner))
    return True


def _stamp_bytes(value: Any) -> bytes | None:
    """Return the pixels of a cutout field: the field itself, or the bytes in its record."""
    if isinstance(value, Mapping):
        return next((inner for inner in value.values() if isinstance(inner, bytes)), None)
    return value if isinstance(value, bytes) else None
