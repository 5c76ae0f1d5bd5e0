"""Tables of positions: what cutouts are wanted of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.archives.cutout_service import Position
from skysieve.sources.row_table import Row, TableSource, read_rows

__all__ = ["read_positions"]


def read_positions(
    table: TableSource,
    *,
    id: str = "id",  # noqa: A002 - the name of the column that it means
    ra: str = "ra",
    dec: str = "dec",
) -> Iterator[Position | Finding]:
    """Read a table of positions.

    Parameters
    ----------
    table : str, Path or mapping
        A file (``.csv``, ``.parquet``, ``.ecsv``, ``.fits``) or columns by name.
    id, ra, dec : str
        Columns of the name and of the coordinates, degrees (ICRS).

    Yields
    ------
    Position or Finding
        In the order of the table: ``missing-id``, ``repeated-id`` (the first is kept),
        ``bad-position`` for what is no number, not finite, or beyond a pole. Right ascensions
        from -360 to 720 are brought to 0 to 360.

    Raises
    ------
    ConfigurationError
        If the table has no such column.
    InputError
        If the table itself cannot be read.

    Examples
    --------
    >>> table = {"id": ["a", "b", "a"], "ra": [10.0, 370.0, 1.0], "dec": [95.0, -3.0, 1.0]}
    >>> [getattr(each, "kind", each) for each in read_positions(table)][:2]
    ['bad-position', Position(id='b', ra=10.0, dec=-3.0, row={'id': 'b', 'ra': 370.0, 'dec': -3.0})]
    """
    # As text in CSV, so that one broken number costs its own row and not the table.
    rows = read_rows(table, as_text={id, ra, dec})
    return _positions(rows, id, ra, dec)


def _positions(rows: Iterator[Row], id_column: str, ra: str, dec: str) -> Iterator[Position | Finding]:
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        name = "" if row[id_column] is None else str(row[id_column]).strip()
        try:
            if not name:
                raise InputError(f"row {number}", "missing-id", f"the column {id_column!r} is empty")
            if name in seen:
                reason = f"the {id_column} {name!r} stands in several rows; the first is kept"
                raise InputError(name, "repeated-id", reason)
            seen.add(name)
            alpha, delta = _degrees(row[ra], ra, name), _degrees(row[dec], dec, name)
            if not -360 <= alpha <= 720 or abs(delta) > 90:
                reason = (
                    f"ra {alpha:g}, dec {delta:g} is no place on the sky; |dec| <= 90 degrees is expected"
                )
                raise InputError(name, "bad-position", reason)
            # Twice, since a hair below zero is 360 itself after the first time.
            yield Position(name, alpha % 360.0 % 360.0, delta, row)
        except InputError as error:
            yield Finding.from_error(error)


def _degrees(value: Any, column: str, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        hint = "; convert sexagesimal coordinates first" if ":" in str(value) else ""
        reason = f"the {column} is {value!r}, degrees as a number are expected{hint}"
        raise InputError(name, "bad-position", reason) from None
    if not math.isfinite(number):
        raise InputError(name, "bad-position", f"the {column} is {number}, degrees are expected")
    return number
