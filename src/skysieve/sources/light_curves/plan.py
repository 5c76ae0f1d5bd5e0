"""What the first readable file says of all: form, columns, quantity, types of what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.description import RESERVED_COLUMNS
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, ERROR, TIME, VALUE, Quantity
from skysieve.sources.light_curves.cells import as_numbers, is_text, is_text_list
from skysieve.sources.light_curves.column_names import ColumnNames, first_usual, guess_columns
from skysieve.sources.light_curves.curve_files import CurveFile, open_curve_file
from skysieve.sources.light_curves.nested_form import column_kinds, column_of
from skysieve.sources.light_curves.settings import CurveReading
from skysieve.sources.light_curves.tally import Tally

__all__ = ["Plan", "make_plan", "roots"]

#: Rows by which it is told whether text is a number, a word or a list.
_PEEK = 1000
#: What is kept of a long table if the user does not say.
_OF_A_CURVE = ("ra", "dec", "raj2000", "dej2000", "objra", "objdec", "period")
_FIXED = (*RESERVED_COLUMNS, TIME, VALUE, ERROR, BANDS)


@dataclass(frozen=True)
class Plan:
    """How files are read.

    Parameters
    ----------
    names : ColumnNames
        The columns, empty where there is none.
    form : {"long", "nested"}
        One row a point, or one row a curve.
    quantity, unit : str
        Of the values.
    id_type : pyarrow.DataType
        ``int64`` or ``string``.
    keep : mapping of str to pyarrow.DataType
        Columns of one value a curve, with their types.
    """

    names: ColumnNames
    form: Literal["long", "nested"]
    quantity: Quantity
    unit: str
    id_type: pa.DataType
    keep: dict[str, pa.DataType]

    @property
    def stored(self) -> dict[str, pa.DataType]:
        """What is read of every curve besides its points: label, group, split, and what is kept."""
        named = (self.names.label, self.names.group, self.names.split)
        return dict.fromkeys(filter(None, named), pa.string()) | self.keep

    def read_columns(self) -> tuple[str, ...]:
        """Return every column that is read."""
        return tuple(dict.fromkeys((*self.names.used(), *self.keep)))


def make_plan(files: Sequence[Path], reading: CurveReading, tally: Tally) -> Plan:
    """Look at the first file that can be read.

    Parameters
    ----------
    files : sequence of Path
        The files.
    reading : CurveReading
        What the user says.
    tally : Tally
        Told what was guessed and what is left out.

    Raises
    ------
    ConfigurationError
        If columns cannot be told.
    InputError
        If no file can be read.
    """
    said: Quantity | None = None if reading.quantity == "guess" else reading.quantity
    file, peek, kinds, (names, quantity, guessed) = _first_usable(files, reading, said)
    form: Literal["long", "nested"] = "nested" if kinds[names.time] else "long"
    if reading.form not in ("guess", form):
        raise ConfigurationError(
            f"{file.name} has one value of {names.time!r} a row, not lists; leave form out, or say form=long"
        )
    quantity, unit = _quantity(quantity, file.units.get(names.value, ""), reading.unit, said)
    plan = Plan(names, form, quantity, unit, _id_type(peek, names), {})
    _say_guesses(plan, guessed, file, tally)
    keep = _kept(plan, kinds, reading, file, peek, tally)
    return Plan(names, form, quantity, unit, plan.id_type, keep)


def roots(names: Sequence[str], schema: pa.Schema) -> list[str]:
    """Return the columns of a file in which dotted names lie."""
    return [name if name in schema.names else name.rpartition(".")[0] for name in names]


_Guess = tuple[ColumnNames, Quantity | None, tuple[str, ...]]


def _first_usable(
    files: Sequence[Path], reading: CurveReading, said: Quantity | None
) -> tuple[CurveFile, pa.Table, dict[str, bool], _Guess]:
    """Return the first file that can be read and whose columns can be told."""
    unreadable: InputError | None = None
    untold: ConfigurationError | None = None
    for path in files:
        try:
            file = open_curve_file(path)
            peek = next(file.batches(file.schema.names, _PEEK, Tally()), file.schema.empty_table())
            if not peek.num_rows:
                raise InputError(file.name, "empty-file", "has no rows")
            kinds = _kinds(file, peek.slice(0, _PEEK), reading)
            guess = guess_columns(reading.columns, kinds, file.name, said)
        except InputError as error:
            unreadable = unreadable or error
        except ConfigurationError as error:
            # A table of labels may lie beside the curves.
            untold = untold or error
        else:
            return file, peek.slice(0, _PEEK), kinds, guess
    raise (
        untold
        or unreadable
        or InputError("the inputs", "no-file", "hold no file of light curves; check the paths")
    )


def _kinds(file: CurveFile, peek: pa.Table, reading: CurveReading) -> dict[str, bool]:
    """Return the columns, and whether each holds a list a row; text may be lists, too."""
    kinds = column_kinds(file.schema)
    texts = [name for name in kinds if name in peek.column_names and is_text_list(peek[name])]
    if reading.form == "long":
        return {name: False for name, is_list in kinds.items() if not is_list}
    # Coordinates such as 12 34 56.7 look like lists: only beside a list of times are they taken for such.
    time = reading.columns.time or first_usual("time", texts)
    return kinds | dict.fromkeys(texts, True) if time in texts else kinds


def _quantity(
    told: Quantity | None, of_file: str, of_user: str, said: Quantity | None
) -> tuple[Quantity, str]:
    unit = of_user or of_file
    quantity = told
    if said is None and unit:
        quantity = "magnitude" if unit.lower() in ("mag", "mag(ab)", "abmag") else "flux"
    quantity = quantity or "magnitude"
    if quantity == "magnitude":
        return quantity, "mag"
    if unit == "mag":
        raise ConfigurationError("values are said to be fluxes in mag; give the unit of the flux: unit=nJy")
    return quantity, unit or "unknown"


def _id_type(peek: pa.Table, names: ColumnNames) -> pa.DataType:
    if not names.id:
        return pa.string()
    column = column_of(peek, names.id)
    kind = column.type
    whole = pa.types.is_integer(kind)
    if pa.types.is_floating(kind):
        # pandas turns whole numbers into fractions where one is missing.
        values = as_numbers(column)[0]
        known = values[values == values]
        whole = bool(len(known)) and bool(((known == known.round()) & (abs(known) < 2.0**53)).all())
    return pa.int64() if whole and not pa.types.is_uint64(kind) else pa.string()


def _say_guesses(plan: Plan, guessed: tuple[str, ...], file: CurveFile, tally: Tally) -> None:
    told = [f"{name} is {getattr(plan.names, name)!r}" for name in guessed]
    if not plan.names.id:
        told.append("every file is a curve of the file's name" if plan.form == "long" else "rows have no id")
    told.append(f"values are a {plan.quantity} in {plan.unit}, one row a {_row_of(plan)}")
    tally.add(Finding(file.name, "guessed-columns", "; ".join(told), "note"))
    if not plan.names.error:
        tally.add(Finding(file.name, "no-errors", "no column of errors; all errors are unknown", "note"))


def _row_of(plan: Plan) -> str:
    return "curve" if plan.form == "nested" else "point"


def _kept(
    plan: Plan,
    kinds: dict[str, bool],
    reading: CurveReading,
    file: CurveFile,
    peek: pa.Table,
    tally: Tally,
) -> dict[str, pa.DataType]:
    """Return the columns of one value a curve with the types in which they are kept."""
    used = set(plan.names.used())
    for name in reading.keep:
        if kinds.get(name, True):
            raise ConfigurationError(f"keep: {file.name} has no column {name!r} of one value a row")
    others = [name for name, is_list in kinds.items() if name not in used and not is_list]
    chosen = list(reading.keep)
    if not chosen:
        long = plan.form == "long"
        chosen = [name for name in others if not long or name.lower() in _OF_A_CURVE]
    fixed = [name for name in chosen if name in _FIXED]
    if fixed:
        reason = (
            f"left out: {', '.join(fixed)}, names with a fixed meaning; say what they are, or rename them"
        )
        tally.add(Finding(file.name, "reserved-column", reason, "warning"))
    kept = {name: _kept_type(peek, name) for name in chosen if name not in fixed and name not in used}
    made = {name: kind for name, kind in kept.items() if kind is not None}
    out = [name for name in kinds if name not in used and name not in made and name not in fixed]
    if out:
        reason = f"columns left out: {', '.join(out)}"
        tally.add(Finding(file.name, "columns-left-out", reason, "note"))
    return made


def _kept_type(peek: pa.Table, name: str) -> pa.DataType | None:
    column = column_of(peek, name)
    if is_text(column.type):
        numbers, bad = as_numbers(column)
        is_number = not bad.any() and bool((numbers == numbers).any())
        return pa.float64() if is_number else pa.string()
    if pa.types.is_dictionary(column.type):
        return pa.string()
    simple = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return column.type if any(check(column.type) for check in simple) else None
