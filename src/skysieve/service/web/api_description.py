"""The description of the API (OpenAPI): every operation with who may call it, and how errors look."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from skysieve.service.web.access import Guard, guard_of, guarded_routes

__all__ = ["describe_api"]

_TOKEN, _COOKIE, _ERROR = "token", "session", "Error"
_ERROR_SCHEMA = {
    "type": "object",
    "title": "Error",
    "required": ["error", "kind", "item", "request_id"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, in a sentence."},
        "kind": {"type": "string", "description": "Short slug, the same for all errors alike."},
        "item": {"type": "string", "description": "What it is about; may be empty."},
        "request_id": {"type": "string", "description": "Under which the log has more."},
    },
}


def describe_api(application: FastAPI, *, cookie: str) -> dict[str, Any]:
    """Return the OpenAPI of an application.

    Parameters
    ----------
    application : FastAPI
        With all its routes.
    cookie : str
        The name of the session's cookie.
    """
    described = get_openapi(
        title=application.title,
        version=application.version,
        description=application.description,
        routes=application.routes,
    )
    parts = described.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas[_ERROR] = _ERROR_SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    parts["securitySchemes"] = {
        _TOKEN: {"type": "http", "scheme": "bearer", "description": "A token of the page Tokens."},
        _COOKIE: {"type": "apiKey", "in": "cookie", "name": cookie},
    }
    for route in guarded_routes(application):
        operations = described.get("paths", {}).get(route.path_format, {})
        for method in (route.methods or set()) & {each.upper() for each in operations}:
            _complete(operations[method.lower()], guard_of(route))
    return described


def _complete(operation: dict[str, Any], guard: Guard) -> None:
    answers = operation.setdefault("responses", {})
    answers.pop("422", None)
    error = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_ERROR}"}}}
    for status, meaning in (("4XX", "What was asked cannot be, or not by this caller."), ("5XX", "Not now.")):
        answers.setdefault(status, {"description": meaning, "content": error})
    if guard.role is None:
        operation["security"] = []
        return
    operation["security"] = [{_TOKEN: []}, {_COOKIE: []}]
    operation["x-role"], operation["x-scope"] = guard.role.label, guard.scope
    needs = f"Needs the role {guard.role.label} or more, and of a token the scope `{guard.scope}`."
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), needs)))
