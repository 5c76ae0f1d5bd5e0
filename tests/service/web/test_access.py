"""Every route, as everybody: nobody, each role, tokens of each scope, and what has ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import event, update
from starlette.applications import Starlette
from starlette.routing import Route

from skysieve.errors import ServiceError
from skysieve.service.accounts.roles import SCOPES, Role, least_role, scopes_of
from skysieve.service.application import create_application
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Token, User, UserSession
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.web.access import PUBLIC, Guard, access, check_routes, guard_of, guarded_routes

#: A hash for the parameters of paths that are one; all others get the id of nothing.
SHA256 = "0" * 64


def calls(application: FastAPI) -> Iterator[tuple[str, str, Guard]]:
    """Yield method, path and guard of every operation."""
    for route in guarded_routes(application):
        path = re.sub(
            r"{(\w+)(?::\w+)?}", lambda found: SHA256 if "sha" in found[1] else "987654321", route.path
        )
        for method in sorted(route.methods or ()):
            yield method, path, guard_of(route)


def ask(client: Any, method: str, path: str, **headers: str) -> int:
    response = client.request(method, path, headers={"Accept": "application/json"} | headers)
    assert response.status_code != 500, f"{method} {path}: {response.text}"
    return int(response.status_code)


def test_the_application_is_that_of_every_module(service) -> None:
    found = {path for _, path, _ in calls(create_application(service))}
    assert {"/sign-in", "/users", "/tokens", "/audit", "/api/v1/me", "/api/v1/openapi.json"} <= found


def test_nobody_gets_where_a_role_is_needed(application, client) -> None:
    for method, path, guard in calls(application):
        if path == "/sign-in":
            continue  # its own answer is 401 where the password is wrong
        status = ask(client, method, path)
        assert (status == 401) == (guard.role is not None), f"{method} {path}: {status}"


@pytest.mark.parametrize("role", Role)
def test_a_session_gets_what_its_role_may(application, new_client, sign_in, make_user, role: Role) -> None:
    make_user("another-admin", Role.ADMIN)
    client = new_client()
    for method, path, guard in calls(application):
        # Anew for each: some routes end the session.
        sign_in(client, role)
        status = ask(client, method, path)
        allowed = guard.role is None or role >= guard.role
        assert (status == 403) == (not allowed), f"{method} {path} as {role.label}: {status}"
        assert status != 401 or guard.role is None, f"{method} {path} as {role.label}: {status}"


@pytest.mark.parametrize("role", Role)
def test_a_token_gets_what_its_role_and_its_scope_may(application, client, make_token, role: Role) -> None:
    for scope in sorted(scopes_of(role)):
        key = make_token(role, scope)
        for method, path, guard in calls(application):
            status = ask(client, method, path, Authorization=f"Bearer {key}")
            allowed = guard.role is None or (role >= guard.role and scope == guard.scope)
            assert (status == 403) == (not allowed), f"{method} {path} as {role.label}, {scope}: {status}"


@pytest.mark.parametrize("ended", ["expired", "revoked", "disabled", "unknown", "another-scheme", "cut"])
def test_a_token_that_has_ended_is_nobody(application, client, make_token, service, ended: str) -> None:
    key = make_token(Role.ADMIN)
    assert ask(client, "GET", "/api/v1/me", Authorization=f"Bearer {key}") == 200
    with service.database.writing() as session:
        if ended == "expired":
            session.execute(update(Token).values(expires_at=utc_now() - timedelta(seconds=1)))
        elif ended == "revoked":
            session.execute(update(Token).values(revoked_at=utc_now()))
        elif ended == "disabled":
            session.execute(update(User).values(active=False))
    header = {"unknown": "Bearer sky_x", "another-scheme": f"Basic {key}", "cut": f"Bearer {key[:-1]}"}
    for method, path, guard in calls(application):
        if guard.role is not None:
            sent = header.get(ended, f"Bearer {key}")
            assert ask(client, method, path, Authorization=sent) == 401, f"{method} {path}"


@pytest.mark.parametrize("ended", ["idle", "old", "disabled", "unknown"])
def test_a_session_that_has_ended_is_nobody(application, client, sign_in, service, ended: str) -> None:
    sign_in(client, Role.ADMIN)
    assert ask(client, "GET", "/api/v1/me") == 200
    hours = service.settings.web.session_hours
    with service.database.writing() as session:
        if ended == "idle":
            session.execute(
                update(UserSession).values(last_seen=utc_now() - timedelta(hours=hours, seconds=1))
            )
        elif ended == "old":
            session.execute(update(UserSession).values(expires_at=utc_now() - timedelta(seconds=1)))
        elif ended == "disabled":
            session.execute(update(User).values(active=False))
    if ended == "unknown":
        client.cookies.set(client.cookie, "x" * 43)
    for method, path, guard in calls(application):
        if guard.role is not None:
            assert ask(client, method, path) == 401, f"{method} {path}"


def test_a_token_loses_what_its_owner_loses(client, make_token, service) -> None:
    bearer = {"Authorization": f"Bearer {make_token(Role.ADMIN)}"}
    assert ask(client, "GET", "/api/v1/users", **bearer) == 200
    with service.database.writing() as session:
        session.execute(update(User).values(role="scanner"))
    assert ask(client, "GET", "/api/v1/users", **bearer) == 403
    me = client.get("/api/v1/me", headers=bearer).json()
    assert (me["role"], me["scopes"]) == ("scanner", ["read", "label"])


def test_a_wrong_token_does_not_fall_back_on_the_cookie(client, sign_in) -> None:
    sign_in(client, Role.ADMIN)
    assert ask(client, "GET", "/api/v1/me", Authorization="Bearer sky_wrong") == 401


def test_reading_changes_nothing(application, new_client, sign_in, service) -> None:
    client = new_client()
    sign_in(client, Role.ADMIN)
    service.database.write(ensure_taxonomies)  # as `skysieve serve` does at its start
    written: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(statement)

    event.listen(service.database.engine, "before_cursor_execute", note)
    for method, path, _ in calls(application):
        if method == "GET":
            ask(client, method, path)
            assert not written, f"GET {path} wrote: {written}"


def unguarded() -> dict[str, Callable[[FastAPI], None]]:
    """Applications that must not start."""

    def hello() -> str:
        return "hello"

    def plain(application: FastAPI) -> None:
        application.add_api_route("/hello", hello)

    def twice(application: FastAPI) -> None:
        application.add_api_route("/hello", hello, dependencies=[PUBLIC, access(Role.ADMIN, "admin")])

    def nested(application: FastAPI) -> None:
        inner, outer = APIRouter(), APIRouter()
        inner.add_api_route("/hello", hello)
        outer.include_router(inner, prefix="/inner")
        application.include_router(outer, prefix="/outer")

    def foreign(application: FastAPI) -> None:
        application.mount("/other", Starlette(routes=[Route("/hello", hello)]))

    def bare(application: FastAPI) -> None:
        application.router.routes.append(Route("/hello", hello))

    def socket(application: FastAPI) -> None:
        application.add_api_websocket_route("/hello", hello)

    return {each.__name__: each for each in (plain, twice, nested, foreign, bare, socket)}


@pytest.mark.parametrize("fault", unguarded())
def test_an_application_with_an_unguarded_route_does_not_start(fault: str) -> None:
    application = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    check_routes(application)
    unguarded()[fault](application)
    with pytest.raises(ServiceError, match="guard"):
        check_routes(application)


def test_the_walk_finds_what_the_router_would_answer(application) -> None:
    paths = {route.path for route in guarded_routes(application)}
    modules = {route.endpoint.__module__ for route in guarded_routes(application)}
    assert "/api/v1/users/{user_id}" in paths
    assert {"skysieve.service.api.accounts", "skysieve.service.pages.sign_in"} <= modules
    assert all(isinstance(route, APIRoute) for route in guarded_routes(application))


def test_every_scope_is_described_and_belongs_to_a_role() -> None:
    assert scopes_of(Role.ADMIN) == set(SCOPES)
    assert scopes_of(Role.VIEWER) == {"read"}


def test_no_route_is_open_to_a_role_that_may_not_give_its_tokens_the_scope(application) -> None:
    # A session has all scopes, so that the role alone keeps people from what is above it.
    own = {("/tokens", "admin"), ("/password", "admin"), ("/api/v1/tokens", "admin")}
    for route in guarded_routes(application):
        guard = guard_of(route)
        base = route.path.removesuffix("/{token_id}").removesuffix("/{token_id}/revoke")
        if guard.role is not None and (base, guard.scope) not in own:
            assert guard.role >= least_role(guard.scope), route.path
