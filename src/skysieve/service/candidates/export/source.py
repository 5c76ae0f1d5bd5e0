"""What an export reads: candidates some hundreds at a time, with all that belongs to them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from skysieve.service.candidates.export.columns import Column, table_columns
from skysieve.service.database.tables import Candidate, Label, Score, User
from skysieve.service.service import Service

__all__ = ["Given", "Row", "Source"]

#: Candidates that are in memory at a time.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Given:
    """A label that stands: who, what and when."""

    user: str
    value: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate with what other tables say of it.

    Parameters
    ----------
    candidate : Candidate
        With its night and cutouts.
    scores : dict
        By scorer and member.
    labels : list of Given
        That stand at present, oldest first.
    """

    candidate: Candidate
    scores: dict[tuple[int, str], float] = field(default_factory=dict)
    labels: list[Given] = field(default_factory=list)


class Source:
    """Candidates that a search has found, in its order.

    Parameters
    ----------
    service : Service
        Where they are.
    numbers : array of int
        Which they are.
    """

    def __init__(self, service: Service, numbers: array[int]) -> None:
        self.service, self.numbers = service, numbers

    @cached_property
    def columns(self) -> list[Column]:
        """Columns of a table of them: the same for all rows, known before the first."""
        with self.service.database.reading() as session:
            return table_columns(session)

    def candidates(self) -> Iterator[list[Candidate]]:
        """Yield the candidates with night and cutouts, a batch at a time."""
        for numbers in self._batches():
            with self.service.database.reading() as session:
                found = _candidates(session, numbers)
                session.expunge_all()
            yield found

    def rows(self) -> Iterator[list[Row]]:
        """Yield the candidates with scores and labels, a batch at a time."""
        for numbers in self._batches():
            with self.service.database.reading() as session:
                rows = {candidate.id: Row(candidate) for candidate in _candidates(session, numbers)}
                _add_scores(session, rows)
                _add_labels(session, rows)
                session.expunge_all()
            yield list(rows.values())

    def _batches(self) -> Iterator[list[int]]:
        for start in range(0, len(self.numbers), BATCH):
            yield self.numbers[start : start + BATCH].tolist()


def _candidates(session: Session, numbers: list[int]) -> list[Candidate]:
    query = select(Candidate).where(Candidate.id.in_(numbers)).options(joinedload(Candidate.cutouts))
    found = {candidate.id: candidate for candidate in session.scalars(query)}
    return [found[number] for number in numbers if number in found]


def _add_scores(session: Session, rows: dict[int, Row]) -> None:
    query = select(Score.candidate_id, Score.scorer_id, Score.member, Score.value)
    for number, scorer, member, value in session.execute(query.where(Score.candidate_id.in_(list(rows)))):
        rows[number].scores[scorer, member] = value


def _add_labels(session: Session, rows: dict[int, Row]) -> None:
    query = (
        select(Label.candidate_id, User.name, Label.value, Label.made_at)
        .join(User, User.id == Label.user_id)
        .where(Label.candidate_id.in_(list(rows)), Label.withdrawn_at.is_(None))
        .order_by(Label.id)
    )
    for number, user, value, made_at in session.execute(query):
        rows[number].labels.append(Given(user, value, made_at))
