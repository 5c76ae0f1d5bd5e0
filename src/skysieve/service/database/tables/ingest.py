"""What has come in: feeds, the journal of items, what was kept aside, what waits for its other half."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skysieve.service.database.columns import Key, Table, utc_now

__all__ = ["Feed", "JournalEntry", "QuarantinedItem", "WaitingPart", "WorkerBeat"]


class Feed(Table):
    """Where items come from, and how it fares."""

    __tablename__ = "feeds"

    #: ``folder``, ``depot``, ``kafka``, ``command``, ``upload``.
    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    #: ``running``, ``stopped``, ``failing`` or ``disk-full``.
    state: Mapped[str] = mapped_column(String(16), default="running")
    #: What it is, without secrets: the folder, the address, the topics.
    place: Mapped[str] = mapped_column(default="")
    #: When it last looked, and when something last came.
    looked_at: Mapped[datetime | None]
    item_at: Mapped[datetime | None]
    #: The last failure, and when; empty where the last look went well.
    error: Mapped[str] = mapped_column(Text, default="")
    error_at: Mapped[datetime | None]
    #: What a feed must remember, such as the offset behind the last item of each partition.
    memory: Mapped[dict[str, Any]] = mapped_column(default=dict)


class JournalEntry(Table):
    """What became of an item: written in the transaction that writes its candidates."""

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("feed", "item"),
        Index("ix_journal_at", "at"),
        Index("ix_journal_outcome", "outcome", "at"),
    )

    id: Mapped[Key]
    feed: Mapped[str] = mapped_column(String(48))
    #: The item in the words of its feed: a path below the folder, an address, ``topic/partition/offset``.
    item: Mapped[str] = mapped_column(String(500))
    #: Size and time of a file, checksum of a message: another stamp is another item of the same name.
    stamp: Mapped[str] = mapped_column(String(100), default="")
    #: ``stored``, ``partly`` (some of its records are in quarantine), ``quarantined``, ``duplicate``,
    #: ``waiting`` or ``ignored``.
    outcome: Mapped[str] = mapped_column(String(16))
    #: Candidates that it brought or changed.
    candidates: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class QuarantinedItem(Table):
    """An item that could not be used, kept with its reason until somebody decides."""

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("feed", "item", "record"),
        Index("ix_quarantine_state", "state", "last_at"),
    )

    id: Mapped[Key]
    feed: Mapped[str] = mapped_column(String(48))
    item: Mapped[str] = mapped_column(String(500))
    #: Which record of the item, as the reader names it; empty: the whole.
    record: Mapped[str] = mapped_column(String(200), default="")
    #: Short slug of the reason, as of `skysieve.errors.InputError`.
    kind: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    #: SHA-256 of its bytes in the files, to try it again when the source has gone; empty: not kept.
    sha256: Mapped[str] = mapped_column(String(64), default="")
    #: ``open``, ``retry`` (asked for), ``resolved`` (went well later) or ``dismissed``.
    state: Mapped[str] = mapped_column(String(16), default="open")
    attempts: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)


class WaitingPart(Table):
    """Half of a streak whose other half has not come yet: its picture, its row, or its report."""

    __tablename__ = "waiting_parts"

    #: ``strkid..._pid...``.
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: ``picture``, ``metadata`` or ``ades``.
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    stamp: Mapped[str] = mapped_column(String(100))
    #: The columns of a row or a report.
    values: Mapped[dict[str, Any]] = mapped_column("content", default=dict)
    #: SHA-256 and media type of a picture.
    sha256: Mapped[str] = mapped_column(String(64), default="")
    media_type: Mapped[str] = mapped_column(String(48), default="")
    source: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime] = mapped_column(default=utc_now)


class WorkerBeat(Table):
    """A process that works for the service, and when it was last heard of."""

    __tablename__ = "workers"

    #: ``host:pid``.
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    beat_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: What it does at present.
    state: Mapped[str] = mapped_column(String(16), default="running")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
