"""The page of one candidate: everything that is known of it, and forms that work without scripts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.neighbours import neighbours
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.candidates.similar import similar
from skysieve.service.database.tables import Candidate, Label, Taxonomy
from skysieve.service.labelling.blinding import blind_to
from skysieve.service.labelling.comments import add_comment, withdraw_comment
from skysieve.service.labelling.labels import give_label, withdraw
from skysieve.service.labelling.taxonomies import current_taxonomy, taxonomies
from skysieve.service.pages.details import details_of
from skysieve.service.service import Service
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId
from skysieve.service.web.templating import redirect, render

__all__ = ["router"]

router = APIRouter(prefix="/candidates", include_in_schema=False)
_READ, _LABEL = [access(Role.VIEWER, "read")], [access(Role.SCANNER, "label")]
_MOST_NEAR, _MOST_SIMILAR = 20, 12


@router.get("/{candidate_id}", dependencies=_READ)
def show(request: Request, service: ServiceOf, caller: CallerOf, candidate_id: RowId) -> Response:
    """Show a candidate."""
    with service.database.reading() as session:
        candidate = find_candidate(session, candidate_id)
        details = details_of(service, session, caller, candidate)
        near = neighbours(session, candidate, most=_MOST_NEAR)
        # What it looks like to the numbers of its image is no judgement, but their scores would be.
        alike = similar(session, candidate, most=_MOST_SIMILAR)
        shown = [row.id for row, _ in [*near, *alike]]
        return render(
            request,
            "candidate.html",
            details=details,
            near=near,
            alike=alike,
            blind=blind_to(session, caller, shown),
            words=_words(session, candidate),
            mine=_mine(session, candidate_id, caller),
        )


@router.post("/{candidate_id}/labels", dependencies=_LABEL)
def label(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    candidate_id: RowId,
    value: Annotated[str, Form(max_length=48)],
    taxonomy_id: Annotated[RowId | None, Form()] = None,
) -> Response:
    """Label a candidate by a form."""

    def work(session: Session) -> None:
        hidden = bool(blind_to(session, caller, [candidate_id]))
        give_label(
            session,
            candidate_id=candidate_id,
            user_id=caller.user_id,
            value=value,
            taxonomy_id=taxonomy_id,
            machine_hidden=hidden,
        )

    return _done(request, service, candidate_id, work, f"Labelled as {value}.")


@router.post("/{candidate_id}/labels/{label_id}/withdraw", dependencies=_LABEL)
def undo(
    request: Request, service: ServiceOf, caller: CallerOf, candidate_id: RowId, label_id: RowId
) -> Response:
    """Take one's own label back."""
    return _done(
        request,
        service,
        candidate_id,
        lambda session: withdraw(session, label_id, caller.user_id),
        "The label is taken back.",
    )


@router.post("/{candidate_id}/comments", dependencies=_LABEL)
def comment(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    candidate_id: RowId,
    text: Annotated[str, Form(max_length=8_000)] = "",
) -> Response:
    """Remark on a candidate by a form."""
    return _done(
        request,
        service,
        candidate_id,
        lambda session: add_comment(session, candidate_id=candidate_id, user_id=caller.user_id, text=text),
        "The comment is kept.",
    )


@router.post("/{candidate_id}/comments/{comment_id}/withdraw", dependencies=_LABEL)
def take_comment_back(
    request: Request, service: ServiceOf, caller: CallerOf, candidate_id: RowId, comment_id: RowId
) -> Response:
    """Take one's own remark back."""
    return _done(
        request,
        service,
        candidate_id,
        lambda session: withdraw_comment(session, comment_id, caller.user_id),
        "The comment is taken back.",
    )


def _done(request: Request, service: Service, candidate_id: int, work: Any, message: str) -> Response:
    """Do what a form asked for and show the page again, with what was done or what is wrong."""
    try:
        service.database.write(work)
    except (InputError, AccessError) as error:
        reason = error.reason if isinstance(error, InputError) else str(error)
        return redirect(request, f"/candidates/{candidate_id}", reason, kind="error")
    return redirect(request, f"/candidates/{candidate_id}", message)


def _words(session: Session, candidate: Candidate) -> list[Taxonomy]:
    """Return the newest taxonomies for the candidate, the usual one first; none in a service without."""
    fitting = [each for each in taxonomies(session) if each.kind in ("", candidate.kind)]
    if not fitting:
        return []
    usual = current_taxonomy(session, candidate.kind)
    return sorted(fitting, key=lambda each: (each.id != usual.id, each.name))


def _mine(session: Session, candidate_id: int, caller: Caller) -> Label | None:
    """Return what the caller says of it at present, outside of campaigns."""
    return session.scalar(
        select(Label)
        .where(
            Label.candidate_id == candidate_id,
            Label.user_id == caller.user_id,
            Label.campaign_id.is_(None),
            Label.withdrawn_at.is_(None),
        )
        .order_by(Label.id.desc())
        .limit(1)
    )
