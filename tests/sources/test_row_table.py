"""Tables of rows: the same rows from every kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table

from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.row_table import placeholders, read_rows

COLUMNS = {"id": ["007", "b"], "z": [0.1, 0.2], "votes": [3, 4]}
ROWS = [{"id": "007", "z": 0.1, "votes": 3}, {"id": "b", "z": 0.2, "votes": 4}]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.ecsv", "t.fits", "T.CSV"])
def test_rows_are_the_same_from_every_kind_of_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.lower().endswith(".csv"):
        pa.csv.write_csv(pa.table(COLUMNS), path)
    elif name.endswith(".parquet"):
        pq.write_table(pa.table(COLUMNS), path)
    else:
        Table(COLUMNS).write(path)
    assert list(read_rows(path, as_text=["id"])) == ROWS


@pytest.mark.parametrize("make", [lambda values: values, np.array, lambda values: Table({"c": values})["c"]])
def test_columns_in_memory_are_python_objects(make: Any) -> None:
    rows = list(read_rows({name: make(values) for name, values in COLUMNS.items()}))
    assert rows == ROWS
    assert type(rows[0]["votes"]) is int


def test_identities_in_csv_keep_their_zeros_and_length(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\n007,007\n1e5,2\n")
    rows = list(read_rows(tmp_path / "t.csv", as_text=["id"]))
    assert rows == [{"id": "007", "n": 7}, {"id": "1e5", "n": 2}]


def test_masked_values_are_none(tmp_path: Path) -> None:
    Table({"z": MaskedColumn([1, 2], mask=[False, True])}).write(tmp_path / "t.ecsv")
    assert list(read_rows(tmp_path / "t.ecsv")) == [{"z": 1}, {"z": None}]


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'votes'"):
        read_rows(COLUMNS, as_text=["vote"])
    (tmp_path / "t.csv").write_text("objid,z\n1,2\n")
    with pytest.raises(ConfigurationError, match="objid"):
        read_rows(tmp_path / "t.csv", as_text=["id"])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="differ in length"):
        read_rows({"a": [1], "b": [1, 2]})


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.ecsv", "t.fits", "t.docx"])
def test_a_damaged_table_is_an_input_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\xff,'\n1,2,3\n4\n")
    with pytest.raises(InputError) as caught:
        read_rows(path)
    assert (caught.value.kind, caught.value.item) == ("bad-table", str(path))


def test_a_missing_table_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path / "t.csv")
    assert caught.value.kind == "missing-path"


def test_placeholders_of_a_template() -> None:
    assert placeholders("{a}/{b:>5}.fits") == {"a", "b"}
    assert placeholders("file") == set()
