"""Word of candidates that left, is to leave, or was given up; and sending it again."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from skysieve.service.accounts.audit import record
from skysieve.service.accounts.roles import Role
from skysieve.service.outflow.deliveries import count_deliveries, send_again
from skysieve.service.web.access import CallerOf, ServiceOf, access

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["deliveries"])


class DeliveryCount(BaseModel):
    """How many deliveries of a destination are in a state."""

    destination: str
    state: str = Field(description="`due`, `sent` or `given-up`")
    count: int


@router.get("/deliveries", dependencies=[access(Role.CURATOR, "read")])
def show_deliveries(service: ServiceOf) -> list[DeliveryCount]:
    """Count what is to leave, has left, and was given up, by destination."""
    with service.database.reading() as session:
        counts = count_deliveries(session)
    return [
        DeliveryCount(destination=destination, state=state, count=count)
        for (destination, state), count in sorted(counts.items())
    ]


@router.post("/deliveries/send-again", dependencies=[access(Role.CURATOR, "curate")])
def send_given_up(service: ServiceOf, caller: CallerOf) -> dict[str, int]:
    """Let everything that was given up be sent again, once the receiver is mended."""
    with service.database.writing() as session:
        number = send_again(session)
        record(session, caller, "deliveries.send-again", details={"count": number})
    return {"due": number}
