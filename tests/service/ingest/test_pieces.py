"""Names of records, and the bytes that are kept of bad ones."""

import pytest

from skysieve.errors import InputError
from skysieve.service.ingest import pieces
from skysieve.service.ingest.pieces import Problem, blob_name, content_hash, record_name


@pytest.mark.parametrize(
    ("full_name", "item", "record", "blob"),
    [
        ("1.avro", "1.avro", "", "1.avro"),
        ("1.avro::record 3", "1.avro", "record 3", "1.avro"),
        ("a.parquet::row 17", "a.parquet", "row 17", "a.parquet"),
        ("n.tar::d/1.avro", "n.tar", "d/1.avro", "n.tar::d/1.avro"),
        ("n.tar::d/1.avro::record 2", "n.tar", "d/1.avro::record 2", "n.tar::d/1.avro"),
        ("ztf_streaks.txt:17", "ztf_streaks.txt", ":17", "ztf_streaks.txt"),
        ("n.tar::ztf_streaks.txt:4", "n.tar", "ztf_streaks.txt:4", "n.tar::ztf_streaks.txt"),
        ("topic/0/17", "topic/0/17", "", "topic/0/17"),
    ],
)
def test_from_the_name_of_a_record_to_its_bytes(full_name, item, record, blob):
    assert record_name(full_name, item) == record
    assert blob_name(item, record) == blob


def test_a_problem_keeps_the_bytes_that_are_few_enough(monkeypatch):
    monkeypatch.setattr(pieces, "KEEP_BYTES", 3)
    wrong = InputError("n.tar::1.avro", "k" * 70, "is \0 bad")
    problem = Problem.of(wrong, item="n.tar", blob=b"123")
    assert (problem.record, problem.kind, problem.reason, problem.kept) == (
        "1.avro",
        "k" * 64,
        "is \\0 bad",
        b"123",
    )
    assert Problem.of(wrong, item="n.tar", blob=b"1234").kept == b""


def test_a_hash_tells_where_one_part_ends():
    assert content_hash(b"ab", b"c") != content_hash(b"a", b"bc") != content_hash(b"abc")
    assert len(content_hash()) == 32
