"""The orders of a search: by what candidates are sorted, and where a place lies in the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, true, tuple_

from skysieve.errors import InputError
from skysieve.service.candidates.cursor import Place
from skysieve.service.database.tables import Candidate
from skysieve.service.filters.index_choice import without_index
from skysieve.service.filters.problem import did_you_mean
from skysieve.service.sky.cells import haversine

__all__ = ["SORTS", "Order", "order_of"]

#: What a search can be sorted by.
SORTS = ("score", "mag", "jd", "night", "first_seen", "label", "separation")


@dataclass(frozen=True, slots=True)
class Order:
    """An order of candidates: by a value, then by their number.

    Parameters
    ----------
    value : ColumnElement
        What they are sorted by.
    kind : type
        Of the values: float, str or datetime.
    descending : bool
        Whether the largest comes first.
    present, absent : ColumnElement or None
        Which candidates have a value, and which have none and come last; None: all have one.
    """

    value: ColumnElement[Any]
    kind: type
    descending: bool
    present: ColumnElement[bool]
    absent: ColumnElement[bool] | None

    def sections(self, place: Place | None) -> list[tuple[ColumnElement[bool], ...]]:
        """Return conditions of the parts of the order that lie on the way from a place, nearest first."""
        without = () if self.absent is None else (self.absent,)
        if place is None:
            return [(self.present,), *((part,) for part in without)]
        if place.value is None:
            behind = Candidate.id > place.id if self.ascends(place) else Candidate.id < place.id
            rest = [(self.present,)] if place.backwards else []
            return [*((part, behind) for part in without), *rest]
        rest = [] if place.backwards else [(part,) for part in without]
        return [(self.present, self._beyond(place)), *rest]

    def ascends(self, place: Place | None) -> bool:
        """Say whether values and numbers grow on the way from a place."""
        return self.descending == (place is not None and place.backwards)

    def by(
        self, place: Place | None, *, indexed: bool = True
    ) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Return what to order by on the way from a place; SQLite walks no index where ``indexed`` is off."""
        value = self.value if indexed else without_index(self.value)
        if self.ascends(place):
            return value.asc(), Candidate.id.asc()
        return value.desc(), Candidate.id.desc()

    def _beyond(self, place: Place) -> ColumnElement[bool]:
        here = tuple_(
            bindparam(None, place.value, type_=self.value.type, unique=True),
            bindparam(None, place.id, type_=Candidate.id.type, unique=True),
        )
        row = tuple_(self.value, Candidate.id)
        return row > here if self.ascends(place) else row < here


def order_of(sort: str, cone: tuple[float, float, float] | None = None) -> Order:
    """Return the order of a name.

    Parameters
    ----------
    sort : str
        One of `SORTS`, with ``-`` before it for the largest first.
    cone : tuple of float, optional
        Right ascension, declination (degrees) and radius, for ``separation``.

    Raises
    ------
    InputError
        If there is no such order; kind ``bad-sort``.
    """
    name = sort.removeprefix("-")
    descending = sort.startswith("-")
    match name:
        case "score" | "mag" | "jd" | "night":
            # Nights follow each other as their times do.
            column = getattr(Candidate, "jd" if name == "night" else name)
            return Order(column, float, descending, column.is_not(None), column.is_(None))
        case "first_seen":
            seen: ColumnElement[Any] = Candidate.__table__.c.first_seen
            return Order(seen, datetime, descending, true(), None)
        case "label":
            label: ColumnElement[Any] = Candidate.__table__.c.label
            return Order(label, str, descending, label > "", label == "")
        case "separation" if cone is not None:
            return Order(haversine(*cone[:2]), float, descending, true(), None)
    if name == "separation":
        raise InputError("sort", "bad-sort", "only what lies in a cone can be sorted by separation")
    raise InputError("sort", "bad-sort", f"nothing is sorted by {name[:40]!r}{did_you_mean(name, SORTS)}")
