"""Cursors: where a page of a search begins, as a word that an address can hold.

A cursor is not secret and not signed: it names a place in the order of one search, and any place may be
asked for. What does not belong to the search, or is no place at all, is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from skysieve.errors import InputError

__all__ = ["Place", "SortValue", "read_cursor", "write_cursor"]

#: What candidates are sorted by: numbers, texts or times; None: the candidate has none.
SortValue: TypeAlias = "float | str | datetime | None"

_LONGEST, _LONGEST_TEXT, _LARGEST_ID = 600, 80, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two candidates of an order.

    Parameters
    ----------
    value : float, str, datetime or None
        What the candidate beside it is sorted by.
    id : int
        The candidate beside it.
    backwards : bool
        Whether the page ends before that candidate; otherwise it begins behind it.
    """

    value: SortValue
    id: int
    backwards: bool = False


def write_cursor(place: Place, search: str) -> str:
    """Return a place of a search as a word.

    Parameters
    ----------
    place : Place
        The place.
    search : str
        Digest of what was searched for: a cursor is of use in the same search only.
    """
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    written = json.dumps([search, int(place.backwards), value, place.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(cursor: str, search: str, kind: type) -> Place:
    """Return the place that a cursor names.

    Parameters
    ----------
    cursor : str
        From outside.
    search : str
        As of `write_cursor`.
    kind : type
        What the search sorts by: float, str or datetime.

    Raises
    ------
    InputError
        If it is no cursor, or one of another search; kind ``bad-cursor``.

    Examples
    --------
    >>> read_cursor(write_cursor(Place(0.5, 7), "a1"), "a1", float)
    Place(value=0.5, id=7, backwards=False)
    """
    try:
        given = _decoded(cursor)
        of, backwards, value, number = given
        if of != search:
            raise _bad("it belongs to another search; begin with the first page")
        if type(backwards) is not int or backwards not in (0, 1):
            raise ValueError("direction")
        if type(number) is not int or not 0 < number <= _LARGEST_ID:
            raise ValueError("number")
        return Place(_value(value, kind), number, bool(backwards))
    except InputError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise _bad("it is not one that a page has given") from None


def _decoded(cursor: str) -> list[Any]:
    if len(cursor) > _LONGEST:
        raise ValueError("length")
    padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
    given = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(given, list):
        raise ValueError("list")
    return given


def _value(value: Any, kind: type) -> SortValue:
    if value is None:
        return None
    if kind is float and type(value) in (int, float) and math.isfinite(float(value)):
        return float(value)
    if kind is str and isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable():
        return value
    if kind is datetime and isinstance(value, str):
        time = datetime.fromisoformat(value)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    raise ValueError("value")


def _bad(reason: str) -> InputError:
    return InputError("cursor", "bad-cursor", f"the cursor cannot be used: {reason}")
