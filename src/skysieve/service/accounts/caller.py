"""Who calls: a person at a browser, or a program with a token."""

from __future__ import annotations

from dataclasses import dataclass

from skysieve.service.accounts.roles import Role

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    user_id : int
        The user.
    name : str
        The user's name.
    role : Role
        What the user may do.
    scopes : frozenset of str
        What a token may do; of a session, all.
    session_id : int, optional
        The session, where it is a browser that calls.
    csrf : str
        The session's secret against forged requests, masked; empty where a token of the API calls.
    """

    user_id: int
    name: str
    role: Role
    scopes: frozenset[str]
    session_id: int | None = None
    csrf: str = ""

    def may(self, role: Role, scope: str) -> bool:
        """Say whether a route of a role and a scope is open to the caller."""
        return self.role >= role and scope in self.scopes
