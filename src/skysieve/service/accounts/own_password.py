"""Changing one's own password: the present one must be known; guesses are limited as at the sign-in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.passwords import check_password, verify_password
from skysieve.service.accounts.sessions import start_session
from skysieve.service.accounts.sign_in import SignIn
from skysieve.service.accounts.sign_in_limit import forgive, reserve_attempt
from skysieve.service.accounts.users import set_password, user_of
from skysieve.service.database.database import Database

__all__ = ["change_own_password"]


def change_own_password(
    database: Database, caller: Caller, present: str, new: str, *, address: str, agent: str = ""
) -> SignIn:
    """Change the caller's password; all sessions end, and the caller gets a new one.

    Parameters
    ----------
    database : Database
        Of the service.
    caller : Caller
        Whose password.
    present, new : str
        The password of now, and of then.
    address, agent : str
        Where the browser is, and what it calls itself.

    Returns
    -------
    SignIn
        Without a secret where the present password is another.

    Raises
    ------
    InputError
        ``weak-password``.
    """
    check_password(new, caller.name)
    attempt = database.write(lambda session: reserve_attempt(session, caller.name, address))
    if attempt.wait_s > 0:
        return SignIn(wait_s=attempt.wait_s)
    with database.reading() as session:
        stored = user_of(session, caller.user_id).password_hash
    if not verify_password(present, stored):
        database.write(
            lambda session: record(session, caller, "user.password-refuse", caller.name, address=address)
        )
        return SignIn()
    set_password(database, caller.user_id, new, actor=caller, address=address)

    def work(session: Session) -> str:
        forgive(session, attempt)
        return start_session(session, user_of(session, caller.user_id), address=address, agent=agent)

    return SignIn(database.write(work))
