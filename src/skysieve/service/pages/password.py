"""Changing one's own password: the form stands on the page of one's account."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from skysieve.errors import InputError
from skysieve.service.accounts.own_password import change_own_password
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import set_cookie
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import address_of
from skysieve.service.web.templating import redirect

__all__ = ["router"]

router = APIRouter()


@router.post("/password", dependencies=[access(Role.VIEWER, "admin")])
def change(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    present: Annotated[str, Form()],
    new: Annotated[str, Form()],
    again: Annotated[str, Form()],
) -> Response:
    """Change one's own password; every browser but this one is signed out."""
    if new != again:
        return redirect(request, "/tokens", "The new passwords differ; type the same twice.", kind="error")
    try:
        outcome = change_own_password(
            service.database,
            caller,
            present,
            new,
            address=address_of(request),
            agent=request.headers.get("User-Agent", ""),
        )
    except InputError as error:
        return redirect(request, "/tokens", f"The new password {error.reason}.", kind="error")
    if outcome.wait_s > 0:
        wait = f"Too many attempts failed. Wait {math.ceil(outcome.wait_s)} seconds, then try again."
        return redirect(request, "/tokens", wait, kind="error")
    if not outcome.secret:
        return redirect(request, "/tokens", "The present password is wrong.", kind="error")
    response = redirect(request, "/tokens", "The password is changed.")
    set_cookie(response, service.settings.web, outcome.secret)
    return response
