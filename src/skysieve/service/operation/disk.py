"""How much space is left where a service writes, and whether that is enough to take more in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from skysieve.service.service import Service

__all__ = ["DiskState", "disk_state"]

_MEGABYTE = 1_000_000
#: Twice what ingest needs to go on: time to act before it stops.
_WARN_FACTOR = 2


@dataclass(frozen=True, slots=True)
class DiskState:
    """Space on the disk of a service.

    Parameters
    ----------
    free_mb, total_mb : int
        Megabytes (of a million bytes) that are free for the user of the service, and of the whole disk.
    stop_free_mb : int
        Ingest stops where less is free.

    Examples
    --------
    >>> DiskState(free_mb=700, total_mb=10_000, stop_free_mb=512).state
    'low'
    """

    free_mb: int
    total_mb: int
    stop_free_mb: int

    @property
    def state(self) -> Literal["ok", "low", "full"]:
        """``full`` where ingest has stopped, ``low`` where it soon will."""
        if self.free_mb < self.stop_free_mb:
            return "full"
        return "low" if self.free_mb < _WARN_FACTOR * self.stop_free_mb else "ok"

    @property
    def message(self) -> str:
        """The state in a sentence, with what to do."""
        left = f"{_size(self.free_mb)} of {_size(self.total_mb)} are free"
        if self.state == "ok":
            return left
        stops = f"ingest stops below {_size(self.stop_free_mb)}"
        if self.state == "full":
            stops = f"ingest has stopped, as it does below {_size(self.stop_free_mb)}, and goes on by itself"
        return f"{left}; {stops}: make room, or run `skysieve prune --keep-days N`"


def disk_state(service: Service) -> DiskState:
    """Look at the disk that holds the files of a service, on SQLite its database, too.

    Parameters
    ----------
    service : Service
        The service.
    """
    usage = shutil.disk_usage(service.files.folder)
    return DiskState(usage.free // _MEGABYTE, usage.total // _MEGABYTE, service.settings.ingest.stop_free_mb)


def _size(megabytes: int) -> str:
    """Write a size as people read it: GB from ten of them on."""
    return f"{megabytes / 1000:,.0f} GB" if megabytes >= 10_000 else f"{megabytes:,} MB"
