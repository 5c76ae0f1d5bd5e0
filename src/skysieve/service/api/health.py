"""Whether the service is well, for balancers and people, and its metrics for Prometheus."""

from __future__ import annotations

import ipaddress

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from skysieve.errors import AccessError
from skysieve.service.accounts.roles import Role
from skysieve.service.operation.health import State, check_health
from skysieve.service.operation.metrics import MEDIA_TYPE, metrics_text
from skysieve.service.service import Service
from skysieve.service.web.access import PUBLIC, Caller, ServiceOf

__all__ = ["router"]

router = APIRouter(tags=["operation"])


@router.get("/health", dependencies=[PUBLIC])
def show_health(request: Request, service: ServiceOf) -> JSONResponse:
    """Say ``ok``, ``degraded`` or ``down``; curators are told of each part.

    The status is 503 where the service is down, 200 otherwise.
    """
    health = check_health(service)
    body: dict[str, object] = {"status": health.state.label}
    if _may(request, Role.CURATOR):
        body["checks"] = [
            {"name": check.name, "status": check.state.label, "message": check.message}
            for check in health.checks
        ]
    status = 503 if health.state is State.DOWN else 200
    return JSONResponse(body, status, {"Cache-Control": "no-store"})


@router.get(
    "/metrics",
    dependencies=[PUBLIC],
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE.partition(";")[0]: {}}}},
)
def show_metrics(request: Request, service: ServiceOf) -> Response:
    """Return metrics for Prometheus: to tokens with the scope read, and to programs on the same machine."""
    if not _may(request, Role.VIEWER) and not _is_this_machine(request, service):
        raise AccessError("metrics are for programs on this machine, and for tokens with the scope read")
    return Response(metrics_text(service), media_type=MEDIA_TYPE)


def _may(request: Request, role: Role) -> bool:
    caller: Caller | None = request.state.caller
    return caller is not None and caller.may(role, "read")


def _is_this_machine(request: Request, service: Service) -> bool:
    # Behind a proxy on the same machine, everybody seems to come from there.
    if service.settings.web.behind_tls or {"x-forwarded-for", "forwarded", "via"} & set(request.headers):
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
