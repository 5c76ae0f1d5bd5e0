"""Tables of the user become sample sets under the user's own column names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skysieve.errors import SampleSetError
from skysieve.samples import from_table

COLUMNS: dict[str, Any] = {
    "candid": [11, 12, 13, 14],
    "objectId": ["a", "a", "b", "c"],
    "verdict": ["real", "bogus", None, "real"],
    "mag": [18.5, 19.0, np.nan, 20.0],
}


def images(*shapes: tuple[int, ...]) -> list[Any]:
    return [np.full(shape, number, dtype=np.float32) for number, shape in enumerate(shapes)]


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "arrow"])
def test_every_kind_of_table_gives_the_same_set(kind: str) -> None:
    times = [np.array([1.0, 2.0]), np.array([3.0]), np.array([4.0]), np.array([5.0, 6.0, 7.0])]
    plain = COLUMNS | {"t": times}
    table = {
        "dict": lambda: plain,
        "pandas": lambda: pd.DataFrame(plain),
        "polars": lambda: pl.DataFrame({**COLUMNS, "t": [row.tolist() for row in times]}),
        "arrow": lambda: pa.table({**COLUMNS, "t": [row.tolist() for row in times]}),
    }[kind]()
    samples = from_table(table, id="candid", group="objectId", label="verdict", columns={"time": "t"})
    assert samples.ids.tolist() == [11, 12, 13, 14]
    assert samples.groups.tolist() == ["a", "a", "b", "c"]
    assert samples.classes == ("bogus", "real")
    assert samples.labels.tolist() == [1, 0, -1, 1]
    assert [row.tolist() for row in samples.ragged("time")] == [row.tolist() for row in times]
    np.testing.assert_array_equal(samples.scalar("mag"), COLUMNS["mag"])


def test_rows_that_do_not_fit_are_kept_aside_with_their_reason() -> None:
    table = pd.DataFrame(
        {
            "candid": [1, 2, 3, 3, None],
            "objectId": list("abcde"),
            "image": [*images((1, 4, 4), (1, 4, 4), (1, 3, 4)), np.zeros((1, 4, 4)), np.zeros((1, 4, 4))],
        }
    )
    samples = from_table(table, id="candid", group="objectId", columns={"cutouts": "image"})
    assert samples.ids.tolist() == [1, 2]
    assert sorted(finding.kind for finding in samples.findings) == [
        "missing-id",
        "repeated-id",
        "wrong-shape",
    ]
    missing = table.assign(image=[None, *table["image"][1:]])
    samples = from_table(missing, id="candid", group="objectId", columns={"cutouts": "image"})
    assert "missing-tensor" in {finding.kind for finding in samples.findings}


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        ([0, 1, 1, 0], ("bogus", "real"), [0, 1, 1, 0]),
        ([True, False, True, None], ("bogus", "real"), [1, 0, 1, -1]),
        ([1.0, np.nan, 0.0, 0.0], ("bogus", "real"), [1, -1, 0, 0]),
        ([5, 7, 7, 5], None, [0, 1, 1, 0]),
    ],
)
def test_labels_of_every_kind(labels: list[Any], classes: Any, expected: list[int]) -> None:
    table = COLUMNS | {"verdict": labels, "image": images(*[(1, 2, 2)] * 4)}
    samples = from_table(
        table, id="candid", group="objectId", label="verdict", columns={"cutouts": "image"}, classes=classes
    )
    assert samples.labels.tolist() == expected


def test_clear_errors() -> None:
    with pytest.raises(SampleSetError, match="no column 'nope', found 'candid'"):
        from_table(COLUMNS, id="nope", group="objectId")
    with pytest.raises(SampleSetError, match="'real' is not among the classes"):
        from_table(COLUMNS, id="candid", group="objectId", label="verdict", classes=("good", "bad"))
    with pytest.raises(SampleSetError, match="cannot read a table of type int"):
        from_table(3, id="a", group="b")
    with pytest.raises(SampleSetError, match="scalars, not arrays"):
        from_table(COLUMNS, id="candid", group="objectId", columns={"cutouts": "mag"})
    with pytest.raises(SampleSetError, match="reserved name"):
        from_table(COLUMNS | {"split": list("abcd")}, id="candid", group="objectId")


def test_ids_that_pandas_made_fractions_are_refused_unless_exact() -> None:
    candids = pd.DataFrame({"candid": [2600390240915010000, 2600390240915010001, None], "g": list("abc")})
    with pytest.raises(SampleSetError, match=r"'candid' holds the fraction 2600390240915010048.*Int64"):
        from_table(candids, id="candid", group="g")
    with pytest.raises(SampleSetError, match="'candid' holds the fraction"):
        from_table(candids.assign(name=list("xyz")), id="name", group="candid", keep=[])
    right = candids.assign(candid=pd.array([2600390240915010000, 2600390240915010001, None], dtype="Int64"))
    assert from_table(right, id="candid", group="g").ids.tolist() == [
        2600390240915010000,
        2600390240915010001,
    ]
    small = from_table(pd.DataFrame({"n": [7, 8, None], "g": [1, 1, 2]}), id="n", group="g")
    assert small.ids.tolist() == [7, 8]
    assert [finding.kind for finding in small.findings] == ["missing-id"]


def test_ids_beyond_64_bits_are_an_error_that_names_the_column() -> None:
    with pytest.raises(SampleSetError, match="column 'id'"):
        from_table({"n": [2**70]}, id="n", group="n")


@pytest.mark.parametrize("missing", [None, "", " "])
def test_rows_without_a_group_are_kept_aside(missing: Any) -> None:
    table = {"n": [1, 2, 3], "g": ["a", missing, missing]}
    samples = from_table(table, id="n", group="g")
    assert samples.groups.tolist() == ["a"]
    assert [(each.item, each.kind) for each in samples.findings] == [
        ("2", "missing-group"),
        ("3", "missing-group"),
    ]


def test_empty_words_are_no_class() -> None:
    samples = from_table({"n": [1, 2, 3], "k": ["a", "", "b"]}, id="n", group="n", label="k")
    assert samples.classes == ("a", "b")
    assert samples.labels.tolist() == [0, -1, 1]


def test_a_split_of_ones_own_is_taken() -> None:
    table = {"n": [1, 2, 3, 4], "part": ["train", "test", None, "validation"]}
    samples = from_table(table, id="n", group="n", split="part")
    assert samples.scalar("split").tolist() == ["train", "test", "validation"]
    assert samples.split_rows("test").tolist() == [1]
    assert [each.kind for each in samples.findings] == ["missing-split"]
    assert samples.description.splits["split"]["method"] == "given by the column 'part'"
    assert "part" not in samples.column_names
    with pytest.raises(SampleSetError, match=r"the splits 'Train', 'dev'; they are called train, validation"):
        from_table(table | {"part": ["Train", "dev", "test", "test"]}, id="n", group="n", split="part")


def test_the_first_reason_is_said_once() -> None:
    with pytest.raises(SampleSetError, match=r"^no usable row in 1; first reason: row 0: has no id"):
        from_table({"n": [None]}, id="n", group="n")
