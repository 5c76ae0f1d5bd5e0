"""The guard's question: how often last uses are written, what a full disk does, and how many may ask."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import event, update
from starlette.exceptions import HTTPException

from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.identify import identify
from skysieve.service.accounts.request_limit import RequestLimit
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import start_session
from skysieve.service.accounts.tokens import create_token
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Token, User, UserSession
from skysieve.service.web.access import Guard


@pytest.fixture
def ana(service, make_user) -> dict[str, str]:
    """Return headers of a session and of a token of one user."""
    user_id = make_user("ana")
    with service.database.writing() as session:
        user = session.get_one(User, user_id)
        secret = start_session(session, user)
        key = create_token(session, user, "of a test", ["read"], 1, actor="test")
    return {"cookie": f"skysieve_session={secret}", "authorization": f"Bearer {key}"}


@pytest.fixture
def application(service) -> FastAPI:
    application = FastAPI()
    application.state.service = service
    application.state.request_limit = RequestLimit()
    return application


def ask(application: FastAPI, ana: dict[str, str], way: str) -> Caller | None:
    headers = [(way.encode(), ana[way].encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    return asyncio.run(identify(Request(scope | {"app": application}), Guard(Role.VIEWER, "read")))


@pytest.mark.parametrize("way", ["cookie", "authorization"])
def test_the_last_use_is_written_once_a_minute(service, application, ana, way: str) -> None:
    written: list[str] = []

    def note(_, __, statement: str, *___) -> None:
        if statement.startswith("UPDATE"):
            written.append(statement.split()[1])

    long_ago = utc_now() - timedelta(minutes=2)
    with service.database.writing() as session:
        session.execute(update(UserSession).values(last_seen=long_ago))
        session.execute(update(Token).values(last_used=long_ago))
    event.listen(service.database.engine, "before_cursor_execute", note)
    for _ in range(3):
        caller = ask(application, ana, way)
        assert caller is not None
        assert caller.name == "ana"
    assert written == ["sessions" if way == "cookie" else "tokens"]


def test_a_full_disk_keeps_nobody_from_reading(service, application, ana, caplog) -> None:
    with service.database.writing() as session:
        session.execute(update(UserSession).values(last_seen=utc_now() - timedelta(minutes=2)))

    def full(_, __, statement: str, *___) -> None:
        if statement.startswith("UPDATE"):
            raise service.database.engine.dialect.dbapi.Error("database or disk is full")

    event.listen(service.database.engine, "before_cursor_execute", full)
    assert ask(application, ana, "cookie") is not None
    assert "could not be kept" in caplog.text


def test_a_session_and_a_token_may_ask_so_often(application, ana) -> None:
    application.state.request_limit = RequestLimit(1, 3, clock=lambda: 0.0)
    for way in ("cookie", "authorization"):
        for _ in range(3):
            ask(application, ana, way)
        with pytest.raises(HTTPException) as raised:
            ask(application, ana, way)
        assert raised.value.status_code == 429
        assert raised.value.headers == {"Retry-After": "1"}
