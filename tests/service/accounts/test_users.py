"""Users: names, the last admin, and what ends when something changes."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import start_session
from skysieve.service.accounts.users import (
    add_user,
    clean_name,
    find_user,
    list_users,
    set_active,
    set_password,
    set_role,
)
from skysieve.service.database.tables import AuditEntry, User, UserSession


@given(st.text(max_size=80))
def test_a_name_that_is_taken_needs_no_care_anywhere(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except InputError:
        return
    assert 1 <= len(cleaned) <= 64
    assert cleaned.isascii()
    assert not set(cleaned) & set("<>&\"'/\\ ;%\0")


def test_capitals_are_the_same_user(service, make_user) -> None:
    make_user("Vera.Rubin")
    with service.database.reading() as session:
        assert find_user(session, "VERA.rubin ").name == "vera.rubin"
        assert find_user(session, "vera") is None
        assert find_user(session, "%") is None
    with pytest.raises(InputError, match="is there"):
        make_user("VERA.RUBIN")


def test_of_two_who_take_a_name_at_once_one_gets_it(service, quick) -> None:
    barrier = threading.Barrier(4)

    def take(_: int) -> str:
        barrier.wait()
        try:
            add_user(service.database, "ana", Role.SCANNER, actor="test")
        except InputError as error:
            return error.kind
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(take, range(4)))
    assert outcomes == ["already-there"] * 3 + ["taken"]


def test_two_admins_who_disable_each_other_at_once_leave_one(service, make_user) -> None:
    admins = [make_user("ana", Role.ADMIN), make_user("ben", Role.ADMIN)]
    barrier = threading.Barrier(2)

    def disable(user_id: int) -> None:
        barrier.wait()
        with contextlib.suppress(InputError):
            set_active(service.database, user_id, False, actor="test")

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(disable, admins))
        with service.database.reading() as session:
            assert sum(user.active for user in list_users(session)) == 1
        for user_id in admins:
            set_active(service.database, user_id, True, actor="test")


@pytest.mark.parametrize("change", ["role", "password", "disable"])
def test_sessions_of_the_user_end_and_no_others(service, make_user, change: str) -> None:
    ana, ben = make_user("ana"), make_user("ben")
    with service.database.writing() as session:
        for user_id in (ana, ana, ben):
            start_session(session, session.get_one(User, user_id))
    if change == "role":
        set_role(service.database, ana, Role.VIEWER, actor="test")
    elif change == "password":
        set_password(service.database, ana, "seven green lanterns", actor="test")
    else:
        set_active(service.database, ana, False, actor="test")
    with service.database.reading() as session:
        assert list(session.scalars(select(UserSession.user_id))) == [ben]


def test_what_changes_nothing_is_not_told(service, make_user) -> None:
    ana = make_user("ana")
    set_role(service.database, ana, Role.SCANNER, actor="test")
    set_active(service.database, ana, True, actor="test")
    with service.database.reading() as session:
        assert list(session.scalars(select(AuditEntry.action))) == ["user.create"]


def test_who_is_not_there_is_named(service) -> None:
    for work in (
        lambda: set_role(service.database, 7, Role.ADMIN, actor="test"),
        lambda: set_active(service.database, 7, False, actor="test"),
        lambda: set_password(service.database, 7, "seven green lanterns", actor="test"),
    ):
        with pytest.raises(InputError, match="user 7"):
            work()
