"""Remove the files that no row of the database names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from skysieve.service.operation.named_files import PREFIXES, named_files
from skysieve.service.service import Service

__all__ = ["GRACE", "RemovedFiles", "remove_unnamed_files"]

#: A file is written before the row that names it: younger files may still get theirs.
GRACE = timedelta(hours=1)


@dataclass(slots=True)
class RemovedFiles:
    """How many files went, and their bytes."""

    count: int = 0
    bytes: int = 0


def remove_unnamed_files(service: Service, *, now: datetime, dry_run: bool = False) -> RemovedFiles:
    """Remove what no row names, and what a kill left half-written.

    Parameters
    ----------
    service : Service
        The service; it may run.
    now : datetime
        The present time; files that changed within the hour before it stay.
    dry_run : bool
        Only count.
    """
    removed = RemovedFiles()
    latest = (now - GRACE).timestamp()
    for prefix in PREFIXES:
        # Listed before the rows are read: a file that comes in between is not in the list.
        files = list(_files(service.files.folder / prefix, latest))
        if not files:
            continue
        with service.database.reading() as session:
            named = named_files(session, prefix)
        for file in files:
            if file.name not in named:
                size = file.stat().st_size
                if dry_run or _remove(file, latest):
                    removed.count += 1
                    removed.bytes += size
    return removed


def _files(folder: Path, latest: float) -> Iterator[Path]:
    if folder.is_dir():
        yield from (file for file in folder.iterdir() if file.stat().st_mtime < latest)


def _remove(file: Path, latest: float) -> bool:
    """Remove a file, unless it was asked for again in this very moment.

    What stores bytes that are there already sets the time of their file. Under another name nobody can
    set it any more: what the time says then is final.
    """
    aside = file.with_name(f".removed-{file.name.removeprefix('.removed-')}")
    file.rename(aside)
    if aside.stat().st_mtime >= latest:
        aside.rename(file)
        return False
    aside.unlink()
    return True
