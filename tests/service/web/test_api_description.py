"""The description of the API: only for those who are known, complete, and true."""

from __future__ import annotations

import json

import pytest

from skysieve.service.accounts.roles import Role
from skysieve.service.web.access import guard_of, guarded_routes


@pytest.fixture
def service(sqlite_service):
    """Return a service on SQLite: no database has to do with this."""
    return sqlite_service


@pytest.fixture
def described(client, sign_in) -> dict:
    sign_in(client, Role.VIEWER)
    return client.get("/api/v1/openapi.json").json()


def operations(described: dict):
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_not_for_everybody_and_no_page_of_fastapi_is_there(client) -> None:
    assert client.get("/api/v1/openapi.json").status_code == 401
    for path in ("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 404


def test_pages_are_not_part_of_it(described) -> None:
    assert not {"/users", "/sign-in", "/tokens", "/api/v1/openapi.json"} & set(described["paths"])
    assert "/api/v1/me" in described["paths"]


def test_every_operation_says_who_may_call_it(described, application) -> None:
    guards = {
        (route.path_format, method.lower()): guard_of(route)
        for route in guarded_routes(application)
        for method in route.methods or ()
    }
    for path, method, operation in operations(described):
        guard = guards[path, method]
        if guard.role is None:
            assert operation["security"] == []
        else:
            assert (operation["x-role"], operation["x-scope"]) == (guard.role.label, guard.scope)
            assert operation["security"] == [{"token": []}, {"session": []}]


def test_errors_are_described_as_they_are(described, client) -> None:
    schema = described["components"]["schemas"]["Error"]
    told = client.get("/api/v1/nothing").json()
    assert set(told) == set(schema["required"]) == set(schema["properties"])
    for _, _, operation in operations(described):
        assert "422" not in operation["responses"]
        assert {"4XX", "5XX"} <= set(operation["responses"])
    assert "HTTPValidationError" not in json.dumps(described)


def test_every_reference_leads_somewhere(described) -> None:
    names = set(described["components"]["schemas"])
    text = json.dumps(described)
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= names


def test_the_page_for_people_names_every_operation(described, client) -> None:
    page = client.get("/api-reference")
    assert page.status_code == 200
    for path, method, _ in operations(described):
        assert f"<b>{method.upper()}</b> <code>{path}</code>" in page.text
    assert "name, scopes, days" in page.text
