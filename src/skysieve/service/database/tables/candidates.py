"""Nights, candidates, their cutouts, and what is known of their metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skysieve.service.database.columns import BigId, Key, Table, utc_now

__all__ = ["ALERT", "STREAK", "UNKNOWN_NIGHT", "Candidate", "Cutouts", "MetadataField", "Night"]

#: Kinds of candidates.
ALERT, STREAK = "alert", "streak"
#: Name of the night that holds what has no time.
UNKNOWN_NIGHT = "unknown"


class Night(Table):
    """An observing night: from noon to noon at the site."""

    __tablename__ = "nights"

    id: Mapped[Key]
    #: Date of its evening, ``YYYYMMDD``, or `UNKNOWN_NIGHT`.
    name: Mapped[str] = mapped_column(String(16), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Candidate(Table):
    """Something that a person may look at.

    What the survey says of it stands here. Scores and labels are kept in tables of their own and never
    overwrite each other; ``score``, ``passes``, ``label`` and ``label_count`` are copies of what counts at
    present, so that a page of a million candidates can be sorted by them.
    """

    __tablename__ = "candidates"
    __table_args__ = (
        UniqueConstraint("kind", "survey", "name"),
        Index("ix_candidates_night_score", "night_id", "score", "id"),
        Index("ix_candidates_night_passes", "night_id", "passes", "score", "id"),
        Index("ix_candidates_night_label", "night_id", "label", "id"),
        Index("ix_candidates_night_mag", "night_id", "mag", "id"),
        Index("ix_candidates_score", "score", "id"),
        Index("ix_candidates_label", "label", "id"),
        Index("ix_candidates_mag", "mag", "id"),
        Index("ix_candidates_jd", "jd", "id"),
        Index("ix_candidates_first_seen", "first_seen", "id"),
        Index("ix_candidates_night_jd", "night_id", "jd", "id"),
        Index("ix_candidates_night_first_seen", "night_id", "first_seen", "id"),
        Index("ix_candidates_object", "survey", "object_id"),
        # Names are searched by their beginning.
        Index("ix_candidates_object_id", "object_id", postgresql_ops={"object_id": "text_pattern_ops"}),
        Index("ix_candidates_name", "name", postgresql_ops={"name": "text_pattern_ops"}),
    )

    id: Mapped[Key]
    #: ``alert`` or ``streak``.
    kind: Mapped[str] = mapped_column(String(16))
    survey: Mapped[str] = mapped_column(String(32))
    #: Its identifier in the survey: candid, diaSourceId, ``strkid..._pid...``.
    name: Mapped[str] = mapped_column(String(80))
    #: The object it belongs to; empty where the survey names none.
    object_id: Mapped[str] = mapped_column(String(80), default="")
    night_id: Mapped[int] = mapped_column(BigId, ForeignKey("nights.id"))
    #: Time of the exposure, Julian date, UTC.
    jd: Mapped[float | None]
    #: Position, degrees, ICRS.
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    #: Cell of the sky index: see `skysieve.service.sky`.
    cell: Mapped[int | None] = mapped_column(BigInteger, index=True)
    #: The passband in the survey's own word: ``g``, ``r``, ``i``.
    band: Mapped[str] = mapped_column(String(16), default="")
    mag: Mapped[float | None]
    #: Everything else that the survey says: scalars by their names.
    fields: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    #: Changes with the metadata or the cutouts; an item with the same stamp is a re-delivery.
    stamp: Mapped[str] = mapped_column(String(64), default="")
    #: Where it came from, in words.
    source: Mapped[str] = mapped_column(default="")
    first_seen: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: A few numbers (float32) that say what its difference image looks like, for similar candidates.
    look: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: Headline score of the scorer on duty, and whether its rule lets the candidate pass.
    score: Mapped[float | None]
    passes: Mapped[bool | None]
    #: What most people say at present, empty where nobody has, and how many have said something.
    label: Mapped[str] = mapped_column(String(48), default="")
    label_count: Mapped[int] = mapped_column(default=0)

    night: Mapped[Night] = relationship(lazy="joined")
    cutouts: Mapped[Cutouts | None] = relationship(back_populates="candidate", uselist=False)


class Cutouts(Table):
    """The images of a candidate, and the packet that they came in."""

    __tablename__ = "cutouts"

    candidate_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: SHA-256 of the file, its media type (``application/fits+gzip``, ``image/jpeg``, ``image/png``).
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(48))
    channels: Mapped[list[str]]
    #: SHA-256 of the Avro file or message that it came in, and the number of its record there.
    packet_sha256: Mapped[str] = mapped_column(String(64), default="", index=True)
    packet_record: Mapped[int] = mapped_column(default=0)

    candidate: Mapped[Candidate] = relationship(back_populates="cutouts")


class MetadataField(Table):
    """A field of metadata that some candidate has: what searches may ask for."""

    __tablename__ = "metadata_fields"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: ``number``, ``text`` or ``truth``.
    type: Mapped[str] = mapped_column(String(16))
    #: Whether an index stands behind it.
    indexed: Mapped[bool] = mapped_column(default=False)
