"""Users, their sessions and tokens, failed sign-ins, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skysieve.service.database.columns import BigId, Key, Table, utc_now

__all__ = ["AuditEntry", "SignInAttempt", "Token", "User", "UserSession"]


class User(Table):
    """A person, or a program that acts as one."""

    __tablename__ = "users"

    id: Mapped[Key]
    #: Lower case.
    name: Mapped[str] = mapped_column(String(64), unique=True)
    #: Argon2; empty: no sign-in by password.
    password_hash: Mapped[str] = mapped_column(default="")
    #: A name of `skysieve.service.accounts.roles.Role`.
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_sign_in: Mapped[datetime | None]
    #: Choices of the person: theme, stretch, colour map.
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)


class UserSession(Table):
    """A browser that has signed in; the cookie's value itself is never stored."""

    __tablename__ = "sessions"

    id: Mapped[Key]
    #: SHA-256 of the cookie.
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")

    user: Mapped[User] = relationship(lazy="joined")


class Token(Table):
    """A key of the API with what it may do and how long; the key itself is never stored."""

    __tablename__ = "tokens"

    id: Mapped[Key]
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    #: First characters of the key, to tell one from another.
    prefix: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    last_used: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")


class SignInAttempt(Table):
    """A sign-in that failed: too many in a while, and the next must wait."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_subject", "subject", "at"),)

    id: Mapped[Key]
    #: ``name:<user>`` or ``address:<address>``.
    subject: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEntry(Table):
    """Who did what to whom, and when; only ever added to."""

    __tablename__ = "audit"

    id: Mapped[Key]
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    #: None: nobody, or a command on the machine.
    user_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    actor: Mapped[str] = mapped_column(String(80))
    #: ``user.create``, ``scorer.promote`` ...
    action: Mapped[str] = mapped_column(String(48), index=True)
    target: Mapped[str] = mapped_column(String(120), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address: Mapped[str] = mapped_column(String(64), default="")
