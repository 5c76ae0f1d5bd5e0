"""What candidates show of the scorer on duty: brought up to it after a promotion, piece by piece.

``Candidate.score`` and ``Candidate.passes`` are copies of what the scorer on duty says, so that a million
candidates can be sorted by them. How far the copying has come stands in the scorer's row, and goes on in the
transaction that copies: after a kill it continues where it was.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, PendingScore, Scorer
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.filters.index_choice import without_index
from skysieve.service.judging.opened_scorer import Judgement, OpenedScorer
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.stored_scores import stored_judgement
from skysieve.service.service import Service

__all__ = [
    "ask_for_refresh",
    "drop_refresh",
    "is_refreshing",
    "refresh_all",
    "refresh_some",
    "show_on_candidates",
    "show_unscored",
]

#: Where the description of a scorer says behind which candidate the copying goes on.
REFRESH = "refresh_after"
#: Candidates in one transaction.
CHUNK = 1_000


def ask_for_refresh(scorer: Scorer) -> None:
    """Ask that all candidates show what a scorer says."""
    scorer.description = scorer.description | {REFRESH: 0}


def drop_refresh(scorer: Scorer) -> None:
    """Ask no more."""
    scorer.description = {name: value for name, value in scorer.description.items() if name != REFRESH}


def refresh_all(service: Service) -> None:
    """Bring all candidates up to the scorers on duty; returns when nothing is left to do."""
    while refresh_some(service):
        pass


def refresh_some(service: Service) -> int:
    """Bring some candidates up to a scorer that was put on duty, in one short transaction.

    Candidates that it has not scored show no score, and it is asked for theirs.

    Returns
    -------
    int
        Candidates that were looked at; 0 if all show what they should.
    """
    with service.database.reading() as session:
        waiting = [each for each in _on_duty(session) if REFRESH in each.description]
        session.expunge_all()
    if not waiting:
        return 0
    scorer = waiting[0]
    opened, after = open_scorer(service, scorer), int(scorer.description[REFRESH])
    candidates = service.database.write(lambda session: _refresh(session, scorer, opened, after))
    # A transaction of its own: who holds candidates never waits for a scorer, and both are short. Killed
    # in between, the same candidates are looked at once more.
    service.database.write(lambda session: _note(session, scorer, after, candidates))
    return max(1, len(candidates))


def is_refreshing(session: Session) -> bool:
    """Say whether candidates do not yet show what the scorers on duty say."""
    return any(REFRESH in each.description for each in _on_duty(session))


def show_on_candidates(session: Session, candidates: list[int], judgement: Judgement) -> None:
    """Let candidates show what a scorer says of them.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    candidates : list of int
        Ids, in the order of the judgement.
    judgement : Judgement
        What the scorer on duty says.
    """
    passes = [None] * len(candidates) if judgement.passes is None else judgement.passes.tolist()
    rows = [
        {"id": candidate, "score": score, "passes": passing}
        for candidate, score, passing in zip(candidates, judgement.headline.tolist(), passes, strict=True)
    ]
    if rows:
        session.execute(update(Candidate), rows)


def show_unscored(session: Session, candidates: list[int]) -> None:
    """Let candidates show that the scorer on duty has not scored them."""
    rows: list[dict[str, Any]] = [{"id": each, "score": None, "passes": None} for each in candidates]
    if rows:
        session.execute(update(Candidate), rows)


def _refresh(session: Session, scorer: Scorer, opened: OpenedScorer, after: int) -> list[int]:
    """Bring a chunk of candidates up to a scorer, if it is still on duty, and return the chunk."""
    duty = session.scalar(select(Scorer.duty).where(Scorer.id == scorer.id).with_for_update(read=True))
    if duty != ON_DUTY:
        return []
    # Locked before their scores are read: who writes scores of one of them comes before, or after.
    statement = (
        select(Candidate.id)
        .where(without_index(Candidate.__table__.c.kind) == scorer.kind, Candidate.id > after)
        .order_by(Candidate.id)
        .limit(CHUNK)
        .with_for_update(key_share=True)
    )
    candidates = list(session.scalars(statement))
    scored, judgement = stored_judgement(session, scorer.id, opened, candidates)
    show_on_candidates(session, scored, judgement)
    _ask(session, scorer.id, sorted(set(candidates) - set(scored)))
    return candidates


def _note(session: Session, read: Scorer, after: int, candidates: list[int]) -> None:
    """Note how far the copying has come; where nothing was left, that it is done."""
    scorer = session.scalars(select(Scorer).where(Scorer.id == read.id).with_for_update(key_share=True)).one()
    begun_anew = scorer.duty != ON_DUTY or scorer.promoted_at != read.promoted_at
    if begun_anew or scorer.description.get(REFRESH) != after:
        return  # by another promotion; or another process has done the same
    if candidates:
        scorer.description = scorer.description | {REFRESH: candidates[-1]}
    else:
        drop_refresh(scorer)


def _ask(session: Session, scorer_id: int, candidates: list[int]) -> None:
    show_unscored(session, candidates)
    rows = [{"scorer_id": scorer_id, "candidate_id": candidate} for candidate in candidates]
    insert_new(session, PendingScore, rows)


def _on_duty(session: Session) -> list[Scorer]:
    return list(session.scalars(select(Scorer).where(Scorer.duty == ON_DUTY).order_by(Scorer.id)))
