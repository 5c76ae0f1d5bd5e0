"""The rows of scorers: all of them, one by its id, the one on duty."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.tables import Scorer
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED

__all__ = ["all_scorers", "find_scorer", "on_duty"]

_RANK = {ON_DUTY: 0, BESIDE: 1, RETIRED: 2}


def on_duty(session: Session, kind: str) -> Scorer | None:
    """Return the scorer on duty for a kind of candidates; None where there is none."""
    return session.scalars(select(Scorer).where(Scorer.kind == kind, Scorer.duty == ON_DUTY)).first()


def all_scorers(session: Session, kind: str = "") -> list[Scorer]:
    """Return all scorers, or those of a kind: by kind, those on duty first, then the newest."""
    statement = select(Scorer).where(Scorer.kind == kind) if kind else select(Scorer)
    return sorted(session.scalars(statement), key=lambda each: (each.kind, _RANK[each.duty], -each.id))


def find_scorer(session: Session, scorer_id: int) -> Scorer:
    """Return a scorer by its id.

    Raises
    ------
    InputError
        ``no-such-scorer``.
    """
    if (scorer := session.get(Scorer, scorer_id)) is None:
        known = ", ".join(f"{each.id} ({each.name})" for each in all_scorers(session)) or "none"
        raise InputError(f"scorer {scorer_id}", "no-such-scorer", f"is not known; known are {known}")
    return scorer
