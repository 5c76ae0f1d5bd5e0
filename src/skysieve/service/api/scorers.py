"""Models and sieves on duty: which there are, putting one on duty, going back, scoring again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.api.bodies import ScorerBody, scorer_body
from skysieve.service.api.candidates import LARGEST_KEY
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.scorers import promote, rescore, retire, roll_back
from skysieve.service.service import Service
from skysieve.service.web.access import CallerOf, ServiceOf, access

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["scorers"])

READ, CURATE = access(Role.VIEWER, "read"), access(Role.CURATOR, "curate")

ScorerId = Annotated[int, Path(ge=1, le=LARGEST_KEY)]


class RescoreRequest(BaseModel):
    """What is to be scored again."""

    night: str = Field("", max_length=16, description="`YYYYMMDD`; empty: all nights")


@router.get("/scorers", dependencies=[READ])
def list_scorers(service: ServiceOf) -> list[ScorerBody]:
    """Return every model and sieve that has scored here, the latest first."""
    with service.database.reading() as session:
        return [scorer_body(each) for each in session.scalars(select(Scorer).order_by(Scorer.id.desc()))]


@router.post("/scorers/{scorer_id}/promote", dependencies=[CURATE])
def put_on_duty(service: ServiceOf, caller: CallerOf, scorer_id: ScorerId) -> ScorerBody:
    """Put a scorer on duty: its scores count from now on."""
    _require(service, scorer_id)
    promote(service, scorer_id, actor=caller.name)
    return _require(service, scorer_id)


@router.post("/scorers/{scorer_id}/retire", dependencies=[CURATE])
def take_off(service: ServiceOf, caller: CallerOf, scorer_id: ScorerId) -> ScorerBody:
    """Let a scorer score no more; its scores stay."""
    _require(service, scorer_id)
    retire(service, scorer_id, actor=caller.name)
    return _require(service, scorer_id)


@router.post("/scorers/roll-back/{kind}", dependencies=[CURATE])
def go_back(service: ServiceOf, caller: CallerOf, kind: Literal["alert", "streak"]) -> ScorerBody:
    """Put the scorer on duty that was on duty before."""
    return _require(service, roll_back(service, kind, actor=caller.name))


@router.post("/scorers/{scorer_id}/rescore", dependencies=[CURATE], status_code=202)
def score_again(service: ServiceOf, scorer_id: ScorerId, request: RescoreRequest) -> dict[str, int]:
    """Ask a scorer to score what it has not scored yet; the worker does it."""
    _require(service, scorer_id)
    return {"asked": rescore(service, scorer_id, night=request.night or None)}


def _require(service: Service, scorer_id: int) -> ScorerBody:
    with service.database.reading() as session:
        scorer = session.get(Scorer, scorer_id)
        if scorer is None:
            raise InputError(str(scorer_id), "no-such-scorer", "there is no scorer of this number")
        return scorer_body(scorer)
