"""Tables with one row a curve: lists, structs of lists, lists of structs, or lists written as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skysieve.samples.light_curves import LightCurves, Quantity
from skysieve.sources.light_curves.bands import band_codes
from skysieve.sources.light_curves.cells import as_list, as_numbers, is_list, is_text
from skysieve.sources.light_curves.column_names import ColumnNames
from skysieve.sources.light_curves.tally import Tally

__all__ = ["RawCurves", "column_kinds", "column_of", "nested_curves"]


@dataclass(frozen=True, slots=True, eq=False)
class RawCurves:
    """Curves as they were read, before they are cleaned.

    Parameters
    ----------
    curves : LightCurves
        Points in any order, NaN and infinity allowed.
    flags : ndarray, shape (P,), int64, or None
        Flags of the points.
    scalars : pyarrow.Table
        Columns of one value a curve.
    """

    curves: LightCurves
    flags: NDArray[np.int64] | None
    scalars: pa.Table


def column_kinds(schema: pa.Schema) -> dict[str, bool]:
    """Return the columns with a list a row (True) and with a value a row, nested ones by dotted names.

    Examples
    --------
    >>> points = pa.struct({"mjd": pa.list_(pa.float64())})
    >>> column_kinds(pa.schema({"id": pa.int64(), "lc": points}))
    {'id': False, 'lc.mjd': True}
    """
    kinds: dict[str, bool] = {}
    for item in schema:
        inner = item.type.value_type if is_list(item.type) else item.type
        if pa.types.is_struct(inner):
            kinds |= {f"{item.name}.{each.name}": is_list(item.type) or is_list(each.type) for each in inner}
        else:
            kinds[item.name] = is_list(item.type)
    return kinds


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column by its dotted name; of a list of structs the list of one field."""
    if name in table.column_names:
        return table[name]
    outer, _, inner = name.rpartition(".")
    column = table[outer]
    if pa.types.is_struct(column.type):
        return pc.struct_field(column, inner)
    column = as_list(column)
    chunks = [_field_lists(chunk, inner) for chunk in column.chunks]
    return pa.chunked_array(chunks) if chunks else pa.chunked_array([], pa.list_(pa.float64()))


def _field_lists(lists: pa.Array, name: str) -> pa.Array:
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.LargeListArray.from_arrays(pa.array(offsets), pc.struct_field(lists.flatten(), name))


def nested_curves(
    table: pa.Table,
    names: ColumnNames,
    ids: Any,
    keep: list[str],
    tally: Tally,
    quantity: Quantity,
    unit: str,
) -> RawCurves:
    """Read curves of a table with one row each.

    Parameters
    ----------
    table : pyarrow.Table
        The rows.
    names : ColumnNames
        Its columns; ``error``, ``band`` and ``flags`` may be lists or one value a curve.
    ids : ndarray, shape (N,)
        Names of the curves.
    keep : list of str
        Columns of one value a curve to keep.
    tally : Tally
        Counts rows whose lists differ in length, which are left out, and cells that are no number.
    quantity, unit : str
        As of `LightCurves`.
    """
    wanted = {name: getattr(names, name) for name in ("time", "value", "error", "band", "flags")}
    columns = {name: column_of(table, column) for name, column in wanted.items() if column}
    lists = {
        name: as_list(column)
        for name, column in columns.items()
        if is_list(column.type) or (is_text(column.type) and name in ("time", "value", "error", "flags"))
    }
    lengths = {name: _lengths(column) for name, column in lists.items()}
    counts = lengths["time"]
    fits = np.ones(len(counts), dtype=bool)
    for length in lengths.values():
        fits &= length == counts
    if not fits.all():
        tally.lose("lengths-differ", ids[~fits])
        return nested_curves(table.filter(pa.array(fits)), names, ids[fits], keep, tally, quantity, unit)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def points(name: str) -> pa.Array:
        if name in lists:
            return pa.concat_arrays([chunk.flatten() for chunk in lists[name].chunks])
        return columns[name].combine_chunks().take(pa.array(np.repeat(np.arange(len(counts)), counts)))

    flat = {
        name: _numbers(points(name), offsets, ids, tally) if name in columns else np.full(offsets[-1], np.nan)
        for name in ("time", "value", "error")
    }
    codes, bands = (
        band_codes(points("band"), names.band)
        if names.band
        else (np.zeros(offsets[-1], dtype=np.int16), ("",))
    )
    flags = _flags(points("flags")) if names.flags else None
    curves = LightCurves(
        offsets, flat["time"], flat["value"], flat["error"], codes, bands, ids, quantity, unit
    )
    return RawCurves(curves, flags, pa.table({name: column_of(table, name) for name in keep}))


def _lengths(column: pa.ChunkedArray) -> NDArray[np.int64]:
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    return np.asarray(lengths.to_numpy(), dtype=np.int64)


def _numbers(array: pa.Array, offsets: NDArray[np.int64], ids: Any, tally: Tally) -> NDArray[np.float64]:
    values, bad = as_numbers(array)
    if bad.any():
        rows = np.unique(np.searchsorted(offsets, np.flatnonzero(bad), side="right") - 1)
        tally.count("bad-number", ids[rows], int(bad.sum()))
    return values


def _flags(array: pa.Array) -> NDArray[np.int64]:
    """Return flags as whole numbers; a flag that is missing or no number is no flag."""
    values, _ = as_numbers(array)
    return np.where(np.isfinite(values), values, 0).astype(np.int64)
