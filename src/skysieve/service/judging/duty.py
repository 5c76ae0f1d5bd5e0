"""Who is on duty: promotion, roll-back, retirement. One scorer of each kind is on duty, never two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skysieve.errors import ConfigurationError, InputError
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import PendingScore, Scorer
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.scorer_rows import find_scorer
from skysieve.service.judging.standing import ask_for_refresh, drop_refresh, refresh_all
from skysieve.service.service import Service

__all__ = ["promote", "retire", "roll_back"]

#: Where the description of a scorer keeps the id of the one that was on duty before it.
BEFORE = "on_duty_before"


def promote(
    service: Service, scorer_id: int, *, actor: str | Caller, former: str = BESIDE, finish: bool = True
) -> None:
    """Put a scorer on duty: from now on its scores are those that pages sort by and that leave.

    The change of duty is one transaction. What candidates show is brought up to it afterwards, in short ones,
    from the scores that the scorer has already given; it is asked for those that it lacks.

    Parameters
    ----------
    service : Service
        The service.
    scorer_id : int
        The scorer; one that is on duty stays so.
    actor : str or Caller
        Who asked, for the audit log.
    former : {"beside", "retired"}
        What becomes of the one that was on duty.
    finish : bool
        Whether to wait until all candidates show the new scores. A worker finishes what is left.

    Raises
    ------
    InputError
        ``no-such-scorer``.
    ConfigurationError
        If the former is to be anything else.
    ModelError, ServiceError
        If the service's copy is damaged.
    """
    if former not in (BESIDE, RETIRED):
        raise ConfigurationError(f"the former scorer goes {BESIDE!r} or {RETIRED!r}, not {former!r}")

    with service.database.reading() as session:
        # What cannot score is not put on duty.
        open_scorer(service, find_scorer(session, scorer_id))

    def work(session: Session) -> None:
        scorers = _locked(session, find_scorer(session, scorer_id).kind)
        before = next((each for each in scorers if each.duty == ON_DUTY), None)
        scorer = next(each for each in scorers if each.id == scorer_id)
        if before is scorer:
            return
        _replace(session, before, scorer, former)
        if before is not None:
            scorer.description = scorer.description | {BEFORE: before.id}
        record(session, actor, "scorer.promote", str(scorer_id), _details(scorer, before))

    service.database.write(work)
    if finish:
        refresh_all(service)


def roll_back(
    service: Service, kind: str, *, actor: str | Caller, former: str = BESIDE, finish: bool = True
) -> int:
    """Put the scorer on duty that was so before the present one; again, the one before that.

    Parameters
    ----------
    service, actor, former, finish
        As of `promote`.
    kind : str
        Kind of candidates.

    Returns
    -------
    int
        Id of the scorer that is on duty now.

    Raises
    ------
    InputError
        ``nothing-before`` if no other was ever on duty.
    """

    def work(session: Session) -> int:
        scorers = {each.id: each for each in _locked(session, kind)}
        present = next((each for each in scorers.values() if each.duty == ON_DUTY), None)
        before = None if present is None else scorers.get(present.description.get(BEFORE, 0))
        if present is None or before is None:
            reason = "no scorer was on duty before the present one; promote one of `skysieve scorers list`"
            raise InputError(kind, "nothing-before", reason)
        open_scorer(service, before)
        _replace(session, present, before, former)
        record(session, actor, "scorer.roll-back", str(before.id), _details(before, present))
        return before.id

    scorer_id = service.database.write(work)
    if finish:
        refresh_all(service)
    return scorer_id


def retire(service: Service, scorer_id: int, *, actor: str | Caller) -> None:
    """Let a scorer score no more; its scores stay, and it can be promoted again.

    Parameters
    ----------
    service, scorer_id, actor
        As of `promote`.

    Raises
    ------
    InputError
        ``no-such-scorer``, or ``on-duty``: another must be promoted first.
    """

    def work(session: Session) -> None:
        find_scorer(session, scorer_id)
        scorer = session.scalars(
            select(Scorer)
            .where(Scorer.id == scorer_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).one()
        if scorer.duty == ON_DUTY:
            reason = f"{scorer.name} is on duty for the kind {scorer.kind}; promote another first"
            raise InputError(f"scorer {scorer_id}", "on-duty", reason)
        if scorer.duty != RETIRED:
            _stop(session, scorer)
            record(session, actor, "scorer.retire", str(scorer_id), {"name": scorer.name})

    service.database.write(work)


def _locked(session: Session, kind: str) -> list[Scorer]:
    """Return all scorers of a kind; nobody else changes what they do until the end of the transaction.

    Transactions that write scores hold them in shared mode: none is under way that still believes that the
    former is on duty.
    """
    statement = select(Scorer).where(Scorer.kind == kind).order_by(Scorer.id).with_for_update(key_share=True)
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _replace(session: Session, former: Scorer | None, scorer: Scorer, becomes: str) -> None:
    if former is not None:
        drop_refresh(former)
        former.duty = becomes
        if becomes == RETIRED:
            _stop(session, former)
    scorer.duty = ON_DUTY
    scorer.promoted_at = utc_now()
    ask_for_refresh(scorer)


def _stop(session: Session, scorer: Scorer) -> None:
    """Let a scorer that is locked do nothing more."""
    scorer.duty = RETIRED
    # Not what is being scored at this moment: who holds those rows waits for the scorer next, then sees that
    # it is retired and takes them away. To wait for them here would be to wait for each other.
    free = select(PendingScore.candidate_id).where(PendingScore.scorer_id == scorer.id)
    session.execute(
        delete(PendingScore).where(
            PendingScore.scorer_id == scorer.id,
            PendingScore.candidate_id.in_(free.with_for_update(skip_locked=True)),
        )
    )


def _details(scorer: Scorer, before: Scorer | None) -> dict[str, Any]:
    return {
        "kind": scorer.kind,
        "name": scorer.name,
        "identity": scorer.identity,
        "instead_of": None if before is None else before.id,
    }
