"""The sample set: a table with one row a sample, identity and tensors, in memory or on disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.description import Description
from skysieve.samples.findings import Finding
from skysieve.samples.parquet import (
    METADATA_KEY,
    SampleWriter,
    columns_to_table,
    ragged_flat_from_arrow,
    ragged_from_arrow,
    tensor_from_arrow,
)

__all__ = ["SampleSet"]


class SampleSet:
    """A table of samples: ``id``, ``group``, ``label``, further scalars, and tensors.

    Made by `open`, `from_columns` or `skysieve.samples.from_table`. A set that was opened
    reads what is asked for when it is asked for, tensors in batches, and may be larger than
    memory; scalars set by `with_columns` lie over the file until `write`.

    Parameters
    ----------
    source : pyarrow.Table or ParquetFile
        The rows.
    description : Description
        Tensor columns, classes, splits, origin.
    overlay : mapping, optional
        Scalar columns that replace or extend those of the source.
    findings : tuple of Finding, optional
        What was kept aside when the set was made.

    Examples
    --------
    >>> import numpy as np
    >>> from skysieve.samples import Description, SampleSet, TensorColumn
    >>> layout = Description(tensors={"cutouts": TensorColumn((1, 4, 4))}, classes=("bogus", "real"))
    >>> samples = SampleSet.from_columns(
    ...     {"id": [1, 2], "group": ["a", "b"], "label": [1, None], "cutouts": np.ones((2, 1, 4, 4))}, layout
    ... )
    >>> samples.labels.tolist()
    [1, -1]
    >>> samples.tensor("cutouts").shape
    (2, 1, 4, 4)
    """

    def __init__(
        self,
        source: pa.Table | pq.ParquetFile,
        description: Description,
        overlay: Mapping[str, pa.Array] | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        self._source = source
        self._overlay = dict(overlay or {})
        self.description = description
        self.findings = findings

    # -- making and writing ------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | Path) -> SampleSet:
        """Open a Parquet file without reading its tensors.

        Raises
        ------
        SampleSetError
            If the file is missing, is not Parquet, or is not a sample set.
        """
        try:
            file = pq.ParquetFile(path, memory_map=True)
        except (OSError, pa.ArrowInvalid) as error:
            raise SampleSetError(f"{path}: is not a readable Parquet file ({error})") from None
        text = (file.schema_arrow.metadata or {}).get(METADATA_KEY)
        if text is None:
            raise SampleSetError(
                f"{path}: is Parquet, but not a sample set; make one with `skysieve samples` "
                "or skysieve.samples.from_table"
            )
        return cls(file, Description.from_json(text, str(path)))

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Any],
        description: Description,
        findings: tuple[Finding, ...] = (),
    ) -> SampleSet:
        """Make a set in memory from columns under their final names.

        Parameters
        ----------
        columns : mapping of str to array-like
            ``id`` and ``group``, ``label`` as class index (null or -1: unlabelled), all tensor
            columns of the description, and any further scalars.
        description : Description
            Layout and classes.
        findings : tuple of Finding, optional
            What was kept aside on the way here.

        Raises
        ------
        SampleSetError
            If a column is missing or does not fit, an id repeats, or a label is no class.
        """
        samples = cls(columns_to_table(columns, description), description, findings=findings)
        ids = samples.ids
        if len(np.unique(ids)) < len(ids):
            values, counts = np.unique(ids, return_counts=True)
            raise SampleSetError(
                f"{int((counts > 1).sum())} ids repeat, first {values[counts > 1][0]}; "
                "every sample needs an id of its own"
            )
        if "label" in samples.column_names:
            wrong = samples.labels >= len(description.classes)
            if wrong.any():
                raise SampleSetError(
                    f"label {samples.labels[wrong][0]} of id {ids[wrong][0]} is no index "
                    f"into the classes {description.classes}"
                )
        return samples

    def write(self, path: str | Path) -> Path:
        """Write the set as Parquet, batch by batch, and return the path."""
        with SampleWriter(path, self.description) as writer:
            for batch in self._tables():
                writer.write_table(batch)
        return Path(path)

    # -- scalars -----------------------------------------------------------------------------

    def __len__(self) -> int:
        if isinstance(self._source, pa.Table):
            return int(self._source.num_rows)
        return int(self._source.metadata.num_rows)

    def __repr__(self) -> str:
        tensors = ", ".join(f"{name} {column.shape}" for name, column in self.description.tensors.items())
        return f"<SampleSet: {len(self):,} samples, {tensors or 'no tensors'}, classes {self.classes}>"

    @property
    def column_names(self) -> list[str]:
        """Names of all columns, tensors included."""
        schema = self._source.schema if isinstance(self._source, pa.Table) else self._source.schema_arrow
        return list(dict.fromkeys([*schema.names, *self._overlay]))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.description.classes

    @property
    def ids(self) -> NDArray[Any]:
        """Identifiers, shape (N,), int64 or str."""
        return self.scalar("id")

    @property
    def groups(self) -> NDArray[Any]:
        """Groups that no split may divide, shape (N,)."""
        return self.scalar("group")

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices, shape (N,); -1 where there is no label."""
        if "label" not in self.column_names:
            return np.full(len(self), -1, dtype=np.int64)
        column = self._scalar_column("label")
        return np.asarray(column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False))

    def scalar(self, name: str) -> NDArray[Any]:
        """Return a scalar column, shape (N,).

        Words come as numpy strings (empty where null), numbers that have nulls as float with NaN.
        """
        column = self._scalar_column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return np.asarray(column.fill_null("").to_pylist(), dtype=np.str_)
        return np.asarray(column.to_numpy(zero_copy_only=False))

    def split_rows(self, split: str) -> NDArray[np.int64]:
        """Return the rows of a split (``train``, ``validation``, ``test``).

        Raises
        ------
        SampleSetError
            If the set has no split yet, or no rows in this one.
        """
        if "split" not in self.column_names:
            raise SampleSetError(
                "the sample set has no split; make one with with_splits or `skysieve samples split`"
            )
        rows = np.flatnonzero(self.scalar("split") == split)
        if not len(rows):
            raise SampleSetError(
                f"no sample is in the split {split!r}, found {sorted(set(self.scalar('split')))}"
            )
        return rows

    def with_columns(self, columns: Mapping[str, ArrayLike], **description: Any) -> SampleSet:
        """Return the set with scalar columns added or replaced.

        Parameters
        ----------
        columns : mapping of str to array-like, shape (N,)
            New scalars.
        **description
            Fields of `Description` to replace, such as ``splits``.
        """
        overlay = dict(self._overlay)
        for name, values in columns.items():
            array = pa.array(values.tolist() if isinstance(values, np.ndarray) else values)
            if name in self.description.tensors:
                raise SampleSetError(f"{name!r} is a tensor column; make a new set to change it")
            if len(array) != len(self):
                raise SampleSetError(f"column {name!r} has {len(array)} values for {len(self)} samples")
            overlay[name] = array
        return SampleSet(
            self._source, dataclasses.replace(self.description, **description), overlay, self.findings
        )

    # -- tensors -----------------------------------------------------------------------------

    def tensor(self, name: str, rows: NDArray[np.integer[Any]] | None = None) -> NDArray[Any]:
        """Return a fixed-shape tensor column, shape (N, *shape), NaN as stored.

        Parameters
        ----------
        name : str
            The column.
        rows : array of int, optional
            Rows to read, in this order; row groups without any are skipped.
        """
        column = self._tensor_column(name)
        if column.ragged:
            raise SampleSetError(f"{name!r} is ragged {column.shape}; read it with ragged()")
        wanted = np.arange(len(self)) if rows is None else np.asarray(rows)
        out = np.empty((len(wanted), *column.fixed_shape), dtype=column.dtype)
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        for first, table in self._row_groups([name], wanted=ordered):
            lo, hi = np.searchsorted(ordered, [first, first + table.num_rows])
            if hi > lo:
                out[order[lo:hi]] = tensor_from_arrow(table[name], column)[ordered[lo:hi] - first]
        return out

    def tensor_to_memmap(self, name: str, path: str | Path) -> NDArray[Any]:
        """Copy a tensor column to a ``.npy`` file, batch by batch, and map it.

        For sets larger than memory: training reads rows of the map at random.
        """
        column = self._tensor_column(name)
        shape = (len(self), *column.fixed_shape)
        mapped = np.lib.format.open_memmap(path, mode="w+", dtype=column.dtype, shape=shape)
        for first, table in self._row_groups([name]):
            mapped[first : first + table.num_rows] = tensor_from_arrow(table[name], column)
        mapped.flush()
        readable: NDArray[Any] = np.load(path, mmap_mode="r")
        return readable

    def ragged(self, name: str) -> list[NDArray[Any]]:
        """Return a ragged tensor column as a list with one array a sample."""
        column = self._tensor_column(name)
        if not column.ragged:
            raise SampleSetError(f"{name!r} has the fixed shape {column.shape}; read it with tensor()")
        return [
            row for _, table in self._row_groups([name]) for row in ragged_from_arrow(table[name], column)
        ]

    def ragged_flat(self, name: str) -> tuple[NDArray[np.int64], pa.Array]:
        """Return a ragged tensor column as offsets, shape (N + 1,), and one Arrow array of all items.

        The items of sample i are ``items[offsets[i]:offsets[i + 1]]``; nothing is copied per sample.
        """
        column = self._tensor_column(name)
        if not column.ragged:
            raise SampleSetError(f"{name!r} has the fixed shape {column.shape}; read it with tensor()")
        return ragged_flat_from_arrow([table[name] for _, table in self._row_groups([name])])

    def batches(self, size: int = 1024) -> Iterator[SampleSet]:
        """Yield the set in pieces of at most ``size`` rows, each in memory."""
        for table in self._tables(size):
            yield SampleSet(table, self.description)

    def select(self, rows: ArrayLike) -> SampleSet:
        """Return chosen rows (indices or a boolean mask) as a set in memory, in that order."""
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        parts = []
        order = np.argsort(chosen, kind="stable")
        ordered = chosen[order]
        first = 0
        for table in self._tables():
            lo, hi = np.searchsorted(ordered, [first, first + table.num_rows])
            if hi > lo:
                parts.append(table.take(pa.array(ordered[lo:hi] - first)))
            first += table.num_rows
        if not parts:
            raise SampleSetError(
                f"the selection is empty: 0 of {len(self)} samples; a sample set has at least one row"
            )
        return SampleSet(pa.concat_tables(parts).take(pa.array(np.argsort(order))), self.description)

    # -- reading -----------------------------------------------------------------------------

    def _tensor_column(self, name: str) -> Any:
        try:
            return self.description.tensors[name]
        except KeyError:
            raise SampleSetError(
                f"no tensor column is called {name!r}, found {', '.join(self.description.tensors) or 'none'}"
            ) from None

    def _scalar_column(self, name: str) -> Any:
        if name in self._overlay:
            return self._overlay[name]
        if name not in self.column_names or name in self.description.tensors:
            known = [column for column in self.column_names if column not in self.description.tensors]
            raise SampleSetError(f"no scalar column is called {name!r}, found {', '.join(known)}")
        column = self._source[name] if isinstance(self._source, pa.Table) else self._source.read([name])[name]
        return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

    def _row_groups(
        self, columns: list[str], wanted: NDArray[np.integer[Any]] | None = None
    ) -> Iterator[tuple[int, pa.Table]]:
        """Yield (first row, table) of each stored row group that holds a wanted row."""
        if isinstance(self._source, pa.Table):
            yield 0, self._source.select(columns)
            return
        first = 0
        for number in range(self._source.num_row_groups):
            rows = self._source.metadata.row_group(number).num_rows
            if wanted is None or np.searchsorted(wanted, first) < np.searchsorted(wanted, first + rows):
                yield first, self._source.read_row_group(number, columns=columns)
            first += rows

    def _tables(self, size: int | None = None) -> Iterator[pa.Table]:
        """Yield the rows with the overlay applied, in pieces of at most ``size``."""
        schema = self._source.schema if isinstance(self._source, pa.Table) else self._source.schema_arrow
        for first, group in self._row_groups(list(schema.names)):
            step = size or group.num_rows
            for start in range(0, group.num_rows, step):
                table = group.slice(start, step)
                for name, values in self._overlay.items():
                    piece = values.slice(first + start, table.num_rows)
                    if name in table.column_names:
                        table = table.set_column(table.column_names.index(name), name, piece)
                    else:
                        table = table.append_column(name, piece)
                yield table
