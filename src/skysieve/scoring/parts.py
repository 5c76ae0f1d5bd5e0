"""Parts: what a scoring run has finished, in files that survive a kill.

A run is cut into shards of the listed items, each shard into parts of a fixed number of
outcomes. A part is one Parquet file that appears when it is complete; it says where in its
shard it ends. A run that was killed goes on behind the last part, and since parts end at the
same places however often that happens, the outcome is the same, byte for byte.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError

__all__ = ["PART_ROWS", "Cursor", "PartStore"]

#: Outcomes in a part: what a kill can cost, and what is held in memory.
PART_ROWS = 2048

_CURSOR = b"skysieve.cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two outcomes of a shard.

    Parameters
    ----------
    item : int
        Number of the item that is being read.
    outcomes : int
        How many of its outcomes have been dealt with.
    done : bool
        Whether the shard is finished.
    """

    item: int = 0
    outcomes: int = 0
    done: bool = False


class PartStore:
    """The folder of parts beside the output of a run.

    Parameters
    ----------
    output : Path
        The final table; the parts lie in ``<output>.parts`` until it is complete.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".parts")
        self._manifest = self.folder / "manifest.json"

    def begin(self, manifest: Mapping[str, Any], *, restart: bool) -> bool:
        """Open the store for a run, and say whether it goes on with an earlier one.

        Parameters
        ----------
        manifest : mapping
            Everything that decides the outcome: model, inputs, engine, cutting.
        restart : bool
            Throw away what an earlier run has finished.

        Raises
        ------
        ConfigurationError
            If the parts belong to another run.
        """
        if restart:
            self.remove()
        text = json.dumps(manifest, indent=1, sort_keys=True)
        try:
            present = json.loads(self._manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.remove()
            self.folder.mkdir(parents=True)
            with replacing(self._manifest) as partial:
                partial.write_text(text, encoding="utf-8")
            return False
        if different := [key for key in manifest if json.loads(text)[key] != present.get(key)]:
            raise ConfigurationError(
                f"{self.folder}: holds the parts of another run (differs in: {', '.join(different)}); "
                "finish that one, or start anew with --restart"
            )
        return any(self.folder.glob("shard-*/part-*.parquet"))

    def cursor(self, shard: int) -> Cursor:
        """Return where a shard goes on."""
        parts = self._parts(shard)
        if not parts:
            return Cursor()
        text = pq.read_schema(parts[-1]).metadata[_CURSOR]
        return Cursor(**json.loads(text))

    def add(self, shard: int, table: pa.Table, cursor: Cursor) -> None:
        """Store a finished part and where it ends."""
        folder = self.folder / f"shard-{shard:02d}"
        folder.mkdir(exist_ok=True)
        path = folder / f"part-{len(self._parts(shard)):06d}.parquet"
        with replacing(path) as partial:
            pq.write_table(table.replace_schema_metadata({_CURSOR: json.dumps(asdict(cursor))}), partial)

    def tables(self) -> Iterator[pa.Table]:
        """Yield all parts of all shards in their order."""
        for path in sorted(self.folder.glob("shard-*/part-*.parquet")):
            yield pq.read_table(path).replace_schema_metadata(None)

    def remove(self) -> None:
        """Delete the parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _parts(self, shard: int) -> list[Path]:
        return sorted((self.folder / f"shard-{shard:02d}").glob("part-*.parquet"))
