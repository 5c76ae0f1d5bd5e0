"""The sample set of fetched cutouts, written from the cache in blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.description import RESERVED_COLUMNS, Description
from skysieve.samples.findings import Finding
from skysieve.samples.sky_cells import sky_groups
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.answer_fetch import kept_answers
from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES, CutoutService, Position
from skysieve.sources.row_table import TableSource

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SampleColumns", "WrittenCutouts", "settle_columns", "write_cutouts"]

_BLOCK_BYTES = 1 << 23
_MADE = ("cutouts", "ra", "dec", "url", "sha256", "notes")


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Which columns of the table mean what; the parameters are those of `fetch_cutouts`."""

    id: str = "id"
    ra: str = "ra"
    dec: str = "dec"
    group: str | None = None
    group_radius: float | None = None
    label: str | None = None
    classes: Sequence[str] | None = None
    label_origin: str = ""


@dataclass(frozen=True, slots=True)
class WrittenCutouts:
    """What was written: groups, samples of the largest one, counts of notes, findings."""

    groups: int
    largest_group: int
    notes: dict[str, int]
    findings: tuple[Finding, ...]


def settle_columns(positions: Sequence[Position], columns: SampleColumns) -> SampleColumns:
    """Name the classes of all positions, before anything is fetched.

    They do not depend on which cutouts can be had.

    Raises
    ------
    ConfigurationError
        If the table lacks a column that was named.
    SampleSetError
        If a label is none of the classes.
    """
    from skysieve.samples.table import encode_labels

    if positions and columns.group:
        _value(positions[0].row, columns.group)
    if not positions or not columns.label:
        return columns
    labels = [_value(each.row, columns.label) for each in positions]
    return replace(columns, classes=encode_labels(labels, columns.classes)[1])


def write_cutouts(
    path: Path,
    positions: Sequence[Position],
    service: CutoutService,
    cache: AnswerCache,
    columns: SampleColumns,
    table: TableSource,
) -> WrittenCutouts:
    """Write the cutouts of positions whose answers are all in the cache.

    Parameters
    ----------
    path : Path
        The sample set.
    positions : sequence of Position
        In the order of the samples.
    service, cache
        Who reads the answers, and where they are.
    columns : SampleColumns
        What the table's columns mean.
    table : str, Path or mapping
        Where the positions came from, for the record.

    Raises
    ------
    SampleSetError
        If there is no position, or a label is none of the classes.
    ConfigurationError
        If the table lacks a column that was named.
    """
    from skysieve.samples.parquet import SampleWriter

    if not positions:
        raise SampleSetError(f"{path}: not one position has a cutout; the reasons are in {path}.failures.csv")
    groups = _groups(positions, service, columns)
    scalars, findings = _scalars(positions, columns, _table_name(table))
    classes = tuple(columns.classes or ())
    description = Description(
        {"cutouts": service.layout}, classes, columns.label_origin, origin=_origin(service, columns, table)
    )
    notes: Counter[str] = Counter()
    # One cutout may fill the memory that a thousand small ones do not.
    rows = max(1, _BLOCK_BYTES // max(1, int(np.prod(service.layout.fixed_shape)) * 4))
    with SampleWriter(path, description) as writer:
        for start in range(0, len(positions), rows):
            stop = start + rows
            made = _block(positions[start:stop], service, cache, notes)
            kept = {name: scalars[name].slice(start, rows) for name in scalars.column_names}
            writer.write({"id": made.pop("id"), "group": groups[start:stop], **made, **kept})
    sizes = np.unique(groups, return_counts=True)[1]
    return WrittenCutouts(len(sizes), int(sizes.max()), dict(notes.most_common()), tuple(findings))


def _block(
    positions: Sequence[Position], service: CutoutService, cache: AnswerCache, notes: Counter[str]
) -> dict[str, Any]:
    cutouts, urls, sums, said = [], [], [], []
    for position in positions:
        kept = list(kept_answers(position, service, cache))
        cutout = service.cutout(position, [body for _, body in kept])
        cutouts.append(cutout.pixels)
        urls.append(" ".join(request.url for request, body in kept if body))
        sums.append(" ".join(cache.checksum(request) for request, body in kept if body))
        said.append(" ".join(cutout.notes))
        notes.update(cutout.notes)
    return {
        "id": [each.id for each in positions],
        "ra": np.array([each.ra for each in positions]),
        "dec": np.array([each.dec for each in positions]),
        "url": urls,
        "sha256": sums,
        "notes": said,
        "cutouts": np.stack(cutouts),
    }


def _groups(positions: Sequence[Position], service: CutoutService, columns: SampleColumns) -> NDArray[Any]:
    if columns.group:
        values = [_value(each.row, columns.group) for each in positions]
        # A position without a group is alone, rather than together with all others without one.
        return np.array(
            [
                str(value) if value is not None else each.id
                for value, each in zip(values, positions, strict=True)
            ]
        )
    radius = columns.group_radius or service.field_of_view * float(np.sqrt(2))
    return sky_groups([each.ra for each in positions], [each.dec for each in positions], radius)


def _scalars(
    positions: Sequence[Position], columns: SampleColumns, table: str
) -> tuple[pa.Table, list[Finding]]:
    """Return the columns kept of the table, and the label; of one type whatever block they are in."""
    # This module is imported whenever services or data sets are listed, which pyarrow would slow down.
    import pyarrow as pa

    from skysieve.samples.table import encode_labels

    made: dict[str, pa.Array] = {}
    if columns.label:
        labels, _ = encode_labels([each.row[columns.label] for each in positions], columns.classes)
        made["label"] = pa.array(labels, pa.int64())
    used = {columns.id, columns.ra, columns.dec, columns.group, columns.label}
    findings = []
    for name in (name for name in positions[0].row if name not in used):
        if name in (*RESERVED_COLUMNS, *_MADE):
            reason = f"the column {name!r} was left out: the set has one of its own; rename it to keep it"
            findings.append(Finding(table, "reserved-column", reason, "warning"))
            continue
        try:
            values = pa.array([each.row[name] for each in positions])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            reason = f"the column {name!r} was left out: its values are of several types ({error})"
            findings.append(Finding(table, "mixed-column", reason, "warning"))
            continue
        made[name] = values.cast(pa.string()) if pa.types.is_null(values.type) else values
    return pa.table(made), findings


def _value(row: Mapping[str, Any], column: str) -> Any:
    if column not in row:
        raise ConfigurationError(f"the table has no column {column!r}, it has {', '.join(row)}")
    return row[column]


def _origin(service: CutoutService, columns: SampleColumns, table: TableSource) -> dict[str, Any]:
    names: Iterator[str] = (name for name in CUTOUT_SERVICES if CUTOUT_SERVICES.get(name) is type(service))
    radius = columns.group_radius or service.field_of_view * float(np.sqrt(2))
    return {
        "service": next(names, type(service).__name__),
        "settings": as_dict(service),
        "field_of_view": service.field_of_view,
        "table": _table_name(table),
        "groups": f"the column {columns.group!r}"
        if columns.group
        else f"neighbours within {radius:.1f} arcsec",
    }


def _table_name(table: TableSource) -> str:
    return Path(table).name if isinstance(table, str | Path) else "columns in memory"
