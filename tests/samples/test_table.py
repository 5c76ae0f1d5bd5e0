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
