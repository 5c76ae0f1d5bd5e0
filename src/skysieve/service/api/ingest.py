"""Candidates sent in over HTTP, the journal of what came, and the quarantine."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.api.bodies import JournalBody, QuarantineBody
from skysieve.service.database.tables import JournalEntry, QuarantinedItem
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.quarantine import OPEN, dismiss
from skysieve.service.ingest.reception import receive, retry
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import Before

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["ingest"])

READ, SEND, CURATE = (
    # Names and reasons of what was kept aside are for those who can do something about it, as on the page.
    access(Role.CURATOR, "read"),
    access(Role.CURATOR, "ingest"),
    access(Role.CURATOR, "curate"),
)


class Received(BaseModel):
    """What became of an item."""

    item: str
    outcome: str
    candidates: int


class Selection(BaseModel):
    """Items of the quarantine."""

    ids: list[int] = Field(default_factory=list, max_length=1000, description="empty: all that are open")


@router.put("/items/{name}", dependencies=[SEND])
def send_item(
    service: ServiceOf,
    caller: CallerOf,
    name: Annotated[str, Path(max_length=200, pattern=r"^[A-Za-z0-9._+-]+$", description="name of the file")],
    data: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> Received:
    """Send an Avro packet, a picture of a streak, a nightly table or an archive of them.

    The same name with the same bytes changes nothing; a bad item goes into quarantine and is no error here.
    """
    if not data:
        raise InputError(name, "empty-item", "the body has no bytes")
    item = Item(
        feed="upload",
        name=f"{caller.name}/{name}",
        stamp=hashlib.sha256(data).hexdigest(),
        data=data,
        path=None,
    )
    received = receive(service, [item])
    return Received(item=item.name, outcome=received.outcomes[0], candidates=received.candidates)


@router.get("/journal", dependencies=[READ])
def show_journal(
    service: ServiceOf,
    feed: Annotated[str, Query(max_length=48)] = "",
    outcome: Annotated[str, Query(max_length=16)] = "",
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[JournalBody]:
    """Return what came in, the latest first."""
    statement = select(JournalEntry).order_by(JournalEntry.id.desc()).limit(limit)
    if feed:
        statement = statement.where(JournalEntry.feed == feed)
    if outcome:
        statement = statement.where(JournalEntry.outcome == outcome)
    if before is not None:
        statement = statement.where(JournalEntry.id < before)
    with service.database.reading() as session:
        return [JournalBody.model_validate(entry) for entry in session.scalars(statement)]


@router.get("/quarantine", dependencies=[READ])
def show_quarantine(
    service: ServiceOf,
    state: Literal["open", "retry", "resolved", "dismissed"] = "open",
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[QuarantineBody]:
    """Return what was kept aside, the latest first."""
    statement = select(QuarantinedItem).where(QuarantinedItem.state == state)
    if before is not None:
        statement = statement.where(QuarantinedItem.id < before)
    with service.database.reading() as session:
        found = session.scalars(statement.order_by(QuarantinedItem.id.desc()).limit(limit))
        return [QuarantineBody.model_validate(item) for item in found]


@router.post("/quarantine/retry", dependencies=[CURATE])
def try_again(service: ServiceOf, selection: Selection) -> dict[str, int]:
    """Try items of the quarantine again; those whose bytes were not kept are taken anew by their feed."""
    with service.database.reading() as session:
        open_rows = select(func.count()).where(QuarantinedItem.state == OPEN)
        if selection.ids:
            open_rows = open_rows.where(QuarantinedItem.id.in_(selection.ids))
        asked = session.scalar(open_rows) or 0
    retry(service, selection.ids or None)
    return {"retried": asked}


@router.post("/quarantine/dismiss", dependencies=[CURATE])
def give_up(service: ServiceOf, selection: Selection) -> dict[str, int]:
    """Say that items of the quarantine need no more attention; they stay in the list of dismissed ones."""
    if not selection.ids:
        raise InputError("ids", "no-items", "name the items to dismiss; all at once are not dismissed")
    return {"dismissed": dismiss(service, selection.ids)}
