"""Parameters of routes that many have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

__all__ = ["LARGEST_ID", "Before", "NightName", "RowId", "address_of"]

#: Largest number that a column of ids holds.
LARGEST_ID = 2**63 - 1

#: The id of a row: in the path of a route, a query, a form, or a body.
RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
#: Where a list of the newest rows goes on.
Before = Annotated[RowId | None, Query(description="`id` of the last one seen")]
#: The night of a query.
NightName = Annotated[str, Query(max_length=16, description="`YYYYMMDD`; empty: all")]


def address_of(request: Request) -> str:
    """Return where a request comes from, as the frame around it found out."""
    return str(getattr(request.state, "address", ""))
