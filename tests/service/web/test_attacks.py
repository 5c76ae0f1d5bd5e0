"""What is tried first against any service on the web, one test each: see ``docs/service/security.md``."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.accounts.forgery import SAFE_METHODS
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import (
    Campaign,
    Candidate,
    Comment,
    Label,
    MetadataField,
    Night,
    QuarantinedItem,
    Taxonomy,
    Token,
    UserSession,
)
from skysieve.service.filters.indexing import index_field
from skysieve.service.labelling.comments import add_comment
from skysieve.service.labelling.labels import give_label
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.web.access import guard_of, guarded_routes

SCRIPT = "\"'><img src=x onerror=alert(1)><svg/onload=alert(2)></script><script>alert(3)</script>{{7*7}}"
JSON = {"Accept": "application/json"}


@pytest.fixture
def candidate(service) -> int:
    """Return the id of a candidate that has nothing but hostile text."""

    def work(session: Session) -> int:
        ensure_taxonomies(session)
        row = Candidate(
            kind="alert",
            survey="ZTF",
            name=SCRIPT[:80],
            object_id=SCRIPT[:40],
            night=Night(name="20261121"),
            band="<b>",
            source=SCRIPT,
            mag=18.0,
            fields={SCRIPT: SCRIPT, "ssnamenr": SCRIPT, "nested": {SCRIPT: [SCRIPT]}},
        )
        session.add_all([row, MetadataField(name=SCRIPT[:80], type="text")])
        session.flush()
        return row.id

    return service.database.write(work)


def test_injection_through_filters_orders_and_cursors_reads_and_changes_nothing(
    service, client, sign_in, candidate
):
    sign_in(client, Role.VIEWER)
    quotes = ("' OR '1'='1", "x'); DROP TABLE candidates; --", '" OR 1=1 --', "\\' OR 1=1 --", "%' OR 1=1 --")
    for text in quotes:
        quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for where in (f"name = {quoted}", f"object ~ {quoted}", f"comment contains {quoted}", text):
            answer = client.get("/api/v1/candidates", params={"where": where}, headers=JSON)
            assert answer.status_code in (200, 400), where
            assert answer.json().get("items", []) == [], where
        for name in ("sort", "cursor", "night"):
            answer = client.get("/api/v1/candidates", params={name: text}, headers=JSON)
            assert answer.status_code in (400, 422) or answer.json()["items"] == [], (name, text)
    with service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Candidate)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "rb') ; DROP TABLE candidates; --",
        'rb"',
        "rb' || (SELECT password_hash FROM users) || '",
        "a b",
        "é",
        "",
    ],
)
def test_injection_through_the_name_of_a_metadata_field_gets_no_index(service, candidate, name: str):
    with service.database.writing() as session:
        session.add(MetadataField(name=name, type="text"))
    before = {each["name"] for each in inspect(service.database.engine).get_indexes("candidates")}
    with pytest.raises(InputError, match="letters, digits"):
        index_field(service.database, name)
    assert {each["name"] for each in inspect(service.database.engine).get_indexes("candidates")} == before


class _Elements(HTMLParser):
    """Collects elements and attributes that a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        if tag == "script" and not str(given.get("src")).startswith("/static/"):
            self.found.append("script")
        for name in ("href", "src", "action"):
            if re.match(r"\s*(javascript|data|vbscript):", given.get(name) or "", re.IGNORECASE):
                self.found.append(f"{tag} {name}")


def test_xss_through_metadata_comments_campaigns_and_quarantine_is_text(service, client, sign_in, candidate):
    admin = sign_in(client, Role.ADMIN)

    def work(session: Session) -> int:
        add_comment(session, candidate_id=candidate, user_id=admin, text=SCRIPT)
        words = session.scalars(select(Taxonomy).where(Taxonomy.kind == "alert")).first()
        campaign = Campaign(
            name=SCRIPT[:80], taxonomy_id=words.id, tutorial=SCRIPT, state="open", proposal={SCRIPT: SCRIPT}
        )
        bad = QuarantinedItem(feed="folder", item=SCRIPT, record=SCRIPT, kind=SCRIPT[:64], reason=SCRIPT)
        session.add_all([campaign, bad])
        session.flush()
        return campaign.id

    campaign = service.database.write(work)
    pages = (
        *(f"/candidates/{candidate}", f"/scan/candidates/{candidate}", "/search?sort=jd", "/quarantine", "/"),
        *(
            "/search?view=gallery&sort=jd",
            "/scan?where=&show=all&sort=jd&night=",
            "/audit",
            "/users",
            "/tokens",
        ),
        *("/campaigns", f"/campaigns/{campaign}", "/campaigns/new", f"/scan?campaign={campaign}"),
        *("/search?where=" + SCRIPT, "/scan?where=" + SCRIPT, "/api-reference", "/nothing/" + SCRIPT),
    )
    escaped = 0
    for path in pages:
        text = client.get(path, headers={"User-Agent": SCRIPT}).text
        parser = _Elements()
        parser.feed(text)
        assert parser.found == [], path
        assert "49" not in re.findall(r"{{7\*7}}|(?<=script>)49", text), path
        escaped += "&lt;script&gt;" in text or "\\u003cscript\\u003e" in text
    assert escaped >= 8


def test_path_traversal_no_route_serves_what_lies_beside_its_files(client, sign_in, make_token, service):
    (service.home.folder / "secret.txt").write_text("the secret of the folder")
    sign_in(client, Role.ADMIN)
    up = ("../" * 6, "..%2f" * 6, "%2e%2e/" * 6, "..%5c" * 6, "....//" * 6, "%252e%252e%252f" * 6, "/")
    for way in up:
        for target in (
            "secret.txt",
            "etc/passwd",
            "service.sqlite",
            "pages/templates/base.html",
            "service.toml",
        ):
            for base in (
                "/static/",
                "/static/css/",
                "/api/v1/candidates/by-name/ZTF/",
                "/api/v1/nights/",
                "/",
            ):
                answer = client.get(f"{base}{way}{target}", headers=JSON)
                assert answer.status_code in (200, 400, 404, 422), (base, way)
                assert "secret of the folder" not in answer.text
                assert "root:" not in answer.text
                assert "{% block" not in answer.text
    for way in up[:-1]:
        token = {
            "Authorization": f"Bearer {make_token(Role.ADMIN)}",
            "Content-Type": "application/octet-stream",
        }
        sent = client.put(f"/api/v1/items/{way}outside.avro", content=b"x", headers=JSON | token)
        assert sent.status_code in (404, 405, 422), way
    assert not list(service.home.folder.parent.rglob("outside*"))


CONTENT_TYPES = (
    *(
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ),
    *("", "text/html", "application/json; charset=utf-7", "application/octet-stream"),
)


def test_csrf_every_route_that_changes_something_needs_the_secret(client, sign_in, application):
    sign_in(client, Role.ADMIN)
    client.headers.pop("X-CSRF-Token")
    asked = 0
    for route in guarded_routes(application):
        for method in (route.methods or set()) - SAFE_METHODS:
            if guard_of(route).role is None:
                assert route.path == "/sign-in"
                continue
            path = re.sub(r"{\w+}", "1", route.path)
            for kind in CONTENT_TYPES:
                headers = JSON | ({"Content-Type": kind} if kind else {})
                body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
                content = body if "multipart" in kind else b'{"name": "x"}'
                refused = client.request(method, path, content=content, headers=headers)
                assert refused.status_code == 403, (method, path, kind)
                asked += 1
    assert asked > 150


def test_session_fixation_a_planted_cookie_is_never_signed_in(client, new_client, make_user, service):
    make_user("ana")
    planted = "x" * 43
    client.cookies.set(client.cookie, planted)
    form = {"name": "ana", "password": "copper kettle 81 moons"}
    assert client.post("/sign-in", data=form).status_code == 303
    thief = new_client()
    thief.cookies.set(thief.cookie, planted)
    assert thief.get("/api/v1/me", headers=JSON).status_code == 401
    with service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UserSession)) == 1


def test_session_fixation_the_session_of_another_that_was_planted_ends(
    client, new_client, make_user, sign_in
):
    thief = new_client()
    sign_in(thief, Role.SCANNER, "mallory")
    make_user("ana")
    client.cookies.set(client.cookie, thief.cookies[thief.cookie])
    client.post("/sign-in", data={"name": "ana", "password": "copper kettle 81 moons"})
    assert thief.get("/api/v1/me", headers=JSON).status_code == 401


def test_idor_nobody_changes_what_others_said_or_own(
    client, sign_in, new_client, make_user, service, candidate
):
    ana = make_user("ana")
    with service.database.writing() as session:
        label = give_label(
            session, candidate_id=candidate, user_id=ana, value="real", request_key="of-ana"
        ).id
        comment = add_comment(session, candidate_id=candidate, user_id=ana, text="mine").id
    owner = new_client()
    sign_in(owner, Role.SCANNER, "ana")
    made = owner.post("/api/v1/tokens", json={"name": "mine", "scopes": ["read"], "days": 1}, headers=JSON)
    assert made.status_code == 201
    sign_in(client, Role.CURATOR, "mallory")
    base = f"/candidates/{candidate}"
    client.post(f"{base}/labels/{label}/withdraw")
    client.post(f"{base}/comments/{comment}/withdraw")
    for asked in ({"request_key": "of-ana"}, {}):
        assert client.post("/api/v1/labels/undo", json=asked, headers=JSON).json()["label"] is None
    again = {"value": "bogus", "request_key": "of-ana"}
    assert client.post(f"/api/v1{base}/labels", json=again, headers=JSON).status_code == 400
    with service.database.reading() as session:
        token = session.scalars(select(Token)).one().id
    assert client.post(f"/tokens/{token}/revoke").status_code == 403
    assert client.delete(f"/api/v1/tokens/{token}", headers=JSON).status_code == 403
    assert client.get(f"/tokens?user={ana}").status_code == 403
    assert client.get("/api/v1/tokens", headers=JSON).json() == []
    with service.database.reading() as session:
        assert session.get_one(Label, label).withdrawn_at is None
        assert session.get_one(Comment, comment).withdrawn_at is None
        assert session.get_one(Token, token).revoked_at is None


def test_idor_drafts_of_campaigns_are_for_curators(client, sign_in, service, candidate):
    with service.database.writing() as session:
        words = session.scalars(select(Taxonomy).where(Taxonomy.kind == "alert")).first()
        draft = Campaign(name="next spring", taxonomy_id=words.id, tutorial="hidden words", state="draft")
        session.add(draft)
        session.flush()
        number = draft.id
    sign_in(client, Role.SCANNER)
    for path in (f"/campaigns/{number}", "/campaigns", f"/scan?campaign={number}"):
        text = client.get(path).text
        assert "hidden words" not in text
        assert "next spring" not in text, path
    for path in (
        f"/campaigns/{number}",
        "/campaigns",
        f"/campaigns/{number}/next",
        f"/campaigns/{number}/consensus",
    ):
        assert "next spring" not in client.get(f"/api/v1{path}", headers=JSON).text, path
    queue = client.get("/api/v1/scanning/queue", params={"campaign": number}, headers=JSON)
    assert "next spring" not in queue.text
    found = client.get("/api/v1/candidates", params={"where": 'campaign("next sprin")'}, headers=JSON)
    assert "next spring" not in found.text
