"""The web application of a test's service, and browsers without a screen that speak to it in memory."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from fastapi import FastAPI

from skysieve.service.accounts import passwords
from skysieve.service.accounts.forgery import masked
from skysieve.service.accounts.request_limit import RequestLimit
from skysieve.service.accounts.roles import SCOPES, Role
from skysieve.service.accounts.sessions import cookie_name, find_session, start_session
from skysieve.service.accounts.tokens import create_token
from skysieve.service.accounts.users import add_user, find_user
from skysieve.service.application import create_application
from skysieve.service.database.tables import User
from skysieve.service.service import Service

__all__ = [
    "BASE",
    "PASSWORD",
    "Client",
    "application",
    "client",
    "client_of",
    "make_token",
    "make_user",
    "new_client",
    "quick_passwords",
    "sign_in",
]

#: Where the service of a test says that it is.
BASE = "http://127.0.0.1:8765"
#: Of every user that `make_user` makes.
PASSWORD = "copper kettle 81 moons"

#: The application, once it is built: its routes are the same in every test.
_BUILT: list[FastAPI] = []

MakeUser = Callable[..., int]


class Client(httpx.Client):
    """A browser that keeps cookies, does not follow redirects, and asks for pages.

    After `sign_in` it sends the session's secret with what changes something, unless told otherwise.
    """

    def __init__(self, application: FastAPI, portal: BlockingPortal, address: str = "127.0.0.1") -> None:
        super().__init__(
            transport=_InMemory(application, portal, address), base_url=BASE, headers={"Accept": "text/html"}
        )
        self.service: Service = application.state.service

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return cookie_name(self.service.settings.web)

    def csrf(self, path: str = "/tokens") -> str:
        """Return the secret that a page's forms carry."""
        found = re.search(r'<meta name="csrf" content="([^"]*)">', self.get(path).text)
        assert found is not None
        return found[1]


class _InMemory(httpx.BaseTransport):
    """Sends requests to an application without a network."""

    def __init__(self, application: FastAPI, portal: BlockingPortal, address: str) -> None:
        self._asgi = httpx.ASGITransport(application, client=(address, 50_000))
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        # A stream, not content: httpx must not add a length that the test did not send.
        body = httpx.ByteStream(request.read())
        sent = httpx.Request(request.method, request.url, headers=request.headers, stream=body)
        response = await self._asgi.handle_async_request(sent)
        answer = b"".join([part async for part in response.stream])
        return httpx.Response(response.status_code, headers=response.headers, content=answer, request=request)


@pytest.fixture(scope="session")
def _portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least work that Argon2 knows."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def application(service: Service, quick_passwords: None) -> FastAPI:
    """Return the application of the test's service; tests that add routes build one of their own."""
    if not _BUILT:
        _BUILT.append(create_application(service))
    _BUILT[0].state.service = service
    _BUILT[0].state.request_limit = RequestLimit()
    return _BUILT[0]


@pytest.fixture
def new_client(application: FastAPI, _portal: BlockingPortal) -> Iterator[Callable[..., Client]]:
    """Return a function that makes clients, each with its own cookies."""
    made: list[Client] = []

    def make(address: str = "127.0.0.1", of: FastAPI = application) -> Client:
        made.append(Client(of, _portal, address))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def client_of(service: Service, new_client: Callable[..., Client]) -> Callable[..., Client]:
    """Return ``client_of(behind_tls=True, ...)``: a client of the service with other settings of ``web``."""

    def make(**changes: Any) -> Client:
        web = dataclasses.replace(service.settings.web, **changes)
        settings = dataclasses.replace(service.settings, web=web)
        return new_client(of=create_application(dataclasses.replace(service, settings=settings)))

    return make


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """Return a client that nobody has signed in with."""
    return new_client()


@pytest.fixture
def make_user(service: Service, quick_passwords: None) -> MakeUser:
    """Return a function that returns the id of a user of a name and a role, made where it is missing."""

    def make(name: str, role: Role | str = Role.SCANNER) -> int:
        with service.database.reading() as session:
            if found := find_user(session, name):
                return found.id
        wanted = Role.of(role) if isinstance(role, str) else role
        return add_user(service.database, name, wanted, PASSWORD, actor="test")

    return make


@pytest.fixture
def sign_in(service: Service, make_user: MakeUser) -> Callable[..., int]:
    """Return ``sign_in(client, role, name="")``: a session of a user of that role; returns the user's id.

    The client then sends ``X-CSRF-Token`` with every request.
    """

    def enter(client: httpx.Client, role: Role | str, name: str = "") -> int:
        wanted = Role.of(role) if isinstance(role, str) else role
        user_id = make_user(name or wanted.label, wanted)
        with service.database.writing() as session:
            user = session.get_one(User, user_id)
            secret = start_session(session, user)
        client.cookies.set(cookie_name(service.settings.web), secret)
        client.headers["X-CSRF-Token"] = _csrf_of(service, secret)
        return user_id

    return enter


@pytest.fixture
def make_token(service: Service, make_user: MakeUser) -> Callable[..., str]:
    """Return ``make_token(role, *scopes)``: the key of a token of a user of that role."""

    def make(role: Role | str, *scopes: str, days: int = 1) -> str:
        wanted = Role.of(role) if isinstance(role, str) else role
        user_id = make_user(wanted.label, wanted)
        with service.database.writing() as session:
            user = session.get_one(User, user_id)
            return create_token(session, user, "of a test", scopes or SCOPES, days, actor="test")

    return make


def _csrf_of(service: Service, secret: str) -> str:
    with service.database.reading() as session:
        found = find_session(session, secret, service.settings.web)
        assert found is not None
        return masked(found.csrf)
