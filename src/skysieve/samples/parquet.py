"""Sample sets on disk: Parquet with Arrow tensors, written in batches, complete or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.samples.description import Description, TensorColumn

__all__ = [
    "METADATA_KEY",
    "SampleWriter",
    "arrow_type",
    "ragged_flat_from_arrow",
    "ragged_from_arrow",
    "tensor_from_arrow",
    "tensor_to_arrow",
]

#: Where the description stands in the metadata of the Parquet schema.
METADATA_KEY = b"skysieve"

#: Bytes that a row group takes while it is encoded: large enough to compress, small enough to hold in memory.
ROW_GROUP_BYTES = 64 * 2**20


def arrow_type(column: TensorColumn) -> pa.DataType:
    """Return the Arrow type of a tensor column.

    Fixed shapes become ``arrow.fixed_shape_tensor``, ragged ones a list of values or
    of tensors flattened in C order.

    Examples
    --------
    >>> arrow_type(TensorColumn((None,), "float64"))
    ListType(list<item: double>)
    """
    value = pa.string() if column.dtype == "str" else pa.from_numpy_dtype(np.dtype(column.dtype))
    if not column.ragged:
        return pa.fixed_shape_tensor(value, column.fixed_shape)
    if column.fixed_shape:
        value = pa.list_(value, int(np.prod(column.fixed_shape)))
    return pa.list_(value)


def tensor_to_arrow(values: Any, column: TensorColumn) -> pa.Array:
    """Convert tensors to an Arrow array of `arrow_type`.

    Parameters
    ----------
    values : array, shape (N, *shape), or sequence of arrays for a ragged column
        The tensors; NaN is kept.
    column : TensorColumn
        Their layout.

    Raises
    ------
    SampleSetError
        If the shapes do not fit.
    """
    if column.ragged:
        return _ragged_to_arrow(values, column)
    array = np.ascontiguousarray(values, dtype=column.dtype)
    if array.shape[1:] != column.fixed_shape:
        raise SampleSetError(f"found tensors of shape {array.shape[1:]}, expected {column.fixed_shape}")
    size = int(np.prod(column.fixed_shape))
    storage = pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), size)
    return pa.ExtensionArray.from_storage(arrow_type(column), storage)


def _ragged_to_arrow(values: Sequence[Any], column: TensorColumn) -> pa.Array:
    rows = [np.asarray(row, dtype=None if column.dtype == "str" else column.dtype) for row in values]
    for number, row in enumerate(rows):
        if row.shape[1:] != column.fixed_shape or row.ndim != len(column.shape):
            raise SampleSetError(f"row {number} has shape {row.shape}, expected {column.shape}")
    offsets = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
    flat = np.concatenate([row.reshape(-1) for row in rows]) if rows else np.empty(0, dtype=column.dtype)
    items = pa.array(flat.tolist(), pa.string()) if column.dtype == "str" else pa.array(flat)
    if column.fixed_shape:
        items = pa.FixedSizeListArray.from_arrays(items, int(np.prod(column.fixed_shape)))
    return pa.ListArray.from_arrays(pa.array(offsets), items)


def tensor_from_arrow(array: pa.ChunkedArray | pa.Array, column: TensorColumn) -> NDArray[Any]:
    """Return a fixed-shape column as one array of shape (N, *shape)."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    parts = []
    for chunk in chunks:
        storage = chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk
        parts.append(storage.flatten().to_numpy(zero_copy_only=False).reshape(-1, *column.fixed_shape))
    if len(parts) == 1:
        return np.asarray(parts[0])
    return np.concatenate(parts) if parts else np.empty((0, *column.fixed_shape), dtype=column.dtype)


def ragged_flat_from_arrow(columns: Sequence[pa.ChunkedArray]) -> tuple[NDArray[np.int64], pa.Array]:
    """Return the chunks of a ragged column as offsets, shape (N + 1,), and one array of their items.

    A row that is null has no items.
    """
    chunks = [chunk for column in columns for chunk in column.chunks]
    lengths = [pc.list_value_length(chunk).fill_null(0) for chunk in chunks]
    counts = [length.to_numpy(zero_copy_only=False) for length in lengths]
    offsets = np.zeros(sum(map(len, counts)) + 1, dtype=np.int64)
    np.cumsum(np.concatenate(counts) if counts else [], out=offsets[1:])
    items = [chunk.flatten() for chunk in chunks]
    return offsets, pa.concat_arrays(items) if items else pa.array([], pa.float64())


def ragged_from_arrow(array: pa.ChunkedArray | pa.Array, column: TensorColumn) -> list[NDArray[Any]]:
    """Return a ragged column as a list with one array a sample."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    rows: list[NDArray[Any]] = []
    for chunk in chunks:
        items = chunk.flatten()
        flat = items.flatten() if column.fixed_shape else items
        values = flat.to_numpy(zero_copy_only=False).reshape(-1, *column.fixed_shape)
        if column.dtype == "str":
            values = values.astype(np.str_)
        ends = np.cumsum(chunk.value_lengths().to_numpy(zero_copy_only=False))
        rows.extend(np.split(values, ends[:-1]) if len(ends) else [])
    return rows


class SampleWriter:
    """Write a sample set in batches; the file appears when it is complete.

    Parameters
    ----------
    path : path
        The Parquet file; an existing one is replaced on success only.
    description : Description
        Tensor columns, classes, origin.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from skysieve.samples.sample_set import SampleSet
    >>> path = Path(tempfile.mkdtemp()) / "two.parquet"
    >>> layout = Description(tensors={"cutouts": TensorColumn((1, 2, 2))})
    >>> with SampleWriter(path, layout) as writer:
    ...     writer.write({"id": ["a", "b"], "group": ["a", "b"], "cutouts": np.zeros((2, 1, 2, 2))})
    >>> len(SampleSet.open(path))
    2
    """

    def __init__(self, path: str | Path, description: Description) -> None:
        self.path = Path(path)
        self.description = description
        self.rows = 0
        self._files = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._pending: list[pa.Table] = []
        #: Bytes that the rows not yet written take while they are encoded.
        self.pending_bytes = 0

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows, given as columns of equal length; every call has the same columns.

        Raises
        ------
        SampleSetError
            If ``id`` or ``group`` is missing, or a column does not fit the first batch.
        """
        self.write_table(columns_to_table(columns, self.description))

    def write_table(self, table: pa.Table) -> None:
        """Append the rows of an Arrow table whose tensor columns are already converted."""
        if self._pending:
            table = _cast(table, self._pending[0].schema, self.path)
        self._pending.append(table)
        self.pending_bytes += _encoded_bytes(table)
        self.rows += table.num_rows
        if self.pending_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        table = pa.concat_tables(self._pending)
        rows = max(1, table.num_rows * ROW_GROUP_BYTES // max(1, self.pending_bytes))
        self._pending, self.pending_bytes = [], 0
        schema = table.schema.with_metadata({METADATA_KEY: self.description.to_json().encode()})
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self._files.enter_context(replacing(self.path))
            # Closed before the file takes its name, and before it is removed.
            self._writer = self._files.enter_context(pq.ParquetWriter(partial, schema, compression="zstd"))
        table = _cast(table, self._writer.schema, self.path)
        for start in range(0, max(1, table.num_rows), rows):
            self._writer.write_table(table.slice(start, rows).combine_chunks())

    def __enter__(self) -> SampleWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._files.__exit__(kind, error, trace)
            return
        with self._files:
            self._flush()
            if self._writer is None:
                raise SampleSetError(f"{self.path}: no sample was written; a sample set has at least one row")


def _encoded_bytes(table: pa.Table) -> int:
    """Return what a table takes while it is encoded: no value has less than 32 bits, and each 32 of levels.

    Pictures of one byte a value take eight times what they take in Arrow.
    """
    total = int(table.nbytes)
    for column in table.columns:
        for chunk in column.chunks:
            values = chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk
            while pa.types.is_list(values.type) or pa.types.is_fixed_size_list(values.type):
                values = values.flatten()
            width = values.type.bit_width // 8 if pa.types.is_primitive(values.type) else 4
            total += len(values) * (max(0, 4 - width) + 4)
    return total


def columns_to_table(columns: Mapping[str, Any], description: Description) -> pa.Table:
    """Convert columns to an Arrow table, the reserved ones first.

    Raises
    ------
    SampleSetError
        If ``id``, ``group`` or a tensor column is missing, or lengths differ.
    """
    for name in ("id", "group", *description.tensors):
        if name not in columns:
            raise SampleSetError(
                f"the column {name!r} is missing, found {', '.join(map(repr, columns))}; "
                "a set without natural groups says so by group = id"
            )
    arrays: dict[str, pa.Array] = {}
    for name, values in columns.items():
        try:
            if name in description.tensors:
                arrays[name] = tensor_to_arrow(values, description.tensors[name])
            else:
                arrays[name] = _scalars_to_arrow(values)
        except (SampleSetError, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError) as error:
            raise SampleSetError(f"column {name!r}: {error}") from None
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise SampleSetError(f"columns differ in length: {lengths}")
    return pa.table(arrays)


def _scalars_to_arrow(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        return pa.array(values.tolist(), pa.string())
    # Tables of pandas mark missing words by NaN; from_pandas makes them null as they are meant.
    is_object = getattr(values, "dtype", None) == np.dtype(object)
    return pa.array(values, from_pandas=is_object)


def _cast(table: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    if table.schema.equals(schema):
        return table
    if set(table.column_names) != set(schema.names):
        raise SampleSetError(
            f"{path}: a batch has the columns {table.column_names}, the first one had {schema.names}"
        )
    try:
        return table.select(schema.names).cast(schema.remove_metadata())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SampleSetError(f"{path}: a batch does not fit the first one: {error}") from None
