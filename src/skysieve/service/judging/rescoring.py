"""Ask a scorer for candidates of the past: a new model scores old nights, beside what others said of them."""

from __future__ import annotations

from functools import partial

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.candidates.nights import find_night
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, PendingScore, Score, Scorer
from skysieve.service.database.tables.judging import RETIRED
from skysieve.service.filters.index_choice import without_index
from skysieve.service.judging.scorer_rows import find_scorer
from skysieve.service.service import Service

__all__ = ["rescore"]

#: Candidates in one transaction.
CHUNK = 5_000


def rescore(service: Service, scorer_id: int, night: str | None = None, *, again: bool = False) -> int:
    """Ask a scorer to score candidates that are there already; workers do it, the newest first.

    Parameters
    ----------
    service : Service
        The service.
    scorer_id : int
        A scorer that is not retired.
    night : str, optional
        Only candidates of this night (``YYYYMMDD``); all if not given.
    again : bool
        Also those that it has scored. The same model gives the same scores; after a change of engine or
        precision they may differ in the last digits.

    Returns
    -------
    int
        Candidates that it was asked for.

    Raises
    ------
    InputError
        ``no-such-scorer``, ``retired`` or ``no-such-night``.
    """
    with service.database.reading() as session:
        scorer = find_scorer(session, scorer_id)
        if scorer.duty == RETIRED:
            reason = f"{scorer.name} is retired; promote it, or register it again to score beside"
            raise InputError(f"scorer {scorer_id}", "retired", reason)
        night_id = None if night is None else find_night(session, night).id
        session.expunge(scorer)
    asked, after = 0, 0
    while candidates := _next(service, scorer, night_id, again, after):
        rows = [{"scorer_id": scorer_id, "candidate_id": candidate} for candidate in candidates]
        if not service.database.write(partial(_ask, scorer_id=scorer_id, rows=rows)):
            break
        asked, after = asked + len(candidates), candidates[-1]
    return asked


def _next(service: Service, scorer: Scorer, night_id: int | None, again: bool, after: int) -> list[int]:
    of_kind = without_index(Candidate.__table__.c.kind) == scorer.kind
    statement = select(Candidate.id).where(of_kind, Candidate.id > after)
    if night_id is not None:
        statement = statement.where(Candidate.night_id == night_id)
    if not again:
        statement = statement.where(
            ~exists().where(Score.candidate_id == Candidate.id, Score.scorer_id == scorer.id)
        )
    with service.database.reading() as session:
        return list(session.scalars(statement.order_by(Candidate.id).limit(CHUNK)))


def _ask(session: Session, scorer_id: int, rows: list[dict[str, int]]) -> bool:
    """Ask, unless the scorer has been retired meanwhile: nobody would answer."""
    # Shared lock: who retires it comes before, or takes these rows away, too.
    duty = session.scalar(select(Scorer.duty).where(Scorer.id == scorer_id).with_for_update(read=True))
    if duty == RETIRED:
        return False
    insert_new(session, PendingScore, rows)
    return True
