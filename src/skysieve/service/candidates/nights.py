"""The nights of a service: their names, one of them, the latest."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.tables import Night
from skysieve.service.database.tables.candidates import UNKNOWN_NIGHT

__all__ = ["MOST_CHOSEN", "find_night", "latest_night", "night_names"]

#: Nights that pages offer; older ones are found by the search.
MOST_CHOSEN = 400


def night_names(session: Session, *, most: int | None = None) -> list[str]:
    """Return the names of all nights, or of so many, the latest first, that without a date last."""
    undated_last = (Night.name == UNKNOWN_NIGHT, Night.name.desc())
    return list(session.scalars(select(Night.name).order_by(*undated_last).limit(most)))


def find_night(session: Session, name: str) -> Night:
    """Return a night.

    Raises
    ------
    InputError
        ``no-such-night``; the message names the newest.
    """
    found = session.scalar(select(Night).where(Night.name == name))
    if found is None:
        known = ", ".join(night_names(session, most=3)) or "none"
        reason = f"no candidate came in that night (nights are YYYYMMDD); the newest are {known}"
        raise InputError(f"night {name}", "no-such-night", reason)
    return found


def latest_night(session: Session) -> Night | None:
    """Return the latest night that has a date, or else whatever night there is."""
    names = night_names(session, most=1)
    return find_night(session, names[0]) if names else None
