"""Raw curves out of files, in pieces, by a plan; a bad file or row costs itself only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.light_curves.cells import as_numbers, as_words, is_list, is_text
from skysieve.sources.light_curves.curve_files import SUFFIXES, CurveFile, open_curve_file
from skysieve.sources.light_curves.long_form import curves_of_points, pooled_points
from skysieve.sources.light_curves.nested_form import RawCurves, column_kinds, column_of, nested_curves
from skysieve.sources.light_curves.plan import Plan, roots
from skysieve.sources.light_curves.point_pool import PointPool
from skysieve.sources.light_curves.settings import CurveReading
from skysieve.sources.light_curves.tally import Tally

__all__ = ["read_raw_curves", "words_of_files"]

_ROWS_OF_POINTS = 250_000


def read_raw_curves(
    files: Sequence[Path],
    plan: Plan,
    reading: CurveReading,
    tally: Tally,
    on_file: Callable[[], object] = lambda: None,
) -> Iterator[RawCurves]:
    """Read curves, whatever the form.

    Parameters
    ----------
    files : sequence of Path
        The files. Points of a curve are joined from all of them in long form; in nested form a row is a
        curve, and a name that comes again is left out.
    plan : Plan
        How to read them.
    reading : CurveReading
        How much to hold in memory.
    tally : Tally
        Counts and findings.
    on_file : callable
        Called after every file.

    Yields
    ------
    RawCurves
        In the order of the files and rows (nested), or of the names (long).
    """
    if plan.form == "nested":
        yield from _nested(files, plan, reading, tally, on_file)
        return
    keep = list(plan.stored)
    with PointPool(reading.points_in_memory) as pool:
        for file in _usable(files, plan, tally):
            for table in _guarded(file, plan, _ROWS_OF_POINTS, tally):
                typed = _typed(table, plan, tally)
                pool.add(pooled_points(typed, plan.names, _ids(table, plan, file), keep, tally))
            on_file()
        for points in pool.in_order():
            if points.num_rows:
                yield curves_of_points(points, plan.names, keep, tally, plan.quantity, plan.unit)


def words_of_files(files: Sequence[Path], plan: Plan, column: str) -> set[str]:
    """Return the different words of a column of all files, reading nothing else.

    What cannot be read is passed over: it becomes a finding when the curves are read.
    """
    words: set[str] = set()
    for file in _usable(files, plan, Tally()):
        if column in column_kinds(file.schema):
            for table in _batches(file, roots([column], file.schema), _ROWS_OF_POINTS, Tally()):
                words.update(pc.unique(as_words(column_of(table, column))).to_pylist())
    return words - {""}


def _nested(
    files: Sequence[Path], plan: Plan, reading: CurveReading, tally: Tally, on_file: Callable[[], object]
) -> Iterator[RawCurves]:
    seen: set[Any] = set()
    keep = list(plan.stored)
    for file in _usable(files, plan, tally):
        rows = 0
        for table in _guarded(file, plan, reading.curves_at_once, tally):
            ids = _ids(table, plan, file)
            if not plan.names.id:
                ids = pa.array([f"{_stem(file.path)}-{rows + row}" for row in range(len(ids))])
            rows += table.num_rows
            listed = ids.to_pylist()
            tally.lose(
                "missing-id", [f"{file.name} row {row}" for row, name in enumerate(listed) if name is None]
            )
            fresh = np.zeros(len(listed), dtype=bool)
            for row, name in enumerate(listed):
                if name is not None and name not in seen:
                    seen.add(name)
                    fresh[row] = True
                elif name is not None:
                    tally.lose("repeated-id", [name])
            chosen = table if fresh.all() else table.filter(pa.array(fresh))
            if chosen.num_rows:
                named = np.asarray([name for name, new in zip(listed, fresh, strict=True) if new])
                typed = _typed(chosen, plan, tally)
                yield nested_curves(typed, plan.names, named, keep, tally, plan.quantity, plan.unit)
        on_file()


def _usable(files: Sequence[Path], plan: Plan, tally: Tally) -> Iterator[CurveFile]:
    """Yield the files that have the columns of the plan; others become findings."""
    for path in files:
        try:
            file = open_curve_file(path)
        except InputError as error:
            tally.add(Finding.from_error(error))
            continue
        kinds = column_kinds(file.schema)
        needed = [name for name in (plan.names.id, plan.names.time, plan.names.value) if name]
        missing = [name for name in needed if name not in kinds]
        if missing:
            reason = f"lacks the column {', '.join(missing)} that the others have; it has {', '.join(kinds)}"
            tally.add(Finding(file.name, "missing-column", reason))
        elif kinds[plan.names.time] != (plan.form == "nested") and not file.is_text:
            reason = f"{plan.names.time!r} is in another form than in the first file; read it on its own"
            tally.add(Finding(file.name, "other-form", reason))
        else:
            yield file


def _guarded(file: CurveFile, plan: Plan, rows: int, tally: Tally) -> Iterator[pa.Table]:
    kinds = column_kinds(file.schema)
    wanted = [name for name in plan.read_columns() if name in kinds]
    return _batches(file, roots(wanted, file.schema), rows, tally)


def _batches(file: CurveFile, columns: list[str], rows: int, tally: Tally) -> Iterator[pa.Table]:
    """Yield pieces of a file up to where it is damaged."""
    try:
        yield from file.batches(columns, rows, tally)
    except InputError as error:
        tally.add(Finding.from_error(error))


def _stem(path: Path) -> str:
    suffix = next((each for each in SUFFIXES if path.name.lower().endswith(each)), "")
    return path.name[: len(path.name) - len(suffix)]


def _ids(table: pa.Table, plan: Plan, file: CurveFile) -> pa.Array:
    """Return the names of the curves, null where there is none."""
    if not plan.names.id:
        return pa.array([_stem(file.path)] * table.num_rows, pa.string())
    column = column_of(table, plan.names.id).combine_chunks()
    if pa.types.is_string(plan.id_type):
        words = as_words(column)
        return pc.if_else(pc.equal(words, ""), pa.scalar(None, pa.string()), words)
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    values, _ = as_numbers(column)
    whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2.0**53)
    return pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)


def _typed(table: pa.Table, plan: Plan, tally: Tally) -> pa.Table:
    """Return the table with the columns that are kept in the types of the plan."""
    for name, kind in plan.stored.items():
        column = _as_type(table, name, kind, tally)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, column)
        else:
            table = table.append_column(name, column)
    return table


def _as_type(table: pa.Table, name: str, kind: pa.DataType, tally: Tally) -> pa.Array:
    if name not in column_kinds(table.schema):
        return pa.nulls(table.num_rows, kind)
    column = column_of(table, name)
    if is_list(column.type):
        return pa.nulls(table.num_rows, kind)
    if pa.types.is_string(kind):
        words = as_words(column)
        return pc.if_else(pc.equal(words, ""), pa.scalar(None, pa.string()), words)
    if is_text(column.type):
        values, bad = as_numbers(column)
        if bad.any():
            tally.count("bad-number", [""], int(bad.sum()))
        return pa.array(values, mask=np.isnan(values)).cast(kind)
    return column.cast(kind, safe=False)
