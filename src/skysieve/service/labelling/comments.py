"""Remarks on candidates: taken back at the most, never changed."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import AccessError, InputError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Candidate, Comment, User

__all__ = ["MOST_CHARACTERS", "Remark", "add_comment", "comments_of", "withdraw_comment"]

#: Longest remark.
MOST_CHARACTERS = 4_000


class Remark(NamedTuple):
    """A comment and the name of who made it."""

    comment: Comment
    user: str


def add_comment(session: Session, *, candidate_id: int, user_id: int, text: str) -> Comment:
    """Store a remark on a candidate.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    candidate_id, user_id : int
        On what, by whom.
    text : str
        Plain text; pages escape it.

    Raises
    ------
    InputError
        ``empty-comment``, ``long-comment``, ``unknown-candidate``.
    """
    words = text.replace("\x00", "").strip()
    if not words:
        raise InputError("comment", "empty-comment", "has no text; write something or cancel")
    if len(words) > MOST_CHARACTERS:
        raise InputError(
            "comment", "long-comment", f"has {len(words):,} characters; at most {MOST_CHARACTERS:,}"
        )
    if session.scalar(select(Candidate.id).where(Candidate.id == candidate_id)) is None:
        raise InputError(str(candidate_id), "unknown-candidate", "no candidate has this number")
    made = Comment(candidate_id=candidate_id, user_id=user_id, text=words)
    session.add(made)
    session.flush()
    return made


def comments_of(session: Session, candidate_id: int) -> list[Remark]:
    """Return the remarks on a candidate that were not taken back, the oldest first."""
    statement = (
        select(Comment, User.name)
        .join(User, User.id == Comment.user_id)
        .where(Comment.candidate_id == candidate_id, Comment.withdrawn_at.is_(None))
        .order_by(Comment.id)
    )
    return [Remark(comment, name) for comment, name in session.execute(statement)]


def withdraw_comment(session: Session, comment_id: int, user_id: int) -> Comment:
    """Take a remark back; one that was taken back stays so.

    Raises
    ------
    InputError
        ``unknown-comment``.
    AccessError
        If somebody else made it.
    """
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise InputError(str(comment_id), "unknown-comment", "no comment has this number")
    if comment.user_id != user_id:
        raise AccessError("a comment is taken back by who made it")
    if comment.withdrawn_at is None:
        comment.withdrawn_at = utc_now()
    session.flush()
    return comment
