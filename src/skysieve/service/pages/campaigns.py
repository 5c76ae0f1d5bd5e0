"""The pages of campaigns: which there are, a new one, its tutorial, how far it is and how people agree."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError, SkysieveError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Campaign, Candidate, Label, Taxonomy
from skysieve.service.labelling.campaign_figures import progress
from skysieve.service.labelling.campaign_report import CampaignReport, report_of
from skysieve.service.labelling.campaign_rules import CLOSED, has_read, is_visible, visible_campaign
from skysieve.service.labelling.campaigns import (
    add_gold,
    all_campaigns,
    change_state,
    create_campaign,
    gold_items,
    members_of,
    read_tutorial,
)
from skysieve.service.labelling.taxonomies import taxonomies
from skysieve.service.pages.campaign_form import WAYS, CampaignForm, gold_lines
from skysieve.service.service import Service
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId, address_of
from skysieve.service.web.templating import redirect, render

__all__ = ["router"]

router = APIRouter(prefix="/campaigns", include_in_schema=False)
_LABEL, _CURATE = [access(Role.SCANNER, "label")], [access(Role.CURATOR, "curate")]

#: Ways to join labels, as the page says them.
METHODS = {"dawid-skene": "trust as deserved (Dawid and Skene)", "majority": "majority"}


@router.get("", dependencies=_LABEL)
def show_all(request: Request, service: ServiceOf, caller: CallerOf) -> Response:
    """List the campaigns; those who cannot run them see what is open or closed, no drafts."""
    with service.database.reading() as session:
        campaigns = [each for each in all_campaigns(session) if is_visible(each, caller)]
        return render(
            request,
            "campaigns_list.html",
            campaigns=campaigns,
            progress={each.id: progress(session, each) for each in campaigns},
            read={each.id: has_read(session, each, caller.user_id) for each in campaigns},
        )


@router.get("/new", dependencies=_CURATE)
def ask(request: Request, service: ServiceOf) -> Response:
    """Ask what a new campaign is to be."""
    return _form(request, service, {}, "")


@router.post("/new", dependencies=_CURATE)
def create(
    request: Request, service: ServiceOf, caller: CallerOf, form: Annotated[CampaignForm, Form()]
) -> Response:
    """Choose candidates and make a draft of them."""
    try:
        plan = form.plan()
        with service.database.reading() as session:
            chosen = form.chosen(service, session)

        def work(session: Session) -> int:
            made = create_campaign(session, plan, chosen, created_by=caller.user_id)
            _note(session, request, caller, "campaign.create", made)
            return made.id

        made = service.database.write(work)
    except SkysieveError as error:
        return _form(request, service, form.model_dump(), str(error))
    return redirect(request, f"/campaigns/{made}", f"{len(chosen.candidates):,} candidates were chosen.")


@router.get("/{campaign_id}", dependencies=_LABEL)
def show(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    campaign_id: RowId,
    method: Annotated[str, Query(pattern="^(dawid-skene|majority)$")] = "dawid-skene",
) -> Response:
    """Show a campaign: its tutorial, and to whom it may concern how people label."""
    with service.database.reading() as session:
        campaign = visible_campaign(session, caller, campaign_id)
        # What others say, before a person has said it, would say it for them.
        told = caller.role >= Role.CURATOR or campaign.state == CLOSED
        report = report_of(session, campaign, method=method) if told else None
        return render(
            request,
            "campaigns_one.html",
            campaign=campaign,
            taxonomy=session.get_one(Taxonomy, campaign.taxonomy_id),
            fares=report.progress if report else progress(session, campaign),
            report=report,
            names=_names(session, report),
            gold=gold_items(session, campaign_id) if caller.role >= Role.CURATOR else [],
            members=members_of(session, campaign_id),
            has_read=has_read(session, campaign, caller.user_id),
            mine=_labelled_by(session, campaign_id, caller.user_id),
            method=method,
            methods=METHODS,
            ways=WAYS,
        )


@router.post("/{campaign_id}/read", dependencies=_LABEL)
def read(request: Request, service: ServiceOf, caller: CallerOf, campaign_id: RowId) -> Response:
    """Note that the caller has read the tutorial, and go on to scanning."""

    def work(session: Session) -> None:
        visible_campaign(session, caller, campaign_id)
        read_tutorial(session, campaign_id, caller.user_id)

    service.database.write(work)
    return redirect(request, f"/scan?campaign={campaign_id}")


@router.post("/{campaign_id}/state", dependencies=_CURATE)
def set_state(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    campaign_id: RowId,
    state: Annotated[str, Form(pattern="^(open|closed)$")],
) -> Response:
    """Open or close a campaign."""

    def work(session: Session) -> None:
        visible_campaign(session, caller, campaign_id)
        campaign = change_state(session, campaign_id, state)
        _note(session, request, caller, "campaign.state", campaign, state=state)

    try:
        service.database.write(work)
    except InputError as error:
        return redirect(request, f"/campaigns/{campaign_id}", str(error), kind="error")
    return redirect(request, f"/campaigns/{campaign_id}", f"The campaign is {state}.")


@router.post("/{campaign_id}/gold", dependencies=_CURATE)
def say_gold(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    campaign_id: RowId,
    gold: Annotated[str, Form(max_length=200_000)],
) -> Response:
    """Add gold items: a line each, of the candidate's number, its class, and how that is known."""

    def work(session: Session) -> int:
        campaign = visible_campaign(session, caller, campaign_id)
        items = gold_lines(gold)
        add_gold(session, campaign_id, items)
        _note(session, request, caller, "campaign.gold", campaign, items=len(items))
        return len(items)

    try:
        number = service.database.write(work)
    except InputError as error:
        return redirect(request, f"/campaigns/{campaign_id}", str(error), kind="error")
    return redirect(request, f"/campaigns/{campaign_id}", f"{number} gold items are known.")


def _form(request: Request, service: Service, given: dict[str, Any], problem: str) -> Response:
    with service.database.reading() as session:
        return render(
            request,
            "campaigns_new.html",
            status=422 if problem else 200,
            given=given,
            problem=problem,
            taxonomies=taxonomies(session),
            ways=WAYS,
        )


def _names(session: Session, report: CampaignReport | None) -> dict[int, str]:
    ids = [each.candidate_id for each in report.disputed] if report else []
    rows = session.execute(select(Candidate.id, Candidate.name).where(Candidate.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _labelled_by(session: Session, campaign_id: int, user_id: int) -> int:
    said = select(Label.id).where(
        Label.campaign_id == campaign_id, Label.user_id == user_id, Label.withdrawn_at.is_(None)
    )
    return len(session.scalars(said).all())


def _note(
    session: Session, request: Request, caller: Caller, action: str, campaign: Campaign, **details: Any
) -> None:
    told = {"name": campaign.name, **details}
    record(session, caller, action, str(campaign.id), told, address_of(request))
