"""The points of a long table, in any order, given back curve by curve: in memory, or sorted on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["ID", "PointPool"]

#: Column of the pool's tables with the names of the curves.
ID = "_id"


class PointPool:
    """Points, collected and then given back in the order of their curves.

    Parameters
    ----------
    points : int
        How many are held in memory; beyond, they are parted by curve into files of about as many.

    Examples
    --------
    >>> with PointPool(100) as pool:
    ...     pool.add(pa.table({"_id": ["b", "a", "b"], "_time": [1.0, 2.0, 3.0]}))
    ...     [table.to_pydict() for table in pool.in_order()]
    [{'_id': ['a', 'b', 'b'], '_time': [2.0, 1.0, 3.0]}]
    """

    def __init__(self, points: int) -> None:
        self._limit = max(points, 1)
        self._pending: list[pa.Table] = []
        self._rows = 0
        self._counts: list[pa.Table] = []
        self._files = ExitStack()
        self._spool: pa.ipc.RecordBatchFileWriter | None = None
        self._folder = Path()

    def __enter__(self) -> PointPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def add(self, table: pa.Table) -> None:
        """Add points; every call has the same columns, ``_id`` among them."""
        self._pending.append(table)
        self._rows += table.num_rows
        if self._rows > self._limit:
            self._spill()

    def in_order(self) -> Iterator[pa.Table]:
        """Yield tables of whole curves, the curves in the order of their names."""
        if self._spool is None:
            if self._pending:
                yield _sorted(pa.concat_tables(self._pending))
            return
        self._spill()
        self._spool.close()
        for part in self._parts():
            with pa.memory_map(str(part)) as source:
                # Sorting copies, so that the file may go.
                table = _sorted(pa.ipc.open_file(source).read_all())
            part.unlink()
            yield table

    def _spill(self) -> None:
        if not self._pending:
            return
        table = pa.concat_tables(self._pending)
        if self._spool is None:
            self._folder = Path(self._files.enter_context(tempfile.TemporaryDirectory()))
            self._spool = pa.ipc.new_file(str(self._folder / "points.arrow"), table.schema)
        self._spool.write_table(table)
        counts = table[ID].combine_chunks().value_counts()
        self._counts.append(pa.table({"id": counts.field("values"), "n": counts.field("counts")}))
        self._pending, self._rows = [], 0

    def _parts(self) -> list[Path]:
        """Write the points of neighbouring curves into files of their own, and return these in order."""
        counts = pa.concat_tables(self._counts).group_by("id").aggregate([("n", "sum")]).sort_by("id")
        number = np.cumsum(counts["n_sum"].to_numpy()) // self._limit
        parts = [self._folder / f"part-{part}.arrow" for part in range(len(np.unique(number)))]
        number = np.unique(number, return_inverse=True)[1]
        spool = self._folder / "points.arrow"
        with pa.memory_map(str(spool)) as source, ExitStack() as writers:
            stored = pa.ipc.open_file(source)
            files = [writers.enter_context(pa.ipc.new_file(str(part), stored.schema)) for part in parts]
            for batch in range(stored.num_record_batches):
                points = pa.Table.from_batches([stored.get_batch(batch)])
                of = number[pc.index_in(points[ID], counts["id"].combine_chunks()).to_numpy()]
                for part in np.unique(of):
                    files[part].write_table(points.filter(pa.array(of == part)))
        spool.unlink()
        return parts


def _sorted(table: pa.Table) -> pa.Table:
    order: NDArray[np.uint64] = pc.sort_indices(table[ID])
    return table.take(order).combine_chunks()
