"""Tables of positions: any format, any column names; a bad row costs itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.samples.findings import Finding
from skysieve.sources.archives.cutout_service import Position
from skysieve.sources.archives.positions import read_positions

COLUMNS = {"name": ["007", "b"], "RA": [10.5, 359.75], "DEC": [-90.0, 41.25], "kind": ["x", "y"]}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".ecsv"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table(COLUMNS), path)
    else:
        Table(COLUMNS).write(path, format=f"ascii.{suffix[1:]}")
    found = list(read_positions(path, id="name", ra="RA", dec="DEC"))
    assert [(each.id, each.ra, each.dec) for each in found if isinstance(each, Position)] == [
        ("007", 10.5, -90.0),
        ("b", 359.75, 41.25),
    ]
    assert [each.row["kind"] for each in found if isinstance(each, Position)] == ["x", "y"]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(max_size=3), st.integers()),
            st.one_of(st.none(), st.text(max_size=5), st.floats()),
            st.one_of(st.none(), st.text(max_size=5), st.floats()),
        ),
        max_size=20,
    )
)
def test_every_row_is_a_position_or_a_finding(rows: list[tuple[Any, Any, Any]]) -> None:
    names, ra, dec = ([row[column] for row in rows] for column in range(3))
    found = list(read_positions({"id": names, "ra": ra, "dec": dec}))
    assert len(found) == len(rows)
    positions = [each for each in found if isinstance(each, Position)]
    assert len({each.id for each in positions}) == len(positions)
    assert all(0 <= each.ra < 360 and -90 <= each.dec <= 90 and each.id.strip() for each in positions)
    kinds = {each.kind for each in found if isinstance(each, Finding)}
    assert kinds <= {"missing-id", "repeated-id", "bad-position"}


def test_sexagesimal_coordinates_are_told_apart() -> None:
    (finding,) = read_positions({"id": ["a"], "ra": ["12:30:00"], "dec": ["1"]})
    assert isinstance(finding, Finding)
    assert "convert sexagesimal coordinates first" in finding.reason


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no column 'dec'"):
        read_positions({"id": ["a"], "ra": [1.0]})
