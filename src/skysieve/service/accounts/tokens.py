"""Tokens of the API: shown once, stored as a hash, with scopes, an end, and a way to revoke them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, contains_eager

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import SCOPES, Role, least_role, scopes_of
from skysieve.service.accounts.sessions import hash_of
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Token, User

__all__ = [
    "LONGEST_DAYS",
    "PREFIX",
    "caller_of_token",
    "create_token",
    "find_token",
    "revoke_token",
    "tokens_of",
    "touch_token",
]

#: What a token begins with, so that scanners for leaked secrets know it.
PREFIX = "sky_"
LONGEST_DAYS = 366
_SHOWN = len(PREFIX) + 6


def create_token(
    session: Session,
    user: User,
    name: str,
    scopes: Iterable[str],
    days: int,
    *,
    actor: str | Caller,
    address: str = "",
) -> str:
    """Store a new token and return its key, which is stored nowhere and cannot be shown again.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    user : User
        The owner: the token may never do what the owner may not.
    name : str
        What it is for, 1 to 80 characters.
    scopes : iterable of str
        What it may do, out of `SCOPES`.
    days : int
        It ends after so many, 1 to 366.
    actor, address
        As of `skysieve.service.accounts.audit.record`.

    Raises
    ------
    InputError
        ``bad-token`` if the name, a scope or the days cannot be.
    """
    wanted = _checked_scopes(scopes, Role.of(user.role))
    title = name.strip()
    if not 1 <= len(title) <= 80 or not title.isprintable():
        raise InputError("name", "bad-token", "say in 1 to 80 characters what the token is for")
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError("days", "bad-token", f"is {days}; a token lasts 1 to {LONGEST_DAYS} days")
    key = PREFIX + secrets.token_urlsafe(32)
    row = Token(
        secret_sha256=hash_of(key),
        prefix=key[:_SHOWN],
        user_id=user.id,
        name=title,
        scopes=wanted,
        expires_at=utc_now() + timedelta(days=days),
    )
    session.add(row)
    record(
        session,
        actor,
        "token.create",
        f"{user.name}/{row.prefix}",
        {"name": title, "scopes": wanted, "days": days},
        address,
    )
    return key


def find_token(session: Session, key: str, now: datetime | None = None) -> Token | None:
    """Return the token of a key while it lasts, is not revoked, and its owner may sign in."""
    if not key.startswith(PREFIX):
        return None
    return session.scalar(
        select(Token)
        .join(Token.user)
        .options(contains_eager(Token.user))
        .where(Token.secret_sha256 == hash_of(key), Token.revoked_at.is_(None))
        .where(Token.expires_at > (now or utc_now()), User.active)
    )


def caller_of_token(token: Token) -> Caller:
    """Return who calls with a token: the scopes that it was given and that the owner's role still has."""
    role = Role.of(token.user.role)
    return Caller(token.user.id, token.user.name, role, frozenset(token.scopes) & scopes_of(role))


def touch_token(session: Session, token_id: int, now: datetime) -> None:
    """Keep that a token was used."""
    session.execute(update(Token).where(Token.id == token_id).values(last_used=now))


def revoke_token(session: Session, token_id: int, *, actor: Caller, address: str = "") -> None:
    """End a token now; one that has ended already is left as it is.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    token_id : int
        The token: one of the caller's own, or of anybody for an admin.
    actor, address
        As of `skysieve.service.accounts.audit.record`.

    Raises
    ------
    InputError
        ``no-such-token``.
    AccessError
        If it belongs to somebody else.
    """
    token = session.get(Token, token_id)
    if token is None:
        raise InputError(f"token {token_id}", "no-such-token", "is not there; look at the list of tokens")
    if token.user_id != actor.user_id and not actor.may(Role.ADMIN, "admin"):
        raise AccessError("the token belongs to somebody else; ask an admin to revoke it")
    if token.revoked_at is None:
        token.revoked_at = utc_now()
        record(session, actor, "token.revoke", f"{token.user.name}/{token.prefix}", address=address)


def tokens_of(session: Session, user_id: int) -> Sequence[Token]:
    """Return the tokens of a user, the newest first; those that ended are among them."""
    return session.scalars(select(Token).where(Token.user_id == user_id).order_by(Token.id.desc())).all()


def _checked_scopes(scopes: Iterable[str], role: Role) -> list[str]:
    wanted = set(scopes)
    if unknown := sorted(wanted - set(SCOPES)):
        raise InputError("scopes", "bad-token", f"{unknown[0][:40]!r} is none; expected {', '.join(SCOPES)}")
    if not wanted:
        raise InputError("scopes", "bad-token", f"choose one at the least: {', '.join(SCOPES)}")
    for scope in wanted - scopes_of(role):
        raise InputError(
            "scopes",
            "bad-token",
            f"{scope} needs the role {least_role(scope).label}, the owner is {role.label}",
        )
    return [scope for scope in SCOPES if scope in wanted]
