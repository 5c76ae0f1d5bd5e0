"""The reference of the night service, from its settings, its routes and the fields of its searches."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docstrings import parameters, summary
from markdown_table import cell, code, table

from skysieve.service.application import create_application
from skysieve.service.service import open_service
from skysieve.service.settings import ServiceSettings
from skysieve.service.web.access import guard_of, guarded_routes

__all__ = ["parts"]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    return {"service-settings.md": _settings(), "service-api.md": _routes()}


def _settings() -> str:
    return table(["setting", "default", "meaning"], _rows(ServiceSettings(), ""))


def _rows(settings: Any, prefix: str) -> Iterator[list[str]]:
    meanings = parameters(type(settings))
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from _rows(value, f"{prefix}{field.name}.")
        else:
            yield [code(prefix + field.name), code(repr(value)), cell(meanings.get(field.name, ""))]


def _routes() -> str:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        service = open_service(Path(folder) / "service")
        application = create_application(service)
        rows = [
            [code(f"{method} {route.path}"), *_allowed(route), cell(summary(route.endpoint))]
            for route in guarded_routes(application)
            if route.path.startswith("/api/")
            for method in sorted(route.methods - {"HEAD"})
        ]
        service.close()
    return table(["call", "least role", "scope of a token", "what it does"], sorted(rows))


def _allowed(route: Any) -> list[str]:
    guard = guard_of(route)
    return ["anybody" if guard.role is None else guard.role.label, code(guard.scope)]
