"""A night of streaks: pictures, rows of the tables and reports, joined by id and by nothing else.

DeepStreaks kept two lists, one of pixels and one of ids, and dropped unreadable pictures from the
first only: after one broken file every score of the batch went to the next streak. Here no list is
ever matched with another. A `StreakItem` carries the id that stands in the name of its picture and
the row that bears the same id; `read_streak` returns pixels together with that id, or a finding.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.findings import Finding
from skysieve.sources.streaks.cutout_file import CUTOUT_SIDE, decode_cutout
from skysieve.sources.streaks.night_files import NightFile, NightFiles, StreakKey, gather_files
from skysieve.sources.streaks.streak_table import streak_name

__all__ = ["PARTS", "StreakCutout", "StreakItem", "StreakNight", "list_streak_night", "read_streak"]

#: What a streak may be expected to have besides its picture.
PARTS = ("metadata", "ades")


@dataclass(frozen=True, slots=True)
class StreakItem:
    """A streak whose picture is there and has not been read.

    Parameters
    ----------
    id : str
        ``strkid<streakid>_pid<pid>``.
    source : str
        Name of the picture: a path, or ``archive::member``.
    image : NightFile
        Where the picture lies.
    row : dict
        ``_id``, ``streakid``, ``pid``; the columns of the nightly table and `DERIVED_COLUMNS`; those of
        the report, ``ades_...``; as far as there are any.
    stamp : str
        Changes whenever the picture, the row or the report of this streak does.
    lacks : str
        What it is expected to have and has not yet, of `PARTS`; empty where it is complete.
    """

    id: str
    source: str
    image: NightFile
    row: dict[str, Any]
    stamp: str
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class StreakNight:
    """What `list_streak_night` found.

    Parameters
    ----------
    items : tuple of StreakItem
        Complete streaks, each id once, in the order of the inputs.
    findings : tuple of Finding
        Everything else.
    waiting : tuple of StreakItem
        Streaks that lack something, each of which is a finding, too.
    """

    items: tuple[StreakItem, ...]
    findings: tuple[Finding, ...]
    waiting: tuple[StreakItem, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StreakCutout:
    """A streak as the networks see it.

    Parameters
    ----------
    id, row, source : str, dict, str
        As of the `StreakItem`.
    grey : ndarray of uint8, shape (144, 144)
        Grey levels.
    notes : tuple of str
        As of `decode_cutout`.
    checksum : int
        CRC-32 of the file.
    """

    id: str
    grey: NDArray[np.uint8]
    row: dict[str, Any] = field(repr=False)
    source: str = ""
    notes: tuple[str, ...] = ()
    checksum: int = 0


def list_streak_night(
    inputs: Iterable[str | Path],
    *,
    expect: Literal["auto"] | tuple[str, ...] = "auto",
    longitude_deg: float | str = "Palomar",
) -> StreakNight:
    """List the streaks of a night and join what belongs together, without reading pictures.

    Parameters
    ----------
    inputs : iterable of str or Path
        Folders as of the depot (``stamps_<date>``, ``meta/<date>``, reports anywhere below), files,
        globs, tar archives. A lone string is taken for one input.
    expect : "auto" or tuple of {"metadata", "ades"}
        What every streak must have before it is an item. By default what the night has at all:
        where there is a table, metadata; where there is a report, a report.
    longitude_deg : float or str
        Longitude of the observatory or its name, for the column ``observing_night``.

    Returns
    -------
    StreakNight
        A streak that lacks something is a warning (``image-without-metadata``,
        ``metadata-without-image``, ``ades-missing``, ``ades-without-image``), and one of ``waiting`` if
        it has a picture; it becomes an item when it is complete. Two different pictures of one id are
        kept aside (``conflicting-images``).

    Raises
    ------
    ConfigurationError
        If ``expect`` names something else.

    Examples
    --------
    >>> list_streak_night(["no-such-folder"]).findings[0].kind
    'missing-path'
    """
    wanted = PARTS if expect == "auto" else tuple(expect)
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise ConfigurationError(f"expect={expect!r}: {unknown[0]!r} is none of {', '.join(PARTS)} or 'auto'")
    files = gather_files(inputs, longitude_deg=longitude_deg)
    present = {"metadata": files.has_tables, "ades": files.has_reports}
    needed = {part for part in wanted if expect != "auto" or present[part]}
    findings = list(files.findings)
    joined = []
    for key, images in files.images.items():
        item, found = _join(key, images, files, needed)
        findings += found
        if item is not None:
            joined.append(item)
    findings += _orphans(files)
    items, waiting = ([item for item in joined if bool(item.lacks) is lacking] for lacking in (False, True))
    return StreakNight(tuple(items), tuple(findings), tuple(waiting))


def read_streak(item: StreakItem, *, side: int = CUTOUT_SIDE) -> StreakCutout | Finding:
    """Read and decode the picture of one streak.

    Parameters
    ----------
    item : StreakItem
        From `list_streak_night`.
    side : int
        Height and width that the picture must have, pixels.

    Returns
    -------
    StreakCutout or Finding
        The finding bears the name of the picture and a kind of `decode_cutout` or ``unreadable-file``.
    """
    try:
        data = item.image.read()
        decoded = decode_cutout(data, item=item.source, side=side)
    except InputError as error:
        return Finding.from_error(error)
    return StreakCutout(item.id, decoded.grey, item.row, item.source, decoded.notes, zlib.crc32(data))


def _join(
    key: StreakKey, images: list[NightFile], files: NightFiles, needed: set[str]
) -> tuple[StreakItem | None, list[Finding]]:
    """Return the item of an id, None where its picture cannot be told, and what was found."""
    image, findings = _one_of(images)
    if image is None:
        return None, findings
    row, report = files.rows.get(key), files.reports.get(key)
    lacks = ""
    if "metadata" in needed and row is None:
        lacks, reason = "metadata", "no table has a row of this id yet; the streak is taken up when one has"
        findings.append(Finding(image.name, "image-without-metadata", reason, "warning"))
    elif "ades" in needed and report is None:
        lacks = "ades"
        reason = "there is no sound report in ADES of this id yet; the streak is taken up when there is"
        findings.append(Finding(image.name, "ades-missing", reason, "warning"))
    name = streak_name(*key)
    columns: dict[str, Any] = {"_id": name, "streakid": key[0], "pid": key[1]}
    stamps = [image.stamp]
    for part in (row, report):
        if part is not None:
            stamps.append(part[0])
            columns |= part[1]
    return StreakItem(name, image.name, image, columns, ";".join(stamps), lacks), findings


def _one_of(images: list[NightFile]) -> tuple[NightFile | None, list[Finding]]:
    """Return the first of several pictures of one id if all are the same."""
    first, *others = images
    findings: list[Finding] = []
    for other in others:
        try:
            # Checksums, which members bear: reading two archives in turn would unpack both every time.
            same = first.content_checksum() == other.content_checksum()
        except InputError as error:
            findings.append(Finding.from_error(error))
            continue
        if not same:
            reason = f"differs from {first.name}, of the same id: which is the streak's cannot be told"
            return None, [*findings, Finding(other.name, "conflicting-images", reason)]
        findings.append(Finding(other.name, "duplicate", f"is the same picture as {first.name}", "note"))
    return first, findings


def _orphans(files: NightFiles) -> list[Finding]:
    """Name rows and reports that no picture belongs to."""
    row_reason = "no picture has this id yet; the streak is taken up when one has"
    orphans = [
        Finding(streak_name(*key), "metadata-without-image", row_reason, "warning")
        for key in files.rows
        if key not in files.images
    ]
    reason = "neither a picture nor a row has the id of this report"
    return orphans + [
        Finding(streak_name(*key), "ades-without-image", reason, "warning")
        for key in files.reports
        if key not in files.images and key not in files.rows
    ]
