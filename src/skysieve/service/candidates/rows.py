"""The row of one candidate, by its number."""

from __future__ import annotations

from sqlalchemy.orm import Session, joinedload

from skysieve.errors import InputError
from skysieve.service.database.tables import Candidate

__all__ = ["find_candidate"]


def find_candidate(session: Session, candidate_id: int) -> Candidate:
    """Return a candidate with its night and its cutouts.

    Raises
    ------
    InputError
        ``no-such-candidate``.
    """
    found = session.get(Candidate, candidate_id, options=[joinedload(Candidate.cutouts)])
    if found is None:
        raise InputError(str(candidate_id), "no-such-candidate", "no candidate has this number")
    return found
