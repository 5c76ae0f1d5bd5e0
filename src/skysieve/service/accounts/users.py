"""Users: added, disabled, given another role or password; there is always an admin left."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.passwords import check_password, hash_password
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import end_sessions_of
from skysieve.service.database.database import Database
from skysieve.service.database.tables import User

__all__ = [
    "add_user",
    "clean_name",
    "find_user",
    "list_users",
    "set_active",
    "set_password",
    "set_role",
    "user_of",
]

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def add_user(
    database: Database, name: str, role: Role, password: str = "", *, actor: str | Caller, address: str = ""
) -> int:
    """Add a user and return the id.

    Parameters
    ----------
    database : Database
        Of the service.
    name : str
        Letters, digits and ``. _ @ + -``, at most 64; capitals are the same as small letters.
    role : Role
        What the user may do.
    password : str
        Empty: no sign-in by password, for programs that have tokens only.
    actor, address
        As of `skysieve.service.accounts.audit.record`.

    Raises
    ------
    InputError
        ``bad-name``, ``already-there`` or ``weak-password``.
    """
    cleaned = clean_name(name)
    if password:
        check_password(password, cleaned)
    hashed = hash_password(password) if password else ""

    def work(session: Session) -> int:
        user = User(name=cleaned, password_hash=hashed, role=role.label)
        session.add(user)
        try:
            session.flush()
        except IntegrityError:
            reason = "a user of this name is there; choose another name"
            raise InputError(cleaned, "already-there", reason) from None
        record(session, actor, "user.create", cleaned, {"role": role.label}, address)
        return user.id

    return database.write(work)


def set_role(database: Database, user_id: int, role: Role, *, actor: str | Caller, address: str = "") -> None:
    """Give a user another role; the user's sessions end, so that none goes on with the old one.

    Raises
    ------
    InputError
        ``no-such-user``, or ``last-admin`` if nobody would be left who manages users.
    """

    def work(session: Session) -> None:
        user = user_of(session, user_id)
        if user.role == role.label:
            return
        if role < Role.ADMIN:
            _keep_an_admin(session, user)
        record(session, actor, "user.role", user.name, {"from": user.role, "to": role.label}, address)
        user.role = role.label
        end_sessions_of(session, user.id)

    database.write(work)


def set_active(
    database: Database, user_id: int, active: bool, *, actor: str | Caller, address: str = ""
) -> None:
    """Let a user in again, or no more: sessions end, tokens stop working. What the user said stays.

    Raises
    ------
    InputError
        ``no-such-user``, or ``last-admin``.
    """

    def work(session: Session) -> None:
        user = user_of(session, user_id)
        if user.active == active:
            return
        if not active:
            _keep_an_admin(session, user)
            end_sessions_of(session, user.id)
        user.active = active
        record(session, actor, "user.enable" if active else "user.disable", user.name, address=address)

    database.write(work)


def set_password(
    database: Database, user_id: int, password: str, *, actor: str | Caller, address: str = ""
) -> None:
    """Give a user another password; all of the user's sessions end.

    Raises
    ------
    InputError
        ``no-such-user`` or ``weak-password``.
    """
    with database.reading() as session:
        name = user_of(session, user_id).name
    check_password(password, name)
    hashed = hash_password(password)

    def work(session: Session) -> None:
        user = user_of(session, user_id)
        user.password_hash = hashed
        end_sessions_of(session, user.id)
        record(session, actor, "user.password", user.name, address=address)

    database.write(work)


def find_user(session: Session, name: str) -> User | None:
    """Return the user of a name, if there is one."""
    lowered = name.strip().lower()
    if not _NAME.fullmatch(lowered):
        return None
    return session.scalar(select(User).where(User.name == lowered))


def user_of(session: Session, user_id: int) -> User:
    """Return the user of an id.

    Raises
    ------
    InputError
        ``no-such-user``.
    """
    user = session.get(User, user_id)
    if user is None:
        raise InputError(f"user {user_id}", "no-such-user", "is not there; look at the list of users")
    return user


def list_users(session: Session) -> Sequence[User]:
    """Return all users by name."""
    return session.scalars(select(User).order_by(User.name)).all()


def clean_name(name: str) -> str:
    """Return a user's name as it is kept.

    Raises
    ------
    InputError
        ``bad-name``.

    Examples
    --------
    >>> clean_name(" Vera.Rubin ")
    'vera.rubin'
    """
    cleaned = name.strip().lower()
    if not _NAME.fullmatch(cleaned):
        raise InputError(
            name[:80], "bad-name", "is no user name; take letters, digits and . _ @ + -, 64 at the most"
        )
    return cleaned


def _keep_an_admin(session: Session, leaving: User) -> None:
    # Locked: two admins who disable each other at the same moment must not both succeed.
    admins = session.scalars(
        select(User).where(User.role == Role.ADMIN.label, User.active).order_by(User.id).with_for_update()
    ).all()
    if [admin.id for admin in admins] == [leaving.id]:
        raise InputError(leaving.name, "last-admin", "is the last admin; make somebody else an admin first")
