"""Files of light curves: found in folders and HATS catalogues, whatever their format, read in pieces."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.item_names import printable
from skysieve.sources.light_curves.tally import Tally

__all__ = ["SUFFIXES", "CurveFile", "list_curve_files", "open_curve_file"]

#: Endings of the files that are taken from folders.
SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".ecsv", ".fits")

#: What stands for no value in CSV, besides nothing at all.
_NO_VALUE = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "none", "N/A", "n/a", "-", "--", "masked")
_CSV_BLOCK = 2**22
#: A line of nothing but numbers.
_NUMBERS = re.compile(r"[-+.\deE,;\t| ]+")
#: What the rows of a HATS catalogue lie in; its other files repeat rows, or hold none.
_PIXEL = re.compile(r"Npix=\d+")


@dataclass(frozen=True)
class CurveFile:
    """A table that has been opened.

    Parameters
    ----------
    path : Path
        The file.
    schema : pyarrow.Schema
        Its columns.
    units : mapping of str to str
        Units of columns, where the file says them.
    """

    path: Path
    schema: pa.Schema
    units: dict[str, str] = field(default_factory=dict)
    _table: pa.Table | None = None

    @property
    def name(self) -> str:
        """The path as it can be printed."""
        return printable(self.path.as_posix())

    @property
    def is_text(self) -> bool:
        """Whether all columns come as text."""
        return _is_csv(self.path)

    def batches(self, columns: Iterable[str], rows: int, tally: Tally) -> Iterator[pa.Table]:
        """Yield the columns in pieces of at most about ``rows`` rows.

        Raises
        ------
        InputError
            ``bad-table`` if the file is damaged from here on.
        """
        names = [name for name in dict.fromkeys(columns) if name in self.schema.names]
        try:
            if self._table is not None:
                yield from map(_one_batch, self._table.select(names).to_batches(rows))
            elif self.is_text:
                yield from _csv_batches(self.path, names, self.name, tally)
            else:
                yield from _parquet_batches(self.path, names, rows)
        except (OSError, pa.ArrowException) as error:
            raise _bad_table(self.path, error) from error


def open_curve_file(path: Path) -> CurveFile:
    """Open a table without reading its rows; ECSV and FITS are read whole.

    Raises
    ------
    InputError
        ``bad-table``; ``unknown-format``.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            return CurveFile(path, pq.read_schema(path).remove_metadata())
        if _is_csv(path):
            with _open_csv(path, None, []) as reader:
                return CurveFile(path, reader.schema)
        if suffix in (".ecsv", ".fits"):
            return _read_astropy(path)
    except Exception as error:  # pyarrow and astropy raise many types on damaged tables
        raise _bad_table(path, error) from error
    reason = f"is none of the formats that are read: {', '.join(SUFFIXES)}"
    raise InputError(printable(str(path)), "unknown-format", reason)


def list_curve_files(inputs: Iterable[str | Path], tally: Tally) -> list[Path]:
    """Return the files behind files, folders, HATS catalogues and globs, in a fixed order, each once.

    Of a HATS catalogue only the pixels of the sky are taken, not its thumbnail and its metadata.
    What does not exist, and folders without any such file, become findings.
    """
    files: dict[Path, None] = {}
    for given in inputs:
        path = Path(given)
        if path.is_dir():
            found = _in_folder(path)
            if not found:
                reason = f"holds no file that ends in {', '.join(SUFFIXES)}"
                tally.add(Finding(printable(str(given)), "no-file", reason))
        elif path.exists():
            found = [path]
        else:
            found = [Path(each) for each in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207
            if not found:
                reason = "does not exist; check the path"
                tally.add(Finding(printable(str(given)), "missing-path", reason))
        files.update(dict.fromkeys(found))
    return list(files)


def _in_folder(folder: Path) -> list[Path]:
    everything = (path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIXES))
    inside = [(path, path.relative_to(folder)) for path in everything if path.is_file()]
    seen = [
        (path, parts)
        for path, parts in inside
        if not any(part.startswith((".", "_")) for part in parts.parts)
    ]
    pixels = [(path, parts) for path, parts in seen if any(map(_PIXEL.match, parts.parts))]
    return sorted((path for path, _ in pixels or seen), key=_by_numbers)


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    """Sort ``Npix=2`` before ``Npix=10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def _is_csv(path: Path) -> bool:
    return path.name.lower().endswith((".csv", ".csv.gz", ".tsv"))


def _bad_table(path: Path, error: Exception) -> InputError:
    reason = f"cannot be read as a table ({type(error).__name__}: {error!s:.300})"
    return InputError(printable(path.as_posix()), "bad-table", reason)


def _one_batch(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def _parquet_batches(path: Path, names: list[str], rows: int) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        yield from map(_one_batch, file.iter_batches(batch_size=rows, columns=names, use_threads=False))


def _csv_batches(path: Path, names: list[str], item: str, tally: Tally) -> Iterator[pa.Table]:
    bad: list[str] = []
    with _open_csv(path, names, bad) as reader:
        yield from map(_one_batch, reader)
    if bad:
        reason = (
            f"{len(bad):,} lines have another number of cells than the header and were left out: {bad[0]}"
        )
        tally.add(Finding(item, "damaged-row", reason, "warning"))


def _open_csv(path: Path, names: list[str] | None, bad: list[str]) -> Any:
    """Open a CSV file with all cells as text: the zeros of ``007`` stay, and a bad cell spoils itself."""
    from pyarrow import csv

    header, skipped = _header(path)
    separator = max(",;\t|", key=header.count)

    def leave_out(row: Any) -> str:
        bad.append(f"{row.actual_columns} cells, {row.expected_columns} expected: {row.text!s:.60}")
        return "skip"

    every = [cell.strip().strip('"') for cell in header.rstrip("\r\n").split(separator)]
    return csv.open_csv(
        path,
        read_options=csv.ReadOptions(
            use_threads=False, block_size=_CSV_BLOCK, column_names=every, skip_rows=skipped
        ),
        parse_options=csv.ParseOptions(delimiter=separator, invalid_row_handler=leave_out),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(every, pa.string()),
            include_columns=names,
            null_values=list(_NO_VALUE),
            strings_can_be_null=True,
        ),
    )


def _header(path: Path) -> tuple[str, int]:
    """Return the line with the names, and the number of lines down to it, itself included.

    The names may stand in the last remark: ``# mjd,mag,err``.
    """
    with pa.input_stream(str(path), compression="detect") as stream:
        start = stream.read(2**16)
    lines = bytes(start).decode("utf-8-sig", "replace").splitlines()
    above = 0
    while above < len(lines) and (lines[above].startswith("#") or not lines[above].strip()):
        above += 1
    if above == len(lines):
        raise OSError("the table is empty")
    if above and lines[above - 1].startswith("#") and _NUMBERS.fullmatch(lines[above]):
        return lines[above - 1].lstrip("# "), above
    return lines[above], above + 1


def _read_astropy(path: Path) -> CurveFile:
    from astropy.table import Table

    table = Table.read(path)
    flat = {name: table[name] for name in table.colnames if hasattr(table[name], "tolist")}
    arrays = {name: pa.array(_plain(column)) for name, column in flat.items()}
    units = {name: str(column.unit) for name, column in flat.items() if getattr(column, "unit", None)}
    made = pa.table(arrays)
    return CurveFile(path, made.schema, units, made)


def _plain(column: Any) -> list[Any]:
    """Return a column of astropy as Python objects: text decoded, arrays as lists, masked values as None."""
    return [_object(value) for value in column.tolist()]


def _object(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode().rstrip()
    return value.tolist() if hasattr(value, "tolist") else value
