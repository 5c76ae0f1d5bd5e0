"""The page of one's account: tokens of the API, which an admin sees of everybody, and the password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.roles import SCOPES, Role, scopes_of
from skysieve.service.accounts.tokens import LONGEST_DAYS, create_token, revoke_token, tokens_of
from skysieve.service.accounts.users import user_of
from skysieve.service.database.columns import utc_now
from skysieve.service.service import Service
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId, address_of
from skysieve.service.web.templating import redirect, render

__all__ = ["router"]

router = APIRouter(prefix="/tokens")
# For every person. A token that may only read or label must not make others: it needs the scope admin.
_OWN = [access(Role.VIEWER, "admin")]


@router.get("", dependencies=_OWN)
def show(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    user: RowId | None = None,
) -> Response:
    """List tokens: one's own, or a user's where an admin asks."""
    return _page(request, service, caller, owner_id=user or caller.user_id)


@router.post("", dependencies=_OWN)
def create(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    name: Annotated[str, Form()],
    days: Annotated[int, Form()],
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Create a token of one's own, and show its key once."""
    try:
        with service.database.writing() as session:
            key = create_token(
                session,
                user_of(session, caller.user_id),
                name,
                scopes or [],
                days,
                actor=caller,
                address=address_of(request),
            )
    except InputError as error:
        return redirect(request, "/tokens", str(error), kind="error")
    return _page(request, service, caller, owner_id=caller.user_id, key=key)


@router.post("/{token_id}/revoke", dependencies=_OWN)
def revoke(request: Request, service: ServiceOf, caller: CallerOf, token_id: RowId) -> Response:
    """End a token of one's own, or any where an admin asks."""
    with service.database.writing() as session:
        revoke_token(session, token_id, actor=caller, address=address_of(request))
    return redirect(request, "/tokens", "The token is revoked.")


def _page(request: Request, service: Service, caller: Caller, *, owner_id: int, key: str = "") -> Response:
    if owner_id != caller.user_id and not caller.may(Role.ADMIN, "admin"):
        raise AccessError("the tokens of others are for admins to see")
    with service.database.reading() as session:
        owner = user_of(session, owner_id)
        tokens = tokens_of(session, owner_id)
        role = Role.of(owner.role)
        return render(
            request,
            "tokens.html",
            owner=owner,
            own=owner_id == caller.user_id,
            tokens=tokens,
            now=utc_now(),
            scopes={scope: meaning for scope, meaning in SCOPES.items() if scope in scopes_of(role)},
            longest_days=LONGEST_DAYS,
            key=key,
        )
