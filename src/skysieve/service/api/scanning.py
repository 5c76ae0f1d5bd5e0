"""What the scanning page asks for, the next candidates, and what it sends: labels and comments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.accounts.roles import Role
from skysieve.service.api.bodies import RowBody
from skysieve.service.api.campaigns import AnswerBody
from skysieve.service.database.tables import Label
from skysieve.service.labelling.campaign_queue import gold_answer
from skysieve.service.labelling.campaign_rules import visible_campaign
from skysieve.service.labelling.comments import add_comment
from skysieve.service.labelling.labels import give_label, undo_last, withdraw
from skysieve.service.labelling.scanning_queue import Asked, Show, next_candidates
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import NightName, RowId
from skysieve.service.web.scanned_candidate import scanned_json

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["scanning"])


class LabelAsked(BaseModel):
    """What a person says of a candidate."""

    value: str = Field(max_length=48)
    taxonomy_id: RowId | None = None
    campaign_id: RowId | None = None
    machine_hidden: bool = False
    seconds: float | None = Field(None, ge=0, le=604_799, allow_inf_nan=False)
    request_key: str | None = Field(None, min_length=1, max_length=64)
    origin: Annotated[str, Field(pattern="^(scan|page|api)$")] = "api"


class LabelGiven(BaseModel):
    """A label as it stands."""

    id: int
    candidate_id: int
    value: str
    made_at: datetime
    withdrawn_at: datetime | None
    answer: AnswerBody | None = Field(
        None, description="of a gold item of the campaign: what it is known to be"
    )


class UndoAsked(BaseModel):
    """Which label to take back: that of a request, or the last one that still counts."""

    request_key: str | None = Field(None, min_length=1, max_length=64)
    campaign_id: RowId | None = None


class Undone(BaseModel):
    """What was taken back; nothing where there was nothing."""

    label: LabelGiven | None


class CommentAsked(BaseModel):
    """A remark."""

    text: str = Field(max_length=8_000)


class CommentGiven(RowBody):
    """A remark as it stands."""

    id: int
    candidate_id: int
    text: str
    made_at: datetime


@router.get("/scanning/queue", dependencies=[access(Role.SCANNER, "label")])
def queue(
    service: ServiceOf,
    caller: CallerOf,
    *,
    night: NightName = "",
    where: Annotated[str, Query(max_length=4_000)] = "",
    sort: Annotated[str, Query(max_length=80)] = "-score",
    show: Show = "unlabelled",
    campaign: RowId | None = None,
    hide: bool = False,
    size: Annotated[int, Query(ge=1, le=100)] = 24,
    cursor: Annotated[str, Query(max_length=20_000)] = "",
) -> dict[str, Any]:
    """Return the next candidates to scan, and where those behind them begin."""
    asked = Asked(night, where, sort, show, campaign, hide, size, cursor)
    with service.database.reading() as session:
        found = next_candidates(session, caller, asked)
        rows = [scanned_json(row, blind=row.id in found.blind) for row in found.rows]
    return {"candidates": rows, "next": found.next, "total": found.total}


@router.post(
    "/candidates/{candidate_id}/labels", status_code=201, dependencies=[access(Role.SCANNER, "label")]
)
def label(service: ServiceOf, caller: CallerOf, candidate_id: RowId, asked: LabelAsked) -> LabelGiven:
    """Label a candidate. The same request key again changes nothing, and answers the same."""

    def work(session: Session) -> LabelGiven:
        hidden = asked.machine_hidden
        if asked.campaign_id is not None:
            hidden = hidden or visible_campaign(session, caller, asked.campaign_id).hide_machine
        given = give_label(
            session,
            candidate_id=candidate_id,
            user_id=caller.user_id,
            value=asked.value,
            taxonomy_id=asked.taxonomy_id,
            campaign_id=asked.campaign_id,
            origin=asked.origin,
            machine_hidden=hidden,
            seconds=asked.seconds,
            request_key=asked.request_key,
        )
        session.flush()
        answer = asked.campaign_id and gold_answer(session, asked.campaign_id, candidate_id, caller.user_id)
        return _given(given, AnswerBody.of(answer) if answer else None)

    return service.database.write(work)


@router.post("/labels/undo", dependencies=[access(Role.SCANNER, "label")])
def undo(service: ServiceOf, caller: CallerOf, asked: UndoAsked) -> Undone:
    """Take a label back: that of a request key, which may be said twice, or the last one that counts."""

    def work(session: Session) -> Undone:
        if asked.request_key is None:
            last = undo_last(session, caller.user_id, campaign_id=asked.campaign_id)
            return Undone(label=None if last is None else _given(last))
        statement = select(Label.id).where(
            Label.request_key == asked.request_key, Label.user_id == caller.user_id
        )
        found = session.scalar(statement)
        return Undone(label=None if found is None else _given(withdraw(session, found, caller.user_id)))

    return service.database.write(work)


@router.post(
    "/candidates/{candidate_id}/comments", status_code=201, dependencies=[access(Role.SCANNER, "label")]
)
def comment(service: ServiceOf, caller: CallerOf, candidate_id: RowId, asked: CommentAsked) -> CommentGiven:
    """Remark on a candidate."""

    def work(session: Session) -> CommentGiven:
        made = add_comment(session, candidate_id=candidate_id, user_id=caller.user_id, text=asked.text)
        return CommentGiven.model_validate(made)

    return service.database.write(work)


def _given(given: Label, answer: AnswerBody | None = None) -> LabelGiven:
    return LabelGiven(
        id=given.id,
        candidate_id=given.candidate_id,
        value=given.value,
        made_at=given.made_at,
        withdrawn_at=given.withdrawn_at,
        answer=answer,
    )
