"""Models and sieves on duty: which there are, putting one on duty, going back, scoring again."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.api.bodies import ScorerBody
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.scorer_rows import find_scorer
from skysieve.service.judging.scorers import promote, rescore, retire, roll_back
from skysieve.service.service import Service
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["scorers"])

READ, CURATE = access(Role.VIEWER, "read"), access(Role.CURATOR, "curate")


class RescoreRequest(BaseModel):
    """What is to be scored again."""

    night: str = Field("", max_length=16, description="`YYYYMMDD`; empty: all nights")


@router.get("/scorers", dependencies=[READ])
def list_scorers(service: ServiceOf) -> list[ScorerBody]:
    """Return every model and sieve that has scored here, the latest first."""
    with service.database.reading() as session:
        return [
            ScorerBody.model_validate(each)
            for each in session.scalars(select(Scorer).order_by(Scorer.id.desc()))
        ]


@router.post("/scorers/{scorer_id}/promote", dependencies=[CURATE])
def put_on_duty(service: ServiceOf, caller: CallerOf, scorer_id: RowId) -> ScorerBody:
    """Put a scorer on duty: its scores count from now on."""
    promote(service, scorer_id, actor=caller.name)
    return _body(service, scorer_id)


@router.post("/scorers/{scorer_id}/retire", dependencies=[CURATE])
def take_off(service: ServiceOf, caller: CallerOf, scorer_id: RowId) -> ScorerBody:
    """Let a scorer score no more; its scores stay."""
    retire(service, scorer_id, actor=caller.name)
    return _body(service, scorer_id)


@router.post("/scorers/roll-back/{kind}", dependencies=[CURATE])
def go_back(service: ServiceOf, caller: CallerOf, kind: Literal["alert", "streak"]) -> ScorerBody:
    """Put the scorer on duty that was on duty before."""
    return _body(service, roll_back(service, kind, actor=caller.name))


@router.post("/scorers/{scorer_id}/rescore", dependencies=[CURATE], status_code=202)
def score_again(service: ServiceOf, scorer_id: RowId, request: RescoreRequest) -> dict[str, int]:
    """Ask a scorer to score what it has not scored yet; the worker does it."""
    return {"asked": rescore(service, scorer_id, night=request.night or None)}


def _body(service: Service, scorer_id: int) -> ScorerBody:
    with service.database.reading() as session:
        return ScorerBody.model_validate(find_scorer(session, scorer_id))
