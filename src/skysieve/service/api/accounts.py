"""Accounts: who calls, tokens, users, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from skysieve.service.accounts.audit import AuditFilter, audit_entries
from skysieve.service.accounts.passwords import generate_password
from skysieve.service.accounts.roles import SCOPES, Role
from skysieve.service.accounts.tokens import LONGEST_DAYS, create_token, revoke_token, tokens_of
from skysieve.service.accounts.users import add_user, list_users, set_active, set_password, set_role, user_of
from skysieve.service.api.bodies import RowBody
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import Before, RowId, address_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["accounts"])
_ADMIN = [access(Role.ADMIN, "admin")]
# For every person; of tokens, only for those that may manage others.
_OWN = [access(Role.VIEWER, "admin")]

RoleName = Literal["viewer", "scanner", "curator", "admin"]
Scope = Literal["read", "label", "ingest", "curate", "admin"]


class Me(BaseModel):
    """Who calls."""

    id: int
    name: str
    role: RoleName
    scopes: list[Scope]


class TokenBody(RowBody):
    """A token, without its key."""

    id: int
    prefix: str = Field(description="how its key begins")
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    last_used: datetime | None
    revoked_at: datetime | None


class NewToken(BaseModel):
    """A token to create."""

    name: str = Field(min_length=1, max_length=80, description="what it is for")
    scopes: list[Scope] = Field(min_length=1)
    days: int = Field(ge=1, le=LONGEST_DAYS)


class TokenKey(BaseModel):
    """The key of a new token; it cannot be asked for again."""

    key: str


class UserBody(RowBody):
    """A user."""

    id: int
    name: str
    role: RoleName
    active: bool
    created_at: datetime
    last_sign_in: datetime | None


class NewUser(BaseModel):
    """A user to add."""

    name: str = Field(min_length=1, max_length=64)
    role: RoleName


class UserPassword(BaseModel):
    """A user's new password; it cannot be asked for again."""

    id: int
    password: str


class UserChange(BaseModel):
    """What to change of a user; what is left out stays."""

    role: RoleName | None = None
    active: bool | None = None


class AuditBody(RowBody):
    """Who did what to whom."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    details: dict[str, Any]
    address: str


@router.get("/me", dependencies=[access(Role.VIEWER, "read")])
def show_me(caller: CallerOf) -> Me:
    """Say who calls, and what the session or the token may do."""
    scopes = [scope for scope in SCOPES if scope in caller.scopes]
    return Me.model_validate(
        {"id": caller.user_id, "name": caller.name, "role": caller.role.label, "scopes": scopes}
    )


@router.get("/tokens", dependencies=_OWN)
def list_tokens(service: ServiceOf, caller: CallerOf) -> list[TokenBody]:
    """List one's own tokens, those that ended among them."""
    with service.database.reading() as session:
        return [TokenBody.model_validate(token) for token in tokens_of(session, caller.user_id)]


@router.post("/tokens", dependencies=_OWN, status_code=201)
def make_token(request: Request, service: ServiceOf, caller: CallerOf, new: NewToken) -> TokenKey:
    """Create a token of one's own; the answer is the only one that holds its key."""
    with service.database.writing() as session:
        owner = user_of(session, caller.user_id)
        given = (owner, new.name, new.scopes, new.days)
        return TokenKey(key=create_token(session, *given, actor=caller, address=address_of(request)))


@router.delete("/tokens/{token_id}", dependencies=_OWN, status_code=204)
def end_token(request: Request, service: ServiceOf, caller: CallerOf, token_id: RowId) -> None:
    """Revoke a token of one's own, or any where an admin asks."""
    with service.database.writing() as session:
        revoke_token(session, token_id, actor=caller, address=address_of(request))


@router.get("/users", dependencies=_ADMIN)
def show_users(service: ServiceOf) -> list[UserBody]:
    """List all users."""
    with service.database.reading() as session:
        return [UserBody.model_validate(user) for user in list_users(session)]


@router.post("/users", dependencies=_ADMIN, status_code=201)
def make_user(request: Request, service: ServiceOf, caller: CallerOf, new: NewUser) -> UserPassword:
    """Add a user; the answer is the only one that holds the password."""
    password = generate_password()
    given = (new.name, Role.of(new.role), password)
    user_id = add_user(service.database, *given, actor=caller, address=address_of(request))
    return UserPassword(id=user_id, password=password)


@router.patch("/users/{user_id}", dependencies=_ADMIN)
def change_user(
    request: Request, service: ServiceOf, caller: CallerOf, user_id: RowId, change: UserChange
) -> UserBody:
    """Give a user another role, disable or enable one; the user's sessions end."""
    address = address_of(request)
    if change.role is not None:
        set_role(service.database, user_id, Role.of(change.role), actor=caller, address=address)
    if change.active is not None:
        set_active(service.database, user_id, change.active, actor=caller, address=address)
    with service.database.reading() as session:
        return UserBody.model_validate(user_of(session, user_id))


@router.post("/users/{user_id}/password", dependencies=_ADMIN)
def reset_password(request: Request, service: ServiceOf, caller: CallerOf, user_id: RowId) -> UserPassword:
    """Give a user a new password; the user's sessions end."""
    password = generate_password()
    set_password(service.database, user_id, password, actor=caller, address=address_of(request))
    return UserPassword(id=user_id, password=password)


@router.get("/audit", dependencies=_ADMIN)
def show_audit(
    service: ServiceOf,
    actor: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=48, description="how it begins")] = "",
    target: Annotated[str, Query(max_length=120)] = "",
    before: Before = None,
    size: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditBody]:
    """List who did what, the newest first."""
    with service.database.reading() as session:
        found = audit_entries(session, AuditFilter(actor, action, target, before), size)
        return [AuditBody.model_validate(entry) for entry in found]
