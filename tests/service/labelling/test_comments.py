"""Comments: kept, listed with their authors, taken back by them only."""

from __future__ import annotations

import pytest

from skysieve.errors import AccessError, InputError
from skysieve.service.labelling.comments import (
    MOST_CHARACTERS,
    add_comment,
    comments_of,
    withdraw_comment,
)
from skysieve.service.service import Service


def test_comments_are_listed_until_they_are_taken_back(service: Service, people, candidates) -> None:
    (ada, bo), (candidate,) = people(service, "ada", "bo"), candidates(service, 1)
    with service.database.writing() as session:
        first = add_comment(session, candidate_id=candidate, user_id=ada, text=" <b>a dipole</b>\x00 ")
        add_comment(session, candidate_id=candidate, user_id=bo, text="no")
        assert [(each.user, each.comment.text) for each in comments_of(session, candidate)] == [
            ("ada", "<b>a dipole</b>"),
            ("bo", "no"),
        ]
        with pytest.raises(AccessError, match="who made it"):
            withdraw_comment(session, first.id, bo)
        at = withdraw_comment(session, first.id, ada).withdrawn_at
        assert withdraw_comment(session, first.id, ada).withdrawn_at == at
        assert [each.user for each in comments_of(session, candidate)] == ["bo"]


def test_a_comment_that_is_sent_twice_is_one(service: Service, people, candidates) -> None:
    (ada, bo), (candidate,) = people(service, "ada", "bo"), candidates(service, 1)

    def say(user: int, text: str) -> int:
        with service.database.writing() as session:
            return add_comment(session, candidate_id=candidate, user_id=user, text=text).id

    first = say(ada, "a dipole")
    assert say(ada, "a dipole ") == first
    assert len({first, say(bo, "a dipole"), say(ada, "a ghost")}) == 3
    with service.database.writing() as session:
        withdraw_comment(session, first, ada)
    assert say(ada, "a dipole") != first


@pytest.mark.parametrize(
    ("text", "kind"), [(" \n", "empty-comment"), ("x" * (MOST_CHARACTERS + 1), "long-comment")]
)
def test_comments_without_text_or_too_long_are_refused(
    sqlite_service: Service, people, candidates, text, kind
) -> None:
    (ada,), (candidate,) = people(sqlite_service, "ada"), candidates(sqlite_service, 1)
    with sqlite_service.database.writing() as session, pytest.raises(InputError) as refused:
        add_comment(session, candidate_id=candidate, user_id=ada, text=text)
    assert refused.value.kind == kind


def test_comments_on_nothing_are_refused(sqlite_service: Service, people) -> None:
    (ada,) = people(sqlite_service, "ada")
    with sqlite_service.database.writing() as session:
        with pytest.raises(InputError, match="no candidate"):
            add_comment(session, candidate_id=5, user_id=ada, text="?")
        with pytest.raises(InputError, match="no comment"):
            withdraw_comment(session, 5, ada)
