"""What surrounds every request: headers on every kind of answer, ids, faults, observers."""

from __future__ import annotations

import errno
import logging

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError

from skysieve.errors import InputError, ServiceError
from skysieve.service.accounts.roles import Role
from skysieve.service.application import create_application
from skysieve.service.web.access import PUBLIC
from skysieve.service.web.request_frame import RequestSeen

ALWAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FAULTS = {
    "fault": ZeroDivisionError("of the inside"),
    "full": OSError(errno.ENOSPC, "No space left on device", "/srv/inside"),
    "file": OSError(errno.EIO, "broken", "/srv/inside"),
    "database": OperationalError("SELECT 1", {"password_hash": "$argon2id"}, Exception("inside")),
    "service": ServiceError("the database at inside does not answer"),
    "input": InputError("packet 7", "no-such-packet", "is not there"),
    "large": OverflowError("inside"),
}
STATUS = {
    "fault": 500, "full": 503, "file": 500, "database": 503, "service": 503, "input": 404, "large": 400
}  # fmt: skip


@pytest.fixture
def service(sqlite_service):
    """Return a service on SQLite: no database has to do with this."""
    return sqlite_service


def faulty() -> APIRouter:
    router = APIRouter()

    def fail(kind: str) -> None:
        raise FAULTS[kind]

    def break_off() -> StreamingResponse:
        def parts():
            yield b"half"
            raise ZeroDivisionError

        return StreamingResponse(parts())

    router.add_api_route("/api/fail/{kind}", fail, dependencies=[PUBLIC])
    router.add_api_route("/fail/{kind}", fail, dependencies=[PUBLIC])
    router.add_api_route("/break", break_off, dependencies=[PUBLIC])
    return router


@pytest.fixture
def seen() -> list[RequestSeen]:
    return []


@pytest.fixture
def application(service, quick_passwords, seen):
    application = create_application(service, observers=[seen.append])
    application.include_router(faulty())
    return application


def test_every_kind_of_answer_forbids_what_is_foreign(client, sign_in) -> None:
    kinds = {
        "page": ("GET", "/sign-in", 200),
        "redirect": ("GET", "/tokens", 303),
        "no such page": ("GET", "/nothing", 404),
        "no such method": ("PUT", "/sign-in", 405),
        "API": ("GET", "/api/v1/me", 401),
        "no such API": ("GET", "/api/v1/nothing", 404),
        "file": ("GET", "/static/css/base.css", 200),
        "no such file": ("GET", "/static/nothing.css", 404),
        "fault of a page": ("GET", "/fail/fault", 500),
        "fault of the API": ("GET", "/api/fail/fault", 500),
        "bad request": ("GET", "/sign-in?next=%00", 400),
        "refused form": ("POST", "/sign-in", 401),
    }
    for kind, (method, path, status) in kinds.items():
        answer = client.request(method, path)
        assert answer.status_code == status, kind
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS, kind
        assert "Permissions-Policy" in answer.headers
        assert answer.headers["X-Request-ID"]
        assert answer.headers["Cache-Control"] == ("public, no-cache" if kind == "file" else "no-store"), kind
        assert "Strict-Transport-Security" not in answer.headers
    sign_in(client, Role.ADMIN)
    for path in ("/users", "/audit", "/tokens", "/api/v1/me", "/api/v1/openapi.json"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS


def test_behind_tls_browsers_are_told_to_insist_on_it(client_of) -> None:
    for path in ("/sign-in", "/nothing", "/static/css/base.css"):
        assert client_of(behind_tls=True).get(path).headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_tells_nothing_of_the_inside(client, caplog, kind: str) -> None:
    page, api = client.get(f"/fail/{kind}"), client.get(f"/api/fail/{kind}")
    assert page.status_code == api.status_code == STATUS[kind]
    assert "inside" not in page.text + api.text
    told = api.json()
    assert set(told) == {"error", "kind", "item", "request_id"}
    assert told["request_id"] == api.headers["X-Request-ID"]
    assert page.headers["X-Request-ID"] in page.text
    if STATUS[kind] == 503:
        assert api.headers["Retry-After"]
    if STATUS[kind] >= 500:
        logged = [record for record in caplog.records if told["request_id"] in record.getMessage()]
        assert len(logged) == 1
        assert bool(logged[0].exc_info) == (STATUS[kind] == 500)  # a database that is down needs no traceback
        assert logged[0].levelno == logging.ERROR
        assert "$argon2id" not in caplog.text


def test_who_can_mend_it_is_told_what_is_wrong(application, client, sign_in) -> None:
    sign_in(client, Role.VIEWER)
    application.router.add_api_route("/api/mend", _needs_mending, dependencies=[PUBLIC])
    assert "feed" not in client.get("/api/mend").json()["error"]
    client.cookies.clear()
    sign_in(client, Role.CURATOR)
    assert client.get("/api/mend").json()["error"] == "the feed ztf is not set up"


def _needs_mending() -> None:
    raise ServiceError("the feed ztf is not set up")


def test_input_errors_name_the_item(client) -> None:
    assert client.get("/api/fail/input").json() | {"request_id": ""} == {
        "error": "is not there",
        "kind": "no-such-packet",
        "item": "packet 7",
        "request_id": "",
    }
    assert "<b>packet 7</b>: is not there." in client.get("/fail/input").text


def test_a_page_that_is_not_there_keeps_the_menu(client, sign_in) -> None:
    assert 'href="/users"' not in client.get("/nothing").text
    sign_in(client, Role.ADMIN)
    assert 'href="/users"' in client.get("/nothing").text


def test_validation_does_not_repeat_what_was_sent(client, make_token) -> None:
    headers = {"Authorization": f"Bearer {make_token(Role.ADMIN)}"}
    refused = client.post("/api/v1/users", json={"name": ["my-password"]}, headers=headers)
    assert refused.status_code == 422
    assert "my-password" not in refused.text
    assert refused.json()["kind"] == "bad-request-value"
    assert refused.json()["item"] == "body.name"


def test_ids_differ_and_do_not_come_from_outside(client) -> None:
    ids = {client.get("/sign-in", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    assert "mine" not in ids


def test_half_an_answer_is_not_passed_off_as_a_whole_one(client, seen) -> None:
    with pytest.raises(ZeroDivisionError):
        client.get("/break", headers={"Accept-Encoding": "identity"})
    assert seen[-1].status == 200
    assert seen[-1].size == 4


def test_observers_see_what_was_asked_and_how_it_ended(client, sign_in, seen) -> None:
    sign_in(client, Role.ADMIN)
    client.get("/api/fail/input", headers={"X-Forwarded-For": "192.0.2.7"})
    last = seen[-1]
    assert (last.method, last.path, last.status, last.user) == ("GET", "/api/fail/input", 404, "admin")
    assert last.route == "/api/fail/{kind}"
    assert last.address == "192.0.2.7"
    assert last.seconds > 0
    client.get("/users?name=secret")
    assert (seen[-1].route, seen[-1].user, seen[-1].path) == ("/users", "admin", "/users")
    client.get("/nothing")
    assert seen[-1].route == "unmatched"
    client.get("/static/css/base.css")
    assert (seen[-1].route, seen[-1].path) == ("/static", "/static/css/base.css")
