"""The files of a night in the depot, recognised by their names and gathered by the id in the name."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.inputs import ARCHIVE_SUFFIXES, ItemRef, list_items
from skysieve.sources.streaks.ades import MAX_ADES_BYTES, parse_ades
from skysieve.sources.streaks.streak_table import Row, add_derived, parse_streak_table
from skysieve.sources.tar import iter_members

__all__ = ["NIGHT_SUFFIXES", "NightFile", "NightFiles", "StreakKey", "gather_files", "parse_cutout_name"]

#: Endings of files that a night may hold, archives aside.
NIGHT_SUFFIXES = (".jpg", ".jpeg", ".png", ".txt", ".xml", ".psv")

#: ``(streakid, pid)``.
StreakKey = tuple[int, int]

_CUTOUT = re.compile(r"strkid(\d{1,19})_pid(\d{1,19})_scimref\.(?:jpe?g|png)", re.IGNORECASE)
_REPORT = re.compile(r"strkid(\d{1,19})_pid(\d{1,19})_ades\.(?:xml|psv)", re.IGNORECASE)
_TABLE = re.compile(r".*streaks.*\.txt", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NightFile:
    """A file, or a member of an archive, that can be read when it is needed.

    Parameters
    ----------
    name : str
        ``stamps/a.jpg`` as it was given, or ``night.tar.gz::a.jpg``.
    path : Path
        The file or the archive.
    stamp : str
        Name, size and time of the file, or name, size and checksum of the member: another stamp
        means another content.
    in_archive : bool
        Whether it is a member.
    checksum : int, optional
        CRC-32 of its bytes where they have been read already: of a member.
    """

    name: str
    path: Path
    stamp: str
    in_archive: bool = False
    checksum: int | None = None

    def content_checksum(self) -> int:
        """Return the CRC-32 of its bytes; a file is read, of a member it is known.

        Raises
        ------
        InputError
            As of `read`.
        """
        return zlib.crc32(self.read()) if self.checksum is None else self.checksum

    def read(self, limit: int = -1) -> bytes:
        """Return its bytes; an archive is unpacked once for all members that are read in a row.

        Parameters
        ----------
        limit : int
            Most bytes to read of a file; all by default.

        Raises
        ------
        InputError
            ``unreadable-file``, also where an archive lacks the member by now.
        """
        try:
            if not self.in_archive:
                with self.path.open("rb") as stream:
                    return stream.read(limit)
            status = self.path.stat()
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            raise InputError(self.name, "unreadable-file", reason) from error
        archive = self.name.split("::", 1)[0]
        data = _members(self.path, archive, status.st_size, status.st_mtime_ns).get(self.name)
        if data is None:
            raise InputError(self.name, "unreadable-file", "the archive has changed and lacks it now")
        return data


@lru_cache(maxsize=1)
def _members(path: Path, name: str, size: int, mtime_ns: int) -> dict[str, bytes]:  # noqa: ARG001 - dates it
    found: dict[str, bytes] = {}
    # Where the archive breaks off was a finding when it was listed; the members before are good.
    with suppress(InputError):
        members = iter_members(path, name)
        found.update(
            (key, data) for key, data in members if isinstance(data, bytes) and parse_cutout_name(key)
        )
    return found


@dataclass(slots=True)
class NightFiles:
    """What a night holds, by the id in the name of each file or in each row.

    Parameters
    ----------
    images : dict
        Pictures of each streak; more than one where it lies there twice.
    rows : dict
        Stamp and row of the tables, with derived columns.
    reports : dict
        Stamp and columns of the report in ADES; None where it cannot be used.
    has_tables, has_reports : bool
        Whether there is any table, any report.
    findings : list of Finding
        What is foreign, damaged, double or still being written.
    """

    images: dict[StreakKey, list[NightFile]] = field(default_factory=dict)
    rows: dict[StreakKey, tuple[str, Row]] = field(default_factory=dict)
    reports: dict[StreakKey, tuple[str, dict[str, Any]] | None] = field(default_factory=dict)
    has_tables: bool = False
    has_reports: bool = False
    findings: list[Finding] = field(default_factory=list)

    def add(self, file: NightFile, data: bytes | None, longitude_deg: float | str) -> None:
        """Sort in a file by its name; ``data`` spares reading it again."""
        base = _base(file.name)
        if match := _CUTOUT.fullmatch(base):
            self.images.setdefault(_key(match), []).append(file)
        elif match := _REPORT.fullmatch(base):
            self._add_report(_key(match), file, data)
        elif _TABLE.fullmatch(base):
            self._add_table(file, data, longitude_deg)
        else:
            reason = (
                "its name is neither that of a cutout (strkid..._pid..._scimref.jpg), of a report "
                "(..._ades.xml) nor of a table (ztf_..._streaks.txt); it was left alone"
            )
            self.findings.append(Finding(file.name, "foreign-file", reason))

    def _add_table(self, file: NightFile, data: bytes | None, longitude_deg: float | str) -> None:
        self.has_tables = True
        try:
            table = parse_streak_table(file.read() if data is None else data, item=file.name)
        except InputError as error:
            self.findings.append(Finding.from_error(error))
            return
        self.findings += table.findings
        add_derived(table.rows, longitude_deg=longitude_deg)
        for row, checksum in zip(table.rows, table.checksums, strict=True):
            key, stamp = (row["streakid"], row["pid"]), f"row:{checksum:08x}"
            known = self.rows.get(key)
            if known is not None:
                self._double(f"{file.name}::{row['_id']}", "metadata", same=known[1] == row)
            self.rows[key] = (stamp, row)

    def _add_report(self, key: StreakKey, file: NightFile, data: bytes | None) -> None:
        self.has_reports = True
        try:
            data = file.read(MAX_ADES_BYTES + 1) if data is None else data
            report = (file.stamp, parse_ades(data, item=file.name))
        except InputError as error:
            self.findings.append(Finding.from_error(error))
            self.reports.setdefault(key, None)
            return
        earlier = self.reports.get(key)
        if earlier is not None:
            self._double(file.name, "report", same=earlier[1] == report[1])
        self.reports[key] = report

    def _double(self, item: str, what: str, *, same: bool) -> None:
        if same:
            self.findings.append(Finding(item, "duplicate", f"this {what} came before, the same", "note"))
        else:
            reason = f"this streak had another {what} before; the later counts"
            self.findings.append(Finding(item, f"conflicting-{what}", reason, "warning"))


def gather_files(inputs: Iterable[str | Path], *, longitude_deg: float | str = "Palomar") -> NightFiles:
    """Find all files of a night and read its tables and reports, but no picture of a folder.

    Parameters
    ----------
    inputs : iterable of str or Path
        Folders, files, globs, tar archives.
    longitude_deg : float or str
        Of the observatory, for the column ``observing_night``.

    Returns
    -------
    NightFiles
        In the order of the inputs.
    """
    files = NightFiles()
    for item in list_items(inputs, suffixes=NIGHT_SUFFIXES + ARCHIVE_SUFFIXES):
        if isinstance(item, Finding):
            files.findings.append(item)
        elif item.is_archive:
            for found in _archived(item):
                if isinstance(found, Finding):
                    files.findings.append(found)
                else:
                    files.add(*found, longitude_deg)
        else:
            try:
                status = item.path.stat()
            except OSError as error:  # it went between listing and looking
                reason = f"cannot be read: {error.strerror or error}"
                files.findings.append(Finding(item.name, "unreadable-file", reason))
                continue
            stamp = f"{item.path.name}:{status.st_size}:{status.st_mtime_ns}"
            files.add(NightFile(item.name, item.path, stamp), None, longitude_deg)
    return files


def _archived(item: ItemRef) -> Iterator[tuple[NightFile, bytes] | Finding]:
    try:
        for name, data in iter_members(item.path, item.name):
            if isinstance(data, InputError):
                yield Finding.from_error(data)
            else:
                checksum = zlib.crc32(data)
                stamp = f"{_base(name)}:{len(data)}:{checksum:08x}"
                yield NightFile(name, item.path, stamp, in_archive=True, checksum=checksum), data
    except InputError as error:
        yield Finding.from_error(error)


def parse_cutout_name(name: str) -> StreakKey | None:
    """Return the ids in the name of a cutout's file, None where it is named otherwise.

    Examples
    --------
    >>> parse_cutout_name("stamps/strkid4951508718150039_pid495150871815_scimref.jpg")
    (4951508718150039, 495150871815)
    >>> parse_cutout_name("strkid12_scimref.jpg") is None
    True
    """
    match = _CUTOUT.fullmatch(_base(name))
    return None if match is None else _key(match)


def _base(name: str) -> str:
    return PurePosixPath(name.rsplit("::", 1)[-1]).name


def _key(match: re.Match[str]) -> StreakKey:
    return int(match[1]), int(match[2])
