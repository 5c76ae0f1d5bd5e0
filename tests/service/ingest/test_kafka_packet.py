"""Messages of all brokers become packets that stand alone."""

from __future__ import annotations

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.ingest.topics.packet import as_packet

SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [{"name": "objectId", "type": "string"}, {"name": "stamp", "type": "bytes"}],
}


def bare(record: dict) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, SCHEMA, record)
    return buffer.getvalue()


@given(st.text(max_size=20), st.binary(max_size=70_000))
def test_bare_record_with_its_schema_in_the_key_becomes_a_container(name, stamp):
    record = {"objectId": name, "stamp": stamp}
    packet = as_packet(bare(record), json.dumps(SCHEMA).encode())
    assert list(fastavro.reader(io.BytesIO(packet))) == [record]


def test_same_message_is_the_same_packet():
    value, key = bare({"objectId": "ZTF18a", "stamp": b"1"}), json.dumps(SCHEMA).encode()
    assert as_packet(value, key) == as_packet(value, key)


@pytest.mark.parametrize(
    "key", [None, b"", b"ZTF18abc", b"{not json", b'{"type": "string"}', b'{"a": 1}', b"[1]", b"\xff{"]
)
def test_other_keys_leave_the_message_as_it_is(key):
    assert as_packet(b"\x00\x00\x00\x00\x07rest", key) == b"\x00\x00\x00\x00\x07rest"


def test_container_stays_as_it_is_whatever_the_key_says():
    assert as_packet(b"Obj\x01rest", json.dumps(SCHEMA).encode()) == b"Obj\x01rest"
