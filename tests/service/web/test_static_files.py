"""The files of the pages: kept by browsers where their address holds their hash, and nothing beside them."""

from __future__ import annotations

import hashlib

import pytest

from skysieve.service.web.templating import STATIC

SHEET = "css/base.css"


@pytest.fixture
def service(sqlite_service):
    """Return a service on SQLite: no database has to do with this."""
    return sqlite_service


def test_a_file_with_its_hash_is_kept_for_ever(client) -> None:
    digest = hashlib.sha256((STATIC / SHEET).read_bytes()).hexdigest()
    kept = client.get(f"/static/{SHEET}?v={digest[:12]}")
    assert kept.content == (STATIC / SHEET).read_bytes()
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab", "?v=a", "?other=1"])
def test_another_version_is_asked_for_again(client, query: str) -> None:
    assert client.get(f"/static/{SHEET}{query}").headers["Cache-Control"] == "public, no-cache"


def test_what_the_pages_name_is_there(client) -> None:
    page = client.get("/sign-in").text
    named = {part.split('"')[0] for part in page.split('"/static/')[1:]}
    assert named
    for each in named:
        answer = client.get(f"/static/{each}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "../templates/base.html",
        "..%2ftemplates%2fbase.html",
        "%2e%2e/templates/base.html",
        "css/../../templates/base.html",
        "css/..%2f..%2ftemplates/base.html",
        "..\\templates\\base.html",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "....//etc/passwd",
        "css",
        "",
        "css/%ff",
        "a" * 5000,
    ],
)
def test_nothing_beside_them_is_served(client, path: str) -> None:
    # Sent as it stands: httpx would tidy the path up.
    request = client.build_request("GET", "/static/")
    request.url = request.url.copy_with(raw_path=b"/static/" + path.encode())
    refused = client.send(request)
    assert refused.status_code == 404
    assert "{% extends" not in refused.text
    assert "root:" not in refused.text


def test_files_cannot_be_changed(client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, f"/static/{SHEET}").status_code == 405
