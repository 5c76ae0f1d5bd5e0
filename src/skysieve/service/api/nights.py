"""Nights and what they hold, in numbers."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.counts import night_counts
from skysieve.service.candidates.nights import find_night, night_names
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
    """Return the names of all nights, the latest first, that without a date last."""
    with service.database.reading() as session:
        return night_names(session)


@router.get("/nights/{night}", dependencies=[READ])
def show_night(service: ServiceOf, night: Annotated[str, Path(max_length=16)]) -> CountsBody:
    """Return the counts of a night."""
    with service.database.reading() as session:
        counts = night_counts(session, find_night(session, night).id)
    return CountsBody(night=night, **dataclasses.asdict(counts))
