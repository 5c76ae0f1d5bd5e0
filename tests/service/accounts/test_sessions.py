"""Sessions: how long they last, and how often their use is written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from skysieve.service.accounts.sessions import LONGEST, find_session, start_session, touch_session
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import User, UserSession
from skysieve.service.settings import WebSettings

WEB = WebSettings(session_hours=2.0)
SECOND = timedelta(seconds=1)


@pytest.fixture
def secret(service, make_user) -> str:
    ana = make_user("ana")
    with service.database.writing() as session:
        return start_session(session, session.get_one(User, ana))


def lives(service, secret: str, later: timedelta) -> bool:
    with service.database.reading() as session:
        return find_session(session, secret, WEB, utc_now() + later) is not None


def test_a_session_ends_when_nobody_uses_it(service, secret: str) -> None:
    assert lives(service, secret, timedelta(hours=2) - 5 * SECOND)
    assert not lives(service, secret, timedelta(hours=2))


def test_use_prolongs_it_but_not_beyond_a_week(service, secret: str) -> None:
    for hours in range(1, 168):
        with service.database.writing() as session:
            found = find_session(session, secret, WEB, utc_now() + timedelta(hours=hours))
            assert found is not None, f"ended after {hours} hours"
            touch_session(session, found.id, utc_now() + timedelta(hours=hours))
    assert not lives(service, secret, LONGEST)


def test_sessions_that_ended_are_removed_when_another_starts(service, secret: str) -> None:
    with service.database.writing() as session:
        session.execute(update(UserSession).values(expires_at=utc_now() - SECOND))
        start_session(session, session.query(User).one())
        assert session.query(UserSession).count() == 1


@pytest.mark.parametrize("given", ["", "x", "\ud800", "a" * 10_000, "\0"])
def test_another_cookie_is_no_session(service, secret: str, given: str) -> None:
    with service.database.reading() as session:
        assert find_session(session, given, WEB) is None
