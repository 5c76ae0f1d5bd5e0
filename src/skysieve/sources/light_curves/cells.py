"""Cells of tables as numbers: text, decimals and dates; what is none counts as missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["as_list", "as_numbers", "as_words", "is_list", "is_text", "is_text_list"]

_MJD_OF_1970 = 40587.0
_DAY = 86_400e6
#: A cell of text that holds several numbers: ``[1, 2]`` or ``1 2``.
_ONE = r"([-+]?[0-9.]+([eE][-+]?[0-9]+)?|nan|NaN|None|none|null)"
_SEVERAL = rf"^\s*(\[.*\]|\(.*\)|\{{.*\}}|{_ONE}([,;\s]+{_ONE})+)\s*$"


def is_text(kind: pa.DataType) -> bool:
    """Whether a column is of words."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a column holds a list a row."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def is_text_list(column: pa.ChunkedArray) -> bool:
    """Whether words are lists of numbers: ``[1, 2]``, ``1 2``, ``1;2``; dates with a time of day are not.

    Examples
    --------
    >>> is_text_list(pa.chunked_array([["[1.5, 2]", None]])), is_text_list(pa.chunked_array([["1.5"]]))
    (True, False)
    """
    filled = column.drop_null()
    if not is_text(column.type) or not len(filled):
        return False
    several = pc.match_substring_regex(filled, _SEVERAL)
    dates = pc.match_substring_regex(filled, r"^\s*\d{4}-\d\d-\d\d[ T]")
    return bool(pc.any(pc.and_(several, pc.invert(dates))).as_py())


def as_list(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of lists as lists; text is split at commas, semicolons and blanks."""
    if is_text(column.type):
        inside = pc.utf8_trim(pc.cast(column, pa.string()), "[](){} \t\"'")
        split = pc.split_pattern_regex(inside, r"[,;\s]+")
        # Nothing between brackets is no point, not one without a value.
        return pc.if_else(pc.equal(pc.utf8_length(inside), 0), pa.scalar([], split.type), split)
    if pa.types.is_fixed_size_list(column.type):
        return pc.cast(column, pa.list_(column.type.value_type))
    return column


def as_numbers(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return values as float64, NaN where there is none, and which cells are something else.

    Dates and times become MJD. Text is read as a number where it is one.

    Examples
    --------
    >>> values, bad = as_numbers(pa.array([" 15.5", "faint", None]))
    >>> values.tolist(), bad.tolist()
    ([15.5, nan, nan], [False, True, False])
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    good = np.zeros(len(array), dtype=bool)
    if is_text(array.type):
        return _text_numbers(array)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        micro = pc.cast(pc.cast(array, pa.timestamp("us"), safe=False), pa.int64())
        days = pc.cast(micro, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return days / _DAY + _MJD_OF_1970, good
    numbers = pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, dtype=np.float64), good


def as_words(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return values as words, empty where there is none; whole numbers have no fraction."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type) and pc.all(pc.equal(pc.floor(array), array)).as_py() is True:
        array = pc.cast(array, pa.int64())
    return pc.fill_null(pc.utf8_trim_whitespace(pc.cast(array, pa.string())), "")


def _text_numbers(array: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    text = pc.utf8_trim_whitespace(pc.cast(array, pa.string()))
    try:
        numbers = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return _cell_by_cell(text)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64), np.zeros(len(array), dtype=bool)


def _cell_by_cell(text: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    numbers = np.full(len(text), np.nan)
    bad = np.zeros(len(text), dtype=bool)
    for row, cell in enumerate(text.to_pylist()):
        if cell:
            try:
                numbers[row] = float(cell)
            except ValueError:
                numbers[row] = _mjd(cell)
                bad[row] = np.isnan(numbers[row])
    return numbers, bad


def _mjd(cell: str) -> float:
    """Return the MJD of a date and time in ISO form, NaN of anything else."""
    try:
        moment = np.datetime64(cell.removesuffix("Z"), "us")
    except ValueError:
        return float("nan")
    return float(moment.astype(np.int64)) / _DAY + _MJD_OF_1970
