"""The pages of users, tokens, passwords and the audit log: what they do, and to whom."""

from __future__ import annotations

import logging
import re

import pytest
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.tokens import create_token
from skysieve.service.database.tables import AuditEntry, Token, User, UserSession

PASSWORD = "copper kettle 81 moons"
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def admin(new_client, sign_in):
    client = new_client()
    sign_in(client, Role.ADMIN)
    return client


def user(service, name: str) -> User:
    with service.database.reading() as session:
        found = session.scalars(select(User).where(User.name == name)).one()
        session.expunge_all()
        return found


def actions(service) -> list[tuple[str, str, str]]:
    with service.database.reading() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.actor, row.action, row.target) for row in rows if row.actor != "test"]


def shown(text: str) -> str:
    found = re.search(r'<code class="shown-once">([^<]+)</code>', text)
    assert found
    return found[1]


def test_a_user_is_added_and_signs_in_with_the_password_shown(admin, client, service) -> None:
    added = admin.post("/users", data={"name": "Ben", "role": "scanner"})
    assert added.status_code == 200
    assert added.headers["Cache-Control"] == "no-store"
    password = shown(added.text)
    assert password not in admin.get("/users").text
    entered = client.post("/sign-in", data={"name": "ben", "password": password})
    assert entered.status_code == 303
    assert actions(service)[0] == ("admin", "user.create", "ben")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": SCRIPT, "role": "viewer"}, "is no user name"),
        ({"name": "admin", "role": "viewer"}, "is there"),
        ({"name": "ben", "role": "boss"}, "expected viewer"),
    ],
)
def test_what_cannot_be_added_is_said_on_the_page(admin, data, says: str) -> None:
    assert admin.post("/users", data=data).status_code == 303
    page = admin.get("/users").text
    assert says in page
    assert "<script>alert" not in page


def test_another_role_signs_the_user_out_and_counts_at_once(admin, client, sign_in, service) -> None:
    ben = sign_in(client, Role.CURATOR, "ben")
    changed = admin.post(f"/users/{ben}/role", data={"role": "viewer"})
    assert changed.headers["Location"] == "/users"
    assert client.get("/tokens").status_code == 303
    assert user(service, "ben").role == "viewer"
    assert actions(service)[-1] == ("admin", "user.role", "ben")


def test_a_disabled_user_is_out_and_comes_back_by_signing_in(admin, client, sign_in, service) -> None:
    ben = sign_in(client, Role.SCANNER, "ben")
    admin.post(f"/users/{ben}/active", data={"active": "false"})
    assert client.get("/tokens").status_code == 303
    refused = client.post("/sign-in", data={"name": "ben", "password": PASSWORD})
    assert refused.status_code == 401
    admin.post(f"/users/{ben}/active", data={"active": "true"})
    assert client.get("/tokens").status_code == 303
    assert client.post("/sign-in", data={"name": "ben", "password": PASSWORD}).status_code == 303


def test_a_reset_password_ends_sessions_and_is_shown_once(admin, client, new_client, sign_in) -> None:
    ben = sign_in(client, Role.SCANNER, "ben")
    password = shown(admin.post(f"/users/{ben}/password").text)
    assert client.get("/tokens").status_code == 303
    other = new_client()
    assert other.post("/sign-in", data={"name": "ben", "password": PASSWORD}).status_code == 401
    assert other.post("/sign-in", data={"name": "ben", "password": password}).status_code == 303


def test_the_last_admin_stays(admin, service) -> None:
    me = user(service, "admin").id
    for path, data in (
        (f"/users/{me}/role", {"role": "viewer"}),
        (f"/users/{me}/active", {"active": "false"}),
    ):
        admin.post(path, data=data)
        assert "is the last admin" in admin.get("/users").text
    assert (user(service, "admin").role, user(service, "admin").active) == ("admin", True)


def test_one_who_is_not_there_is_404(admin) -> None:
    assert admin.post("/users/987654321/password").status_code == 404


def test_one_changes_the_own_password_and_only_this_browser_stays(
    client, new_client, service, make_user
) -> None:
    make_user("ana")
    other = new_client()
    for each in (client, other):
        each.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    before = client.cookies[client.cookie]
    new = {"present": PASSWORD, "new": "seven green lanterns", "again": "seven green lanterns"}
    changed = client.post("/password", data=new | {"csrf": client.csrf()})
    assert changed.status_code == 303
    assert client.cookies[client.cookie] != before
    assert "The password is changed" in client.get("/tokens").text
    assert other.get("/tokens").status_code == 303
    assert other.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 401
    with service.database.reading() as session:
        assert len(session.scalars(select(UserSession)).all()) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"present": "wrong"}, "The present password is wrong"),
        ({"again": "another one altogether"}, "differ"),
        ({"new": "short", "again": "short"}, "has 5 characters"),
        ({"new": "Password123456", "again": "Password123456"}, "easily guessed"),
    ],
)
def test_a_password_is_not_changed_by_mistake(client, sign_in, service, change, says: str) -> None:
    sign_in(client, Role.SCANNER, "ana")
    before = user(service, "ana").password_hash
    new = {"present": PASSWORD, "new": "seven green lanterns", "again": "seven green lanterns"}
    client.post("/password", data=new | change)
    assert says in client.get("/tokens").text
    assert user(service, "ana").password_hash == before


def test_guessing_the_own_password_in_a_stolen_session_must_wait(client, sign_in) -> None:
    sign_in(client, Role.SCANNER, "ana")
    new = {"new": "seven green lanterns", "again": "seven green lanterns"}
    for guess in range(5):
        client.post("/password", data=new | {"present": f"guess {guess}"})
    client.post("/password", data=new | {"present": PASSWORD})
    assert "Too many attempts failed" in client.get("/tokens").text


def test_a_token_is_shown_once_works_and_is_revoked(client, new_client, sign_in, service) -> None:
    sign_in(client, Role.SCANNER, "ana")
    made = client.post("/tokens", data={"name": "of mine", "scopes": ["read", "label"], "days": "30"})
    key = shown(made.text)
    assert key.startswith("sky_")
    assert key not in client.get("/tokens").text
    program = new_client()
    program.headers["Authorization"] = f"Bearer {key}"
    assert program.get("/api/v1/me").json()["scopes"] == ["read", "label"]
    with service.database.reading() as session:
        token = session.scalars(select(Token)).one()
        assert key not in str(vars(token))
        token_id = token.id
    client.post(f"/tokens/{token_id}/revoke")
    assert program.get("/api/v1/me").status_code == 401
    assert "revoked" in client.get("/tokens").text


@pytest.mark.parametrize(
    "change",
    [{"scopes": "curate"}, {"scopes": "all"}, {"scopes": ""}, {"days": "367"}, {"days": "0"}, {"name": " "}],
)
def test_a_token_cannot_do_more_or_last_longer(client, sign_in, service, change) -> None:
    sign_in(client, Role.SCANNER, "ana")
    client.post("/tokens", data={"name": "of mine", "scopes": "read", "days": "30"} | change)
    with service.database.reading() as session:
        assert session.scalars(select(Token)).all() == []


def test_nobody_revokes_or_sees_the_tokens_of_others(client, sign_in, make_user, service, admin) -> None:
    owner_id = make_user("owner")
    with service.database.writing() as session:
        create_token(session, session.get_one(User, owner_id), "of another", ["read"], 1, actor="test")
    with service.database.reading() as session:
        token_id = session.scalars(select(Token.id)).one()
    sign_in(client, Role.CURATOR, "eve")
    api = {"Accept": "application/json"}
    assert client.get(f"/tokens?user={owner_id}").status_code == 403
    assert client.post(f"/tokens/{token_id}/revoke").status_code == 403
    assert client.delete(f"/api/v1/tokens/{token_id}", headers=api).status_code == 403
    assert client.get("/api/v1/tokens", headers=api).json() == []
    with service.database.reading() as session:
        assert session.scalars(select(Token.revoked_at)).one() is None
    assert "of another" in admin.get(f"/tokens?user={owner_id}").text
    assert admin.delete(f"/api/v1/tokens/{token_id}", headers=api).status_code == 204
    with service.database.reading() as session:
        assert session.scalars(select(Token.revoked_at)).one() is not None


def test_a_token_that_reads_makes_no_others(client, make_token, service) -> None:
    headers = {"Authorization": f"Bearer {make_token(Role.ADMIN, 'read', 'label', 'ingest', 'curate')}"}
    body = {"name": "more", "scopes": ["admin"], "days": 366}
    assert client.post("/api/v1/tokens", json=body, headers=headers).status_code == 403
    assert client.post("/tokens", data=body, headers=headers).status_code == 403
    assert client.get("/api/v1/users", headers=headers).status_code == 403


def test_text_from_outside_is_never_markup(admin, client, service, make_user) -> None:
    # Past the check of names, as an old database or a foreign tool might have it.
    with service.database.writing() as session:
        hostile = User(name=SCRIPT[:64], role="admin", password_hash="x")
        session.add(hostile)
        session.flush()
        create_token(session, hostile, SCRIPT, ["read"], 1, actor=SCRIPT)
        hostile_id = hostile.id
        session.add(
            AuditEntry(
                actor=SCRIPT, action=SCRIPT[:48], target=SCRIPT, address=SCRIPT, details={SCRIPT: [SCRIPT]}
            )
        )
    pages = ["/users", "/audit", f"/tokens?user={hostile_id}", f"/audit?actor={SCRIPT}&action={SCRIPT}"]
    texts = [admin.get(path).text for path in pages]
    texts.append(client.post("/sign-in", data={"name": SCRIPT, "password": "x", "next": SCRIPT}).text)
    texts.append(client.get(f"/sign-in?next={SCRIPT}").text)
    texts.append(client.get(f"/{SCRIPT}").text)
    for text in texts:
        assert "<script>alert" not in text
        assert "onerror" not in text
    assert sum("&lt;script&gt;alert" in text for text in texts) >= 4


def test_no_hash_leaves_the_database(admin, client, make_user, service, caplog) -> None:
    ben = make_user("ben")
    with caplog.at_level(logging.DEBUG):
        texts = [
            admin.get(path).text
            for path in ("/users", "/tokens", f"/tokens?user={ben}", "/audit", "/api/v1/users", "/api/v1/me",
                         "/api/v1/tokens", "/api/v1/audit", "/api/v1/openapi.json")
        ]  # fmt: skip
        texts += [admin.post(f"/users/{ben}/password").text, admin.post("/users", data={"name": "b"}).text]
        texts.append(client.post("/sign-in", data={"name": "ben", "password": "wrong"}).text)
    with service.database.reading() as session:
        hashes = list(session.scalars(select(User.password_hash)))
        hashes += list(session.scalars(select(UserSession.secret_sha256)))
    for text in [*texts, caplog.text]:
        assert "argon2" not in text
        assert not any(stored in text for stored in hashes)


def test_the_audit_log_is_turned_page_by_page(admin, service) -> None:
    with service.database.writing() as session:
        session.add_all(
            AuditEntry(actor="worker", action=f"made.{n % 2}", target=f"t{n}") for n in range(250)
        )
    seen: list[str] = []
    path = "/audit?actor=worker"
    while path:
        text = admin.get(path).text
        seen += re.findall(r"<td>(t\d+)</td>", text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"t{n}" for n in reversed(range(250))]
    odd = admin.get("/audit?action=made.1&target=t7").text
    assert re.findall(r"<td>(t\d+)</td>", odd) == ["t7"]
    assert re.findall(r"<td>(t\d+)</td>", admin.get("/audit?action=%25").text) == []


def test_the_api_says_the_same(admin, service, make_user) -> None:
    ben = make_user("ben")
    users = {each["name"]: each for each in admin.get("/api/v1/users").json()}
    assert users["ben"]["role"] == "scanner"
    changed = admin.patch(f"/api/v1/users/{ben}", json={"role": "curator", "active": False})
    assert (changed.json()["role"], changed.json()["active"]) == ("curator", False)
    made = admin.post("/api/v1/users", json={"name": "ada", "role": "viewer"})
    assert made.status_code == 201
    assert admin.post("/api/v1/users", json={"name": "ada", "role": "viewer"}).status_code == 409
    assert admin.post(f"/api/v1/users/{made.json()['id']}/password").json()["password"]
    last = admin.get("/api/v1/audit?size=1").json()
    assert [(each["action"], each["target"]) for each in last] == [("user.password", "ada")]
    assert admin.patch("/api/v1/users/987654321", json={"role": "viewer"}).status_code == 404
    me = admin.get("/api/v1/me").json()["id"]
    assert admin.patch(f"/api/v1/users/{me}", json={"active": False}).json()["kind"] == "last-admin"
