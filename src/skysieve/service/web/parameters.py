"""Parameters of routes that many have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request

__all__ = ["LARGEST_ID", "RowId", "address_of"]

#: Largest number that a column of ids holds.
LARGEST_ID = 2**63 - 1

#: The id of a row, in the path of a route.
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


def address_of(request: Request) -> str:
    """Return where a request comes from, as the frame around it found out."""
    return str(getattr(request.state, "address", ""))
