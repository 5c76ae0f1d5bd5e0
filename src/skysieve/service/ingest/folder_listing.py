"""What lies in a watched folder: files and links with their stamps, nothing hidden, nothing beyond it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skysieve.errors import InputError, ServiceError
from skysieve.service.ingest.items import file_stamp
from skysieve.sources.item_names import printable

__all__ = ["HALF_WRITTEN", "FoundFile", "is_passed_over", "list_folder", "look_at"]

#: Endings by which programs name files that they are still writing.
HALF_WRITTEN = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", "~")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was found.

    Parameters
    ----------
    name : str
        Its path below the folder, with slashes.
    path : Path
        Where it lies; of a link, where that leads.
    stamp : str
        Its size and time.
    changed_at : float
        When it, its name or its rights were last changed: seconds since 1970 by the clock of its disk.
    refusal : InputError, optional
        Why it must not be read.
    """

    name: str
    path: Path
    stamp: str
    changed_at: float
    refusal: InputError | None = None


def list_folder(root: Path, unlisted: list[str] | None = None) -> Iterator[FoundFile]:
    """Yield the files in a folder and all folders below, a folder after the other, sorted by name.

    Hidden files and those of `HALF_WRITTEN` are passed over; so is what vanishes meanwhile.

    Parameters
    ----------
    root : Path
        The folder.
    unlisted : list, optional
        Is given a line for each folder below that cannot be listed.

    Raises
    ------
    ServiceError
        If the folder itself cannot be listed.
    """
    root = root.resolve()
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            if folder == root:
                raise _no_folder(root, error) from error
            if unlisted is not None and not isinstance(error, FileNotFoundError):
                unlisted.append(f"{folder}: {error.strerror or error}")
            continue
        shown = [entry for entry in listing if not is_passed_over(entry.name)]
        folders += [Path(entry.path) for entry in shown if entry.is_dir(follow_symlinks=False)]
        for entry in reversed(shown):
            found = look_at(root, Path(entry.path))
            if found is not None:
                yield found


def look_at(root: Path, path: Path) -> FoundFile | None:
    """Return the file of a path in a folder, None where there is none at present.

    Parameters
    ----------
    root : Path
        The folder, without links in its path.
    path : Path
        A path in it.
    """
    name = printable(path.relative_to(root).as_posix())
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return _look_at_link(root, path, name, status)
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    if stat.S_ISREG(status.st_mode):
        return _found(name, path, status)
    refusal = InputError(name, "not-a-file", "is a pipe, a socket or a device; it was left alone")
    return _found(name, path, status, refusal)


def is_passed_over(name: str) -> bool:
    """Say whether a file or folder of that name is hidden or half-written.

    Examples
    --------
    >>> is_passed_over(".1.avro.Xy7"), is_passed_over("1.avro.part"), is_passed_over("1.avro")
    (True, True, False)
    """
    return name.startswith(".") or name.lower().endswith(HALF_WRITTEN)


def _no_folder(root: Path, error: OSError) -> ServiceError:
    if isinstance(error, FileNotFoundError):
        return ServiceError(f"the folder {root} does not exist; make it, or mount its disk")
    return ServiceError(f"the folder {root} cannot be listed: {error.strerror or error}")


def _look_at_link(root: Path, path: Path, name: str, status: os.stat_result) -> FoundFile | None:
    # Path.resolve raises where links lead in circles.
    target = Path(os.path.realpath(path))
    if not target.exists():
        return None
    if not target.is_relative_to(root):
        reason = "is a link that leads out of the folder; move or copy the file instead"
        return _found(name, path, status, InputError(name, "foreign-link", reason))
    target_status = target.stat()
    if not stat.S_ISREG(target_status.st_mode):
        reason = "is a link to what is no file; what it leads to is found by itself"
        return _found(name, path, status, InputError(name, "foreign-link", reason))
    return _found(name, target, target_status)


def _found(name: str, path: Path, status: os.stat_result, refusal: InputError | None = None) -> FoundFile:
    return FoundFile(name, path, file_stamp(status), max(status.st_mtime, status.st_ctime), refusal)
