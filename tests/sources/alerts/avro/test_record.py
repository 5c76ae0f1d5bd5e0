"""Records: the short way, the projected way and fastavro's own reader agree on everything."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.sources.alerts.avro.container import Block, iter_blocks
from skysieve.sources.alerts.avro.record import RawRecord, RecordReader
from skysieve.sources.alerts.avro.schema import WriterSchema, parse_writer_schema
from skysieve.sources.alerts.survey import recognise_survey

MAGIC = b"\x1f\x8b\x08"
WANTED = ("schemavsn", "objectId", "candid", "candidate")


def schema_of(declared: dict[str, Any]) -> WriterSchema:
    return parse_writer_schema(json.dumps(declared).encode(), item="schema")


def read_one(reader: RecordReader, schema: WriterSchema, data: bytes) -> RawRecord:
    (record,) = reader.read_block(Block(schema, 1, data, alone=True), item="packet")
    return record


def expected(data: bytes, schema: WriterSchema, wanted: Any, cutouts: Any) -> RawRecord:
    whole = fastavro.schemaless_reader(io.BytesIO(data), schema.parsed, None)
    stamps = [whole[name] for name in cutouts]
    found = [stamp["stampData"] if isinstance(stamp, dict) else stamp for stamp in stamps]
    return RawRecord({name: whole[name] for name in schema.fields if name in wanted}, tuple(found))


@pytest.mark.realdata
@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_real_packets_are_read_as_by_fastavro(survey: str, real_data: Path) -> None:
    paths = sorted((real_data / "alerts_avro" / survey).glob("*.avro"))
    assert len(paths) in (60, 38)
    for path in paths:
        (block,) = iter_blocks(path.read_bytes(), item=path.name)
        known = recognise_survey(block.schema)
        reader = RecordReader(block.schema, known.wanted, known.cutouts)
        truth = expected(block.data, block.schema, known.wanted, known.cutouts)
        assert read_one(reader, block.schema, block.data) == truth
        assert reader._short is not None
        assert reader._short.read(block.data) == truth, f"{path.name} needed the complete reader"
        reader._short = None
        assert read_one(reader, block.schema, block.data) == truth


STAMPS = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.binary(max_size=300).map(lambda rest: b"\x1f\x8b\x08" + rest),
    # Stamps that contain what the search looks for.
    st.binary(max_size=20).map(lambda rest: b"\x1f\x8b\x08" + rest + b"\x02\x04ab\x06\x1f\x8b\x08" + rest),
)
FILE_NAMES = st.one_of(st.text(max_size=100), st.just("x" * 300), st.just("\x02\x04ab\x06"))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    broker=st.booleans(), after=st.booleans(), stamps=st.tuples(STAMPS, STAMPS, STAMPS), name=FILE_NAMES,
    object_id=st.text(max_size=20), history=st.lists(st.floats(allow_nan=False), max_size=5),
)  # fmt: skip
def test_generated_packets_are_read_as_by_fastavro(
    packets: Any, broker: bool, after: bool, stamps: Any, name: str, object_id: str, history: list[float]
) -> None:
    first = stamps[0] or b""
    recognisable = first.startswith(MAGIC) and len(name.encode()) < 256
    assume(recognisable or not any(MAGIC in (stamp or b"")[1:] for stamp in stamps))
    schema = schema_of(packets.ztf_schema(broker=broker, after=after))
    cutouts = {
        key: None if stamp is None else {"fileName": name, "stampData": stamp}
        for key, stamp in zip(packets.names, stamps, strict=True)
    }
    record = packets.ztf_record(**cutouts) | {
        "objectId": object_id,
        "prv_candidates": [{"jd": jd, "magpsf": None} for jd in history],
    }
    data = packets.schemaless(record, schema.declared)
    reader = RecordReader(schema, WANTED, packets.names)
    assert read_one(reader, schema, data) == expected(data, schema, WANTED, packets.names)


@pytest.mark.parametrize(("broker", "after"), [(False, False), (True, False), (False, True), (True, True)])
def test_ordinary_packets_take_the_short_way(packets: Any, broker: bool, after: bool) -> None:
    schema = schema_of(packets.ztf_schema(broker=broker, after=after))
    data = packets.schemaless(packets.ztf_record(), schema.declared)
    short = RecordReader(schema, WANTED, packets.names)._short
    assert short is not None
    assert short.read(data) == expected(data, schema, WANTED, packets.names)


def test_magic_in_the_history_does_not_lead_astray(packets: Any) -> None:
    schema = schema_of(packets.ztf_schema())
    bait = b"\x02\x04ab\x06\x1f\x8b\x08" + b"\x02\x04ab\x06\x1f\x8b\x08" * 2
    record = packets.ztf_record(objectId="x", prv_candidates=[{"jd": 1.0, "magpsf": 2.0}])
    data = packets.schemaless(record, schema.declared)
    reader = RecordReader(schema, WANTED, packets.names)
    assert reader._short is not None
    head_end = data.index(b"\x1f\x8b\x08") - 60
    baited = data[:head_end] + bait + data[head_end:]
    found = reader._short._chain.find(baited, 0, lambda end: end == len(baited))
    assert found is not None
    assert [baited[slice(*span)] for span in found] == list(expected(data, schema, (), packets.names).cutouts)


def test_many_false_starts_are_given_up(packets: Any) -> None:
    schema = schema_of(packets.ztf_schema())
    short = RecordReader(schema, WANTED, packets.names)._short
    assert short is not None
    assert short._chain.find(b"\x1f\x8b\x08" * 1_000_000, 0, lambda end: False) is None


def test_records_in_one_block_are_read_one_after_the_other(packets: Any) -> None:
    records = [packets.ztf_record(candid=index) for index in range(3)]
    data = packets.container(records, sync_interval=10_000_000)
    (block,) = iter_blocks(data, item="a")
    assert block.count == 3
    reader = RecordReader(block.schema, WANTED, packets.names)
    assert [record.values["candid"] for record in reader.read_block(block, item="a")] == [0, 1, 2]


def test_fields_between_the_cutouts_are_left_to_the_complete_reader(packets: Any) -> None:
    declared = packets.ztf_schema(after=True)
    declared["fields"].insert(-3, declared["fields"].pop())
    schema = schema_of(declared)
    reader = RecordReader(schema, WANTED, packets.names)
    assert reader._short is None
    data = packets.schemaless(packets.ztf_record(), schema.declared)
    assert read_one(reader, schema, data) == expected(data, schema, WANTED, packets.names)


def test_a_type_that_an_unwanted_field_declares_is_known(packets: Any) -> None:
    declared = packets.ztf_schema()
    declared["fields"][-3]["type"] = ["null", "ztf.cutout"]
    declared["fields"].insert(0, {"name": "thumbnail", "type": packets.cutout})
    schema = schema_of(declared)
    reader = RecordReader(schema, WANTED, packets.names)
    thumbnail = {"fileName": "t", "stampData": b"\x1f\x8b\x08"}
    data = packets.schemaless({"thumbnail": thumbnail} | packets.ztf_record(), schema.declared)
    truth = expected(data, schema, WANTED, packets.names)
    assert read_one(reader, schema, data) == truth
    reader._short = None
    assert read_one(reader, schema, data) == truth


def test_a_union_of_several_types_is_not_resolved_to_another(packets: Any) -> None:
    declared = packets.ztf_schema()
    declared["fields"][1]["type"] = ["null", "double", "int"]
    schema = schema_of(declared)
    reader = RecordReader(schema, WANTED, packets.names)
    reader._short = None
    record = packets.ztf_record(objectId=("int", 3))
    data = packets.schemaless(record, schema.declared)
    assert repr(read_one(reader, schema, data)) == repr(expected(data, schema, WANTED, packets.names))


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"\xff" * 50]
)
def test_a_record_of_wrong_length_is_malformed(packets: Any, change: Any) -> None:
    schema = schema_of(packets.ztf_schema())
    data = change(packets.schemaless(packets.ztf_record(), schema.declared))
    with pytest.raises(InputError) as caught:
        read_one(RecordReader(schema, WANTED, packets.names), schema, data)
    assert (caught.value.kind, caught.value.item) == ("malformed-avro", "packet")
