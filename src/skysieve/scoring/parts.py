"""Parts: what a scoring run has finished, in files that survive a kill.

A run is cut into shards of the listed items, each shard into parts of a fixed number of
outcomes. A part is one Parquet file that appears when it is complete; it says where in its
shard it ends. A run that was killed goes on behind the last part, and since parts end at the
same places however often that happens, the outcome is the same, byte for byte.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, ScoringError
from skysieve.scoring.same_run import require_same_run

__all__ = ["PART_ROWS", "Cursor", "PartStore"]

#: Outcomes in a part: what a kill can cost, and what is held in memory.
PART_ROWS = 2048

_SPAN = b"skysieve.span"


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

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the store for one run; the system gives it free when the process ends, however.

        Raises
        ------
        ConfigurationError
            If another run holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ConfigurationError(
                f"{self.folder}: another run is writing to this output; wait for it, or choose another output"
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def claim_shard(self, shard: int) -> Iterator[None]:
        """Hold one shard, waiting for a worker that its own killed run has left behind."""
        folder = self._shard_folder(shard)
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "shard.lock"):
            yield

    def begin(self, manifest: Mapping[str, Any], *, restart: bool) -> bool:
        """Open the claimed store for a run, and say whether it goes on with an earlier one.

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
            self._empty()
        text = json.dumps(manifest, indent=1, sort_keys=True)
        try:
            present = json.loads(self._manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._empty()
            with replacing(self._manifest) as partial:
                partial.write_text(text, encoding="utf-8")
            return False
        require_same_run(
            self.folder,
            present,
            json.loads(text),
            holds="parts",
            advice="finish that one, or start anew with --restart",
        )
        return any(self.folder.glob("shard-*/part-*.parquet"))

    def cursor(self, shard: int) -> Cursor:
        """Return where a shard goes on."""
        parts = self._parts(shard)
        return _span(parts[-1])[1] if parts else Cursor()

    def add(self, shard: int, table: pa.Table, cursor: Cursor) -> None:
        """Store a finished part, from where the shard stood to ``cursor``; the shard must be claimed."""
        folder = self._shard_folder(shard)
        folder.mkdir(exist_ok=True)
        span = json.dumps([asdict(self.cursor(shard)), asdict(cursor)])
        path = folder / f"part-{len(self._parts(shard)):06d}.parquet"
        with replacing(path) as partial:
            pq.write_table(table.replace_schema_metadata({_SPAN: span}), partial)

    def tables(self) -> Iterator[pa.Table]:
        """Yield all parts of all shards in their order.

        Raises
        ------
        ScoringError
            If a part does not begin where the one before it ends, or a shard is not finished.
        """
        for folder in sorted(self.folder.glob("shard-*")):
            reached = Cursor()
            for path in sorted(folder.glob("part-*.parquet")):
                start, end = _span(path)
                if start != reached:
                    raise ScoringError(
                        f"{path}: begins at {start}, the part before it ends at {reached}; "
                        "start anew with --restart"
                    )
                reached = end
                yield pq.read_table(path).replace_schema_metadata(None)
            if not reached.done:
                raise ScoringError(f"{folder}: is not finished, it ends at {reached}; run the command again")

    def remove(self) -> None:
        """Delete the parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _empty(self) -> None:
        """Delete everything but the lock that this run holds."""
        self._manifest.unlink(missing_ok=True)
        for folder in self.folder.glob("shard-*"):
            # A worker that outlives its killed run lets go of the shard after the part it is at.
            with FileLock(folder / "shard.lock"):
                shutil.rmtree(folder)

    def _shard_folder(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:03d}"

    def _parts(self, shard: int) -> list[Path]:
        return sorted(self._shard_folder(shard).glob("part-*.parquet"))


def _span(path: Path) -> tuple[Cursor, Cursor]:
    """Return where a part begins and ends."""
    start, end = json.loads(pq.read_schema(path).metadata[_SPAN])
    return Cursor(**start), Cursor(**end)
