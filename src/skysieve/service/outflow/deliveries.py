"""What is to leave: written down in the transaction that writes the scores."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, func, select, true, update
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, Delivery, Scorer
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.outflow.destination import destination_names
from skysieve.service.service import Service

__all__ = ["DUE", "GIVEN_UP", "SENT", "count_deliveries", "enqueue", "send_again"]

logger = logging.getLogger(__name__)

#: States of a delivery.
DUE, SENT, GIVEN_UP = "due", "sent", "given-up"
#: Candidates asked for in one statement: SQLite takes 32,766 parameters.
_MOST_AT_ONCE = 10_000


def enqueue(session: Session, service: Service, scorer_id: int, candidate_ids: Sequence[int]) -> None:
    """Write down for every destination the candidates that pass the filter of the settings.

    A destination is told once of a candidate by each scorer: what is written down already stays as it
    is. Only the scorer on duty tells: what scores beside it is to be compared first.

    Parameters
    ----------
    session : Session
        Of the transaction that writes the scores, ``candidates.score`` and ``candidates.passes`` included.
    service : Service
        For its settings.
    scorer_id : int
        Who scored.
    candidate_ids : sequence of int
        What was scored.

    Notes
    -----
    A filter that cannot be used never holds up the scoring: what passes the rule of the scorer is then
    written down as given up, with the reason, and `send_again` sends it.
    """
    names = destination_names(service.settings.outflow)
    if not names or not candidate_ids:
        return
    if session.scalar(select(Scorer.duty).where(Scorer.id == scorer_id)) != ON_DUTY:
        return
    for start in range(0, len(candidate_ids), _MOST_AT_ONCE):
        part = candidate_ids[start : start + _MOST_AT_ONCE]
        chosen, fault = _choose(session, service.settings.outflow.where, part)
        insert_new(
            session,
            Delivery,
            [
                {
                    "destination": name,
                    "candidate_id": candidate,
                    "scorer_id": scorer_id,
                    "state": GIVEN_UP if fault else DUE,
                    "error": fault,
                }
                for name in names
                for candidate in chosen
            ],
        )


def send_again(session: Session, ids: Sequence[int] | None = None) -> int:
    """Let deliveries that were given up be sent again, from the first attempt on.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    ids : sequence of int, optional
        Which; all by default.

    Returns
    -------
    int
        How many.
    """
    statement = update(Delivery).where(Delivery.state == GIVEN_UP)
    if ids is not None:
        statement = statement.where(Delivery.id.in_(ids))
    done = session.execute(statement.values(state=DUE, attempts=0, next_at=utc_now()))
    assert isinstance(done, CursorResult)
    return done.rowcount


def count_deliveries(session: Session) -> Mapping[tuple[str, str], int]:
    """Return the number of deliveries by destination and state, for metrics and pages."""
    rows = session.execute(
        select(Delivery.destination, Delivery.state, func.count()).group_by(
            Delivery.destination, Delivery.state
        )
    )
    return {(destination, state): number for destination, state, number in rows}


def _choose(session: Session, where: str, candidates: Sequence[int]) -> tuple[list[int], str]:
    """Return what passes the filter, and what is wrong with the filter, if anything is."""
    fault, condition = "", _condition(session, where)
    if isinstance(condition, InputError):
        fault = f"the filter outflow.where cannot be used: {condition.reason.partition(chr(10))[0]}"
        logger.error("%s; candidates that pass their scorer are kept as given up", fault)
        condition = Candidate.passes.is_(True)
    found = session.scalars(select(Candidate.id).where(Candidate.id.in_(candidates), condition))
    return sorted(found), fault


def _condition(session: Session, where: str) -> Any:
    if not where.strip():
        return true()
    from skysieve.service.filters.compile import compile_filter

    try:
        return compile_filter(session, where)
    except InputError as error:
        return error
