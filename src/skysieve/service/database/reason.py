"""What an error says, in the one line that people and logs have room for."""

from __future__ import annotations

__all__ = ["reason_of"]


def reason_of(error: BaseException) -> str:
    r"""Return the first line of what an error says; of one that SQLAlchemy wraps, what the database said.

    Statements and their values are left out: they may hold what is to stay secret.

    Examples
    --------
    >>> reason_of(ValueError("no such table: users\n[SQL: SELECT ...]")), reason_of(KeyError())
    ('no such table: users', 'KeyError')
    """
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return said or type(error).__name__
