"""Signing in and out."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from skysieve.service.accounts.audit import record
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import clear_cookie, cookie_name, end_session, set_cookie
from skysieve.service.accounts.sign_in import SignIn, sign_in
from skysieve.service.web.access import PUBLIC, CallerOf, ServiceOf, access
from skysieve.service.web.local_path import local_path
from skysieve.service.web.parameters import address_of
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter()


@router.get("/sign-in", dependencies=[PUBLIC])
def show(request: Request, next_: Annotated[str, Query(alias="next", max_length=2000)] = "/") -> Response:
    """Show the form; who has signed in is sent on."""
    if request.state.caller is not None:
        return RedirectResponse(local_path(next_), 303)
    return render(request, "sign_in.html", next=local_path(next_), name="", problem="")


@router.post("/sign-in", dependencies=[PUBLIC])
def enter(
    request: Request,
    service: ServiceOf,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next_: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in, and go on to where the person came from."""
    web = service.settings.web
    outcome = sign_in(
        service.database,
        name,
        password,
        address=address_of(request),
        agent=request.headers.get("User-Agent", ""),
        replaces=request.cookies.get(cookie_name(web), ""),
    )
    if not outcome.secret:
        return _refused(request, outcome, name[:64], local_path(next_))
    response = RedirectResponse(local_path(next_), 303)
    set_cookie(response, web, outcome.secret)
    return response


@router.post("/sign-out", dependencies=[access(Role.VIEWER, "read")])
def leave(request: Request, service: ServiceOf, caller: CallerOf) -> Response:
    """End the session; the browser forgets what it kept of this service."""
    if caller.session_id is not None:
        session_id = caller.session_id
        with service.database.writing() as session:
            end_session(session, session_id)
            record(session, caller, "session.end", caller.name, address=address_of(request))
    response = RedirectResponse("/sign-in", 303)
    clear_cookie(response, service.settings.web)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _refused(request: Request, outcome: SignIn, name: str, next_: str) -> Response:
    if outcome.wait_s > 0:
        seconds = math.ceil(outcome.wait_s)
        problem = f"Too many sign-ins failed. Wait {seconds} seconds, then try again."
        response = render(request, "sign_in.html", status=429, next=next_, name=name, problem=problem)
        response.headers["Retry-After"] = str(seconds)
        return response
    problem = "The name or the password is wrong."
    return render(request, "sign_in.html", status=401, next=next_, name=name, problem=problem)
