"""Nightly tables of streaks, ``ztf_*_streaks.txt``: what the pipeline measured of each.

The format is what PostgreSQL's ``psql`` prints: names between bars, a rule, one line a streak,
and at the end the number of rows. A table without that last line is still being written.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.streaks.great_circle import great_circle_arc
from skysieve.sources.streaks.observing_night import observing_night, to_mjd

__all__ = [
    "DERIVED_COLUMNS",
    "STREAK_COLUMNS",
    "Row",
    "StreakTable",
    "add_derived",
    "parse_streak_table",
    "streak_name",
]

Row = dict[str, Any]

_WORDS = "pdiffimfilename programpi"
_INTEGERS = "fid pid programid streakid strid numfit"
_IN_ORDER = (
    "jd fid pid diffmaglim pdiffimfilename programpi programid streakid strid ra1 dec1 ra2 dec2 "
    "startmjd endmjd flux bg length sigma lengtherr sigmaerr paerr bgerr fitmagerr apsnr apmagerr "
    "dmag dmagerr chi2 numfit prob ra1err dec1err corr1 ra2err dec2err corr2"
)
#: The columns of the depot's tables in their order, with their types.
STREAK_COLUMNS: dict[str, type] = {
    name: int if name in _INTEGERS.split() else str if name in _WORDS.split() else float
    for name in _IN_ORDER.split()
}
#: What `add_derived` adds, with units.
DERIVED_COLUMNS: dict[str, str] = {
    "midpoint_ra": "deg",
    "midpoint_dec": "deg",
    "midpoint_mjd": "d",
    "angular_length": "arcsec",
    "angular_rate": "deg/day",
    "angular_rate_arcsec_min": "arcsec/min",
    "position_angle": "deg",
    "observing_night": "",
}

_MISSING = frozenset({"", "nan", "null", "none", "n/a", r"\n"})
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_RULE = re.compile(r"[-+|=\s]+")
_FOOTER = re.compile(r"\(\s*(\d+)\s+rows?\s*\)")
_TYPE = re.compile("double|float|real|int|long|char|text|bigint|integer|smallint")
_INT64 = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class StreakTable:
    """What a table holds.

    Parameters
    ----------
    name : str
        The file.
    rows : tuple of dict
        Typed values by column; None where one is missing.
    checksums : tuple of int
        Of the words of each row, whatever the padding: another one means another content.
    findings : tuple of Finding
        Damaged lines (``damaged-row``), ``missing-columns``, ``extra-columns``, ``row-count``;
        ``unfinished-table`` is a note.
    finished : bool
        Whether the last line is there.
    """

    name: str
    rows: tuple[Row, ...]
    checksums: tuple[int, ...]
    findings: tuple[Finding, ...]
    finished: bool


def streak_name(streakid: int, pid: int) -> str:
    """Return the name by which all files of a streak are called.

    Examples
    --------
    >>> streak_name(4951508718150039, 495150871815)
    'strkid4951508718150039_pid495150871815'
    """
    return f"strkid{streakid}_pid{pid}"


def parse_streak_table(data: bytes, *, item: str) -> StreakTable:
    r"""Parse a nightly table.

    Parameters
    ----------
    data : bytes
        The file, with or without header, bars at the borders and padding.
    item : str
        Its name; damaged lines are called ``name:line``.

    Returns
    -------
    StreakTable
        Every row has ``_id`` besides its columns. A last line that is not ended yet is left
        for the next time.

    Raises
    ------
    InputError
        ``empty-file``; ``bad-table`` if the header names no ``streakid`` or no ``pid``.

    Examples
    --------
    >>> table = parse_streak_table(b" streakid | pid\n 12 | 1\n(1 row)\n", item="t")
    >>> table.rows[0]["_id"], table.finished
    ('strkid12_pid1', True)
    """
    if not data.strip():
        raise InputError(item, "empty-file", "the table holds nothing yet; it is read again the next time")
    lines = data.decode("utf-8", "replace").splitlines()
    announced = next((match for line in lines[::-1] if (match := _FOOTER.fullmatch(line.strip()))), None)
    ended = data.endswith((b"\n", b"\r"))
    finished = announced is not None or (ended and _is_plain_footer(lines))
    names, bordered = _header(lines, item)
    findings = _column_findings(names, item)
    body = list(_body(lines, ended=finished or ended))
    rows: list[Row] = []
    checksums: list[int] = []
    for number, line in body:
        try:
            cells = _cells(line, bordered)
            rows.append(_row(cells, names, f"{item}:{number}"))
            checksums.append(zlib.crc32("|".join(cells).encode()))
        except InputError as error:
            findings.append(Finding.from_error(error))
    if announced is not None and int(announced[1]) != len(body):
        reason = f"announces {announced[1]} rows and holds {len(body)}; what is there is used"
        findings.append(Finding(item, "row-count", reason, "warning"))
    if not finished:
        reason = f"has no last line: still being written? {len(rows)} rows are used, others the next time"
        findings.append(Finding(item, "unfinished-table", reason, "note"))
    return StreakTable(item, tuple(rows), tuple(checksums), tuple(findings), finished)


def add_derived(rows: Iterable[Row], *, longitude_deg: float | str = "Palomar") -> None:
    """Add the columns of `DERIVED_COLUMNS` in place, None where they cannot be known.

    The midpoint lies on the great circle between the ends; the rate is the length over the time
    between ``startmjd`` and ``endmjd``. The night is that of the midpoint; of ``startmjd``, or else of
    ``jd``, where there is none.

    Parameters
    ----------
    rows : iterable of dict
        Rows of a table.
    longitude_deg : float or str
        Longitude of the observatory or its name, for `observing_night`.
    """
    rows = list(rows)
    if not rows:
        return
    arc = great_circle_arc(*(_numbers(rows, name) for name in ("ra1", "dec1", "ra2", "dec2")))
    start, end = _numbers(rows, "startmjd"), _numbers(rows, "endmjd")
    duration = np.where(end > start, end - start, np.nan)
    rate = arc.length / duration
    middle = (start + end) / 2
    nights = np.asarray(observing_night(_time(middle, start, _numbers(rows, "jd")), longitude_deg)).tolist()
    values = (arc.ra, arc.dec, middle, arc.length * 3600, rate, rate * 3600 / 1440, arc.position_angle)
    columns = [[None if value != value else value for value in column.tolist()] for column in values]
    columns.append([night or None for night in nights])
    for name, column in zip(DERIVED_COLUMNS, columns, strict=True):
        for row, value in zip(rows, column, strict=True):
            row[name] = value


def _numbers(rows: list[Row], name: str) -> NDArray[np.float64]:
    return np.asarray([row.get(name) for row in rows], dtype=np.float64)


def _time(*times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each row, the first of the times that is known, as MJD."""
    found = to_mjd(times[0])
    for other in times[1:]:
        found = np.where(np.isfinite(found), found, to_mjd(other))
    return found


def _is_plain_footer(lines: list[str]) -> bool:
    """Whether the last line is words without bars, as other tools end a table."""
    last = next(line for line in reversed(lines) if line.strip())
    return "|" not in last and not _RULE.fullmatch(last)


def _header(lines: list[str], item: str) -> tuple[list[str], bool]:
    """Return the names of the columns and whether bars stand at the borders, too."""
    for line in lines:
        bordered = line.strip().startswith("|") and line.strip().endswith("|")
        names = _cells(line, bordered)
        if {"streakid", "pid"} <= set(names):
            return names, bordered
        if len(names) == len(STREAK_COLUMNS):
            return list(STREAK_COLUMNS), bordered
    raise InputError(
        item,
        "bad-table",
        "no line names the columns streakid and pid, or has all 37; is this a table of streaks?",
    )


def _column_findings(names: list[str], item: str) -> list[Finding]:
    missing = [name for name in STREAK_COLUMNS if name not in names]
    extra = [name for name in names if name not in STREAK_COLUMNS]
    findings = []
    if missing:
        reason = f"lacks the columns {', '.join(missing)}; its streaks go without"
        findings.append(Finding(item, "missing-columns", reason, "warning"))
    if extra:
        reason = f"has further columns, kept as they are: {', '.join(extra)}"
        findings.append(Finding(item, "extra-columns", reason, "note"))
    return findings


def _body(lines: list[str], *, ended: bool) -> Iterator[tuple[int, str]]:
    """Yield numbers and text of the lines that stand for streaks."""
    for number, line in enumerate(lines if ended else lines[:-1], start=1):
        if "|" in line and not _RULE.fullmatch(line) and not _is_header(line):
            yield number, line


def _is_header(line: str) -> bool:
    """Whether a line gives the names, or, as the second line of IPAC's tables, the types of the columns."""
    if "streakid" not in line and not _TYPE.search(line):
        return False
    cells = {cell.strip() for cell in line.split("|")} - {""}
    return "streakid" in cells or all(_TYPE.fullmatch(cell) for cell in cells)


def _cells(line: str, bordered: bool) -> list[str]:
    text = line.strip()
    if bordered:
        text = text.removeprefix("|").removesuffix("|")
        return [cell.strip() for cell in text.split("|")]
    return [cell.strip() for cell in line.split("|")]


def _row(cells: list[str], names: list[str], item: str) -> Row:
    if len(cells) != len(names):
        reason = f"has {len(cells)} values for {len(names)} columns; the line is left out"
        raise InputError(item, "damaged-row", reason)
    row: Row = {}
    for name, cell in zip(names, cells, strict=True):
        row[name] = _value(name, cell, item)
    if row["streakid"] is None or row["pid"] is None:
        raise InputError(item, "damaged-row", "lacks streakid or pid: it cannot be told whose it is")
    row["_id"] = streak_name(row["streakid"], row["pid"])
    return row


def _value(name: str, cell: str, item: str) -> float | int | str | None:
    if cell.lower() in _MISSING:
        return None
    kind = STREAK_COLUMNS.get(name, str)
    if kind is str:
        return cell
    try:
        if kind is float:
            number = float(cell)
            return None if number != number else number
        if _INTEGER.fullmatch(cell) and _INT64.min <= int(cell) <= _INT64.max:
            return int(cell)
    except ValueError:
        pass
    wanted = "a number" if kind is float else "a whole number of 64 bits"
    raise InputError(item, "damaged-row", f"{name} = {cell!r:.60} is not {wanted}; the line is left out")
