"""Signing in and out: cookies, fixation, rotation, where it leads, and what it does not tell."""

from __future__ import annotations

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import hash_of
from skysieve.service.database.tables import AuditEntry, User, UserSession
from skysieve.service.web.local_path import local_path

PASSWORD = "copper kettle 81 moons"


@pytest.fixture
def ana(make_user) -> int:
    return make_user("ana", Role.ADMIN)


def enter(client, name: str = "ana", password: str = PASSWORD, next_: str = "/", **headers: str):
    data = {"name": name, "password": password, "next": next_}
    return client.post("/sign-in", data=data, headers=headers)


def sessions_of(service) -> dict[str, int]:
    with service.database.reading() as session:
        return {each.secret_sha256: each.user_id for each in session.scalars(select(UserSession))}


def test_who_is_not_known_is_led_to_the_sign_in_and_back(client, ana) -> None:
    led = client.get("/audit?action=user.&actor=a%20b")
    assert led.status_code == 303
    parts = urlsplit(led.headers["Location"])
    assert parts.path == "/sign-in"
    next_ = parse_qs(parts.query)["next"][0]
    assert next_ == "/audit?action=user.&actor=a%20b"
    form = client.get(led.headers["Location"])
    assert 'value="/audit?action=user.&amp;actor=a%20b"' in form.text
    entered = enter(client, next_=next_)
    assert (entered.status_code, entered.headers["Location"]) == (303, next_)
    assert client.get(next_).status_code == 200


def test_a_program_is_not_led_anywhere(client) -> None:
    for path, accept in (
        ("/api/v1/me", "text/html"),
        ("/audit", "application/json"),
        ("/audit", "image/png"),
    ):
        refused = client.get(path, headers={"Accept": accept})
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.json()["kind"] == "not-signed-in"


def test_the_cookie_is_for_this_host_and_for_no_script(client, ana) -> None:
    cookie = enter(client).headers["Set-Cookie"]
    name, _, rest = cookie.partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "skysieve_session"
    assert len(rest.split(";")[0]) >= 43  # 256 bits
    assert {"httponly", "samesite=lax", "path=/", "max-age=604800"} <= attributes
    assert not any(each.startswith("domain") for each in attributes)


def test_behind_tls_the_cookie_never_travels_without(client_of, ana) -> None:
    client = client_of(behind_tls=True)
    cookie = enter(client).headers["Set-Cookie"]
    assert cookie.startswith("__Host-skysieve_session=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie or cookie.endswith("Path=/")
    assert "Domain" not in cookie


def test_only_the_hash_of_the_cookie_is_stored(client, service, ana) -> None:
    enter(client)
    secret = client.cookies[client.cookie]
    assert sessions_of(service) == {hash_of(secret): ana}


def test_a_planted_cookie_is_not_the_session_afterwards(client, service, ana) -> None:
    client.cookies.set(client.cookie, "planted-by-somebody-else")
    entered = enter(client)
    given = entered.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    assert given != "planted-by-somebody-else"
    client.cookies.clear()
    client.cookies.set(client.cookie, "planted-by-somebody-else")
    assert client.get("/tokens").status_code == 303


def test_the_session_from_before_ends_at_the_sign_in(client, new_client, sign_in, service, ana) -> None:
    sign_in(client, Role.VIEWER)
    before = client.cookies[client.cookie]
    enter(client)
    assert hash_of(before) not in sessions_of(service)
    thief = new_client()
    thief.cookies.set(client.cookie, before)
    assert thief.get("/tokens").status_code == 303


def test_signing_out_ends_the_session_on_the_server(client, new_client, service, ana) -> None:
    enter(client)
    secret = client.cookies[client.cookie]
    left = client.post("/sign-out", data={"csrf": client.csrf()})
    assert (left.status_code, left.headers["Location"]) == (303, "/sign-in")
    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert client.cookie not in client.cookies
    assert sessions_of(service) == {}
    thief = new_client()
    thief.cookies.set(client.cookie, secret)
    assert thief.get("/tokens").status_code == 303


def test_signing_out_needs_a_post(client, ana, service) -> None:
    enter(client)
    assert client.get("/sign-out").status_code == 405
    assert len(sessions_of(service)) == 1


def test_every_reason_to_refuse_looks_the_same(client, service, ana, make_user) -> None:
    robot, gone = make_user("robot"), make_user("gone")
    with service.database.writing() as session:
        session.get_one(User, robot).password_hash = ""
        session.get_one(User, gone).active = False
    answers = {}
    for name, password in (
        ("ana", "wrong"),
        ("nobody", PASSWORD),
        ("robot", ""),
        ("robot", PASSWORD),
        ("gone", PASSWORD),
        ("<script>", PASSWORD),
        ("", ""),
        ("ana", "x" * 5000),
    ):
        refused = enter(client, name, password)
        assert refused.status_code == 401
        assert client.cookie not in client.cookies
        text = refused.text.replace(f'value="{name}"', "").replace('value="&lt;script&gt;"', "")
        answers[name, password] = text.replace(" autofocus", "")
    assert len(set(answers.values())) == 1
    assert "The name or the password is wrong." in answers["nobody", PASSWORD]


def test_unknown_users_cost_the_same_work(client, ana, monkeypatch) -> None:
    from skysieve.service.accounts import sign_in as module

    verified: list[str] = []
    monkeypatch.setattr(module, "verify_password", lambda password, stored: bool(verified.append(stored)))
    enter(client, "ana", "wrong")
    enter(client, "nobody", "wrong")
    assert len(verified) == 2
    assert verified[0]
    assert verified[1] == ""


def test_what_was_typed_is_neither_repeated_nor_logged(client, service, ana, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        refused = enter(client, "ana", "my-secret-guess")
        enter(client, "my-secret-typed-as-name", "x")
        enter(client)
    assert "my-secret-guess" not in refused.text
    assert "my-secret" not in caplog.text
    assert PASSWORD not in caplog.text
    assert client.cookies[client.cookie] not in caplog.text
    with service.database.reading() as session:
        entries = session.execute(select(AuditEntry.actor, AuditEntry.action, AuditEntry.target)).all()
    assert not any("my-secret" in text for entry in entries for text in entry)
    assert [tuple(entry) for entry in entries[1:]] == [
        ("nobody", "session.refuse", "ana"),
        ("nobody", "session.refuse", ""),
        ("ana", "session.start", "ana"),
    ]


def test_too_many_failures_must_wait_even_with_the_right_password(client, ana) -> None:
    for _ in range(5):
        assert enter(client, password="wrong").status_code == 401
    waiting = enter(client)
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) >= 1
    assert client.cookie not in client.cookies


def test_a_name_that_nobody_has_waits_the_same(client) -> None:
    statuses = [enter(client, "nobody", "wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_who_has_signed_in_needs_no_form(client, ana) -> None:
    enter(client)
    led = client.get("/sign-in?next=/tokens")
    assert (led.status_code, led.headers["Location"]) == (303, "/tokens")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "/sign-out",
        "/api/v1/me",
        "",
    ],
)
def test_signing_in_leads_to_no_other_host(client, ana, target: str) -> None:
    assert enter(client, next_=target).headers["Location"] == "/"


@given(st.text(alphabet=st.sampled_from("/\\.:@?#a%\t\n\r http"), max_size=12))
@example("/%2f/evil.example")
@example("/.//evil.example")
@example("/a//b@c")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_local_path_stays_on_the_host_for_every_browser(text: str) -> None:
    path = local_path(text)
    # As the URL standard says that browsers read it: tabs and line ends are dropped, a backslash is a slash.
    read = path.replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/")
    assert read.startswith("/")
    assert not read.startswith("//")
    assert urlsplit("https://host" + read).netloc == "host"


def test_a_hash_of_earlier_parameters_is_renewed_at_the_sign_in(client, service, ana, monkeypatch) -> None:
    from argon2 import PasswordHasher

    from skysieve.service.accounts import passwords

    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    enter(client)
    with service.database.reading() as session:
        assert ",t=2,p=1$" in session.get_one(User, ana).password_hash.replace("m=16", "")
    client.cookies.clear()
    assert enter(client).status_code == 303
