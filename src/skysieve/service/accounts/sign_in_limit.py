"""Failed sign-ins are counted by name and by address; each beyond a few makes the next wait longer.

The counts are in the database: several processes of the web share them, and a restart forgets none.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import SignInAttempt

__all__ = ["Attempt", "forgive", "reserve_attempt", "subjects_of", "wait_of"]

#: Failures older than that count no more.
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Patience:
    """How many failures are free, and how long the waits grow that follow."""

    free: int
    longest_s: float

    def wait_s(self, failures: int) -> float:
        return 0.0 if failures < self.free else min(2.0 ** (failures - self.free), self.longest_s)


#: A name waits at most five minutes, so that nobody is shut out for long by a stranger who mistypes the
#: name on purpose; an address, behind which a whole observatory may sit, has more that are free.
PATIENCE = {"name": _Patience(5, 300.0), "address": _Patience(20, 900.0)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that may go on, or must wait.

    Parameters
    ----------
    wait_s : float
        Seconds to wait; 0: go on.
    rows : tuple of int
        What was counted in advance, for `forgive`.
    """

    wait_s: float
    rows: tuple[int, ...] = ()


def subjects_of(name: str, address: str) -> list[str]:
    """Return what a failed sign-in is counted for.

    Parameters
    ----------
    name : str
        A user's name in lower case; empty where what was typed can be none.
    address : str
        Of the client; of IPv6 the network counts, since one client has all of it.

    Examples
    --------
    >>> subjects_of("ana", "2001:db8:1:2:3::4")
    ['name:ana', 'address:2001:db8:1:2::/64']
    """
    return [f"name:{name[:64]}", f"address:{_network(address)}"]


def wait_of(session: Session, name: str, address: str, now: datetime | None = None) -> float:
    """Return how long a sign-in must wait, in seconds, without counting it: a flood then writes nothing.

    Parameters
    ----------
    session : Session
        Of the database.
    name, address : str
        As of `subjects_of`.
    now : datetime, optional
        The time.
    """
    at = now or utc_now()
    return max(0.0, *(_wait_s(session, subject, at) for subject in subjects_of(name, address)))


def reserve_attempt(session: Session, name: str, address: str, now: datetime | None = None) -> Attempt:
    """Count an attempt before it is made, unless it must wait.

    Counted in advance: of a hundred that come at once, no more than the free ones are let through.
    An attempt that must wait is not counted: who waits is let in.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    name, address : str
        As of `subjects_of`.
    now : datetime, optional
        The time.
    """
    now = now or utc_now()
    subjects = subjects_of(name, address)
    _lock(session, subjects)
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - WINDOW))
    wait = max(_wait_s(session, subject, now) for subject in subjects)
    if wait > 0:
        return Attempt(wait)
    rows = [SignInAttempt(subject=subject, at=now) for subject in subjects]
    session.add_all(rows)
    session.flush()
    return Attempt(0.0, tuple(row.id for row in rows))


def forgive(session: Session, attempt: Attempt) -> None:
    """Take back what was counted: the sign-in succeeded. Failures before it stay until they are old."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(attempt.rows)))


def _wait_s(session: Session, subject: str, now: datetime) -> float:
    failures, last = session.execute(
        select(func.count(), func.max(SignInAttempt.at)).where(
            SignInAttempt.subject == subject, SignInAttempt.at >= now - WINDOW
        )
    ).one()
    wait = PATIENCE[subject.partition(":")[0]].wait_s(failures)
    return wait - (now - last).total_seconds() if wait else 0.0


def _lock(session: Session, subjects: Sequence[str]) -> None:
    """Let no other process count the same subjects meanwhile; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for subject in sorted(subjects):
            session.execute(select(func.pg_advisory_xact_lock(zlib.crc32(subject.encode()))))


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
