"""Score what is pending: a batch is read, scored, and written with all that follows in one transaction.

Several processes share the work on PostgreSQL: each locks the rows that it takes, and the others pass them
over. SQLite has one writer, so that nothing is locked while a network runs; who writes looks whether the rows
are still there. On both, a candidate that has changed since its images were read stays pending.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, lazyload

from skysieve.errors import InputError, SkysieveError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    Explanation,
    PendingScore,
    Score,
    Scorer,
    Verdict,
)
from skysieve.service.database.tables.judging import ON_DUTY, RETIRED
from skysieve.service.judging.contracts import read_input
from skysieve.service.judging.opened_scorer import Judgement, OpenedScorer
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.quarantined import keep_aside, resolve
from skysieve.service.judging.standing import show_on_candidates, show_unscored
from skysieve.service.outflow.deliveries import enqueue
from skysieve.service.service import Service

__all__ = ["Scored", "score_all", "score_pending"]

#: Candidates in one transaction, whatever the settings say: databases take so many parameters.
MOST_AT_ONCE = 4_096
#: Longest text of a failure that is kept.
_LONGEST_REASON = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of a batch.

    Parameters
    ----------
    scored : int
        Candidates that have scores now.
    kept_aside : int
        Candidates that cannot be scored and are in the quarantine.
    left : int
        Candidates that have changed meanwhile, or that another process has scored.
    """

    scored: int = 0
    kept_aside: int = 0
    left: int = 0

    @property
    def taken(self) -> int:
        """Size of the batch; 0: there was nothing to do."""
        return self.scored + self.kept_aside + self.left


#: Candidates with their images.
_Read = list[tuple[Candidate, NDArray[np.float32]]]
#: Candidates that cannot be scored, with the reason.
_Refused = list[tuple[Candidate, InputError]]


@dataclass(frozen=True)
class _Batch:
    """What one scorer is to score."""

    scorer: Scorer
    opened: OpenedScorer
    items: list[tuple[Candidate, Cutouts | None]]


@dataclass(frozen=True)
class _Judged:
    """A batch after the network."""

    batch: _Batch
    candidates: list[Candidate]
    judgement: Judgement
    refused: _Refused


def score_pending(service: Service, limit: int | None = None) -> Scored:
    """Score one batch of what is pending.

    Scorers on duty come first, then those beside; of each the newest candidates: tonight does not wait for a
    back-fill.

    Parameters
    ----------
    service : Service
        The service.
    limit : int, optional
        Candidates, at the most; the batch of the settings if not given.

    Returns
    -------
    Scored
        What came of it; ``taken`` is 0 if nothing was pending.

    Raises
    ------
    SkysieveError
        If a scorer cannot be opened (its copy is damaged, its engine not installed), and there is nothing to
        do for the others.
    """
    size = min(MOST_AT_ONCE, max(1, service.settings.judging.batch if limit is None else limit))
    if service.database.is_sqlite:
        with service.database.reading() as session:
            batch = _take(session, service, size)
            # What is read is used when the session is no more.
            session.expunge_all()
        if batch is None:
            return Scored()
        judged = _judge(service, batch)
        return service.database.write(lambda session: _settle(session, service, judged))

    def work(session: Session) -> Scored:
        batch = _take(session, service, size)
        return Scored() if batch is None else _settle(session, service, _judge(service, batch))

    return service.database.write(work)


def score_all(service: Service) -> Scored:
    """Score until nothing is pending, and return what came of it all."""
    total = Scored()
    while (found := score_pending(service)).taken:
        total = Scored(total.scored + found.scored, total.kept_aside + found.kept_aside, 0)
    return total


def _take(session: Session, service: Service, limit: int) -> _Batch | None:
    """Return the next batch; on PostgreSQL its pending rows are locked until the end of the transaction."""
    failure: SkysieveError | None = None
    for scorer in session.scalars(
        select(Scorer).where(Scorer.duty != RETIRED).order_by((Scorer.duty != ON_DUTY), Scorer.id)
    ):
        pending = session.scalars(
            select(PendingScore.candidate_id)
            .where(PendingScore.scorer_id == scorer.id)
            .order_by(PendingScore.candidate_id.desc())
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        if not pending:
            continue
        try:
            return _Batch(scorer, open_scorer(service, scorer), _items(session, pending))
        except SkysieveError as error:
            _log.error("scorer %s (%s) cannot be opened: %s", scorer.id, scorer.name, error)
            failure = failure or error
    if failure is not None:
        raise failure
    return None


def _items(session: Session, candidates: Sequence[int]) -> list[tuple[Candidate, Cutouts | None]]:
    statement = (
        select(Candidate, Cutouts)
        .outerjoin(Cutouts, Cutouts.candidate_id == Candidate.id)
        .where(Candidate.id.in_(candidates))
        .order_by(Candidate.id)
        .options(lazyload(Candidate.night))
    )
    return [(candidate, cutouts) for candidate, cutouts in session.execute(statement)]


def _judge(service: Service, batch: _Batch) -> _Judged:
    """Read images and score them; the database has no part in it."""
    read, refused = _read(service, batch)
    try:
        judgement = batch.opened.judge(_stacked(batch, read))
    except Exception as error:
        read, unfit = _fit(batch, read, error)
        refused += unfit
        judgement = batch.opened.judge(_stacked(batch, read))
    return _without_nan(_Judged(batch, [candidate for candidate, _ in read], judgement, refused))


def _read(service: Service, batch: _Batch) -> tuple[_Read, _Refused]:
    """Return the images of a batch, and what has none.

    One file that the disk cannot give costs itself; where it gives none at all, it is the disk.
    """
    read: _Read = []
    refused: _Refused = []
    failure: OSError | None = None
    for candidate, cutouts in batch.items:
        try:
            read.append((candidate, read_input(service.files, candidate, cutouts, batch.opened.contract)))
        except InputError as error:
            refused.append((candidate, error))
        except OSError as error:
            failure = error
            reason = f"the file of its images cannot be read: {error.strerror or error}"
            refused.append((candidate, InputError(candidate.name, "unreadable-file", reason)))
    if failure is not None and not read:
        raise failure
    return read, refused


def _fit(batch: _Batch, read: _Read, error: Exception) -> tuple[_Read, _Refused]:
    """Return what the engine takes, and what it fails at; where it takes nothing, it is the engine."""
    _log.warning("a batch is scored one by one, since the engine fails at it: %s", error)
    fit: _Read = []
    unfit: _Refused = []
    for candidate, image in read:
        try:
            batch.opened.judge(image[None])
            fit.append((candidate, image))
        except Exception as failure:
            reason = f"the engine of the model fails at these images: {failure}"[:_LONGEST_REASON]
            unfit.append((candidate, InputError(candidate.name, "cannot-be-scored", reason)))
    if not fit:
        raise error
    return fit, unfit


def _stacked(batch: _Batch, read: _Read) -> NDArray[np.float32]:
    if not read:
        return np.empty((0, *batch.opened.contract.image_shape), dtype=np.float32)
    return np.stack([image for _, image in read])


def _without_nan(judged: _Judged) -> _Judged:
    """Refuse what the network has no number for."""
    numbers = np.stack([*judged.judgement.scores.values()])
    sound: NDArray[np.bool_] = np.all(np.isfinite(numbers), axis=0)
    if sound.all():
        return judged
    reason = "the model gives no number (NaN) for these images"
    refused = [
        (candidate, InputError(candidate.name, "no-number", reason))
        for candidate, good in zip(judged.candidates, sound, strict=True)
        if not good
    ]
    return _Judged(
        judged.batch,
        [candidate for candidate, good in zip(judged.candidates, sound, strict=True) if good],
        judged.judgement.of(sound),
        judged.refused + refused,
    )


def _settle(session: Session, service: Service, judged: _Judged) -> Scored:
    """Write scores, verdicts, what pages show, deliveries; take away the pending rows."""
    # Shared: a promotion waits for all who still write by the duty that they have read.
    scorer = session.scalars(
        select(Scorer)
        .where(Scorer.id == judged.batch.scorer.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    given = [candidate for candidate, _ in judged.batch.items]
    if scorer.duty == RETIRED:
        _forget(session, scorer.id, [candidate.id for candidate in given])
        return Scored(left=len(given))
    unchanged = _unchanged(session, scorer.id, given)
    sound = np.array([candidate.id in unchanged for candidate in judged.candidates], dtype=bool)
    candidates = [each for each in judged.candidates if each.id in unchanged]
    refused = [(candidate, error) for candidate, error in judged.refused if candidate.id in unchanged]
    ids = [candidate.id for candidate in candidates]
    judgement = judged.judgement.of(sound)
    _write_scores(session, scorer.id, ids, judgement)
    keep_aside(session, scorer.id, refused)
    resolve(session, scorer.id, candidates)
    if scorer.duty == ON_DUTY:
        show_on_candidates(session, ids, judgement)
        show_unscored(session, [candidate.id for candidate, _ in refused])
        enqueue(session, service, scorer.id, ids)
    session.execute(
        delete(Explanation).where(
            Explanation.scorer_id == scorer.id, Explanation.candidate_id.in_(sorted(unchanged))
        )
    )
    _forget(session, scorer.id, sorted(unchanged))
    return Scored(len(candidates), len(refused), len(given) - len(unchanged))


def _forget(session: Session, scorer_id: int, candidates: Sequence[int]) -> None:
    """Ask for scores no more."""
    session.execute(
        delete(PendingScore).where(
            PendingScore.scorer_id == scorer_id, PendingScore.candidate_id.in_(candidates)
        )
    )


def _unchanged(session: Session, scorer_id: int, given: Sequence[Candidate]) -> set[int]:
    """Return the candidates that are as they were read and still pending; nobody changes them now."""
    ids = [candidate.id for candidate in given]
    stamps = select(Candidate.id, Candidate.stamp).where(Candidate.id.in_(ids)).order_by(Candidate.id)
    present = {row.id: row.stamp for row in session.execute(stamps.with_for_update(key_share=True))}
    pending = select(PendingScore.candidate_id).where(
        PendingScore.scorer_id == scorer_id, PendingScore.candidate_id.in_(ids)
    )
    same = {candidate.id for candidate in given if present.get(candidate.id) == candidate.stamp}
    return same & set(session.scalars(pending))


def _write_scores(session: Session, scorer_id: int, candidates: list[int], judgement: Judgement) -> None:
    now = utc_now()
    scores = [
        {
            "candidate_id": candidate,
            "scorer_id": scorer_id,
            "member": member,
            "value": value,
            "scored_at": now,
        }
        for member, values in judgement.scores.items()
        for candidate, value in zip(candidates, values.tolist(), strict=True)
    ]
    verdicts = [
        {"candidate_id": candidate, "scorer_id": scorer_id, "rule": rule, "passes": passes}
        for rule, every in judgement.verdicts.items()
        for candidate, passes in zip(candidates, every.tolist(), strict=True)
    ]
    for table, rows in ((Score, scores), (Verdict, verdicts)):
        # Not an upsert: many rows go faster one statement after the other than in one of many values.
        session.execute(delete(table).where(table.scorer_id == scorer_id, table.candidate_id.in_(candidates)))
        if rows:
            session.execute(insert(table), rows)
