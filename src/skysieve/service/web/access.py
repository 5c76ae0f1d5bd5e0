"""Who may call a route: declared beside it, enforced by one guard, refused where nothing is declared.

A route says ``dependencies=[access(Role.SCANNER, "label")]``, or ``[PUBLIC]`` where anybody may call it.
`check_routes` refuses to start an application with a route that says neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from skysieve.errors import ServiceError
from skysieve.service.accounts.roles import Role
from skysieve.service.service import Service

__all__ = ["PUBLIC", "Caller", "CallerOf", "Guard", "ServiceOf", "access", "check_routes", "guard_of"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Parameters
    ----------
    user_id : int
        The user.
    name : str
        The user's name.
    role : Role
        What the user may do.
    scopes : frozenset of str
        What a token may do; of a session, all.
    session_id : int, optional
        The session, where it is a browser that calls.
    csrf : str
        The session's token against forged requests; empty where a token of the API calls.
    """

    user_id: int
    name: str
    role: Role
    scopes: frozenset[str]
    session_id: int | None = None
    csrf: str = ""

    def may(self, role: Role, scope: str) -> bool:
        """Say whether a route of a role and a scope is open to the caller."""
        return self.role >= role and scope in self.scopes


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


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _caller(request: Request) -> Caller:
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


def check_routes(application: FastAPI) -> None:
    """Refuse an application with a route that does not say who may call it.

    Raises
    ------
    ServiceError
        As of `guard_of`.
    """
    for route in application.routes:
        if isinstance(route, APIRoute):
            guard_of(route)
