"""Framing of Avro: blocks as fastavro sees them, and a kind of its own for each way to be broken."""

from __future__ import annotations

import io
import zlib
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.sources.alerts.avro import container
from skysieve.sources.alerts.avro.binary import encode_long
from skysieve.sources.alerts.avro.container import Block, iter_blocks

SCHEMA = {
    "type": "record",
    "name": "a",
    "fields": [{"name": "x", "type": "long"}, {"name": "s", "type": "string"}],
}
SYNC = b"0123456789abcdef"
RECORDS = [{"x": index, "s": "seeing " * index} for index in range(20)]


def written(codec: str = "null", interval: int = 60) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, SCHEMA, RECORDS, codec=codec, sync_interval=interval, sync_marker=SYNC)
    return file.getvalue()


def records_of(block: Block) -> list[Any]:
    stream = io.BytesIO(block.data)
    found = [fastavro.schemaless_reader(stream, block.schema.parsed, None) for _ in range(block.count)]
    assert not stream.read()
    return found


def read(data: bytes) -> list[Any]:
    return [record for block in iter_blocks(data, item="a.avro") for record in records_of(block)]


def kind_of(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.item == "a.avro"
    return caught.value.kind


def with_snappy(data: bytes) -> bytes:
    """Compress a block the way the specification asks: snappy, then the CRC-32 of the content."""
    return pa.compress(data, codec="snappy", asbytes=True) + zlib.crc32(data).to_bytes(4, "big")


def rewritten(codec: bytes, pack: Any) -> bytes:
    """Return the container with its blocks packed by ``pack``."""
    plain = written()
    at = plain.index(SYNC) + 16
    head = plain[:at].replace(encode_long(4) + b"null", encode_long(len(codec)) + codec)
    for block in iter_blocks(plain, item=""):
        packed = pack(block.data)
        head += encode_long(block.count) + encode_long(len(packed)) + packed + SYNC
    return head


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("interval", [1, 60, 10_000])
def test_records_are_those_that_were_written(codec: str, interval: int) -> None:
    assert read(written(codec, interval)) == RECORDS


def test_snappy_is_read_without_its_library() -> None:
    assert read(rewritten(b"snappy", with_snappy)) == RECORDS


def test_a_wrong_checksum_of_snappy_is_noticed() -> None:
    assert kind_of(rewritten(b"snappy", lambda data: with_snappy(data)[:-1] + b"!")) == "corrupt-avro"


@pytest.mark.parametrize("codec", [b"deflate", b"snappy"])
def test_a_block_that_does_not_unpack_is_noticed(codec: bytes) -> None:
    assert kind_of(rewritten(codec, lambda data: b"\xff" * len(data))) == "corrupt-avro"


@pytest.mark.parametrize("pack", [lambda data: zlib.compress(data, wbits=-15), with_snappy])
def test_a_block_that_unpacks_without_measure_is_refused(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = b"snappy" if pack is with_snappy else b"deflate"
    monkeypatch.setattr(container, "MAX_BLOCK_BYTES", 10)
    assert kind_of(rewritten(codec, pack)) == "corrupt-avro"


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(InputError, match="lzma2") as caught:
        read(rewritten(b"lzma2", bytes))
    assert caught.value.kind == "unsupported-codec"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty-file"),
        (b"Ob", "truncated-avro"), (b"\0\0", "truncated-avro"), (b"Obj\x01", "truncated-avro"),
        (b"SIMPLE  =", "not-avro"), (b"\x1f\x8b\x08", "not-avro"), (b"\0\0\0\0\x07body", "missing-schema"),
        (b"Obj\x01" + encode_long(5000), "corrupt-avro"),
        (b"Obj\x01" + encode_long(1) + encode_long(-4), "corrupt-avro"),
        (b"Obj\x01" + b"\xff" * 20, "corrupt-avro"),
        (b"Obj\x01\0" + b"s" * 16, "bad-schema"),
    ],
)  # fmt: skip
def test_each_way_to_be_foreign_has_its_kind(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


def test_a_container_without_records_says_so() -> None:
    data = written()
    end = data.index(SYNC) + 16
    assert kind_of(data[:end]) == "no-records"
    assert kind_of(data[:end] + encode_long(0) + encode_long(0) + SYNC) == "no-records"


@pytest.mark.parametrize(
    "block",
    [
        encode_long(-1) + encode_long(3), encode_long(1) + encode_long(-3),
        encode_long(2**40) + encode_long(3), b"\xff" * 30,
    ],
)  # fmt: skip
def test_impossible_counts_and_lengths_are_noticed(block: bytes) -> None:
    head = written()[: written().index(SYNC) + 16]
    assert kind_of(head + block + b"abc" + SYNC) == "corrupt-avro"


def test_a_broken_sync_marker_is_noticed() -> None:
    assert kind_of(written()[:-1] + b"!") == "corrupt-avro"


@given(st.data())
def test_truncation_gives_a_prefix_of_the_records_and_an_error(data: st.DataObject) -> None:
    whole = written()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    found, kinds = [], []
    try:
        for block in iter_blocks(cut, item="a.avro"):
            found += records_of(block)
    except InputError as error:
        kinds.append(error.kind)
    # A cut between two blocks leaves a sound container.
    assert (not kinds and cut.endswith(SYNC)) or kinds[0] in ("truncated-avro", "empty-file", "no-records")
    assert found == RECORDS[: len(found)]


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_are_an_input_error_and_nothing_else(data: bytes, with_magic: bool) -> None:
    with pytest.raises(InputError):
        read(b"Obj\x01" + data if with_magic else data)
