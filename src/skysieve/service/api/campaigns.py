"""Campaigns: what there is to label together, what comes next, how people agree, what it adds up to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skysieve.service.accounts.audit import record
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Campaign
from skysieve.service.labelling.campaign_figures import Progress, campaign_votes, gold_of, progress
from skysieve.service.labelling.campaign_queue import GoldAnswer, gold_answer, next_items
from skysieve.service.labelling.campaign_rules import is_visible, visible_campaign
from skysieve.service.labelling.campaigns import (
    GOLD_RATE,
    CampaignPlan,
    add_gold,
    all_campaigns,
    change_state,
    create_campaign,
    read_tutorial,
)
from skysieve.service.labelling.consensus import consensus
from skysieve.service.labelling.proposals import Proposal, choose, chosen_by_id
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/campaigns", tags=["campaigns"])

_READ, _LABEL = access(Role.SCANNER, "read"), access(Role.SCANNER, "label")
_CURATE = access(Role.CURATOR, "curate")


class CampaignBody(BaseModel):
    """A campaign and how far it is."""

    id: int
    name: str
    kind: str
    state: str
    taxonomy_id: int
    tutorial: str
    labels_wanted: int
    hide_machine: bool
    created_at: datetime
    items: int = Field(description="candidates to label, without gold items")
    done: int = Field(description="candidates with all labels that are wanted")
    labels: int = Field(description="labels given, of those that are wanted")
    proposal: dict[str, Any] = Field(description="how its candidates were chosen; of curators only")


class CampaignRequest(BaseModel):
    """A campaign that is to be: of candidates by their ids, or chosen."""

    name: str = Field(min_length=1, max_length=80)
    kind: Literal["alert", "streak"] = "alert"
    tutorial: str = Field("", max_length=20_000)
    labels_wanted: int = Field(3, ge=1, le=100)
    hide_machine: bool = True
    taxonomy_id: RowId | None = None
    gold_rate: float = Field(GOLD_RATE, ge=0, le=0.5, description="share of gold items a person sees")
    candidates: list[RowId] = Field(default_factory=list, max_length=100_000)
    strategies: dict[Literal["random", "bins", "uncertainty", "disagreement"], int] = Field(
        default_factory=dict, description="how many by each way; of bins: of each bin"
    )
    where: str = Field("", max_length=4000, description="filter that all must pass")
    per_object: RowId | None = None
    relabel: bool = False
    seed: int = Field(42, ge=0, le=2**31)


class StateRequest(BaseModel):
    """The state that a campaign is to have."""

    state: Literal["open", "closed"]


class GoldRequest(BaseModel):
    """A candidate of which the label is known."""

    candidate_id: RowId
    value: str = Field(max_length=48)
    reason: str = Field("", max_length=2000)


class NextBody(BaseModel):
    """Candidates to label, in this order; empty where nothing is left."""

    candidates: list[int]


class AnswerBody(BaseModel):
    """What a gold item is known to be, once it is labelled; all empty for any other candidate."""

    gold: bool
    said: str = ""
    known: str = ""
    right: bool = False
    reason: str = ""

    @classmethod
    def of(cls, answer: GoldAnswer) -> AnswerBody:
        """Tell an answer."""
        said, known = answer.said, answer.known
        return cls(gold=True, said=said, known=known, right=answer.right, reason=answer.reason)


class ConsensusItem(BaseModel):
    """What the votes on a candidate add up to."""

    candidate_id: int
    value: str = Field(description="empty: undecided")
    probability: float | None
    votes: int


@router.get("", dependencies=[_READ])
def list_campaigns(service: ServiceOf, caller: CallerOf) -> list[CampaignBody]:
    """Return the campaigns; drafts to curators only."""
    with service.database.reading() as session:
        return [
            _body(caller, each, progress(session, each))
            for each in all_campaigns(session)
            if is_visible(each, caller)
        ]


@router.post("", dependencies=[_CURATE], status_code=201)
def create(service: ServiceOf, caller: CallerOf, asked: CampaignRequest) -> CampaignBody:
    """Choose candidates and make a draft of a campaign."""
    plan = CampaignPlan(
        name=asked.name,
        kind=asked.kind,
        tutorial=asked.tutorial,
        labels_wanted=asked.labels_wanted,
        hide_machine=asked.hide_machine,
        taxonomy_id=asked.taxonomy_id,
        gold_rate=asked.gold_rate,
    )
    with service.database.reading() as session:
        if asked.candidates:
            chosen = chosen_by_id(session, asked.kind, asked.candidates)
        else:
            ways = {str(way): number for way, number in asked.strategies.items()}
            proposal = Proposal(
                asked.kind,
                ways,
                asked.where,
                per_object=asked.per_object,
                relabel=asked.relabel,
                seed=asked.seed,
            )
            chosen = choose(service, session, proposal)

    def work(session: Session) -> CampaignBody:
        made = create_campaign(session, plan, chosen, created_by=caller.user_id)
        record(session, caller, "campaign.create", str(made.id), {"name": made.name})
        return _body(caller, made, progress(session, made))

    return service.database.write(work)


@router.get("/{campaign_id}", dependencies=[_READ])
def one(service: ServiceOf, caller: CallerOf, campaign_id: RowId) -> CampaignBody:
    """Return a campaign."""
    with service.database.reading() as session:
        campaign = visible_campaign(session, caller, campaign_id)
        return _body(caller, campaign, progress(session, campaign))


@router.post("/{campaign_id}/state", dependencies=[_CURATE])
def set_state(service: ServiceOf, caller: CallerOf, campaign_id: RowId, asked: StateRequest) -> CampaignBody:
    """Open or close a campaign."""

    def work(session: Session) -> CampaignBody:
        visible_campaign(session, caller, campaign_id)
        campaign = change_state(session, campaign_id, asked.state)
        details = {"name": campaign.name, "state": asked.state}
        record(session, caller, "campaign.state", str(campaign_id), details)
        return _body(caller, campaign, progress(session, campaign))

    return service.database.write(work)


@router.post("/{campaign_id}/gold", dependencies=[_CURATE])
def say_gold(
    service: ServiceOf, caller: CallerOf, campaign_id: RowId, asked: list[GoldRequest]
) -> dict[str, int]:
    """Say of candidates what they are known to be; return how many gold items there are."""
    known = {each.candidate_id: (each.value, each.reason) for each in asked}

    def work(session: Session) -> int:
        visible_campaign(session, caller, campaign_id)
        add_gold(session, campaign_id, known)
        record(session, caller, "campaign.gold", str(campaign_id), {"items": len(known)})
        return len(gold_of(session, campaign_id))

    return {"gold": service.database.write(work)}


@router.post("/{campaign_id}/read", dependencies=[_LABEL])
def read(service: ServiceOf, caller: CallerOf, campaign_id: RowId) -> dict[str, bool]:
    """Note that the caller has read the tutorial."""

    def work(session: Session) -> None:
        visible_campaign(session, caller, campaign_id)
        read_tutorial(session, campaign_id, caller.user_id)

    service.database.write(work)
    return {"read": True}


@router.get("/{campaign_id}/next", dependencies=[_LABEL])
def what_next(
    service: ServiceOf,
    caller: CallerOf,
    campaign_id: RowId,
    number: Annotated[int, Query(ge=1, le=200)] = 1,
) -> NextBody:
    """Return the candidates that the caller labels next."""
    with service.database.reading() as session:
        visible_campaign(session, caller, campaign_id)
        return NextBody(candidates=next_items(session, campaign_id, caller.user_id, number=number))


@router.get("/{campaign_id}/answer/{candidate_id}", dependencies=[_LABEL])
def answer(service: ServiceOf, caller: CallerOf, campaign_id: RowId, candidate_id: RowId) -> AnswerBody:
    """Return what a gold item is known to be, if the caller has labelled it."""
    with service.database.reading() as session:
        visible_campaign(session, caller, campaign_id)
        found = gold_answer(session, campaign_id, candidate_id, caller.user_id)
    return AnswerBody(gold=False) if found is None else AnswerBody.of(found)


@router.get("/{campaign_id}/consensus", dependencies=[_CURATE])
def add_up(
    service: ServiceOf,
    caller: CallerOf,
    campaign_id: RowId,
    method: Literal["dawid-skene", "majority"] = "dawid-skene",
) -> list[ConsensusItem]:
    """Return what the votes add up to."""
    with service.database.reading() as session:
        campaign = visible_campaign(session, caller, campaign_id)
        found = consensus(campaign_votes(session, campaign), method, gold_of(session, campaign_id))
    return [
        ConsensusItem(
            candidate_id=item,
            value=found.classes[value] if value >= 0 else "",
            probability=float(likely) if np.isfinite(likely) else None,
            votes=int(number),
        )
        for item, value, likely, number in zip(
            found.items, found.value, found.probability, found.votes, strict=True
        )
    ]


def _body(caller: Caller, campaign: Campaign, fares: Progress) -> CampaignBody:
    return CampaignBody(
        id=campaign.id,
        name=campaign.name,
        kind=campaign.kind,
        state=campaign.state,
        taxonomy_id=campaign.taxonomy_id,
        tutorial=campaign.tutorial,
        labels_wanted=campaign.labels_wanted,
        hide_machine=campaign.hide_machine,
        created_at=campaign.created_at,
        items=fares.items,
        done=fares.done,
        labels=fares.labels,
        proposal=campaign.proposal if caller.role >= Role.CURATOR else {},
    )
