"""The folder beside an output in which what took long is kept until the output is complete."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError

__all__ = ["part_folder"]

_MANIFEST, _LOCK = "manifest.json", "run.lock"


@contextlib.contextmanager
def part_folder(output: str | Path, identity: Mapping[str, Any]) -> Iterator[Path]:
    """Hold ``<output>.parts`` for one run; it is removed when the block succeeds, and stays if it does not.

    Parameters
    ----------
    output : path
        What is being made.
    identity : mapping
        Everything that decides what stands in the parts, JSON-ready.

    Raises
    ------
    ConfigurationError
        If another run holds the folder, or has left parts in it that are of another identity.

    Examples
    --------
    >>> import tempfile
    >>> output = Path(tempfile.mkdtemp()) / "made.parquet"
    >>> with part_folder(output, {"seed": 1}) as parts:
    ...     parts.name
    'made.parquet.parts'
    >>> parts.exists()
    False
    """
    output = Path(output)
    folder = output.with_name(output.name + ".parts")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(
            f"{folder}: another run is writing to this output; wait for it, or choose another output"
        ) from None
    try:
        _claim(folder, json.dumps(identity, indent=1, sort_keys=True))
        yield folder
        # While it is held: behind that, parts may be those of the next run.
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()
    # Left where a file that is open, the lock, cannot be removed.
    with contextlib.suppress(OSError):
        folder.rmdir()


def _claim(folder: Path, identity: str) -> None:
    """Write down whose parts these are, or check that they are of the same run."""
    manifest = folder / _MANIFEST
    present, given = _read(manifest), json.loads(identity)
    if present == given:
        return
    if any(path.name not in (_MANIFEST, _LOCK) for path in folder.iterdir()):
        differing = sorted(
            name for name in present.keys() | given.keys() if present.get(name) != given.get(name)
        )
        raise ConfigurationError(
            f"{folder}: holds parts of another run, which differs in {', '.join(differing)}; finish that "
            "one, remove the folder, or choose another output"
        )
    with replacing(manifest) as partial:
        partial.write_text(identity, encoding="utf-8")


def _read(manifest: Path) -> dict[str, Any]:
    """Return what a run wrote down; nothing if it is not there, or not whole."""
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
