"""Files that are complete or absent, whatever interrupts the writer."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of ``path`` on success.

    The temporary file lies in the same folder and ends in the same suffix; it
    is flushed to disk before it is renamed, and removed if the block raises.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "history.json") as temporary:
    ...     _ = temporary.write_text("[]")
    >>> [file.name for file in folder.iterdir()]
    ['history.json']
    """
    path = Path(path)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    # mkstemp gives 0600, which would hide a model from the colleagues it is written for.
    mask = os.umask(0)
    os.umask(mask)
    return mask
