"""Inputs: from what a person names (files, folders, globs, archives) to single items of bytes.

`list_items` says what there is without reading it, so that a run can be split,
counted and resumed; `iter_blobs` reads it. Nothing is dropped silently: what
cannot be used is a `Finding`. Archives are streamed, nothing is written to disk.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.item_names import printable
from skysieve.sources.tar import TAR_SUFFIXES, iter_members

__all__ = ["ARCHIVE_SUFFIXES", "Blob", "ItemRef", "iter_blobs", "list_items"]

#: Endings of files that are opened as archives of further items.
ARCHIVE_SUFFIXES = TAR_SUFFIXES


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of one item.

    Parameters
    ----------
    name : str
        ``folder/1.avro`` as it was given, or ``night.tar.gz::1.avro`` of an archive's member.
    data : bytes
        All of it.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ItemRef:
    r"""A file that has been found and not yet been read.

    Parameters
    ----------
    name : str
        As it was given: the same in each run that is given the same inputs.
        What of it is no Unicode is spelled out, as in ``\\udcff.avro``.
    path : Path
        Where it lies.
    """

    name: str
    path: Path

    @property
    def is_archive(self) -> bool:
        """Whether it holds further items."""
        return self.name.lower().endswith(ARCHIVE_SUFFIXES)

    def read(self) -> bytes:
        """Return the bytes of the file.

        Raises
        ------
        InputError
            Kind ``unreadable-file``.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def blobs(self, suffixes: tuple[str, ...] | None = None) -> Iterator[Blob | Finding]:
        """Yield the file itself, or the members of an archive as they are stored.

        Parameters
        ----------
        suffixes : tuple of str, optional
            Endings of the members that are wanted; others are findings. All by default.
        """
        try:
            if not self.is_archive:
                yield Blob(self.name, self.read())
                return
            for name, data in iter_members(self.path, self.name):
                if isinstance(data, InputError):
                    yield Finding.from_error(data)
                elif suffixes is None or name.lower().endswith(suffixes):
                    yield Blob(name, data)
                else:
                    yield _foreign(name, suffixes)
        except InputError as error:
            yield Finding.from_error(error)


def iter_blobs(
    inputs: Iterable[str | Path], suffixes: tuple[str, ...] | None = None
) -> Iterator[Blob | Finding]:
    """Read everything that the inputs name.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, folders (with all below), globs and tar archives.
    suffixes : tuple of str, optional
        Endings of what is wanted in folders and archives, case ignored; other
        files there are findings. A file that is named itself is always read.

    Yields
    ------
    Blob or Finding
        In the order of the inputs, folders sorted by name, archives as stored.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "1.avro").write_bytes(b"Obj")
    >>> _ = (folder / "notes.txt").write_text("seeing 1.4")
    >>> [type(each).__name__ for each in iter_blobs([folder], suffixes=(".avro",))]
    ['Blob', 'Finding']
    """
    wanted = None if suffixes is None else suffixes + ARCHIVE_SUFFIXES
    for item in list_items(inputs, suffixes=wanted):
        if isinstance(item, Finding):
            yield item
        else:
            yield from item.blobs(suffixes)


def list_items(
    inputs: Iterable[str | Path], suffixes: tuple[str, ...] | None = None
) -> list[ItemRef | Finding]:
    """List the files that the inputs name, each once, without reading them.

    Parameters
    ----------
    inputs : iterable of str or Path
        As of `iter_blobs`. A lone string is taken for one input.
    suffixes : tuple of str, optional
        Endings of what is wanted in folders, archives included.

    Returns
    -------
    list of ItemRef or Finding
        Findings: ``missing-path``, ``no-match``, ``empty-folder``, ``foreign-file``,
        ``not-a-file`` (a pipe, a device, a link to nothing), ``unreadable-file``.
        Hidden files are ignored.
    """
    seen: set[str] = set()
    items: list[ItemRef | Finding] = []
    for given in [inputs] if isinstance(inputs, str | Path) else inputs:
        for item in _expand(os.fspath(given), suffixes):
            if isinstance(item, ItemRef):
                place = os.path.abspath(item.path)  # noqa: PTH100 - Path.resolve would follow links
                if place in seen:
                    continue
                seen.add(place)
            items.append(item)
    return items


def _expand(given: str, suffixes: tuple[str, ...] | None) -> Iterator[ItemRef | Finding]:
    path = Path(given)
    kind = _kind(path)
    if kind == "folder":
        yield from _expand_folder(path, suffixes)
    elif kind == "file" or os.path.lexists(path):
        yield _file(path, kind)
    elif any(mark in given for mark in "*?["):
        matches = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - absolute patterns too
        if not matches:
            reason = "no file matches the pattern; check it, and quote it in the shell"
            yield Finding(printable(given), "no-match", reason)
        for match in matches:
            yield from _expand(match, suffixes)
    else:
        yield Finding(printable(given), "missing-path", "does not exist; check the path")


def _expand_folder(folder: Path, suffixes: tuple[str, ...] | None) -> Iterator[ItemRef | Finding]:
    empty = True
    for item in _walk(folder, suffixes, frozenset()):
        empty = False
        yield item
    if empty:
        yield Finding(printable(folder.as_posix()), "empty-folder", "the folder holds no file")


def _walk(
    folder: Path, suffixes: tuple[str, ...] | None, above: frozenset[str]
) -> Iterator[ItemRef | Finding]:
    """Walk a folder by name, following links but not in circles."""
    place = os.path.realpath(folder)
    if place in above:
        return
    try:
        with os.scandir(folder) as entries:
            listing = sorted((entry.name, _kind(entry)) for entry in entries)
    except OSError as error:
        yield Finding.from_error(_unreadable(printable(folder.as_posix()), error))
        return
    for name, kind in listing:
        path = folder / name
        if name.startswith("."):
            continue
        if kind == "folder":
            yield from _walk(path, suffixes, above | {place})
        elif suffixes is None or name.lower().endswith(suffixes):
            yield _file(path, kind)
        else:
            yield _foreign(printable(path.as_posix()), suffixes)


def _kind(place: Path | os.DirEntry[str]) -> Literal["folder", "file", "other"]:
    try:
        if place.is_dir():
            return "folder"
        return "file" if place.is_file() else "other"
    except OSError:  # a link that leads to itself, a name beyond measure
        return "other"


def _file(path: Path, kind: str) -> ItemRef | Finding:
    name = printable(path.as_posix())
    if kind == "file":
        return ItemRef(name, path)
    reason = "is no regular file (a pipe, a device, a link to nothing); it was left alone"
    return Finding(name, "not-a-file", reason)


def _foreign(name: str, suffixes: tuple[str, ...]) -> Finding:
    reason = f"is none of the wanted files ({', '.join(suffixes)}); it was left alone"
    return Finding(name, "foreign-file", reason)


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(name, "unreadable-file", f"cannot be read: {error.strerror or error}")
