"""Tables of rows with column names of their own: CSV, Parquet, ECSV, FITS, or columns in memory."""

from __future__ import annotations

import difflib
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError, InputError

__all__ = ["Row", "TableSource", "placeholders", "read_rows"]

Row = Mapping[str, Any]
#: A file, or columns of equal length by their name.
TableSource = str | Path | Mapping[str, Sequence[Any]]

_ROWS_AT_ONCE = 4096


def placeholders(template: str) -> set[str]:
    """Return the columns that a template names; a plain name of a column has none.

    Examples
    --------
    >>> sorted(placeholders("{field}/{id:>08}.fits")), placeholders("file_name")
    (['field', 'id'], set())
    """
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def read_rows(table: TableSource, *, as_text: Collection[str] = ()) -> Iterator[Row]:
    """Read a table and iterate over its rows.

    Parameters
    ----------
    table : str, Path or mapping
        ``.csv``, ``.parquet``, ``.ecsv``, ``.fits`` file, or columns.
    as_text : collection of str
        Columns that must be there. In CSV they are kept as they are written, so
        that the id ``007`` keeps its zeros.

    Returns
    -------
    iterator of mapping
        Values by column, as Python objects; None where a value is missing.

    Raises
    ------
    ConfigurationError
        If a column is not there; the message names the nearest.
    InputError
        ``missing-path``, ``bad-table``.

    Examples
    --------
    >>> list(read_rows({"id": ["a", "b"], "z": [0.1, 0.2]}))
    [{'id': 'a', 'z': 0.1}, {'id': 'b', 'z': 0.2}]
    """
    if isinstance(table, Mapping):
        columns = {name: _as_list(values) for name, values in table.items()}
        _require(as_text, list(columns), "the table")
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ConfigurationError(f"the columns of the table differ in length: {lengths}")
        return (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return _read_file(Path(table), as_text)


def _as_list(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _read_file(path: Path, as_text: Collection[str]) -> Iterator[Row]:
    if not path.is_file():
        raise InputError(str(path), "missing-path", "the table does not exist; check the path")
    try:
        is_arrow = path.suffix.lower() in (".csv", ".parquet")
        frame = _read_arrow(path, as_text) if is_arrow else _read_astropy(path)
    except Exception as error:  # pyarrow and astropy raise many types on damaged tables
        reason = f"cannot be read as a table ({type(error).__name__}: {error})"
        raise InputError(str(path), "bad-table", reason) from error
    _require(as_text, frame.column_names, str(path))
    return (row for batch in frame.to_batches(_ROWS_AT_ONCE) for row in batch.to_pylist())


def _read_arrow(path: Path, as_text: Collection[str]) -> Any:
    import pyarrow as pa

    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path)
    from pyarrow import csv

    options = csv.ConvertOptions(column_types=dict.fromkeys(as_text, pa.string()))
    return csv.read_csv(path, convert_options=options)


def _read_astropy(path: Path) -> Any:
    import pyarrow as pa
    from astropy.table import Table

    table = Table.read(path)
    scalar = [name for name in table.colnames if table[name].ndim == 1]
    return pa.table({name: _plain(table[name]) for name in scalar})


def _plain(column: Any) -> list[Any]:
    """Return a column of astropy as Python objects: text decoded, masked values as None."""
    return [value.decode().rstrip() if isinstance(value, bytes) else value for value in column.tolist()]


def _require(names: Collection[str], present: list[str], table: str) -> None:
    for name in sorted(names):
        if name not in present:
            near = difflib.get_close_matches(name, present, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(present)}"
            raise ConfigurationError(f"{table} has no column {name!r}; {hint}")
