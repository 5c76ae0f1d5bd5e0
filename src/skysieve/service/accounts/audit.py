"""The audit log: who did what to whom, and when; entries are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.accounts.caller import Caller
from skysieve.service.database.tables import AuditEntry

__all__ = ["AuditFilter", "audit_entries", "record"]


def record(
    session: Session,
    actor: str | Caller,
    action: str,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """Add an entry in the transaction that does what it tells of, so that neither is without the other.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    actor : str or Caller
        Who did it; a string where nobody has signed in: ``command``, ``worker``.
    action : str
        What was done, ``<thing>.<verb>``: ``user.create``, ``scorer.promote``.
    target : str
        To whom or to what: the name of a user, the id of a scorer.
    details : mapping, optional
        What JSON can hold; never a secret.
    address : str
        Where the request came from.
    """
    user_id, name = (actor.user_id, actor.name) if isinstance(actor, Caller) else (None, actor)
    session.add(
        AuditEntry(
            user_id=user_id,
            actor=name[:80],
            action=action[:48],
            target=target[:120],
            details=dict(details or {}),
            address=address[:64],
        )
    )


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted.

    Parameters
    ----------
    actor, action, target : str
        Only entries with this actor and target, and with an action that begins so; empty: all.
    before : int, optional
        Only entries older than the one with this id: the next page.
    """

    actor: str = ""
    action: str = ""
    target: str = ""
    before: int | None = None


def audit_entries(session: Session, wanted: AuditFilter, size: int = 100) -> Sequence[AuditEntry]:
    """Return entries, the newest first.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    wanted : AuditFilter
        Which.
    size : int
        So many, at the most.
    """
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(size)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditEntry.action.startswith(wanted.action, autoescape=True))
    if wanted.target:
        query = query.where(AuditEntry.target == wanted.target)
    if wanted.before is not None:
        query = query.where(AuditEntry.id < wanted.before)
    return session.scalars(query).all()
