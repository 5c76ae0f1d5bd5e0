"""What is to leave, and has left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skysieve.service.database.columns import BigId, Key, Table, utc_now

__all__ = ["Delivery"]


class Delivery(Table):
    """Word of a candidate for one destination; written with the scores, sent after, at least once."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("destination", "candidate_id", "scorer_id"),
        Index("ix_deliveries_state", "state", "destination", "next_at"),
    )

    id: Mapped[Key]
    #: ``webhook:<address>`` or ``kafka:<topic>``.
    destination: Mapped[str] = mapped_column(String(300))
    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), index=True
    )
    scorer_id: Mapped[int] = mapped_column(BigId, ForeignKey("scorers.id"))
    #: ``due``, ``sent`` or ``given-up``.
    state: Mapped[str] = mapped_column(String(16), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utc_now)
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
