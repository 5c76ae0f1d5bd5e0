"""What is shown next: fewest labels first, everybody's own order, nothing twice, gold in between."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from skysieve.errors import InputError
from skysieve.service.database.tables import Label
from skysieve.service.labelling.campaign_queue import gold_answer, next_items
from skysieve.service.labelling.campaigns import add_gold, change_state, read_tutorial
from skysieve.service.labelling.labels import give_label, undo_last
from skysieve.service.service import Service


def _label(service: Service, campaign: int, candidate: int, user: int, value: str = "real") -> None:
    service.database.write(
        lambda session: (
            give_label(session, candidate_id=candidate, user_id=user, value=value, campaign_id=campaign).id
        )
    )


def _next(service: Service, campaign: int, user: int, number: int = 1, skip=()) -> list[int]:
    with service.database.reading() as session:
        return next_items(session, campaign, user, number=number, skip=skip)


def test_everything_gets_the_labels_wanted_and_nobody_is_asked_twice(
    service: Service, people, candidates, campaign
) -> None:
    users, chosen = people(service, "ada", "bo", "cy"), candidates(service, 12)
    made = campaign(service, chosen, labels_wanted=2)
    shown: dict[int, list[int]] = {user: [] for user in users}
    active = list(users)
    while active:
        for user in list(active):
            found = _next(service, made, user)
            if not found:
                active.remove(user)
                continue
            shown[user] += found
            _label(service, made, found[0], user)
    for user in users:
        assert len(shown[user]) == len(set(shown[user]))
    assert Counter(each for user in users for each in shown[user]) == dict.fromkeys(chosen, 2)
    assert shown[users[0]][:4] != shown[users[1]][:4]


def test_the_least_labelled_come_first(service: Service, people, candidates, campaign) -> None:
    users, chosen = people(service, "ada", "bo"), candidates(service, 6)
    made = campaign(service, chosen)
    for candidate in chosen[:4]:
        _label(service, made, candidate, users[0])
    assert set(_next(service, made, users[1], 2)) == set(chosen[4:])
    assert set(_next(service, made, users[1], 100)) == set(chosen)
    assert set(_next(service, made, users[1], 100, skip=chosen[4:])) == set(chosen[:4])


def test_a_label_taken_back_is_asked_for_again(service: Service, people, candidates, campaign) -> None:
    (user,), (candidate,) = people(service, "ada"), candidates(service, 1)
    made = campaign(service, [candidate])
    _label(service, made, candidate, user)
    assert _next(service, made, user) == []
    service.database.write(lambda session: undo_last(session, user, campaign_id=made))
    assert _next(service, made, user) == [candidate]


def test_gold_items_come_at_the_rate_and_batches_are_what_single_requests_give(
    sqlite_service: Service, people, candidates, campaign
) -> None:
    service = sqlite_service
    users, chosen = people(service, "ada", "bo"), candidates(service, 120)
    gold = chosen[100:]
    made = campaign(service, chosen[:100], labels_wanted=1, gold_rate=0.2)
    with service.database.writing() as session:
        add_gold(session, made, dict.fromkeys(gold, ("real", "known")))
    expected = _next(service, made, users[0], 60)
    singly = []
    for _ in range(60):
        with service.database.reading() as session:
            (candidate,) = next_items(session, made, users[0])
        singly.append(candidate)
        _label(service, made, candidate, users[0])
    assert singly == expected
    places = [place for place, each in enumerate(singly) if each in gold]
    assert 5 <= len(places) <= 20
    others = [place for place, each in enumerate(_next(service, made, users[1], 40)) if each in gold]
    assert others != places[: len(others)]
    # Labels of others never use up a gold item.
    assert others


def test_gold_items_alone_are_not_shown_unless_there_is_nothing_else_at_all(
    sqlite_service: Service, people, candidates, campaign
) -> None:
    service = sqlite_service
    (user,), chosen = people(service, "ada"), candidates(service, 4)
    mixed = campaign(service, chosen[:1], gold_rate=0.0)
    only = campaign(service, chosen[2:], name="practice")
    with service.database.writing() as session:
        add_gold(session, mixed, {chosen[1]: ("real", "")})
        add_gold(session, only, dict.fromkeys(chosen[2:], ("bogus", "")))
    _label(service, mixed, chosen[0], user)
    assert _next(service, mixed, user) == []
    assert set(_next(service, only, user, 5)) == set(chosen[2:])


def test_what_is_known_of_a_gold_item_is_told_after_the_label_and_not_before(
    service: Service, people, candidates, campaign
) -> None:
    (user,), chosen = people(service, "ada"), candidates(service, 2)
    made = campaign(service, chosen)
    with service.database.writing() as session:
        add_gold(session, made, {chosen[0]: ("bogus", "a dipole by eye")})

    def answer(candidate: int):
        with service.database.reading() as session:
            return gold_answer(session, made, candidate, user)

    assert answer(chosen[0]) is None
    _label(service, made, chosen[0], user, "real")
    _label(service, made, chosen[1], user)
    found = answer(chosen[0])
    assert (found.said, found.known, found.right, found.reason) == (
        "real",
        "bogus",
        False,
        "a dipole by eye",
    )
    assert answer(chosen[1]) is None


def test_nothing_is_shown_before_the_tutorial_or_after_closing(
    sqlite_service: Service, people, candidates, campaign
) -> None:
    (user,), chosen = people(sqlite_service, "ada"), candidates(sqlite_service, 2)
    made = campaign(sqlite_service, chosen, tutorial="Read.")
    with pytest.raises(InputError, match="tutorial"):
        _next(sqlite_service, made, user)
    sqlite_service.database.write(lambda session: read_tutorial(session, made, user))
    assert len(_next(sqlite_service, made, user, 5)) == 2
    sqlite_service.database.write(lambda session: change_state(session, made, "closed").id)
    with pytest.raises(InputError, match="closed"):
        _next(sqlite_service, made, user)
    with sqlite_service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Label)) == 0
