"""Who may call a route: declared beside it, enforced by one guard, refused where nothing is declared.

A route says ``dependencies=[access(Role.SCANNER, "label")]``, or ``[PUBLIC]`` where anybody may call it.
`check_routes` refuses to start an application with a route that says neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from skysieve.errors import ServiceError
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role
from skysieve.service.service import Service

__all__ = [
    "PUBLIC",
    "Caller",
    "CallerOf",
    "Guard",
    "ServiceOf",
    "access",
    "check_routes",
    "guard_of",
    "guarded_routes",
]


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets a request through, or refuses it; FastAPI calls it before the route.

    Parameters
    ----------
    role : Role, optional
        The least role; None: anybody.
    scope : str
        The scope that a token needs.
    """

    role: Role | None
    scope: str

    async def __call__(self, request: Request) -> None:
        """Find out who calls, keep it in ``request.state.caller``, and refuse who may not.

        Raises
        ------
        AccessError
            Answered with 401 where nobody is known, with 403 where somebody may not.
        """
        from skysieve.service.accounts.identify import identify

        request.state.caller = await identify(request, self)


def access(role: Role, scope: str) -> Any:
    """Return the dependency that opens a route to a role and to tokens of a scope."""
    return Depends(Guard(role, scope))


#: The dependency that opens a route to anybody.
PUBLIC: Any = Depends(Guard(None, ""))


# Not plain functions: FastAPI would have each of them run by another thread, for every request.
async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


#: Parameter of a route: the service.
ServiceOf = Annotated[Service, Depends(_service)]
#: Parameter of a route: who calls; of a public route, None where nobody has signed in.
CallerOf = Annotated[Caller, Depends(_caller)]


def guard_of(route: APIRoute) -> Guard:
    """Return the guard of a route.

    Raises
    ------
    ServiceError
        If it has none, or more than one.
    """
    guards = [each.dependency for each in route.dependencies if isinstance(each.dependency, Guard)]
    if len(guards) != 1:
        raise ServiceError(
            f"the route {route.path} declares {len(guards)} guards; expected one of access(role, scope) "
            "or PUBLIC among its dependencies"
        )
    return guards[0]


def guarded_routes(application: FastAPI) -> Iterator[APIRoute]:
    """Yield every route with its guard, those of included routers among them.

    Newer releases of FastAPI keep an included router whole instead of copying its routes. What is
    neither a route nor a router of a kind known here is refused: nobody can say who may call it.

    Raises
    ------
    ServiceError
        As of `guard_of`, and for anything else that answers, but the public static files.
    """
    yield from _routes(application.routes)


def check_routes(application: FastAPI) -> None:
    """Refuse an application with a route that does not say who may call it.

    Raises
    ------
    ServiceError
        As of `guarded_routes`.
    """
    for _ in guarded_routes(application):
        pass


def _routes(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            guard_of(route)
            yield route
        elif isinstance(included, APIRouter):
            yield from _routes(included.routes)
        elif not (isinstance(route, Mount) and isinstance(route.app, StaticFiles)):
            raise ServiceError(
                f"{getattr(route, 'path', route)!s} is a {type(route).__name__}, which has no guard; "
                "expected a route of an APIRouter"
            )
