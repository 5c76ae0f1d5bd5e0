"""The page that people scan with: cutouts, keys, and what is known beside them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.nights import MOST_CHOSEN, latest_night, night_names
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.database.tables import Campaign, Taxonomy
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.labelling.campaign_rules import visible_campaign
from skysieve.service.labelling.scanning_queue import Asked, Show, next_candidates
from skysieve.service.labelling.taxonomies import current_taxonomy, taxonomies
from skysieve.service.pages.details import details_of
from skysieve.service.service import Service
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId
from skysieve.service.web.scanned_candidate import scanned_json
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

#: Orders that the page offers.
_SORTS = (
    ("-score", "best score first"),
    ("score", "worst score first"),
    ("-jd", "latest first"),
    ("jd", "earliest first"),
    ("mag", "brightest first"),
    ("-mag", "faintest first"),
)
_SHOWS = (
    ("unlabelled", "that nobody has labelled"),
    ("mine", "that I have not labelled"),
    ("all", "all"),
)


@router.get("/scan", dependencies=[access(Role.SCANNER, "label")])
def scan(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    *,
    night: Annotated[str | None, Query(max_length=16)] = None,
    where: Annotated[str, Query(max_length=4_000)] = "passes = true",
    sort: Annotated[str, Query(max_length=80)] = "-score",
    show: Show = "unlabelled",
    campaign: RowId | None = None,
    hide: bool = False,
    mode: Annotated[str, Query(pattern="^(one|grid)$")] = "one",
    taxonomy: Annotated[str, Query(pattern="^[0-9]{0,18}$")] = "",
) -> HTMLResponse:
    """Show the scanning page with the first candidates; its scripts ask for the others."""
    with service.database.reading() as session:
        nights = night_names(session, most=MOST_CHOSEN)
        night = _latest(session) if night is None else night
        asked_campaign = None if campaign is None else visible_campaign(session, caller, campaign)
        if asked_campaign is not None:
            hide = hide or asked_campaign.hide_machine
        asked = Asked(night, where, sort, show, campaign, hide, 24, "")
        problem, first = _first(session, caller, asked)
        chosen = int(taxonomy) if taxonomy else None
        words = _words(service, session, asked_campaign, chosen)
        setup = _setup(caller, asked, mode, words, asked_campaign) | {"first": first}
        return render(
            request,
            "scan.html",
            setup=setup,
            asked=asked,
            mode=mode,
            nights=nights,
            sorts=_SORTS,
            shows=_SHOWS,
            campaign=asked_campaign,
            taxonomies=[each for each in taxonomies(session) if each.kind in ("", ALERT, STREAK)],
            taxonomy=chosen,
            problem=problem,
        )


@router.get("/scan/candidates/{candidate_id}", dependencies=[access(Role.SCANNER, "label")])
def beside(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    candidate_id: RowId,
    *,
    campaign: RowId | None = None,
    hide: bool = False,
) -> HTMLResponse:
    """Show what stands beside the cutouts of a candidate: a part of the page."""
    with service.database.reading() as session:
        candidate = find_candidate(session, candidate_id)
        if campaign is not None:
            hide = hide or visible_campaign(session, caller, campaign).hide_machine
        details = details_of(service, session, caller, candidate, hide=hide)
        return render(request, "_beside.html", details=details)


def _latest(session: Session) -> str:
    latest = latest_night(session)
    return latest.name if latest else ""


def _first(session: Session, caller: Caller, asked: Asked) -> tuple[InputError | None, dict[str, Any]]:
    """Return the first candidates, so that the page shows one at once; or what is wrong with the question."""
    try:
        found = next_candidates(session, caller, asked)
    except InputError as error:
        if error.kind == "no-such-campaign":
            raise
        return error, {"candidates": [], "next": "", "total": 0}
    rows = [scanned_json(row, blind=row.id in found.blind) for row in found.rows]
    return None, {"candidates": rows, "next": found.next, "total": found.total}


def _words(
    service: Service, session: Session, campaign: Campaign | None, taxonomy: int | None
) -> dict[str, Taxonomy]:
    """Return the taxonomy of each kind of candidate."""
    if campaign is not None:
        chosen = session.get(Taxonomy, campaign.taxonomy_id)
        assert chosen is not None
        return {kind: chosen for kind in (ALERT, STREAK) if chosen.kind in ("", kind)}
    words = _current(service, session)
    asked = None if taxonomy is None else session.get(Taxonomy, taxonomy)
    if asked is not None:
        words |= {kind: asked for kind in words if asked.kind in ("", kind)}
    return words


def _current(service: Service, session: Session) -> dict[str, Taxonomy]:
    known = {each.kind for each in session.scalars(select(Taxonomy))}
    if not {ALERT, STREAK} <= known:
        # A new service has none yet; what only reads must not make them.
        with service.database.writing() as writing:
            return {kind: current_taxonomy(writing, kind) for kind in (ALERT, STREAK)}
    return {kind: current_taxonomy(session, kind) for kind in (ALERT, STREAK)}


def _setup(
    caller: Caller,
    asked: Asked,
    mode: str,
    words: dict[str, Taxonomy],
    campaign: Campaign | None,
) -> dict[str, Any]:
    """Return what the scripts are given."""
    return {
        "user": caller.user_id,
        "mode": mode,
        "hide": asked.hide,
        "hideFixed": campaign is not None and campaign.hide_machine,
        "campaign": asked.campaign,
        "asked": {
            "night": asked.night,
            "where": asked.where,
            "sort": asked.sort,
            "show": asked.show,
            "campaign": asked.campaign,
        },
        "taxonomies": {
            kind: {"id": each.id, "name": each.name, "version": each.version, "classes": each.classes}
            for kind, each in words.items()
        },
    }
