"""Tables with one row a point: points of a curve may lie anywhere, and in several files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skysieve.samples.light_curves import LightCurves, Quantity
from skysieve.sources.light_curves.bands import band_codes
from skysieve.sources.light_curves.cells import as_numbers, as_words
from skysieve.sources.light_curves.column_names import ColumnNames
from skysieve.sources.light_curves.nested_form import RawCurves, column_kinds, column_of
from skysieve.sources.light_curves.point_pool import ID
from skysieve.sources.light_curves.tally import Tally

__all__ = ["curves_of_points", "pooled_points"]

_NUMBERS = ("time", "value", "error", "flags")


def pooled_points(
    table: pa.Table, names: ColumnNames, ids: pa.Array, keep: Sequence[str], tally: Tally
) -> pa.Table:
    """Return rows as the points of a `PointPool`.

    Parameters
    ----------
    table : pyarrow.Table
        The rows.
    names : ColumnNames
        Its columns.
    ids : pyarrow.Array
        Names of the curves, null where there is none: such points are left out.
    keep : sequence of str
        Columns that say something of the curve, in the types in which they are kept.
    tally : Tally
        Counts cells that are no number, and points without a curve.
    """
    made: dict[str, pa.Array] = {ID: ids}
    present = column_kinds(table.schema)
    for name in _NUMBERS:
        column = getattr(names, name)
        if not column and name == "flags":
            continue
        if column in present:
            values, bad = as_numbers(column_of(table, column))
            if bad.any():
                named = pc.unique(ids.filter(pa.array(bad)).drop_null()).to_pylist()
                tally.count("bad-number", named or [""], int(bad.sum()))
        else:
            values = np.full(table.num_rows, np.nan)
        made[f"_{name}"] = pa.array(values)
    if names.band:
        has = names.band in present
        made["_band"] = as_words(column_of(table, names.band)) if has else pa.array([""] * table.num_rows)
    made |= {name: table[name] for name in keep}
    points = pa.table(made)
    if ids.null_count:
        tally.count("point-without-id", [""], ids.null_count)
        points = points.filter(pc.is_valid(points[ID]))
    return points


def curves_of_points(
    points: pa.Table,
    names: ColumnNames,
    keep: Sequence[str],
    tally: Tally,
    quantity: Quantity,
    unit: str,
) -> RawCurves:
    """Return the curves of points that are sorted by the names of the curves."""
    ids = points[ID].combine_chunks()
    new = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    first = np.concatenate([[0], np.flatnonzero(new) + 1]) if len(ids) else np.empty(0, np.int64)
    offsets = np.concatenate([first, [len(ids)]]).astype(np.int64)
    unique = ids.take(pa.array(first))
    named = (
        unique.to_numpy()
        if pa.types.is_integer(unique.type)
        else np.asarray(unique.to_pylist(), dtype=np.str_)
    )
    time, value, error = (points[f"_{name}"].to_numpy() for name in ("time", "value", "error"))
    codes: NDArray[np.int16] = np.zeros(len(ids), dtype=np.int16)
    bands: tuple[str, ...] = ("",)
    if names.band:
        codes, bands = band_codes(points["_band"].combine_chunks(), names.band)
    flags = None
    if names.flags:
        raw = points["_flags"].to_numpy()
        flags = np.where(np.isfinite(raw), raw, 0).astype(np.int64)
    curves = LightCurves(offsets, time, value, error, codes, bands, named, quantity, unit)
    scalars = {name: _middle(points[name].combine_chunks(), curves, name, tally) for name in keep}
    return RawCurves(curves, flags, pa.table(scalars))


def _middle(column: pa.Array, curves: LightCurves, name: str, tally: Tally) -> pa.Array:
    """Return the middle of the values of each curve in their order; any order of rows gives the same."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    coded = column.dictionary_encode()
    known = len(coded.dictionary)
    rank = np.empty(known, dtype=np.int64)
    rank[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(known)
    codes = pc.fill_null(coded.indices, known).to_numpy(zero_copy_only=False)
    ranks = np.append(rank, known)[codes]
    owner = np.repeat(np.arange(len(curves)), curves.counts)
    order = np.lexsort((ranks, owner))
    valid = np.bincount(owner, ranks < known, minlength=len(curves)).astype(np.int64)
    start = curves.offsets[:-1]
    last = np.maximum(valid - 1, 0)
    varies = (valid > 0) & (ranks[order[start]] != ranks[order[start + last]])
    tally.count("varying-column", [f"{name} of {each}" for each in curves.ids[varies]], 0)
    chosen = column.take(pa.array(order[start + last // 2]))
    return pc.if_else(pa.array(valid > 0), chosen, pa.scalar(None, column.type))
