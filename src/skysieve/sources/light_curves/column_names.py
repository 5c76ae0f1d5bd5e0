"""Which column of a table of light curves is which: as the user says, or else guessed and said so."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from skysieve.errors import ConfigurationError
from skysieve.samples.light_curves import Quantity

__all__ = ["NO_COLUMN", "ColumnNames", "first_usual", "guess_columns"]

#: Said of a column that there is none, so that none is guessed.
NO_COLUMN = "none"

#: Usual names, the likeliest first, in small letters and without signs between them.
_USUAL: dict[str, str] = {
    "id": "id objectid oid objid objectidps1 diaobjectid sourceid masterid numericalid starid lcid curveid "
    "snid kic tic object star name source target",
    "time": "mjd hmjd bmjd midpointmjdtai midpointtai expmidptmjd obsmjd mjdobs midmjd time times hjd bjd "
    "btjd bjdtdb jd t epoch date",
    "magnitude": "mag magnitude mags psfmag magpsf vmag m magauto magap",
    "flux": "flux psfflux fluxpsf fluxcal forcedflux forcediffimflux fluxes",
    "either": "value y",
    "magnitude error": "magerr magerror magnitudeerror magnitudeerr emag magsigma sigmamag psfmagerr "
    "sigmapsf merr vmagerr magerrs",
    "flux error": "fluxerr fluxerror eflux fluxsigma psffluxerr psffluxsigma fluxcalerr fluxunc "
    "forcediffimfluxunc",
    "either error": "err error sigma uncertainty unc yerr valueerr",
    "band": "band filter filterid fid passband filtercode filtername bandname flt photfilter filt",
    "flags": "catflags",
}


@dataclass(frozen=True)
class ColumnNames:
    """The user's column names; an empty one is guessed, ``none`` says that there is no such column.

    In nested tables a list inside a column has a dotted name: ``lightcurve.mjd``.

    Parameters
    ----------
    id : str
        Name of the curve. Without one every file is a curve of the file's name.
    time : str
        Days; JD, MJD, or a date and time.
    value : str
        Magnitude or flux.
    error : str
        Of the value.
    band : str
        Filter: a word or a number. ZTF's ``filterid`` and ``fid`` become g, r and i.
    flags : str
        Bits that say what is wrong with a point. Only ``catflags`` is guessed.
    label, group, split : str
        Class of the curve, what no split may divide, and a split of the user's own; never guessed.
    """

    id: str = ""
    time: str = ""
    value: str = ""
    error: str = ""
    band: str = ""
    flags: str = ""
    label: str = ""
    group: str = ""
    split: str = ""

    def used(self) -> tuple[str, ...]:
        """Return the names of the columns that are known, each once."""
        names = (getattr(self, item.name) for item in fields(self))
        return tuple(dict.fromkeys(name for name in names if name))


def guess_columns(
    given: ColumnNames, columns: Mapping[str, bool], table: str, quantity: Quantity | None = None
) -> tuple[ColumnNames, Quantity | None, tuple[str, ...]]:
    """Find the columns of a table.

    Parameters
    ----------
    given : ColumnNames
        What the user says.
    columns : mapping of str to bool
        All columns, dotted inside nested ones, and whether each holds a list of points a row.
    table : str
        Name of the table, for errors.
    quantity : {"magnitude", "flux"}, optional
        What the values are, if the user says so: the other is not guessed.

    Returns
    -------
    names : ColumnNames
        Empty where there is no such column.
    quantity : {"magnitude", "flux"} or None
        What the name of the value tells.
    guessed : tuple of str
        Which fields were guessed.

    Raises
    ------
    ConfigurationError
        If a named column does not exist, or there is none of times or of values.

    Examples
    --------
    >>> columns = dict.fromkeys(["MasterID", "Mag", "Magerr", "RA", "MJD"], False)
    >>> names, quantity, guessed = guess_columns(ColumnNames(), columns, "table")
    >>> names.id, names.time, names.value, names.error, quantity
    ('MasterID', 'MJD', 'Mag', 'Magerr', 'magnitude')
    """
    for name in given.used():
        if name not in columns and name != NO_COLUMN:
            raise ConfigurationError(_no_column(table, name, list(columns)))
    nested = any(columns[name] for name in given.used() if name != NO_COLUMN) or _has_nested_points(columns)
    found = {item.name: getattr(given, item.name) for item in fields(given)}
    points = [name for name, is_list in columns.items() if is_list == nested]
    rows = [name for name, is_list in columns.items() if not is_list]
    if not found["time"]:
        found["time"] = _usual("time", points)
    prefix = found["time"].rpartition(".")[0]
    near = [name for name in points if name.rpartition(".")[0] == prefix]
    if not found["value"]:
        found["value"] = _first(_value_names(quantity), near)
    quantity = quantity or _quantity_of(found["value"])
    for name, usual, among in (
        ("id", _words("id"), rows),
        ("error", _error_names(found["value"], quantity), near),
        ("band", _words("band"), near + [name for name in rows if name not in near]),
        ("flags", _words("flags"), near),
    ):
        found[name] = found[name] or _first(usual, [each for each in among if each not in found.values()])
    for name in ("time", "value"):
        if found[name] in ("", NO_COLUMN):
            raise ConfigurationError(_cannot_guess(table, name, points or list(columns)))
    names = ColumnNames(**{name: "" if value == NO_COLUMN else value for name, value in found.items()})
    guessed = tuple(
        item.name for item in fields(names) if getattr(names, item.name) and not getattr(given, item.name)
    )
    return names, quantity, guessed


def first_usual(role: str, columns: Sequence[str]) -> str:
    """Return the column with the likeliest usual name for a role such as ``id``, or nothing.

    Examples
    --------
    >>> first_usual("id", ["ra", "OBJECT_ID"])
    'OBJECT_ID'
    """
    return _usual(role, columns)


def _plain(name: str) -> str:
    """Return the last part of a dotted name in small letters, without signs."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())


def _first(usual: Sequence[str], names: Sequence[str]) -> str:
    """Return the name that stands first among the usual ones, or nothing."""
    plain = {name: _plain(name) for name in names}
    return next((name for each in usual for name in names if plain[name] == each), "")


def _words(role: str) -> tuple[str, ...]:
    return tuple(_USUAL[role].split())


def _usual(role: str, names: Sequence[str]) -> str:
    return _first(_words(role), names)


def _has_nested_points(columns: Mapping[str, bool]) -> bool:
    lists = [name for name, is_list in columns.items() if is_list]
    return bool(_usual("time", lists))


def _value_names(quantity: Quantity | None) -> tuple[str, ...]:
    if quantity is not None:
        return (*_words(quantity), *_words("either"))
    return (*_words("magnitude"), *_words("flux"), *_words("either"))


def _quantity_of(value: str) -> Quantity | None:
    name = _plain(value)
    if name in _words("flux") or "flux" in name:
        return "flux"
    return "magnitude" if name in _words("magnitude") or "mag" in name else None


def _error_names(value: str, quantity: Quantity | None) -> tuple[str, ...]:
    name = _plain(value)
    own = (f"{name}err", f"{name}error", f"e{name}", f"{name}sigma", f"sigma{name}", f"{name}unc")
    return (*own, *(_words(f"{quantity} error") if quantity else ()), *_words("either error"))


def _no_column(table: str, name: str, columns: list[str]) -> str:
    near = difflib.get_close_matches(name, columns, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(columns)}"
    return f"{table} has no column {name!r}; {hint}"


def _cannot_guess(table: str, name: str, columns: list[str]) -> str:
    return (
        f"{table}: no column has a usual name for the {name} of a point; it has {', '.join(columns)}: "
        f"say which it is, such as columns.{name}={columns[-1] if columns else 'mjd'}"
    )
