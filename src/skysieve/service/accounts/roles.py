"""Who may do what: four roles, each of which may do all that the one before it may, and scopes of tokens."""

from __future__ import annotations

from enum import IntEnum

from skysieve.errors import InputError

__all__ = ["SCOPES", "Role", "least_role", "scopes_of"]

#: What a token may be allowed; `least_role` says whose owner can allow it.
SCOPES: dict[str, str] = {
    "read": "see candidates, scores, labels and files",
    "label": "label and comment",
    "ingest": "send candidates in",
    "curate": "try quarantined items again, run campaigns, put models on duty",
    "admin": "manage users and tokens, read the audit log",
}


class Role(IntEnum):
    """Roles, from the least to the most.

    Examples
    --------
    >>> Role.SCANNER >= Role.VIEWER, Role["ADMIN"].label
    (True, 'admin')
    """

    VIEWER = 1
    SCANNER = 2
    CURATOR = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """Its name in lower case, as the database keeps it."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Role:
        """Return the role of a name in lower case.

        Raises
        ------
        InputError
            ``bad-role``.
        """
        for role in cls:
            if role.label == label:
                return role
        expected = ", ".join(role.label for role in cls)
        raise InputError("role", "bad-role", f"{label[:40]!r} is none; expected {expected}")


_LEAST = {
    "read": Role.VIEWER,
    "label": Role.SCANNER,
    "ingest": Role.CURATOR,
    "curate": Role.CURATOR,
    "admin": Role.ADMIN,
}


def least_role(scope: str) -> Role:
    """Return the least role whose tokens may have a scope.

    Examples
    --------
    >>> least_role("curate").label
    'curator'
    """
    return _LEAST[scope]


def scopes_of(role: Role) -> frozenset[str]:
    """Return the scopes that tokens of a role may have.

    Examples
    --------
    >>> sorted(scopes_of(Role.SCANNER))
    ['label', 'read']
    """
    return frozenset(scope for scope in SCOPES if role >= least_role(scope))
