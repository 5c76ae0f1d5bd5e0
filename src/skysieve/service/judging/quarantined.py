"""Candidates that a scorer cannot score: kept aside with the reason, and asked for again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, PendingScore, QuarantinedItem, Scorer
from skysieve.service.database.tables.judging import RETIRED

__all__ = ["SCORING", "ask_again", "keep_aside", "resolve"]

#: The feed under whose name they are kept.
SCORING = "scoring"

_RECORD = re.compile(r"(?P<kind>[^/]+)/(?P<survey>.+) by scorer (?P<scorer>\d+)")


def keep_aside(session: Session, scorer_id: int, refused: Sequence[tuple[Candidate, InputError]]) -> None:
    """Put candidates that cannot be scored into the quarantine; once more, where they are there already.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    scorer_id : int
        Who could not score them.
    refused : sequence of (Candidate, InputError)
        Each with its reason.
    """
    known = _known(session, scorer_id, [candidate for candidate, _ in refused])
    for candidate, error in refused:
        item = known.get(candidate.id)
        if item is None:
            record = _record(candidate, scorer_id)
            item = QuarantinedItem(feed=SCORING, item=candidate.name, record=record, attempts=0)
            session.add(item)
        item.kind, item.reason, item.state = error.kind, error.reason, "open"
        item.attempts, item.last_at = item.attempts + 1, utc_now()


def resolve(session: Session, scorer_id: int, candidates: Sequence[Candidate]) -> None:
    """Note that candidates could be scored after all.

    Parameters
    ----------
    session, scorer_id
        As of `keep_aside`.
    candidates : sequence of Candidate
        What was scored.
    """
    for item in _known(session, scorer_id, candidates).values():
        if item.state != "resolved":
            item.state, item.last_at = "resolved", utc_now()


def ask_again(session: Session, items: Iterable[QuarantinedItem]) -> int:
    """Ask for the scores of what is in the quarantine once more.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    items : iterable of QuarantinedItem
        Of the feed `SCORING`; others are passed over.

    Returns
    -------
    int
        How many are scored again; not those whose candidate is gone or whose scorer is retired.
    """
    # Shared lock: who is retired meanwhile is left with no pending rows.
    statement = select(Scorer.id).where(Scorer.duty != RETIRED).order_by(Scorer.id)
    active = set(session.scalars(statement.with_for_update(read=True)))
    asked = 0
    for item in items:
        named = _RECORD.fullmatch(item.record) if item.feed == SCORING else None
        if named is None:
            continue
        candidate = session.scalar(
            select(Candidate.id).where(
                Candidate.kind == named["kind"],
                Candidate.survey == named["survey"],
                Candidate.name == item.item,
            )
        )
        if candidate is None or int(named["scorer"]) not in active:
            # Nobody will try it: it stays where people see it.
            item.state = "open"
            continue
        row = {"scorer_id": int(named["scorer"]), "candidate_id": candidate}
        insert_new(session, PendingScore, [row])
        item.state, asked = "retry", asked + 1
    return asked


def _record(candidate: Candidate, scorer_id: int) -> str:
    return f"{candidate.kind}/{candidate.survey} by scorer {scorer_id}"


def _known(session: Session, scorer_id: int, candidates: Sequence[Candidate]) -> dict[int, QuarantinedItem]:
    """Return what is in the quarantine of candidates already, by their ids."""
    ids = {(each.name, _record(each, scorer_id)): each.id for each in candidates}
    if not ids:
        return {}
    statement = select(QuarantinedItem).where(
        QuarantinedItem.feed == SCORING, QuarantinedItem.item.in_([name for name, _ in ids])
    )
    found = {(item.item, item.record): item for item in session.scalars(statement)}
    return {ids[key]: item for key, item in found.items() if key in ids}
