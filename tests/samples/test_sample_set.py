"""Sample sets: what goes in comes out, in memory, on disk and in other readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skysieve.errors import SampleSetError
from skysieve.samples import Description, SampleSet, SampleWriter, TensorColumn
from skysieve.samples import parquet as parquet_module

LAYOUT = Description(
    tensors={"cutouts": TensorColumn((2, 3, 3), channels=("science", "difference"), unit="DN")},
    classes=("bogus", "real"),
    label_origin="made by hand",
)


def make(n: int = 7, seed: int = 0) -> SampleSet:
    rng = np.random.default_rng(seed)
    cutouts = rng.normal(size=(n, 2, 3, 3)).astype(np.float32)
    cutouts[0, 0, 0, 0] = np.nan
    columns = {
        "id": np.arange(n) + 10**18,
        "group": [f"ZTF{i // 2}" for i in range(n)],
        "label": [None if i == 0 else i % 2 for i in range(n)],
        "magpsf": rng.normal(19, 1, n),
        "cutouts": cutouts,
    }
    return SampleSet.from_columns(columns, LAYOUT)


def assert_same(one: SampleSet, other: SampleSet) -> None:
    assert one.column_names == other.column_names
    for name in one.column_names:
        if name in one.description.tensors:
            np.testing.assert_array_equal(one.tensor(name), other.tensor(name))
        else:
            np.testing.assert_array_equal(one.scalar(name), other.scalar(name))
    assert one.description == other.description


def test_a_set_comes_back_from_disk(tmp_path: Path) -> None:
    samples = make()
    assert_same(SampleSet.open(samples.write(tmp_path / "set.parquet")), samples)
    assert list(tmp_path.iterdir()) == [tmp_path / "set.parquet"]


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.just(2), st.just(3), st.just(3)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)
def test_pixels_survive_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, cutouts: Any) -> None:
    n = len(cutouts)
    samples = SampleSet.from_columns({"id": range(n), "group": range(n), "cutouts": cutouts}, LAYOUT)
    path = samples.write(tmp_path_factory.mktemp("set") / "set.parquet")
    assert SampleSet.open(path).tensor("cutouts").tobytes() == cutouts.tobytes()


def test_other_programs_read_it(tmp_path: Path) -> None:
    samples = make()
    path = samples.write(tmp_path / "set.parquet")
    expected = samples.tensor("cutouts")[3].ravel()
    np.testing.assert_array_equal(np.stack(pd.read_parquet(path)["cutouts"])[3].ravel(), expected)
    assert duckdb.sql(f"select id, len(cutouts) from '{path}'").fetchall()[3] == (10**18 + 3, 18)
    frame = pl.read_parquet(path)
    assert frame["id"].to_list() == samples.ids.tolist()
    np.testing.assert_array_equal(np.array(frame["cutouts"].ext.storage()[3].to_list()).ravel(), expected)


def test_a_large_set_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = make(9)
    two = parquet_module._encoded_bytes(next(iter(samples.batches(2)))._source)
    monkeypatch.setattr(parquet_module, "ROW_GROUP_BYTES", two)
    with SampleWriter(tmp_path / "set.parquet", LAYOUT) as writer:
        for piece in samples.batches(2):
            writer.write_table(piece._source)
    opened = SampleSet.open(tmp_path / "set.parquet")
    assert pq.ParquetFile(tmp_path / "set.parquet").num_row_groups == 5
    assert_same(opened, samples)
    rows = np.array([8, 0, 3, 3])
    np.testing.assert_array_equal(opened.tensor("cutouts", rows), samples.tensor("cutouts")[rows])
    np.testing.assert_array_equal(opened.select(rows).ids, samples.ids[rows])
    mapped = opened.tensor_to_memmap("cutouts", tmp_path / "cutouts.npy")
    np.testing.assert_array_equal(mapped, samples.tensor("cutouts"))
    assert [len(piece) for piece in opened.batches(4)] == [2, 2, 2, 2, 1]


@pytest.mark.parametrize(("dtype", "encoded"), [("uint8", 8), ("int16", 8), ("float32", 8), ("float64", 12)])
@pytest.mark.parametrize("batch", [7, 64, 400])
def test_what_is_held_before_it_is_written_has_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, encoded: int, batch: int
) -> None:
    limit = 100_000
    monkeypatch.setattr(parquet_module, "ROW_GROUP_BYTES", limit)
    layout = Description(tensors={"cutouts": TensorColumn((1, 10, 10), dtype)})
    a_row = 100 * encoded + 2 * 12
    with SampleWriter(tmp_path / "set.parquet", layout) as writer:
        for start in range(0, 800, batch):
            number = np.arange(start, min(start + batch, 800))
            cutouts = np.zeros((len(number), 1, 10, 10), dtype)
            writer.write({"id": number, "group": number, "cutouts": cutouts})
            assert writer.pending_bytes < limit
    metadata = pq.ParquetFile(tmp_path / "set.parquet").metadata
    rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert sum(rows) == 800
    assert max(rows) * a_row <= limit
    # Full enough to compress, too.
    assert max(rows) * a_row > 0.4 * limit
    np.testing.assert_array_equal(SampleSet.open(tmp_path / "set.parquet").ids, np.arange(800))


def test_added_columns_lie_over_the_file_and_are_written(tmp_path: Path) -> None:
    opened = SampleSet.open(make().write(tmp_path / "a.parquet"))
    changed = opened.with_columns(
        {"label": np.ones(7, dtype=int), "split": ["train"] * 7}, splits={"seed": 1}
    )
    assert changed.labels.tolist() == [1] * 7
    assert opened.labels[0] == -1
    again = SampleSet.open(changed.write(tmp_path / "b.parquet"))
    assert_same(again, changed)
    assert again.split_rows("train").tolist() == list(range(7))
    assert [piece.scalar("split").tolist() for piece in changed.batches(4)] == [["train"] * 4, ["train"] * 3]


def test_ragged_columns(tmp_path: Path) -> None:
    layout = Description(
        tensors={
            "time": TensorColumn((None,), "float64"),
            "band": TensorColumn((None,), "str"),
            "frames": TensorColumn((None, 1, 2, 2)),
        }
    )
    columns = {
        "id": ["a", "b", "c"],
        "group": ["a", "b", "c"],
        "time": [np.array([1.0, 2.0, np.nan]), np.array([]), np.array([5.0])],
        "band": [np.array(["g", "r", "r"]), np.array([], dtype=str), np.array(["g"])],
        "frames": [np.ones((2, 1, 2, 2)), np.zeros((0, 1, 2, 2)), np.full((1, 1, 2, 2), 7)],
    }
    samples = SampleSet.open(SampleSet.from_columns(columns, layout).write(tmp_path / "r.parquet"))
    assert [row.tolist() for row in samples.ragged("band")] == [["g", "r", "r"], [], ["g"]]
    np.testing.assert_array_equal(samples.ragged("time")[0], [1.0, 2.0, np.nan])
    assert [row.shape for row in samples.ragged("frames")] == [(2, 1, 2, 2), (0, 1, 2, 2), (1, 1, 2, 2)]
    assert [row.shape for row in samples.select([2, 0]).ragged("frames")] == [(1, 1, 2, 2), (2, 1, 2, 2)]
    with pytest.raises(SampleSetError, match="ragged"):
        samples.tensor("frames")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "'id' is missing"),
        ({"group": None}, "group = id"),
        ({"cutouts": None}, "'cutouts' is missing"),
        ({"id": [1, 1, 2]}, "1 ids repeat, first 1"),
        ({"label": [0, 1, 2]}, "label 2 of id 3 is no index"),
        ({"group": ["a", "b"]}, "differ in length"),
        ({"cutouts": np.zeros((3, 2, 3, 4))}, r"'cutouts': found tensors of shape \(2, 3, 4\), expected"),
    ],
)
def test_what_breaks_the_rules_is_refused(change: dict[str, Any], message: str) -> None:
    columns: dict[str, Any] = {
        "id": [1, 2, 3],
        "group": ["a", "b", "c"],
        "label": [0, 1, 1],
        "cutouts": np.zeros((3, 2, 3, 3)),
    }
    columns |= change
    columns = {name: values for name, values in columns.items() if values is not None}
    with pytest.raises(SampleSetError, match=message):
        SampleSet.from_columns(columns, LAYOUT)


def test_files_that_are_no_sample_set_are_named(tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match=r"absent\.parquet: is not a readable Parquet file"):
        SampleSet.open(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(SampleSetError, match="not a readable Parquet file"):
        SampleSet.open(tmp_path / "text.parquet")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "plain.parquet")
    with pytest.raises(SampleSetError, match="not a sample set"):
        SampleSet.open(tmp_path / "plain.parquet")
    newer = pa.table({"id": [1]}).replace_schema_metadata({b"skysieve": b'{"format": 99}'})
    pq.write_table(newer, tmp_path / "newer.parquet")
    with pytest.raises(SampleSetError, match="format 99"):
        SampleSet.open(tmp_path / "newer.parquet")
    damaged = pa.table({"id": [1]}).replace_schema_metadata({b"skysieve": b'{"format": 1}'})
    pq.write_table(damaged, tmp_path / "damaged.parquet")
    with pytest.raises(SampleSetError, match="damaged"):
        SampleSet.open(tmp_path / "damaged.parquet")
    for text, message in {
        '{"kind": "detected-streaks"}': "table of detected streaks, not a sample set; give the cutouts that",
        '{"kind": "streak-scores"}': "table of streak scores, not a sample set; give the samples",
        '{"model": "braai"}': "table of something else, not a sample set; give the samples",
    }.items():
        other = pa.table({"id": [1]}).replace_schema_metadata({b"skysieve": text})
        pq.write_table(other, tmp_path / "other.parquet")
        with pytest.raises(SampleSetError, match=message):
            SampleSet.open(tmp_path / "other.parquet")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = make(3).write(tmp_path / "set.parquet")
    before = path.read_bytes()

    def write_half() -> None:
        with SampleWriter(path, LAYOUT) as writer:
            writer.write_table(make(5)._source)
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        write_half()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_asking_for_what_is_not_there() -> None:
    samples = make()
    with pytest.raises(SampleSetError, match="no tensor column is called 'frames', found cutouts"):
        samples.tensor("frames")
    with pytest.raises(SampleSetError, match="no scalar column is called 'cutouts'"):
        samples.scalar("cutouts")
    with pytest.raises(SampleSetError, match="has no split"):
        samples.split_rows("train")
    with pytest.raises(SampleSetError, match="selection is empty"):
        samples.select(np.zeros(7, dtype=bool))


@pytest.mark.parametrize("method", ["write_table", "close"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    path = make(3).write(tmp_path / "set.parquet")
    before = path.read_bytes()

    real = getattr(pq.ParquetWriter, method)

    def fail(writer: pq.ParquetWriter, *arguments: Any, **options: Any) -> None:
        # Closed in truth, so that no open file is left to the garbage collector.
        if writer.is_open:
            real(writer, *arguments, **options)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, method, fail)
    with pytest.raises(OSError, match="No space left"):
        make(5).write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_set_without_rows_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="no sample was written"), SampleWriter(tmp_path / "a", LAYOUT):
        pass
    assert not list(tmp_path.iterdir())
