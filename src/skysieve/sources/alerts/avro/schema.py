"""Writer schemas: parsed once for all the packets that carry them, or looked up by their id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import fastavro

from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.alerts.avro.item_sizes import check_items_take_bytes

__all__ = ["SchemaLookup", "SchemaSource", "WriterSchema", "parse_writer_schema"]

#: Where the schemas of framed messages come from: a folder with files ``<id>.avsc`` or
#: ``<id>.json``, a mapping from id to schema, or a function of the id (a schema registry).
#: A schema is a dictionary or the text of its JSON.
SchemaSource = str | Path | Mapping[int, Any] | Callable[[int], Any]


class WriterSchema:
    """A record schema as its writer declared it.

    Parameters
    ----------
    declared : dict
        The decoded JSON of the schema.

    Attributes
    ----------
    fields : dict of str to dict
        Declared top-level fields by name, in the order they are written.
    namespace, version : str
        As declared; empty if absent. The namespace may be part of the name.
    parsed : dict
        The schema as fastavro wants it.
    """

    def __init__(self, declared: dict[str, Any]) -> None:
        self.declared = declared
        self.fields: dict[str, Any] = {field["name"]: field for field in declared["fields"]}
        self.namespace = str(declared.get("namespace") or declared["name"].rpartition(".")[0])
        self.version = str(declared.get("version") or "")
        self.parsed = fastavro.parse_schema(declared)
        check_items_take_bytes(self.parsed)

    def part(
        self, names: list[str], *, suffix: str = "", known: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Parse the schema of some consecutive fields as a record of its own.

        Parameters
        ----------
        names : list of str
            Names of the fields.
        suffix : str
            Appended to the record's name, which may not be declared twice in ``known``.
        known : dict
            Named types declared by earlier parts; extended by those of this one.
        """
        record = {
            "type": "record",
            "name": self.declared["name"] + suffix,
            "fields": [self.fields[name] for name in names],
        }
        if "namespace" in self.declared:
            record["namespace"] = self.declared["namespace"]
        return cast("dict[str, Any]", fastavro.parse_schema(record, {} if known is None else known))


@lru_cache(maxsize=256)
def _parse(text: bytes) -> WriterSchema:
    """Parse a schema, or raise whatever is wrong with it; schemas repeat from packet to packet."""
    declared = json.loads(text)
    if not isinstance(declared, dict) or declared.get("type") != "record":
        raise ValueError("not a record")
    return WriterSchema(declared)


def parse_writer_schema(text: bytes, *, item: str) -> WriterSchema:
    """Parse the JSON of a schema; the same bytes are parsed only once.

    Raises
    ------
    InputError
        Kind ``bad-schema``: not JSON, not an Avro schema, or not of a record.
    """
    try:
        return _parse(text)
    except Exception as error:  # whatever a hostile schema makes the parsers raise
        raise InputError(
            item, "bad-schema", f"its writer schema is not an Avro record schema: {error}"
        ) from error


class SchemaLookup:
    """Finds the writer schema of messages that carry only its id.

    Parameters
    ----------
    source : SchemaSource
        Folder, mapping or function; asked once for each id.

    Raises
    ------
    ConfigurationError
        If a folder is named that does not exist.

    Examples
    --------
    >>> lookup = SchemaLookup({7: {"type": "record", "name": "alert", "fields": []}})
    >>> lookup.get(7, item="message").fields
    {}
    >>> lookup.get(8, item="message")
    Traceback (most recent call last):
        ...
    skysieve.errors.InputError: message: its schema has the id 8, which the given schemas do not hold
    """

    def __init__(self, source: SchemaSource) -> None:
        self._found: dict[int, WriterSchema] = {}
        self._ask: Callable[[int], Any]
        if isinstance(source, Mapping):
            self._ask = source.__getitem__
        elif isinstance(source, str | Path):
            self._folder = Path(source)
            if not self._folder.is_dir():
                raise ConfigurationError(f"schemas: {str(source)!r} is not a folder of files <id>.avsc")
            self._ask = self._read_file
        else:
            self._ask = source

    def get(self, schema_id: int, *, item: str) -> WriterSchema:
        """Return the schema called ``schema_id``.

        Raises
        ------
        InputError
            Kind ``unknown-schema`` if there is none, ``bad-schema`` if it is no schema.
        """
        if schema_id not in self._found:
            try:
                answer = self._ask(schema_id)
            except LookupError as error:
                reason = f"its schema has the id {schema_id}, which the given schemas do not hold"
                raise InputError(item, "unknown-schema", reason) from error
            text = answer if isinstance(answer, bytes | str) else json.dumps(answer)
            encoded = text.encode() if isinstance(text, str) else text
            self._found[schema_id] = parse_writer_schema(encoded, item=item)
        return self._found[schema_id]

    def _read_file(self, schema_id: int) -> bytes:
        for suffix in (".avsc", ".json"):
            path = self._folder / f"{schema_id}{suffix}"
            if path.is_file():
                return path.read_bytes()
        raise LookupError(schema_id)
