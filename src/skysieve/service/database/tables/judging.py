"""Who scores, what they said, and what is still to be scored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skysieve.service.database.columns import BigId, Key, Table, utc_now

__all__ = ["BESIDE", "ON_DUTY", "RETIRED", "Explanation", "PendingScore", "Score", "Scorer", "Verdict"]

#: What a scorer does: its scores count; it scores beside, to be compared; it scores no more.
ON_DUTY, BESIDE, RETIRED = "on-duty", "beside", "retired"


class Scorer(Table):
    """A model or a sieve, known by the hash of its file: another version is another scorer."""

    __tablename__ = "scorers"
    __table_args__ = (UniqueConstraint("kind", "identity"),)

    id: Mapped[Key]
    #: Kind of candidates it scores.
    kind: Mapped[str] = mapped_column(String(16))
    #: SHA-256 of ``model.json`` or ``sieve.json``.
    identity: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(80))
    is_sieve: Mapped[bool]
    #: Folder of the service's own copy, relative to that of its models; a shipped one by its name.
    place: Mapped[str]
    #: What the pages tell of it: members with their identities, rules, thresholds, classes, labels, figures.
    description: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: `ON_DUTY` (one of each kind), `BESIDE` or `RETIRED`.
    duty: Mapped[str] = mapped_column(String(16), default=BESIDE, index=True)
    registered_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When it was last put on duty.
    promoted_at: Mapped[datetime | None]


class Score(Table):
    """A score: of one candidate, by one member of one scorer."""

    __tablename__ = "scores"
    __table_args__ = (Index("ix_scores_scorer", "scorer_id", "member", "value"),)

    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    scorer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("scorers.id"), primary_key=True, autoincrement=False
    )
    #: ``score`` of a model of two classes, the class of one of more, the member of a sieve.
    member: Mapped[str] = mapped_column(String(48), primary_key=True)
    value: Mapped[float]
    scored_at: Mapped[datetime] = mapped_column(default=utc_now)


class Verdict(Table):
    """Whether a candidate passes a rule of a scorer."""

    __tablename__ = "verdicts"

    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    scorer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("scorers.id"), primary_key=True, autoincrement=False
    )
    rule: Mapped[str] = mapped_column(String(48), primary_key=True)
    passes: Mapped[bool]


class PendingScore(Table):
    """A candidate that a scorer has still to score; goes in the transaction that writes the scores."""

    __tablename__ = "pending_scores"

    scorer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("scorers.id"), primary_key=True, autoincrement=False
    )
    candidate_id: Mapped[int] = mapped_column(
        BigId,
        ForeignKey("candidates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)


class Explanation(Table):
    """What a scorer looked at, as an image in the files."""

    __tablename__ = "explanations"

    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    scorer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("scorers.id"), primary_key=True, autoincrement=False
    )
    member: Mapped[str] = mapped_column(String(48), primary_key=True)
    method: Mapped[str] = mapped_column(String(48), primary_key=True)
    #: SHA-256 of the file with the map (``application/fits+gzip``, as of cutouts).
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
