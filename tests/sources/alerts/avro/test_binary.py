"""The longs of Avro, against fastavro's own."""

from __future__ import annotations

import io

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.sources.alerts.avro.binary import encode_long, read_long

LONGS = st.integers(-(2**63), 2**63 - 1)


@given(LONGS, st.binary(max_size=3))
def test_longs_are_encoded_as_by_fastavro(value: int, around: bytes) -> None:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, "long", value)
    assert encode_long(value) == file.getvalue()
    assert read_long(around + file.getvalue() + around, len(around)) == (value, len(around + file.getvalue()))


@given(LONGS)
def test_a_long_that_is_cut_off_is_an_index_error(value: int) -> None:
    with pytest.raises(IndexError):
        read_long(encode_long(value)[:-1], 0)


def test_a_long_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        read_long(b"\xff" * 100, 0)
