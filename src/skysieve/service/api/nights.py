"""Nights and what they hold, in numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.counts import night_counts
from skysieve.service.database.tables import Night
from skysieve.service.web.access import ServiceOf, access

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["nights"])

READ = access(Role.VIEWER, "read")


class CountsBody(BaseModel):
    """Counts of a night."""

    night: str
    candidates: int
    scored: int
    pending: int
    passing: int
    labelled: int
    unlabelled_passing: int
    by_label: dict[str, int]
    score_histogram: dict[str, list[int]]
    per_hour: list[tuple[datetime, int]]
    quarantined: int


@router.get("/nights", dependencies=[READ])
def list_nights(service: ServiceOf) -> list[str]:
    """Return the names of all nights, the latest first."""
    with service.database.reading() as session:
        return list(session.scalars(select(Night.name).order_by(Night.name.desc())))


@router.get("/nights/{night}", dependencies=[READ])
def show_night(service: ServiceOf, night: Annotated[str, Path(max_length=16)]) -> CountsBody:
    """Return the counts of a night."""
    with service.database.reading() as session:
        found = session.scalar(select(Night).where(Night.name == night))
        if found is None:
            raise InputError(night, "no-such-night", "there is no night of this name; nights are YYYYMMDD")
        counts = night_counts(session, found.id)
    return CountsBody(
        night=night,
        candidates=counts.candidates,
        scored=counts.scored,
        pending=counts.pending,
        passing=counts.passing,
        labelled=counts.labelled,
        unlabelled_passing=counts.unlabelled_passing,
        by_label=counts.by_label,
        score_histogram=counts.score_histogram,
        per_hour=counts.per_hour,
        quarantined=counts.quarantined,
    )
