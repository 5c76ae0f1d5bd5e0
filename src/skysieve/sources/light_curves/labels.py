"""The table beside light curves: labels, groups and what else is known, joined by the curves' names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from skysieve.errors import ConfigurationError
from skysieve.samples.description import RESERVED_COLUMNS
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, ERROR, TIME, VALUE
from skysieve.samples.table import exact_ids
from skysieve.sources.light_curves.column_names import first_usual
from skysieve.sources.light_curves.settings import LabelTable
from skysieve.sources.light_curves.tally import Tally
from skysieve.sources.row_table import read_rows

__all__ = ["CurveLabels", "read_labels"]

_FIXED = (*RESERVED_COLUMNS, TIME, VALUE, ERROR, BANDS)


@dataclass
class CurveLabels:
    """Rows of the table by the name of their curve.

    Parameters
    ----------
    rows : pyarrow.Table
        ``label``, ``group`` and ``split`` as words where the user named them, and every other column.
    places : dict of str to int
        Row of each curve.
    """

    rows: pa.Table
    places: dict[str, int]
    _met: set[int] = field(default_factory=set)

    def of(self, ids: Iterable[Any], tally: Tally) -> pa.Table:
        """Return the rows of curves, null where a curve has none."""
        names = [str(name) for name in ids]
        found = [self.places.get(name) for name in names]
        tally.count("no-label-row", [name for name, row in zip(names, found, strict=True) if row is None], 0)
        self._met.update(row for row in found if row is not None)
        return self.rows.take(pa.array(found, pa.int64()))

    def count_unmet(self, tally: Tally) -> None:
        """Count the rows that no curve asked for."""
        unmet = [name for name, row in self.places.items() if row not in self._met]
        tally.count("row-without-curve", unmet, 0)


def read_labels(given: LabelTable, tally: Tally) -> CurveLabels:
    """Read the table.

    Raises
    ------
    ConfigurationError
        If a named column does not exist, or no column is one of names.
    InputError
        If the table cannot be read.
    """
    named = {"label": given.label, "group": given.group, "split": given.split}
    asked = [name for name in (given.id, *named.values()) if name]
    rows = list(read_rows(given.table, as_text=asked))
    columns = {name: [row.get(name) for row in rows] for name in (rows[0] if rows else ())}
    name = given.id or first_usual("id", list(columns))
    if not name:
        raise ConfigurationError(
            f"{given.table}: no column has a usual name for the names of the curves; it has "
            f"{', '.join(columns) or 'no rows'}: say which it is, such as labels.id=star"
        )
    if not given.id:
        # Read again as text, so that the zeros of 007 stay.
        rows = list(read_rows(given.table, as_text=[*asked, name]))
        columns[name] = [row.get(name) for row in rows]
    ids = [None if each is None else str(each).strip() for each in exact_ids(columns[name], name)]
    places: dict[str, int] = {}
    for number, each in enumerate(ids):
        if not each:
            tally.add(Finding(f"{given.table} row {number}", "missing-id", "has no id and was left out"))
        elif places.setdefault(each, number) != number:
            reason = f"stands again in row {number} of {given.table}; the first was kept"
            tally.add(Finding(each, "repeated-id", reason, "warning"))
    made = {role: _words(columns[column]) for role, column in named.items() if column}
    used = {name, *named.values()}
    fixed = [column for column in columns if column in _FIXED and column not in used]
    if fixed:
        reason = (
            f"left out: {', '.join(fixed)}, names with a fixed meaning; say what they are, or rename them"
        )
        tally.add(Finding(given.table, "reserved-column", reason, "warning"))
    made |= {
        column: _array(columns[column]) for column in columns if column not in used and column not in fixed
    }
    # A table of nothing but names has no column to take rows of.
    return CurveLabels(pa.table(made | {"_row": pa.array(np.arange(len(ids)))}), places)


def _words(values: list[Any]) -> pa.Array:
    words = [
        None if each is None or not str(each).strip() else str(each).strip() for each in exact_ids(values, "")
    ]
    return pa.array(words, pa.string())


def _array(values: list[Any]) -> pa.Array:
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return _words(values)
    simple = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    return array if any(check(array.type) for check in simple) else _words(values)
