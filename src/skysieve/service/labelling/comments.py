"""Remarks on candidates: taken back at the most, never changed."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import AccessError, InputError
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Comment, User

__all__ = ["MOST_CHARACTERS", "Remark", "add_comment", "comments_of", "withdraw_comment"]

#: Longest remark.
MOST_CHARACTERS = 4_000


class Remark(NamedTuple):
    """A comment and the name of who made it."""

    comment: Comment
    user: str


def add_comment(session: Session, *, candidate_id: int, user_id: int, text: str) -> Comment:
    """Store a remark on a candidate; the same words of the same person again are the one that stands.

    So a browser may send a remark until it hears that it was kept.

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
        ``empty-comment``, ``long-comment``, ``no-such-candidate``.
    """
    words = text.replace("\x00", "").strip()
    if not words:
        raise InputError("comment", "empty-comment", "has no text; write something or cancel")
    if len(words) > MOST_CHARACTERS:
        raise InputError(
            "comment", "long-comment", f"has {len(words):,} characters; at most {MOST_CHARACTERS:,}"
        )
    find_candidate(session, candidate_id)
    standing = select(Comment).where(
        Comment.candidate_id == candidate_id,
        Comment.user_id == user_id,
        Comment.text == words,
        Comment.withdrawn_at.is_(None),
    )
    if (known := session.scalars(standing).first()) is not None:
        return known
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
        ``no-such-comment``.
    AccessError
        If somebody else made it.
    """
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise InputError(str(comment_id), "no-such-comment", "no comment has this number")
    if comment.user_id != user_id:
        raise AccessError("a comment is taken back by who made it")
    if comment.withdrawn_at is None:
        comment.withdrawn_at = utc_now()
    session.flush()
    return comment
