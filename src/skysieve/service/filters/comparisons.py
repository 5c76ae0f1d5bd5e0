"""Comparisons of a value of the database with one of a filter, by type; every value is a parameter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Double, Integer, bindparam, func, not_

from skysieve.service.database.columns import UtcTime
from skysieve.service.filters.fields import SIGNS, ValueType
from skysieve.service.filters.problem import did_you_mean
from skysieve.service.filters.syntax import Value

__all__ = ["MOST_STARS", "bound_value", "check_sign", "compare", "convert", "one_of"]

#: Stars in a pattern.
MOST_STARS = 8
#: Julian date of 1970-01-01.
_EPOCH_JD = 2440587.5
_LARGEST = 2**63


def convert(kind: ValueType, value: Value, *, choices: Sequence[str] = ()) -> Any:
    """Return a value of a filter as one of a type.

    Raises
    ------
    ValueError
        If it is of another type; the message says what was expected.

    Examples
    --------
    >>> convert(ValueType.TIME, "2026-11-20T03:00")
    datetime.datetime(2026, 11, 20, 3, 0, tzinfo=datetime.timezone.utc)
    >>> convert(ValueType.NIGHT, 20261120), convert(ValueType.NIGHT, "2026-11-20")
    ('20261120', '20261120')
    """
    match kind:
        case ValueType.NUMBER if not isinstance(value, bool | str):
            return value
        case ValueType.TRUTH if isinstance(value, bool):
            return value
        case ValueType.TEXT if isinstance(value, str):
            if choices and value not in choices:
                raise ValueError(f"{value!r} is never found here{did_you_mean(value, choices)}")
            return value
        case ValueType.TIME if isinstance(value, str):
            return _time(value)
        case ValueType.NIGHT if not isinstance(value, bool | float):
            return _night(str(value))
    expected = {
        ValueType.NUMBER: "a number",
        ValueType.TRUTH: "true or false",
        ValueType.TEXT: 'a text in quotes, such as "..."',
        ValueType.TIME: 'a time in quotes, such as "2026-11-20T03:00"',
        ValueType.NIGHT: "a night, such as 20261120",
    }[kind]
    raise ValueError(f"expected {expected}, found {value!r}")


def compare(
    column: ColumnElement[Any], kind: ValueType, sign: str, value: Any, *, dialect: str
) -> ColumnElement[bool]:
    """Return a comparison; null or false where the column is null.

    Parameters
    ----------
    column : ColumnElement
        What is compared.
    kind : ValueType
        Its type; not a night.
    sign : str
        One that the type takes.
    value : object
        As `convert` returned it.
    dialect : str
        ``sqlite`` or ``postgresql``.

    Raises
    ------
    ValueError
        If the type does not take the sign.
    """
    check_sign(kind, sign)
    if sign in ("~", "!~"):
        matches = _pattern(column, value, dialect)
        return matches if sign == "~" else not_(matches)
    if sign == "contains":
        return _contains(column, value, dialect)
    bound = bound_value(column, kind, value)
    match sign:
        case "=":
            return column == bound
        case "!=":
            return column != bound
        case "<":
            return column < bound
        case "<=":
            return column <= bound
        case ">":
            return column > bound
        case _:
            return column >= bound


def one_of(column: ColumnElement[Any], kind: ValueType, values: Sequence[Any]) -> ColumnElement[bool]:
    """Return that a column is one of some values.

    Raises
    ------
    ValueError
        If the type takes no lists.
    """
    check_sign(kind, "in")
    return column.in_([bound_value(column, kind, value) for value in values])


def check_sign(kind: ValueType, sign: str) -> None:
    """Raise unless a type takes a sign.

    Raises
    ------
    ValueError
        If it does not.
    """
    if sign not in SIGNS[kind]:
        raise ValueError(f"a {kind.value} is not compared by {sign}; use one of {' '.join(SIGNS[kind])}")


def bound_value(column: ColumnElement[Any], kind: ValueType, value: Any) -> BindParameter[Any]:
    """Return a value as a parameter of the type that an index on the column needs."""
    if kind is ValueType.NUMBER:
        whole = isinstance(column.type, Integer) and float(value).is_integer() and abs(value) < _LARGEST
        return (
            bindparam(None, int(value), type_=BigInteger(), unique=True)
            if whole
            else bindparam(None, float(value), type_=Double(), unique=True)
        )
    if kind is ValueType.TIME and not isinstance(column.type, UtcTime):
        julian = value.timestamp() / 86_400 + _EPOCH_JD
        return bindparam(None, julian, type_=Double(), unique=True)
    return bindparam(None, value, type_=column.type, unique=True)


def _pattern(column: ColumnElement[Any], pattern: str, dialect: str) -> ColumnElement[bool]:
    if pattern.count("*") > MOST_STARS:
        raise ValueError(f"more than {MOST_STARS} stars in a pattern")
    if dialect == "sqlite":
        return column.op("GLOB", is_comparison=True)(
            bindparam(None, pattern.replace("[", "[[]"), unique=True)
        )
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
    like = escaped.replace("*", "%").replace("?", "_")
    return column.like(bindparam(None, like, unique=True))


def _contains(column: ColumnElement[Any], part: str, dialect: str) -> ColumnElement[bool]:
    # Letters of ASCII alike in both cases: what both databases can do.
    lower = part.translate({upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)})
    bound: BindParameter[str] = bindparam(None, lower, unique=True)
    if dialect == "sqlite":
        return func.instr(func.lower(column), bound) > 0
    return func.strpos(func.lower(column.collate("C")), bound) > 0


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"expected a time such as 2026-11-20T03:00 (UTC), found {value!r}") from None
    return time


def _night(value: str) -> str:
    name = value.replace("-", "")
    if name != "unknown" and not re.fullmatch("[0-9]{8}", name, re.ASCII):
        raise ValueError(f"expected a night such as 20261120, or unknown, found {value!r}")
    return name
