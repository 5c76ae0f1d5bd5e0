"""Writer schemas: parsed once, looked up by id in every offered way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.alerts.avro.schema import SchemaLookup, parse_writer_schema

SCHEMA = {"type": "record", "name": "lsst.v7_4.alert", "fields": [{"name": "x", "type": "int"}]}


def test_a_schema_is_parsed_once() -> None:
    text = json.dumps(SCHEMA).encode()
    assert parse_writer_schema(text, item="a") is parse_writer_schema(bytes(bytearray(text)), item="b")


def test_the_namespace_may_be_part_of_the_name() -> None:
    assert parse_writer_schema(json.dumps(SCHEMA).encode(), item="a").namespace == "lsst.v7_4"


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b'"int"', b'{"type": "record"}',
     b'{"type":"record","name":"a","fields":[{"name":"x"}]}',
     b'{"type":"record","name":"a","fields":[{"name":"x","type":"nowhere"}]}', b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_schema_is_an_input_error(text: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_writer_schema(text, item="packet")
    assert (caught.value.kind, caught.value.item) == ("bad-schema", "packet")


@pytest.mark.parametrize("form", ["mapping", "text", "function", "folder", "json folder"])
def test_schemas_come_from_mapping_function_and_folder(form: str, tmp_path: Path) -> None:
    suffix = ".json" if form == "json folder" else ".avsc"
    (tmp_path / f"5{suffix}").write_text(json.dumps(SCHEMA))
    sources: dict[str, Any] = {
        "mapping": {5: SCHEMA},
        "text": {5: json.dumps(SCHEMA)},
        "function": lambda schema_id: {5: SCHEMA}[schema_id],
    }
    lookup = SchemaLookup(sources.get(form, tmp_path))
    assert list(lookup.get(5, item="m").fields) == ["x"]
    with pytest.raises(InputError, match="id 6") as caught:
        lookup.get(6, item="m")
    assert caught.value.kind == "unknown-schema"


def test_a_registry_is_asked_once_for_each_schema() -> None:
    asked = []

    def ask(schema_id: int) -> Any:
        asked.append(schema_id)
        return SCHEMA

    lookup = SchemaLookup(ask)
    assert lookup.get(5, item="a") is lookup.get(5, item="b")
    assert asked == [5]


def test_a_folder_that_is_not_there_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="schemas"):
        SchemaLookup(tmp_path / "nowhere")
