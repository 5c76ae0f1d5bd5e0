"""The web application: every router of the API and the pages, behind one guard, within one frame."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from skysieve.service import api, pages
from skysieve.service.accounts.request_limit import RequestLimit
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import cookie_name
from skysieve.service.service import Service
from skysieve.service.web.access import access, check_routes
from skysieve.service.web.answers import add_error_answers
from skysieve.service.web.api_description import describe_api
from skysieve.service.web.gate import Gate
from skysieve.service.web.request_frame import RequestFrame, RequestSeen
from skysieve.service.web.static_files import HashedStaticFiles
from skysieve.service.web.templating import STATIC

__all__ = ["create_application"]

DESCRIPTION = "Candidates of a night: their scores, cutouts and labels. Times are UTC, angles degrees."


def create_application(
    service: Service, *, observers: Sequence[Callable[[RequestSeen], None]] = ()
) -> FastAPI:
    """Return the application of a service, for an ASGI server.

    A module of ``service/api`` or ``service/pages`` that has a ``router`` is part of it.

    Parameters
    ----------
    service : Service
        The service; the application does not close it.
    observers : sequence of callable
        Each is told of every request that was answered: logs, metrics.

    Raises
    ------
    ServiceError
        If a route does not say who may call it.
    ConfigurationError
        If a setting of ``web`` is wrong.
    """
    web = service.settings.web
    application = FastAPI(
        title=service.settings.name,
        version=version("skysieve"),
        description=DESCRIPTION,
        # None of these is public, and FastAPI's own pages load scripts from elsewhere.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestFrame, web=web, observers=observers),
            Middleware(Gate, web=web),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        ],
    )
    application.state.service = service
    application.state.request_limit = RequestLimit()
    add_error_answers(application)
    for router in _routers(api):
        application.include_router(router)
    for router in _routers(pages):
        application.include_router(router, include_in_schema=False)
    application.include_router(_description(application, cookie_name(web)))
    application.mount("/static", HashedStaticFiles(directory=STATIC), name="static")
    check_routes(application)
    return application


def _routers(package: ModuleType) -> Iterator[APIRouter]:
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        router = getattr(importlib.import_module(f"{package.__name__}.{found.name}"), "router", None)
        if isinstance(router, APIRouter):
            yield router


def _description(application: FastAPI, cookie: str) -> APIRouter:
    router = APIRouter()

    def openapi() -> dict[str, Any]:
        # Made once, when it is first asked for: the routes do not change.
        if application.openapi_schema is None:
            application.openapi_schema = describe_api(application, cookie=cookie)
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]
    router.add_api_route(
        "/api/v1/openapi.json",
        openapi,
        dependencies=[access(Role.VIEWER, "read")],
        include_in_schema=False,
        response_model=None,
    )
    return router
