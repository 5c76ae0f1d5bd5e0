"""What a night holds, in numbers: for the page of tonight, for metrics, for the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from skysieve.service.database.kept_answers import KeptAnswers
from skysieve.service.database.tables import Candidate, PendingScore, QuarantinedItem

__all__ = ["SCORE_BINS", "NightCounts", "night_counts"]

Columns = TypeVarTuple("Columns")

#: Bins of the score between 0 and 1.
SCORE_BINS = 20


@dataclass(frozen=True, slots=True)
class NightCounts:
    """Counts of a night, or of all.

    Parameters
    ----------
    candidates, scored, passing, labelled : int
        How many there are, have a score, pass the rule on duty, have a label.
    pending : int
        Candidates that a scorer has still to score.
    unlabelled_passing : int
        The backlog: they pass, and nobody has said anything.
    by_label : dict
        Candidates by what most people say.
    score_histogram : dict of str to list of int
        By kind of candidate, counts in `SCORE_BINS` bins of the score.
    per_hour : list of (datetime, int)
        Candidates that came in, by the hour (UTC).
    quarantined : int
        Items that are kept aside, of any night.
    """

    candidates: int
    scored: int
    pending: int
    passing: int
    labelled: int
    unlabelled_passing: int
    by_label: dict[str, int] = field(default_factory=dict)
    score_histogram: dict[str, list[int]] = field(default_factory=dict)
    per_hour: list[tuple[datetime, int]] = field(default_factory=list)
    quarantined: int = 0


#: Counts of nights of which counting takes tenths of a second.
_COUNTED: KeptAnswers[NightCounts] = KeptAnswers(5.0, lambda counts: counts.candidates >= 10_000)


def night_counts(session: Session, night_id: int | None = None) -> NightCounts:
    """Count the candidates of a night; of very many, what was counted some seconds ago is told again.

    Parameters
    ----------
    session : Session
        Of the database.
    night_id : int, optional
        The night; all nights if not given.
    """
    return _COUNTED.get(session, night_id, lambda: _count(session, night_id))


def _count(session: Session, night_id: int | None) -> NightCounts:
    passing = Candidate.passes.is_(True)
    labelled = Candidate.label_count > 0
    totals = session.execute(
        _of_night(
            select(
                func.count(),
                func.count(Candidate.score),
                _count_where(passing),
                _count_where(labelled),
                _count_where(and_(passing, ~labelled)),
            ),
            night_id,
        )
    ).one()
    return NightCounts(
        candidates=totals[0],
        scored=totals[1],
        pending=_pending(session, night_id),
        passing=totals[2],
        labelled=totals[3],
        unlabelled_passing=totals[4],
        by_label=_by_label(session, night_id),
        score_histogram=_histogram(session, night_id),
        per_hour=_per_hour(session, night_id),
        quarantined=session.scalar(
            select(func.count()).select_from(QuarantinedItem).where(QuarantinedItem.state == "open")
        )
        or 0,
    )


def _of_night(statement: Select[*Columns], night_id: int | None) -> Select[*Columns]:
    statement = statement.select_from(Candidate)
    return statement if night_id is None else statement.where(Candidate.night_id == night_id)


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _pending(session: Session, night_id: int | None) -> int:
    if night_id is None:
        statement = select(func.count(PendingScore.candidate_id.distinct()))
    else:
        statement = (
            select(func.count(PendingScore.candidate_id.distinct()))
            .join(Candidate, Candidate.id == PendingScore.candidate_id)
            .where(Candidate.night_id == night_id)
        )
    return session.scalar(statement) or 0


def _by_label(session: Session, night_id: int | None) -> dict[str, int]:
    statement = _of_night(select(Candidate.label, func.count()), night_id)
    rows = session.execute(
        statement.where(Candidate.label_count > 0).group_by(Candidate.label).order_by(Candidate.label)
    )
    return {row[0]: row[1] for row in rows}


def _histogram(session: Session, night_id: int | None) -> dict[str, list[int]]:
    # A ladder of edges: the databases disagree on how a number is cut to a whole one.
    edges = [(Candidate.score < (at + 1) / SCORE_BINS, at) for at in range(SCORE_BINS - 1)]
    bin_ = case(*edges, else_=SCORE_BINS - 1)
    statement = _of_night(select(Candidate.kind, bin_.label("bin"), func.count()), night_id)
    rows = session.execute(statement.where(Candidate.score.is_not(None)).group_by(Candidate.kind, "bin"))
    histogram: dict[str, list[int]] = {}
    for kind, at, count in rows:
        histogram.setdefault(kind, [0] * SCORE_BINS)[at] += count
    return dict(sorted(histogram.items()))


def _per_hour(session: Session, night_id: int | None) -> list[tuple[datetime, int]]:
    """Return arrivals by the hour; the hour is cut out on the database."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    moment = Candidate.first_seen
    hour: ColumnElement[str] = (
        func.strftime("%Y-%m-%dT%H:00:00+00:00", moment)
        if sqlite
        else func.to_char(func.timezone("UTC", moment), 'YYYY-MM-DD"T"HH24:00:00+00:00')
    )
    statement = _of_night(select(hour.label("hour"), func.count()), night_id)
    rows = session.execute(statement.group_by("hour").order_by("hour")).all()
    return [(datetime.fromisoformat(at), count) for at, count in rows[-48:]]
