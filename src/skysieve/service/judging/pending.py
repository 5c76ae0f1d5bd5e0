"""What is still to be scored: asked for in the transaction that brings or changes a candidate."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import PendingScore, Scorer
from skysieve.service.database.tables.judging import RETIRED

__all__ = ["ask_for_scores"]


def ask_for_scores(session: Session, candidates: Iterable[tuple[int, str]]) -> None:
    """Ask every scorer that is not retired to score candidates.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    candidates : iterable of (int, str)
        Id and kind of each.
    """
    # Shared lock: who is retired meanwhile is left with no pending rows.
    statement = select(Scorer.id, Scorer.kind).where(Scorer.duty != RETIRED).with_for_update(read=True)
    scorers = session.execute(statement).all()
    rows = [
        {"scorer_id": scorer, "candidate_id": candidate}
        for candidate, kind in candidates
        for scorer, scored in scorers
        if scored == kind
    ]
    insert_new(session, PendingScore, rows)
