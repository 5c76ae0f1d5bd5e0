"""A packet of some bytes must not make a reader build more items than any memory holds."""

from __future__ import annotations

import json
from typing import Any

import fastavro
import pytest

from skysieve.errors import InputError
from skysieve.sources.alerts.avro.item_sizes import check_items_take_bytes
from skysieve.sources.alerts.avro.schema import parse_writer_schema

EMPTY = {"type": "record", "name": "empty", "fields": []}


def record(*types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{at}", "type": each} for at, each in enumerate(types)]
    return {"type": "record", "name": "night.alert", "fields": fields}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def doubled(depth: int) -> dict[str, Any]:
    """Return a record that holds two of a record that holds two ... of one without fields."""
    below: Any = EMPTY
    for at in range(depth):
        fields = [{"name": "a", "type": below}, {"name": "b", "type": "empty" if at == 0 else f"r{at - 1}"}]
        below = {"type": "record", "name": f"r{at}", "fields": fields}
    return below  # type: ignore[no-any-return]


BOMBS = [
    record(array("null")),
    record(array({"type": "null"})),
    record(["null", array("null")]),
    record(array(array("null"))),
    record({"type": "map", "values": array("null")}),
    record(array(EMPTY)),
    record(EMPTY, array("night.empty")),
    record(array({"type": "record", "name": "nested", "fields": [{"name": "x", "type": EMPTY}]})),
    record(array({"type": "fixed", "name": "none", "size": 0})),
    record(EMPTY),
    record({"type": "record", "name": "itself", "fields": [{"name": "x", "type": "itself"}]}),
    doubled(60),
]
SOUND = [
    record(),
    record("null"),
    record(array("int"), array(["null", "int"]), array("string"), array("bytes")),
    record({"type": "map", "values": "null"}),
    record(array(array("boolean")), array({"type": "fixed", "name": "one", "size": 1})),
    record(array({"type": "enum", "name": "word", "symbols": ["a"]})),
    record(array({"type": "record", "name": "tree", "fields": [{"name": "up", "type": ["null", "tree"]}]})),
]


@pytest.mark.parametrize("schema", BOMBS, ids=range(len(BOMBS)))
def test_arrays_of_nothing_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no bytes"):
        check_items_take_bytes(fastavro.parse_schema(json.loads(json.dumps(schema))))
    with pytest.raises(InputError) as caught:
        parse_writer_schema(json.dumps(schema).encode(), item="packet")
    assert caught.value.kind == "bad-schema"


@pytest.mark.parametrize("schema", SOUND, ids=range(len(SOUND)))
def test_sound_schemas_are_taken(schema: dict[str, Any]) -> None:
    parse_writer_schema(json.dumps(schema).encode(), item="packet")
