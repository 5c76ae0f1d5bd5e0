"""What another site makes a browser send is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from skysieve.service.accounts.forgery import masked
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Token, User

NEW = {"name": "of mine", "scopes": "read", "days": "3"}


@pytest.fixture
def service(sqlite_service):
    """Return a service on SQLite: no database has to do with this."""
    return sqlite_service


@pytest.fixture
def signed_in(client, sign_in):
    sign_in(client, Role.ADMIN)
    client.secret = client.headers.pop("X-CSRF-Token")
    return client


def tokens(service) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Token)) or 0


def test_a_form_of_the_page_is_taken(signed_in, service) -> None:
    assert signed_in.post("/tokens", data=NEW | {"csrf": signed_in.csrf()}).status_code == 200
    assert tokens(service) == 1


def test_a_script_sends_the_header(signed_in, service) -> None:
    body = {"name": "of mine", "scopes": ["read"], "days": 3}
    made = signed_in.post("/api/v1/tokens", json=body, headers={"X-CSRF-Token": signed_in.csrf()})
    assert made.status_code == 201
    assert tokens(service) == 1


def test_the_secret_of_a_page_is_good_for_many_and_never_looks_the_same(signed_in) -> None:
    first, second = signed_in.csrf(), signed_in.csrf()
    assert first != second
    for secret in (first, first, second):
        assert signed_in.post("/tokens", data=NEW | {"csrf": secret}).status_code == 200


@pytest.mark.parametrize(
    "secret",
    ["", "wrong", "é", masked("x" * 43), "A" * 120, "=", "\ud800"],
    ids=["empty", "wrong", "letter", "masked", "long", "padding", "surrogate"],
)
@pytest.mark.parametrize("where", ["field", "header", "multipart"])
def test_without_the_secret_nothing_is_done(signed_in, service, secret: str, where: str) -> None:
    value = secret.encode("utf-8", "surrogatepass")
    if where == "field":
        refused = signed_in.post("/tokens", data=NEW | {"csrf": value})
    elif where == "header":
        refused = signed_in.post("/tokens", data=NEW, headers={"X-CSRF-Token": value})
    else:
        files = {"csrf": ("csrf", value)} if secret else {"other": ("other", b"1")}
        refused = signed_in.post("/tokens", data=NEW, files=files)
    assert refused.status_code == 403
    assert tokens(service) == 0


def test_the_secret_of_another_session_is_wrong(signed_in, new_client, sign_in, service) -> None:
    other = new_client()
    sign_in(other, Role.VIEWER)
    assert signed_in.post("/tokens", data=NEW | {"csrf": other.csrf()}).status_code == 403
    assert tokens(service) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_method_that_changes_something_needs_it(signed_in, method: str) -> None:
    refused = signed_in.request(method, "/api/v1/users/1", headers={"Accept": "application/json"})
    assert refused.status_code in (403, 405)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8765"},
    ],
    ids=str,
)
def test_what_comes_from_elsewhere_is_refused_with_the_secret_too(signed_in, service, headers) -> None:
    refused = signed_in.post("/tokens", data=NEW | {"csrf": signed_in.csrf()}, headers=headers)
    assert refused.status_code == 403
    assert tokens(service) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8765"},
        {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
    ids=str,
)
def test_what_comes_from_here_is_taken(signed_in, headers) -> None:
    assert (
        signed_in.post("/tokens", data=NEW | {"csrf": signed_in.csrf()}, headers=headers).status_code == 200
    )


def test_nobody_is_signed_in_by_another_site(client, make_user) -> None:
    make_user("mallory")
    data = {"name": "mallory", "password": "copper kettle 81 moons"}
    refused = client.post("/sign-in", data=data, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert client.cookie not in client.cookies


def test_behind_a_proxy_the_public_address_counts(client_of, make_user) -> None:
    client = client_of(public_url="https://night.example.org/", behind_tls=True)
    make_user("ana")
    data = {"name": "ana", "password": "copper kettle 81 moons"}
    for origin, status in (("https://night.example.org", 303), ("http://night.example.org", 403)):
        answer = client.post("/sign-in", data=data, headers={"Origin": origin})
        assert answer.status_code == status


def test_a_token_needs_no_secret_because_no_browser_sends_it_by_itself(client, make_token, service) -> None:
    headers = {"Authorization": f"Bearer {make_token(Role.ADMIN)}"}
    body = {"name": "new", "role": "viewer"}
    assert client.post("/api/v1/users", json=body, headers=headers).status_code == 201
    with service.database.reading() as session:
        assert session.scalar(select(User.role).where(User.name == "new")) == "viewer"
