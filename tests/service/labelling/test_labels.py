"""Labels: said once, undone exactly, counted correctly by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from skysieve.errors import AccessError, InputError
from skysieve.service.database.tables import Candidate, Label
from skysieve.service.labelling.labels import give_label, labels_of, undo_last, withdraw
from skysieve.service.service import Service


def _copies(service: Service, candidate: int) -> tuple[str, int]:
    with service.database.reading() as session:
        found = session.get_one(Candidate, candidate)
        return found.label, found.label_count


def _give(service: Service, candidate: int, user: int, value: str, **rest) -> int:
    return service.database.write(
        lambda session: give_label(session, candidate_id=candidate, user_id=user, value=value, **rest).id
    )


def test_copies_on_the_candidate_follow_what_most_people_say(service: Service, people, candidates) -> None:
    users, (candidate,) = people(service, "ada", "bo", "cy"), candidates(service, 1)
    _give(service, candidate, users[0], "real")
    assert _copies(service, candidate) == ("real", 1)
    _give(service, candidate, users[1], "bogus")
    assert _copies(service, candidate) == ("", 2)
    _give(service, candidate, users[2], "bogus")
    assert _copies(service, candidate) == ("bogus", 3)
    _give(service, candidate, users[2], "real")
    assert _copies(service, candidate) == ("real", 3)
    with service.database.reading() as session:
        assert [(each.user, each.label.value) for each in labels_of(session, candidate)] == [
            ("ada", "real"),
            ("bo", "bogus"),
            ("cy", "real"),
        ]
        everything = labels_of(session, candidate, withdrawn=True)
        assert [each.counts for each in everything] == [True, True, False, True]


def test_undoing_brings_back_what_was_replaced_and_goes_on_to_the_one_before(
    service: Service, people, candidates
) -> None:
    (user,), (first, second) = people(service, "ada"), candidates(service, 2)
    _give(service, first, user, "real")
    _give(service, second, user, "bogus")
    _give(service, first, user, "unsure")

    def undo() -> tuple[int, str] | None:
        undone = service.database.write(lambda session: undo_last(session, user))
        return None if undone is None else (undone.candidate_id, undone.value)

    assert undo() == (first, "unsure")
    assert _copies(service, first) == ("real", 1)
    assert undo() == (second, "bogus")
    assert undo() == (first, "real")
    assert _copies(service, first) == _copies(service, second) == ("", 0)
    assert undo() is None


def test_the_same_request_labels_once_even_after_undoing(service: Service, people, candidates) -> None:
    (user, other), (candidate, another) = people(service, "ada", "bo"), candidates(service, 2)
    first = _give(service, candidate, user, "real", request_key="k1")
    assert _give(service, candidate, user, "real", request_key="k1") == first
    service.database.write(lambda session: undo_last(session, user))
    assert _give(service, candidate, user, "real", request_key="k1") == first
    assert _copies(service, candidate) == ("", 0)
    for item, who in ((candidate, other), (another, user)):
        with pytest.raises(InputError, match="used for another label") as refused:
            _give(service, item, who, "real", request_key="k1")
        assert refused.value.kind == "request-key-taken"


def test_many_at_once_are_all_counted(service: Service, people, candidates) -> None:
    users, chosen = people(service, *(f"user{n}" for n in range(8))), candidates(service, 2)
    work = [
        (candidate, user, value)
        for candidate in chosen
        for user in users
        for value in ("bogus", "real", "real")
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: _give(service, each[0], each[1], "real"), work))
    for candidate in chosen:
        assert _copies(service, candidate) == ("real", len(users))
    with service.database.reading() as session:
        current = select(func.count()).select_from(Label).where(Label.withdrawn_at.is_(None))
        assert session.scalar(current) == len(users) * len(chosen)


def test_the_same_key_at_once_makes_one_label(service: Service, people, candidates) -> None:
    (user,), (candidate,) = people(service, "ada"), candidates(service, 1)
    with ThreadPoolExecutor(6) as pool:
        made = set(pool.map(lambda _: _give(service, candidate, user, "real", request_key="one"), range(12)))
    assert len(made) == 1
    with service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Label)) == 1


def test_labels_are_taken_back_by_who_gave_them(service: Service, people, candidates) -> None:
    (user, other), (candidate,) = people(service, "ada", "bo"), candidates(service, 1)
    label = _give(service, candidate, user, "real")
    with pytest.raises(AccessError, match="who gave it"):
        service.database.write(lambda session: withdraw(session, label, other))
    for _ in range(2):
        service.database.write(lambda session: withdraw(session, label, user))
    assert _copies(service, candidate) == ("", 0)
    with pytest.raises(InputError, match="no label has this number"):
        service.database.write(lambda session: withdraw(session, 99_999, user))


@pytest.mark.parametrize(
    ("given_", "kind"),
    [
        ({"value": "reel"}, "bad-class"),
        ({"value": "real", "seconds": -1.0}, "bad-label"),
        ({"value": "real", "seconds": float("nan")}, "bad-label"),
        ({"value": "real", "origin": "dream"}, "bad-label"),
        ({"value": "real", "request_key": "k" * 65}, "bad-label"),
        ({"value": "real", "taxonomy_id": 12345}, "no-such-taxonomy"),
        ({"value": "real", "campaign_id": 12345}, "no-such-campaign"),
        ({"value": "real", "candidate_id": 99_999}, "no-such-candidate"),
    ],
)
def test_bad_labels_are_refused_and_change_nothing(
    sqlite_service: Service, people, candidates, given_, kind
) -> None:
    (user,), (candidate,) = people(sqlite_service, "ada"), candidates(sqlite_service, 1)
    request = {"candidate_id": candidate, "user_id": user} | given_
    with pytest.raises(InputError) as refused:
        sqlite_service.database.write(lambda session: give_label(session, **request))
    assert refused.value.kind == kind
    assert _copies(sqlite_service, candidate) == ("", 0)


def test_the_nearest_class_is_named(sqlite_service: Service, people, candidates) -> None:
    (user,), (candidate,) = people(sqlite_service, "ada"), candidates(sqlite_service, 1)
    with pytest.raises(InputError, match="did you mean 'real'"):
        _give(sqlite_service, candidate, user, "reel")


ACTIONS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from(["real", "bogus", "unsure", "undo"])),
    max_size=12,
)


@given(actions=ACTIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_leaves_what_a_stack_a_person_would(
    sqlite_service: Service, people, candidates, actions
) -> None:
    with sqlite_service.database.writing() as session:
        session.execute(delete(Label))
        known = session.scalars(select(Candidate.id).order_by(Candidate.id)).all()
    chosen = list(known) or candidates(sqlite_service, 2)
    users = [1, 2] if known else people(sqlite_service, "ada", "bo")
    said: dict[int, list[tuple[int, str]]] = {user: [] for user in users}
    for who, what, value in actions:
        user, candidate = users[who], chosen[what]
        if value != "undo":
            _give(sqlite_service, candidate, user, value)
            said[user].append((candidate, value))
            continue
        undone = sqlite_service.database.write(lambda session, user=user: undo_last(session, user))
        assert (undone is None) == (not said[user])
        if said[user]:
            said[user].pop()
    with sqlite_service.database.reading() as session:
        for candidate in chosen:
            counting = {each.label.user_id: each.label.value for each in labels_of(session, candidate)}
            expected = {user: value for user in users for at, value in said[user] if at == candidate}
            assert counting == expected
