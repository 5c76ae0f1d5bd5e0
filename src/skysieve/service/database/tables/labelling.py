"""What people say: labels, comments, and the campaigns that ask for labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skysieve.service.database.columns import BigId, Key, Table, utc_now

__all__ = ["Campaign", "CampaignItem", "CampaignMember", "Comment", "Label", "Taxonomy"]


class Taxonomy(Table):
    """The words that may be said of a candidate; a changed list is a new version."""

    __tablename__ = "taxonomies"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(48))
    version: Mapped[int] = mapped_column(default=1)
    #: Kind of candidates it is for; empty: any.
    kind: Mapped[str] = mapped_column(String(16), default="")
    #: In their order: ``{"name", "key", "meaning", "real"}``; ``key`` of the keyboard, ``real`` may be null.
    classes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Label(Table):
    """What one person said of one candidate. Never changed: taken back at the most, and said anew."""

    __tablename__ = "labels"
    __table_args__ = (
        Index("ix_labels_candidate", "candidate_id", "withdrawn_at"),
        Index("ix_labels_user", "user_id", "id"),
        Index("ix_labels_campaign", "campaign_id", "candidate_id"),
    )

    id: Mapped[Key]
    candidate_id: Mapped[int] = mapped_column(BigId, ForeignKey("candidates.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    taxonomy_id: Mapped[int] = mapped_column(BigId, ForeignKey("taxonomies.id"))
    campaign_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("campaigns.id"))
    #: A class of the taxonomy.
    value: Mapped[str] = mapped_column(String(48))
    #: Whether the scores were hidden when it was said.
    machine_hidden: Mapped[bool] = mapped_column(default=False)
    #: ``scan``, ``page``, ``api`` or ``import``.
    origin: Mapped[str] = mapped_column(String(16), default="page")
    #: Seconds from showing to saying, where known.
    seconds: Mapped[float | None]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When it was taken back, or said anew by the same person.
    withdrawn_at: Mapped[datetime | None]
    #: Chosen by the sender, so that a request that is sent twice labels once.
    request_key: Mapped[str | None] = mapped_column(String(64), unique=True)


class Comment(Table):
    """A remark on a candidate."""

    __tablename__ = "comments"

    id: Mapped[Key]
    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    withdrawn_at: Mapped[datetime | None]


class Campaign(Table):
    """A set of candidates that several people are asked to label."""

    __tablename__ = "campaigns"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="")
    taxonomy_id: Mapped[int] = mapped_column(BigId, ForeignKey("taxonomies.id"))
    #: What labellers read before they begin.
    tutorial: Mapped[str] = mapped_column(Text, default="")
    #: Labels wanted of each candidate.
    labels_wanted: Mapped[int] = mapped_column(default=3)
    hide_machine: Mapped[bool] = mapped_column(default=True)
    #: ``draft``, ``open`` or ``closed``.
    state: Mapped[str] = mapped_column(String(16), default="draft")
    #: How its candidates were chosen, for provenance.
    proposal: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CampaignItem(Table):
    """A candidate of a campaign; a gold item has a label that is known."""

    __tablename__ = "campaign_items"

    campaign_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    candidate_id: Mapped[int] = mapped_column(
        BigId,
        ForeignKey("candidates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    position: Mapped[int]
    #: The known label of a gold item, and why; empty otherwise.
    gold: Mapped[str] = mapped_column(String(48), default="")
    gold_reason: Mapped[str] = mapped_column(Text, default="")


class CampaignMember(Table):
    """A person who labels for a campaign."""

    __tablename__ = "campaign_members"

    campaign_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    #: When the tutorial was read.
    read_at: Mapped[datetime | None]
