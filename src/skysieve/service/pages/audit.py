"""The page of the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from skysieve.service.accounts.audit import AuditFilter, audit_entries
from skysieve.service.accounts.roles import Role
from skysieve.service.web.access import ServiceOf, access
from skysieve.service.web.parameters import Before
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter()
#: Entries on a page.
SIZE = 100


@router.get("/audit", dependencies=[access(Role.ADMIN, "admin")])
def show(
    request: Request,
    service: ServiceOf,
    actor: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=48)] = "",
    target: Annotated[str, Query(max_length=120)] = "",
    before: Before = None,
) -> Response:
    """List who did what, the newest first."""
    wanted = AuditFilter(actor.strip(), action.strip(), target.strip(), before)
    with service.database.reading() as session:
        # One more than is shown tells whether there is an older page.
        found = audit_entries(session, wanted, SIZE + 1)
        shown = found[:SIZE]
        older = shown[-1].id if len(found) > SIZE else None
        return render(request, "audit.html", entries=shown, wanted=wanted, older=older)
