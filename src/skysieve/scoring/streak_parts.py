"""Parts of a streak run: scores on disk, each with the id and the stamp of the streak it belongs to.

A part says by itself what it holds, so that parts may be finished in any order, by any process, and the
night may have grown when a killed run is called again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from skysieve.atomic_file import replacing

if TYPE_CHECKING:
    from skysieve.sources.streaks.night import StreakItem

__all__ = ["PART_STREAKS", "Key", "KnownScores", "key_of", "part_schema", "write_part"]

#: Streaks in a part: what a kill can cost each process, and what it holds in memory.
PART_STREAKS = 256

#: Id and stamp of a streak: what tells it from all others, and from itself before it was changed.
Key: TypeAlias = tuple[str, str]

# `PartStore` looks for the parts of a run in folders of this kind.
_SHARD = "shard-000"


def key_of(item: StreakItem) -> Key:
    """Return the key of a streak; the stamp, which names all its files, is shortened to a digest."""
    return item.id, hashlib.sha256(item.stamp.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def part_schema(members: Sequence[str]) -> pa.Schema:
    """Return the columns of a part: whose scores, the scores, and notes on the file."""
    return pa.schema(
        [
            ("id", pa.string()),
            ("stamp", pa.string()),
            ("notes", pa.string()),
            *((name, pa.float32()) for name in members),
        ]
    )


def write_part(folder: Path, part: pa.Table) -> None:
    """Store a finished part under a name that its streaks decide."""
    place = folder / _SHARD
    place.mkdir(exist_ok=True)
    keys = zip(part["id"].to_pylist(), part["stamp"].to_pylist(), strict=True)
    digest = hashlib.sha256("\n".join(map(" ".join, keys)).encode()).hexdigest()[:16]
    with replacing(place / f"part-{digest}.parquet") as partial:
        pq.write_table(part, partial)


class KnownScores:
    """Scores that need not be computed again.

    Parameters
    ----------
    members : sequence of str
        Names of the columns of scores.
    tables : iterable of pyarrow.Table
        Tables that have them, an earlier result for instance.
    """

    def __init__(self, members: Sequence[str], tables: Iterable[pa.Table] = ()) -> None:
        self._schema = part_schema(members)
        self._tables = [self._schema.empty_table()]
        self._rows: dict[Key, int] = {}
        for table in tables:
            self.add(table)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def add(self, table: pa.Table) -> None:
        """Add the scores of a table; where a streak is known already, its row of before stays."""
        table = table.select(self._schema.names).cast(self._schema)
        start = sum(each.num_rows for each in self._tables)
        keys = zip(table["id"].to_pylist(), table["stamp"].to_pylist(), strict=True)
        for row, key in enumerate(keys, start=start):
            self._rows.setdefault(key, row)
        self._tables.append(table)

    def add_parts(self, folder: Path) -> None:
        """Add the parts of a run."""
        for path in sorted(folder.glob(f"{_SHARD}/part-*.parquet")):
            self.add(pq.read_table(path))

    def take(self, keys: Iterable[Key]) -> pa.Table:
        """Return the rows of some streaks in the order in which they are asked for."""
        rows = pa.array([self._rows[key] for key in keys], pa.int64())
        return pa.concat_tables(self._tables).take(rows).combine_chunks()
