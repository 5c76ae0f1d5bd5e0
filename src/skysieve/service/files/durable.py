"""Files and names that outlive a power cut."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["sync", "write_durably"]


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it; its name in the folder needs `sync` of the folder."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
