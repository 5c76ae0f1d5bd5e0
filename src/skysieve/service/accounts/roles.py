"""Who may do what: four roles, each of which may do all that the one before it may, and scopes of tokens."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["SCOPES", "Role"]

#: What a token may be allowed, with the least role whose owner can allow it.
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
        """Return the role of a name in lower case."""
        return cls[label.upper()]
