"""From the user's own table, under the user's own column names, to a sample set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.description import RESERVED_COLUMNS, Description, TensorColumn, check_split_names
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["encode_labels", "exact_ids", "from_table"]

# Above it neighbouring whole numbers are the same float64.
_EXACT_FLOATS = 2.0**53


def from_table(
    table: Any,
    *,
    id: str,  # noqa: A002 - the column's name everywhere in skysieve
    group: str,
    label: str | None = None,
    split: str | None = None,
    columns: Mapping[str, str] | Sequence[str] = (),
    classes: Sequence[str] | None = None,
    keep: Iterable[str] | None = None,
    label_origin: str = "",
    origin: Mapping[str, Any] | None = None,
    findings: Iterable[Finding] = (),
) -> SampleSet:
    """Make a sample set from a table.

    Parameters
    ----------
    table : pandas.DataFrame, polars.DataFrame, pyarrow.Table or mapping of columns
        One row a sample. Image columns hold one array a row.
    id, group : str
        The user's columns that become ``id`` and ``group``. Where there are no natural groups,
        give the id's column for both.
    label : str, optional
        The user's column that becomes ``label``: words, numbers or booleans; missing values are
        unlabelled, and so are empty words.
    split : str, optional
        The user's column that becomes ``split``: ``train``, ``validation`` or ``test``.
    columns : mapping of str to str, or sequence of str
        Tensor columns: final name (``cutouts``) to the user's name.
    classes : sequence of str, optional
        Names of the classes in their order; the sorted values of ``label`` if not given.
    keep : iterable of str, optional
        Further columns to keep; all scalars if not given.
    label_origin : str
        How the labels came about; printed beside every figure that rests on them.
    origin : mapping, optional
        Where the samples came from.
    findings : iterable of Finding, optional
        What was kept aside before the table was made; the set carries it on.

    Returns
    -------
    SampleSet
        Rows whose id is missing or repeated, whose group or split is missing, or whose tensor is
        missing or has another shape than most, are kept aside and listed in ``findings``.

    Raises
    ------
    SampleSetError
        If a named column does not exist, a label is not among ``classes``, a split has another
        name, no row is left, or ids have become fractions too large to tell neighbours apart.

    Examples
    --------
    >>> import numpy as np
    >>> table = {"candid": [1, 2, 3], "objectId": ["a", "a", "b"], "kind": ["real", "bogus", None],
    ...          "image": [np.zeros((1, 4, 4)), np.ones((1, 4, 4)), np.ones((1, 3, 4))]}
    >>> samples = from_table(table, id="candid", group="objectId", label="kind", columns={"cutouts": "image"})
    >>> samples
    <SampleSet: 2 samples, cutouts (1, 4, 4), classes ('bogus', 'real')>
    >>> print(samples.findings[0])
    error: 3: 'cutouts' has shape (1, 3, 4), most have (1, 4, 4) [wrong-shape]
    """
    source = _as_columns(table)
    tensor_names = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
    renamed = {"id": id, "group": group}
    renamed |= {name: given for name, given in (("label", label), ("split", split)) if given}
    for name in (*renamed.values(), *tensor_names.values()):
        if name not in source:
            raise SampleSetError(f"the table has no column {name!r}, found {', '.join(map(repr, source))}")

    kept_aside = list(findings)
    source |= {name: exact_ids(source[name], name) for name in (id, group)}
    good = _good_ids(source[id], kept_aside)
    for name in ("group", "split"):
        if name in renamed:
            good &= _present(source[renamed[name]], source[id], good, name, kept_aside)
    layouts: dict[str, TensorColumn] = {}
    for name, user_name in tensor_names.items():
        layouts[name] = _common_layout(source[user_name], good, name)
        good &= _fits(source[user_name], layouts[name], source[id], good, name, kept_aside)
    rows = np.flatnonzero(good)
    if not len(rows):
        first = next((f"{each.item}: {each.reason}" for each in kept_aside), "the table is empty")
        raise SampleSetError(f"no usable row in {len(good)}; first reason: {first}")

    made: dict[str, Any] = {"id": _take(source[id], rows), "group": _take(source[group], rows)}
    names: tuple[str, ...] = tuple(classes or ())
    if label:
        made["label"], names = encode_labels(_take(source[label], rows), classes)
    if split:
        made["split"] = [str(value) for value in _take(source[split], rows)]
        check_split_names(made["split"])
    used = {*renamed.values(), *tensor_names.values()}
    kept = keep if keep is not None else [name for name in source if name not in used]
    for name in kept:
        if name in RESERVED_COLUMNS or name in layouts:
            raise SampleSetError(
                f"the table's column {name!r} has a reserved name; rename it, leave it out of keep, or say "
                f"what it is ({name}={name!r})"
            )
        made[name] = _take(source[name], rows)
    for name, layout in layouts.items():
        values = [np.asarray(source[tensor_names[name]][row]) for row in rows]
        made[name] = values if layout.ragged else np.stack(values)
    splits = {"split": {"kind": "split", "method": f"given by the column {split!r}"}} if split else {}
    description = Description(layouts, names, label_origin, splits, dict(origin or {}))
    return SampleSet.from_columns(made, description, tuple(kept_aside))


def encode_labels(
    values: Sequence[Any], classes: Sequence[str] | None
) -> tuple[list[int | None], tuple[str, ...]]:
    """Turn words, numbers or booleans into indices of classes; missing values and empty words into None.

    Examples
    --------
    >>> encode_labels(["real", None, "bogus"], None)
    ([1, None, 0], ('bogus', 'real'))
    >>> encode_labels([1, 0], ["bogus", "real"])
    ([1, 0], ('bogus', 'real'))
    """
    present = [None if _is_blank(value) else value for value in values]
    known = {value for value in present if value is not None}
    names = tuple(map(_label_name, sorted(known)) if classes is None else classes)
    index: dict[Any, int] = {name: number for number, name in enumerate(names)}
    numeric = classes is not None and all(not isinstance(value, str) for value in known)
    encoded: list[int | None] = []
    for value in present:
        if value is None:
            encoded.append(None)
        elif numeric and float(value) in range(len(names)):
            encoded.append(int(value))
        elif not numeric and _label_name(value) in index:
            encoded.append(index[_label_name(value)])
        else:
            raise SampleSetError(
                f"the label {value!r} is not among the classes {names}; {present.count(value):,} of "
                f"{len(present):,} samples hold it: correct it, leave it empty, or name other classes"
            )
    return encoded, names


def _label_name(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _as_columns(table: Any) -> dict[str, Any]:
    """Return any supported table as a dictionary of columns that can be indexed by row."""
    if isinstance(table, Mapping):
        return {str(name): table[name] for name in table}
    if hasattr(table, "to_pydict") and hasattr(table, "column_names"):  # pyarrow.Table
        return {name: table[name].to_pylist() for name in table.column_names}
    if hasattr(table, "get_columns"):  # polars.DataFrame
        return {column.name: column.to_list() for column in table.get_columns()}
    if hasattr(table, "columns") and hasattr(table, "iloc"):  # pandas.DataFrame
        return {str(name): _pandas_values(table[name]) for name in table.columns}
    raise SampleSetError(
        f"cannot read a table of type {type(table).__name__}; give a pandas or polars DataFrame, "
        "a pyarrow Table or a mapping of columns"
    )


def _pandas_values(column: Any) -> Any:
    # Whole numbers with missing values would come as fractions, and large ones lose their last digits.
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.astype(object).to_numpy()


def _take(values: Any, rows: NDArray[np.int64]) -> list[Any]:
    return [None if _is_missing(value := values[row]) else value for row in rows]


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return type(value).__name__ in ("NAType", "NaTType")


def _is_blank(value: Any) -> bool:
    return _is_missing(value) or (isinstance(value, str) and not value.strip())


def exact_ids(values: Any, name: str) -> list[Any]:
    """Return whole numbers where a table has turned them into fractions, if no digit was lost.

    pandas does so with every column of whole numbers that has a missing value.

    Examples
    --------
    >>> exact_ids([7.0, None, "a"], "candid")
    [7, None, 'a']
    """
    made: list[Any] = []
    for row in range(len(values)):
        value = values[row]
        if isinstance(value, float | np.floating) and not _is_missing(value):
            if abs(float(value)) >= _EXACT_FLOATS:
                raise SampleSetError(
                    f"the column {name!r} holds the fraction {float(value):.0f}: ids of this size lose their "
                    f"last digits as float64; read it as whole numbers (dtype 'Int64') or as str"
                )
            value = int(value) if float(value).is_integer() else value
        made.append(value)
    return made


def _good_ids(ids: Any, findings: list[Finding]) -> NDArray[np.bool_]:
    good = np.ones(len(ids), dtype=bool)
    seen: set[Any] = set()
    for row in range(len(ids)):
        if _is_blank(ids[row]):
            good[row] = False
            findings.append(Finding(f"row {row}", "missing-id", "has no id; every sample needs one"))
        elif ids[row] in seen:
            good[row] = False
            findings.append(
                Finding(str(ids[row]), "repeated-id", f"row {row} repeats an id; the first is kept")
            )
        else:
            seen.add(ids[row])
    return good


def _present(
    values: Any, ids: Any, good: NDArray[np.bool_], name: str, findings: list[Finding]
) -> NDArray[np.bool_]:
    present = np.array([not _is_blank(values[row]) for row in range(len(good))], dtype=bool)
    findings.extend(
        Finding(str(ids[row]), f"missing-{name}", f"row {row} has no {name}")
        for row in np.flatnonzero(good & ~present)
    )
    return present


def _common_layout(values: Any, good: NDArray[np.bool_], name: str) -> TensorColumn:
    """Take the most frequent shape; if only the first size differs and rows are 1-D, the column is ragged."""
    arrays = [np.asarray(values[row]) for row in np.flatnonzero(good) if not _is_missing(values[row])]
    if not arrays:
        raise SampleSetError(f"the column for {name!r} holds no array")
    shapes = [array.shape for array in arrays]
    if all(len(shape) == 1 for shape in shapes) and len(set(shapes)) > 1:
        kinds = {array.dtype.kind for array in arrays if array.size}
        dtype = "str" if kinds & set("US") else str(np.result_type(*[a.dtype for a in arrays if a.size]))
        return TensorColumn((None,), dtype)
    common = max(set(shapes), key=shapes.count)
    if not common:
        raise SampleSetError(f"the column for {name!r} holds scalars, not arrays; leave it to keep=")
    return TensorColumn(common, "float32")


def _fits(
    values: Any,
    layout: TensorColumn,
    ids: Any,
    good: NDArray[np.bool_],
    name: str,
    findings: list[Finding],
) -> NDArray[np.bool_]:
    fits = np.ones(len(good), dtype=bool)
    for row in np.flatnonzero(good):
        if _is_missing(values[row]):
            fits[row] = False
            findings.append(Finding(str(ids[row]), "missing-tensor", f"{name!r} is missing"))
        elif not layout.ragged and np.shape(values[row]) != layout.shape:
            fits[row] = False
            reason = f"{name!r} has shape {np.shape(values[row])}, most have {layout.shape}"
            findings.append(Finding(str(ids[row]), "wrong-shape", reason))
    return fits
