"""The page of users: add, disable, another role, a new password that is shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from skysieve.errors import InputError
from skysieve.service.accounts.passwords import generate_password
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.users import add_user, list_users, set_active, set_password, set_role, user_of
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Token
from skysieve.service.service import Service
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId, address_of
from skysieve.service.web.templating import redirect, render

__all__ = ["router"]

router = APIRouter(prefix="/users")
_ADMIN = [access(Role.ADMIN, "admin")]

#: What each role may do, as the form says it.
MEANINGS = {
    Role.VIEWER: "looks at candidates",
    Role.SCANNER: "labels and comments, too",
    Role.CURATOR: "runs feeds, campaigns and models, too",
    Role.ADMIN: "manages users, too",
}


@router.get("", dependencies=_ADMIN)
def show(request: Request, service: ServiceOf) -> Response:
    """List the users."""
    return _page(request, service)


@router.post("", dependencies=_ADMIN)
def add(
    request: Request,
    service: ServiceOf,
    caller: CallerOf,
    name: Annotated[str, Form()],
    role: Annotated[str, Form()],
) -> Response:
    """Add a user, and show the password once."""
    password = generate_password()
    try:
        add_user(service.database, name, Role.of(role), password, actor=caller, address=address_of(request))
    except InputError as error:
        return redirect(request, "/users", str(error), kind="error")
    return _page(request, service, name=name.strip().lower(), password=password)


@router.post("/{user_id}/role", dependencies=_ADMIN)
def change_role(
    request: Request, service: ServiceOf, caller: CallerOf, user_id: RowId, role: Annotated[str, Form()]
) -> Response:
    """Give a user another role."""
    try:
        set_role(service.database, user_id, Role.of(role), actor=caller, address=address_of(request))
    except InputError as error:
        return redirect(request, "/users", str(error), kind="error")
    return redirect(request, "/users", "The role is changed; the user signs in anew.")


@router.post("/{user_id}/active", dependencies=_ADMIN)
def change_active(
    request: Request, service: ServiceOf, caller: CallerOf, user_id: RowId, active: Annotated[bool, Form()]
) -> Response:
    """Let a user in again, or no more."""
    try:
        set_active(service.database, user_id, active, actor=caller, address=address_of(request))
    except InputError as error:
        return redirect(request, "/users", str(error), kind="error")
    return redirect(request, "/users", f"The user is {'enabled' if active else 'disabled'}.")


@router.post("/{user_id}/password", dependencies=_ADMIN)
def reset_password(request: Request, service: ServiceOf, caller: CallerOf, user_id: RowId) -> Response:
    """Give a user a new password, and show it once."""
    password = generate_password()
    set_password(service.database, user_id, password, actor=caller, address=address_of(request))
    with service.database.reading() as session:
        name = user_of(session, user_id).name
    return _page(request, service, name=name, password=password)


def _page(request: Request, service: Service, *, name: str = "", password: str = "") -> Response:
    with service.database.reading() as session:
        users = list_users(session)
        lasting = (Token.revoked_at.is_(None), Token.expires_at > utc_now())
        counted = session.execute(
            select(Token.user_id, func.count()).where(*lasting).group_by(Token.user_id)
        ).all()
        return render(
            request,
            "users.html",
            users=users,
            tokens={row[0]: row[1] for row in counted},
            meanings=MEANINGS,
            made_name=name,
            made_password=password,
        )
