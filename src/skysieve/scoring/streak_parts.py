"""Parts of a streak run: scores on disk, each with the id and the stamp of the streak it belongs to.

A part says by itself what it holds, so that parts may be finished in any order, by any process, and the
night may have grown when a killed run is called again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from skysieve.atomic_file import replacing
from skysieve.errors import InputError

if TYPE_CHECKING:
    from skysieve.sources.streaks.night import StreakItem

__all__ = ["PART_STREAKS", "Key", "KnownScores", "key_of", "part_schema", "stamp_of", "write_part"]

#: Streaks in a part: what a kill can cost each process, and what it holds in memory.
PART_STREAKS = 256

#: Id of a streak and first half of its stamp: what tells it from all others, and from itself with another
#: picture. A score depends on the picture alone: a new row or report asks for no new one.
Key: TypeAlias = tuple[str, str]

# `PartStore` looks for the parts of a run in folders of this kind.
_SHARD = "shard-000"


def key_of(item: StreakItem) -> Key:
    """Return the key of a streak, as far as it can be told without reading: by name, size and time."""
    return item.id, hashlib.sha256(item.image.stamp.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def stamp_of(item: StreakItem, checksum: int) -> str:
    """Return the stamp of a streak whose picture has been read: how it looks from outside, and its CRC."""
    return f"{key_of(item)[1]}-{checksum:08x}"


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
        self._by_content: dict[Key, Key] = {}
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
        for row, (name, stamp) in enumerate(keys, start=start):
            outside, _, checksum = stamp.partition("-")
            self._rows.setdefault((name, outside), row)
            self._by_content.setdefault((name, checksum), (name, outside))
        self._tables.append(table)

    def recognise(self, items: Iterable[StreakItem]) -> None:
        """Take over the scores of pictures that were copied, touched or packed, and are the same inside.

        Only pictures of known streaks that look another from outside are read.
        """
        names = {name for name, _ in self._rows}
        same: dict[str, Key] = {}
        for item in items:
            if item.id in names and key_of(item) not in self:
                # What cannot be read is named when it is to be scored.
                with suppress(InputError):
                    checksum = item.image.content_checksum()
                    if known := self._by_content.get((item.id, f"{checksum:08x}")):
                        same[stamp_of(item, checksum)] = known
        rows = self.take(same.values())
        place = rows.schema.get_field_index("stamp")
        self.add(rows.set_column(place, "stamp", pa.array(list(same), pa.string())))

    def add_parts(self, folder: Path) -> None:
        """Add the parts of a run."""
        for path in sorted(folder.glob(f"{_SHARD}/part-*.parquet")):
            self.add(pq.read_table(path))

    def take(self, keys: Iterable[Key]) -> pa.Table:
        """Return the rows of some streaks in the order in which they are asked for."""
        rows = pa.array([self._rows[key] for key in keys], pa.int64())
        return pa.concat_tables(self._tables).take(rows).combine_chunks()
