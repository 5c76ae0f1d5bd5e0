"""Sessions of browsers: a random cookie of which only the hash is stored, an idle and an absolute limit."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, contains_eager
from starlette.responses import Response

from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.forgery import masked
from skysieve.service.accounts.roles import SCOPES, Role
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import User, UserSession
from skysieve.service.settings import WebSettings

__all__ = [
    "LONGEST",
    "caller_of_session",
    "clear_cookie",
    "cookie_name",
    "end_session",
    "end_sessions_of",
    "find_session",
    "hash_of",
    "set_cookie",
    "start_session",
    "touch_session",
]

#: No session lives longer, whatever is done in it.
LONGEST = timedelta(days=7)
_COOKIE = "skysieve_session"


def cookie_name(web: WebSettings) -> str:
    """Return the name of the cookie; behind TLS browsers guard the prefix against other hosts.

    Examples
    --------
    >>> cookie_name(WebSettings(behind_tls=True))
    '__Host-skysieve_session'
    """
    return f"__Host-{_COOKIE}" if web.behind_tls else _COOKIE


def set_cookie(response: Response, web: WebSettings, secret: str) -> None:
    """Give a browser its session: scripts cannot read it, other sites cannot post with it."""
    response.set_cookie(
        cookie_name(web),
        secret,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=web.behind_tls,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, web: WebSettings) -> None:
    """Make a browser forget its session."""
    response.delete_cookie(cookie_name(web), path="/", secure=web.behind_tls, httponly=True, samesite="lax")


def start_session(
    session: Session, user: User, *, address: str = "", agent: str = "", replaces: str = ""
) -> str:
    """Store a new session of a user and return the secret of its cookie, which is stored nowhere.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    user : User
        Whose.
    address, agent : str
        Where the browser is, and what it calls itself.
    replaces : str
        The secret that the browser came with: that session ends, so that nobody who planted or knew it
        is signed in.
    """
    now = utc_now()
    session.execute(delete(UserSession).where(UserSession.expires_at <= now))
    if replaces:
        session.execute(delete(UserSession).where(UserSession.secret_sha256 == hash_of(replaces)))
    secret = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            secret_sha256=hash_of(secret),
            user_id=user.id,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            last_seen=now,
            expires_at=now + LONGEST,
            address=address[:64],
            agent=_printable(agent)[:200],
        )
    )
    return secret


def find_session(
    session: Session, secret: str, web: WebSettings, now: datetime | None = None
) -> UserSession | None:
    """Return the session of a cookie while it lasts and its user may sign in.

    Parameters
    ----------
    session : Session
        Of the database.
    secret : str
        What the cookie holds.
    web : WebSettings
        How long a session may be idle.
    now : datetime, optional
        The time.
    """
    now = now or utc_now()
    idle = now - timedelta(hours=web.session_hours)
    return session.scalar(
        select(UserSession)
        .join(UserSession.user)
        .options(contains_eager(UserSession.user))
        .where(UserSession.secret_sha256 == hash_of(secret), UserSession.expires_at > now)
        .where(UserSession.last_seen > idle, User.active)
    )


def caller_of_session(found: UserSession) -> Caller:
    """Return who calls in a session: it may do all that the user's role may."""
    user = found.user
    return Caller(user.id, user.name, Role.of(user.role), frozenset(SCOPES), found.id, masked(found.csrf))


def touch_session(session: Session, session_id: int, now: datetime) -> None:
    """Keep that a session was used."""
    session.execute(update(UserSession).where(UserSession.id == session_id).values(last_seen=now))


def end_session(session: Session, session_id: int) -> None:
    """End one session."""
    session.execute(delete(UserSession).where(UserSession.id == session_id))


def end_sessions_of(session: Session, user_id: int) -> None:
    """End all sessions of a user: what the user may do, or how to sign in, has changed."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def hash_of(secret: str) -> str:
    """Return what is stored of a secret; it has 256 random bits, so that a quick hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
