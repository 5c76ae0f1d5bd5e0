"""Signing in by name and password: one answer for every reason to refuse, after the same work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from skysieve.errors import ServiceError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.passwords import hash_password, needs_new_hash, verify_password
from skysieve.service.accounts.sessions import start_session
from skysieve.service.accounts.sign_in_limit import Attempt, forgive, reserve_attempt, wait_of
from skysieve.service.accounts.users import find_user
from skysieve.service.database.columns import utc_now
from skysieve.service.database.database import Database
from skysieve.service.database.tables import User

__all__ = ["SignIn", "sign_in"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a sign-in ended.

    Parameters
    ----------
    secret : str
        Of the new session's cookie; empty: refused.
    wait_s : float
        Seconds to wait before the next attempt is looked at; 0 where this one was.
    """

    secret: str = ""
    wait_s: float = 0.0


def sign_in(
    database: Database, name: str, password: str, *, address: str, agent: str = "", replaces: str = ""
) -> SignIn:
    """Sign a user in.

    Parameters
    ----------
    database : Database
        Of the service.
    name, password : str
        What was typed.
    address, agent : str
        Where the browser is, and what it calls itself.
    replaces : str
        The secret of the session that the browser came with; it ends.
    """
    with database.reading() as session:
        user = find_user(session, name)
        user_id, known = (user.id, user.name) if user else (None, _nobody(name))
        stored = user.password_hash if user and user.active else ""
        wait_s = wait_of(session, known, address)
    if wait_s > 0:
        return SignIn(wait_s=wait_s)
    attempt = database.write(lambda session: reserve_attempt(session, known, address))
    if attempt.wait_s > 0:
        return SignIn(wait_s=attempt.wait_s)
    if not _verify(database, password, stored, attempt):
        # Unknown names cost as much, but what was typed is not kept: it may be a password.
        target = known if user_id is not None else ""
        database.write(lambda session: record(session, "nobody", "session.refuse", target, address=address))
        return SignIn()
    new_hash = hash_password(password) if needs_new_hash(stored) else ""

    def work(session: Session) -> str:
        # Disabled, or given another password, while this one was verified?
        current = session.get(User, user_id, with_for_update=True)
        if current is None or not current.active or current.password_hash != stored:
            return ""
        return _enter(session, current, attempt, new_hash, address=address, agent=agent, replaces=replaces)

    return SignIn(database.write(work))


def _verify(database: Database, password: str, stored: str, attempt: Attempt) -> bool:
    try:
        return verify_password(password, stored)
    except ServiceError:
        # Nothing was tried: a flood by others must not make this person wait, too.
        database.write(lambda session: forgive(session, attempt))
        raise


def _enter(
    session: Session,
    user: User,
    attempt: Attempt,
    new_hash: str,
    *,
    address: str,
    agent: str,
    replaces: str,
) -> str:
    forgive(session, attempt)
    user.password_hash = new_hash or user.password_hash
    user.last_sign_in = utc_now()
    record(session, user.name, "session.start", user.name, address=address)
    return start_session(session, user, address=address, agent=agent, replaces=replaces)


def _nobody(name: str) -> str:
    """Return what an unknown name is counted as: as itself, so that it waits like one that is known."""
    return "".join(character for character in name.strip().lower() if character.isprintable())
