"""The page of what could not be used: why, how large, from where; tried again or let go."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from skysieve.errors import ServiceError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import QuarantinedItem
from skysieve.service.ingest.quarantine import (
    DISMISSED,
    OPEN,
    RESOLVED,
    RETRY,
    count_quarantine,
    dismiss,
    list_quarantine,
)
from skysieve.service.ingest.reception import retry
from skysieve.service.service import Service
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import Before, RowId, address_of
from skysieve.service.web.templating import redirect, render

__all__ = ["router"]

router = APIRouter(prefix="/quarantine", include_in_schema=False)
_CURATE = [access(Role.CURATOR, "curate")]

PAGE_SIZE = 50
_STATES = {OPEN: "open", RETRY: "to be tried again", RESOLVED: "went well later", DISMISSED: "let go"}
#: Items that one press tries again, at the most: the press waits for them.
MOST_TRIED = 500

Ids = Annotated[list[RowId], Form()]


@router.get("", dependencies=_CURATE)
def show(
    request: Request,
    service: ServiceOf,
    *,
    state: Annotated[str, Query(pattern="^(open|retry|resolved|dismissed)$")] = OPEN,
    kind: Annotated[str, Query(max_length=64)] = "",
    before: Before = None,
) -> Response:
    """List what is kept aside."""
    with service.database.reading() as session:
        rows = list_quarantine(session, state, kind=kind, before=before, size=PAGE_SIZE)
        states = session.execute(
            select(QuarantinedItem.state, func.count()).group_by(QuarantinedItem.state)
        ).all()
        return render(
            request,
            "quarantine.html",
            rows=rows,
            sizes={row.id: _size(service, row) for row in rows},
            kinds=count_quarantine(session, state),
            counts={row[0]: row[1] for row in states},
            states=_STATES,
            state=state,
            kind=kind,
            following=rows[-1].id if len(rows) == PAGE_SIZE else None,
        )


@router.post("/retry", dependencies=_CURATE)
def try_again(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    ids: Ids = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[str, Form(max_length=64)] = "",
    everything: Annotated[bool, Form()] = False,
) -> Response:
    """Try items again: those that were chosen, or all of a kind."""
    chosen = _open_of(service, kind) if everything else ids
    if not chosen:
        return redirect(request, "/quarantine", "Choose items first.", kind="warning")
    try:
        counts = retry(service, chosen).counts
    except ServiceError as error:
        return redirect(request, "/quarantine", str(error), kind="error")
    _note(request, service, caller, "quarantine.retry", len(chosen))
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    return redirect(
        request, "/quarantine", f"Tried {len(chosen)} again: {told or 'their feed takes them anew'}."
    )


@router.post("/dismiss", dependencies=_CURATE)
def let_go(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    ids: Ids = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Let items go."""
    if not ids:
        return redirect(request, "/quarantine", "Choose items first.", kind="warning")
    gone = dismiss(service, ids)
    _note(request, service, caller, "quarantine.dismiss", gone)
    return redirect(request, "/quarantine", f"Let go: {gone}.")


def _open_of(service: Service, kind: str) -> list[int]:
    with service.database.reading() as session:
        return [row.id for row in list_quarantine(session, OPEN, kind=kind, size=MOST_TRIED)]


def _size(service: Service, row: QuarantinedItem) -> int | None:
    """Return the size of what was kept; None where nothing was."""
    if not row.sha256:
        return None
    path = service.files.path(row.sha256)
    return path.stat().st_size if path.is_file() else None


def _note(request: Request, service: Service, caller: Caller, action: str, count: int) -> None:
    service.database.write(
        lambda session: record(session, caller, action, details={"items": count}, address=address_of(request))
    )
