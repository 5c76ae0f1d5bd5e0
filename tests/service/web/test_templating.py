from __future__ import annotations

import base64
import json
import warnings
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request
from jinja2 import UndefinedError

from skysieve.service.accounts.roles import Role
from skysieve.service.web import templating
from skysieve.service.web.access import Caller

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette asks for the successor of httpx
    from fastapi.testclient import TestClient


@pytest.fixture
def application(sqlite_service):
    application = FastAPI()
    application.state.service = sqlite_service

    @application.get("/page")
    def page(request: Request, who: str = ""):
        caller = Caller(1, who, Role.SCANNER, frozenset({"read", "label"}), 1, "token-of-csrf")
        request.state.caller = caller if who else None
        return templating.render(request, "base.html")

    @application.get("/go")
    def go(request: Request, message: str):
        return templating.redirect(request, "/page", message, kind="warning")

    return application


@pytest.fixture
def client(application):
    with TestClient(application) as client:
        yield client


def test_nothing_from_outside_reaches_a_page_unescaped(client):
    page = client.get("/page", params={"who": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_page_carries_the_token_against_forged_requests(client):
    assert '<meta name="csrf" content="token-of-csrf">' in client.get("/page", params={"who": "ada"}).text


def test_a_page_needs_nothing_inline(client):
    page = client.get("/page", params={"who": "ada"}).text
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page


def test_who_may_not_go_there_sees_no_link(client):
    page = client.get("/page", params={"who": "ada"}).text
    assert 'href="/scan"' in page
    assert 'href="/quarantine"' not in page
    assert 'href="/scan"' not in client.get("/page").text


def test_a_message_is_shown_once(client):
    page = client.get("/go", params={"message": "<b>Kept</b>"})
    assert 'class="flash warning"' in page.text
    assert "&lt;b&gt;Kept&lt;/b&gt;" in page.text
    assert "flash warning" not in client.get("/page").text


@pytest.mark.parametrize(
    "cookie", ["%%%", "", base64.urlsafe_b64encode(json.dumps({"a": 1}).encode()).decode()]
)
def test_a_message_that_was_tampered_with_is_not_shown(client, cookie):
    client.cookies.set("skysieve_flash", cookie)
    page = client.get("/page")
    assert page.status_code == 200
    assert 'class="flash' not in page.text


@pytest.mark.parametrize(
    ("cookie", "said"), [("dark", 'data-theme="dark"'), ('x" onload="', '<html lang="en">')]
)
def test_the_theme_comes_from_the_cookie_and_is_one_of_ours(client, cookie, said):
    client.cookies.set("skysieve_theme", cookie)
    assert said in client.get("/page").text


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "page"])
def test_a_form_never_leads_to_another_host(sqlite_service, path):
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(service=sqlite_service)))
    with pytest.raises(ValueError, match="not one of this service"):
        templating.redirect(request, path)


def test_a_name_that_is_not_given_is_an_error(sqlite_service, monkeypatch, tmp_path):
    (tmp_path / "page.html").write_text("{{ nobody_gave_this }}")
    monkeypatch.setattr(templating, "TEMPLATES", tmp_path)
    templating._environment.cache_clear()
    request = SimpleNamespace(
        app=SimpleNamespace(state=SimpleNamespace(service=sqlite_service)),
        state=SimpleNamespace(),
        cookies={},
        url=SimpleNamespace(path="/"),
    )
    try:
        with pytest.raises(UndefinedError):
            templating.render(request, "page.html")
    finally:
        templating._environment.cache_clear()


def test_another_content_is_another_address():
    assert templating._static("css/base.css").startswith("/static/css/base.css?v=")
