"""Exports: everything that a search finds, streamed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from skysieve.service.accounts.roles import Role
from skysieve.service.api.candidates import SearchOf
from skysieve.service.candidates.export import iter_export
from skysieve.service.web.access import ServiceOf, access

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["export"])


@router.get(
    "/export",
    dependencies=[access(Role.VIEWER, "read")],
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def export(
    service: ServiceOf,
    search: SearchOf,
    format_: Annotated[
        str, Query(alias="format", max_length=16, description="`csv`, `parquet`, `votable`, `fits` or `avro`")
    ] = "csv",
) -> StreamingResponse:
    """Stream all that a search finds; `limit` and `cursor` are those of pages and mean nothing here."""
    exported = iter_export(service, search, format_)
    headers = {"Content-Disposition": f'attachment; filename="{exported.file_name}"'}
    return StreamingResponse(exported.chunks, media_type=exported.media_type, headers=headers)
