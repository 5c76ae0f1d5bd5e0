"""The page that describes the API to people: what can be asked, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from skysieve.service.accounts.roles import Role
from skysieve.service.web.access import access
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the API, as the page shows it."""

    group: str
    method: str
    path: str
    summary: str
    role: str
    scope: str
    parameters: list[dict[str, Any]]
    body: str


@router.get("/api-reference", dependencies=[access(Role.VIEWER, "read")])
def show(request: Request) -> Response:
    """List what the API can be asked."""
    operations = sorted(_operations(request.app.openapi()), key=lambda each: each.group)
    groups = {group: list(each) for group, each in groupby(operations, key=lambda each: each.group)}
    return render(request, "api_reference.html", groups=groups)


def _operations(described: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method, said in methods.items():
            yield Operation(
                group=(said.get("tags") or ["other"])[0],
                method=method.upper(),
                path=path,
                summary=said.get("description", "").partition("\n")[0],
                role=said.get("x-role", ""),
                scope=said.get("x-scope", ""),
                parameters=[_parameter(each) for each in said.get("parameters", [])],
                body=", ".join(_body_fields(described, said)),
            )


def _parameter(said: dict[str, Any]) -> dict[str, Any]:
    schema = said.get("schema", {})
    kinds = [each.get("type", "") for each in schema.get("anyOf", [schema])]
    return {
        "name": said["name"],
        "kind": " or ".join(kind for kind in kinds if kind != "null"),
        "required": said.get("required", False),
        "meaning": said.get("description", ""),
    }


def _body_fields(described: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    for media_type, content in said.get("requestBody", {}).get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = described["components"]["schemas"].get(name, {}).get("properties", {})
        yield from fields or [media_type]
