"""Who sends a request, and whether the route is open to them: called once for each, by the guard."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from skysieve.errors import AccessError, ServiceError
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.forgery import (
    SAFE_METHODS,
    comes_from_elsewhere,
    given_secret,
    same_secret,
)
from skysieve.service.accounts.request_limit import RequestLimit
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import caller_of_session, cookie_name, find_session, touch_session
from skysieve.service.accounts.tokens import caller_of_token, find_token, touch_token
from skysieve.service.database.columns import utc_now
from skysieve.service.database.database import Database
from skysieve.service.service import Service

__all__ = ["identify", "is_known"]

#: The last use of a session or a token is written at most so often.
TOUCH = timedelta(minutes=1)
_LOG = logging.getLogger(__name__)


class _Needs(Protocol):
    """What a route needs: `skysieve.service.web.access.Guard`."""

    @property
    def role(self) -> Role | None: ...

    @property
    def scope(self) -> str: ...


async def identify(request: Request, guard: _Needs) -> Caller | None:
    """Return who calls; raise where the route is not open to them.

    A token in the header ``Authorization`` counts; without one, the cookie of a session. What changes
    something must, of a session, carry the session's secret.

    Parameters
    ----------
    request : Request
        The request; ``request.state.caller`` is set as soon as somebody is known, so that who is refused
        can be told from who is not known.
    guard : Guard
        What the route needs; a role of None: nothing.

    Returns
    -------
    Caller or None
        None on a public route, where nobody has signed in.

    Raises
    ------
    AccessError
        If nobody is known, or somebody who may not.
    HTTPException
        403 for a request that another site sent, 429 for too many.
    """
    service: Service = request.app.state.service
    request.state.caller = None
    changes = request.method not in SAFE_METHODS
    if changes and comes_from_elsewhere(request, service.settings.web):
        raise HTTPException(403, "the request was sent by another site; open the page of this service anew")
    caller = await run_in_threadpool(_find_caller, request, service)
    if caller is not None and changes and caller.session_id is not None:
        genuine = same_secret(await given_secret(request), caller.csrf)
        if not genuine and guard.role is not None:
            request.state.caller = caller
            raise AccessError(
                "the form is of another session, or the header X-CSRF-Token is missing; load the page anew"
            )
        caller = caller if genuine else None
    request.state.caller = caller
    if guard.role is not None:
        _require(caller, guard.role, guard.scope)
    return caller


async def is_known(request: Request) -> bool:
    """Say whether a token or a session that lasts came with a request; nothing is counted or written."""
    service: Service = request.app.state.service
    return await run_in_threadpool(_is_known, request, service)


def _is_known(request: Request, service: Service) -> bool:
    key, secret = _given(request, service)
    with service.database.reading() as session:
        if key is not None:
            return find_token(session, key) is not None
        return bool(secret) and find_session(session, secret, service.settings.web) is not None


def _require(caller: Caller | None, role: Role, scope: str) -> None:
    if caller is None:
        raise AccessError("nobody is signed in; sign in, or send a token that has not ended")
    if caller.role < role:
        raise AccessError(f"this needs the role {role.label}, {caller.name} is {caller.role.label}")
    if scope not in caller.scopes:
        raise AccessError(f"this needs a token with the scope {scope}")


def _find_caller(request: Request, service: Service) -> Caller | None:
    now = utc_now()
    key, secret = _given(request, service)
    if key is not None:
        return _by_token(request, service, key, now)
    return _by_session(request, service, secret, now) if secret else None


def _given(request: Request, service: Service) -> tuple[str | None, str]:
    """Return the key of a token, None where there is none, and the secret of a session."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    secret = request.cookies.get(cookie_name(service.settings.web), "")
    return (key.strip() if scheme.lower() == "bearer" else None), secret


def _by_token(request: Request, service: Service, key: str, now: datetime) -> Caller | None:
    with service.database.reading() as session:
        token = find_token(session, key, now)
        if token is None:
            return None
        caller, token_id, seen = caller_of_token(token), token.id, token.last_used
    _limit(request, ("token", token_id))
    if seen is None or now - seen > TOUCH:
        _write_down(service.database, lambda session: touch_token(session, token_id, now))
    return caller


def _by_session(request: Request, service: Service, secret: str, now: datetime) -> Caller | None:
    with service.database.reading() as session:
        found = find_session(session, secret, service.settings.web, now)
        if found is None:
            return None
        caller, session_id, seen = caller_of_session(found), found.id, found.last_seen
    _limit(request, ("session", session_id))
    if now - seen > TOUCH:
        _write_down(service.database, lambda session: touch_session(session, session_id, now))
    return caller


def _limit(request: Request, caller: tuple[str, int]) -> None:
    limit: RequestLimit | None = getattr(request.app.state, "request_limit", None)
    wait = limit.wait_s(caller) if limit else 0.0
    if wait > 0:
        raise HTTPException(
            429,
            "too many requests; wait, and send fewer a second",
            headers={"Retry-After": str(math.ceil(wait))},
        )


def _write_down(database: Database, work: Callable[[Session], None]) -> None:
    """Keep when somebody was last seen; a full disk must not keep people from reading."""
    try:
        database.write(work)
    except (ServiceError, SQLAlchemyError) as error:
        _LOG.warning("when somebody was last seen could not be kept: %s", type(error).__name__)
