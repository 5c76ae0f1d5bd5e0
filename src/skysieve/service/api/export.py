"""Exports: everything that a search finds, streamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from skysieve.service.accounts.roles import Role
from skysieve.service.api.candidates import SearchOf
from skysieve.service.candidates.export import iter_export
from skysieve.service.labelling.blinding import hidden_from
from skysieve.service.web.access import CallerOf, ServiceOf, access

__all__ = ["router"]

#: What formats may be; one of a third party may be something else.
MEDIA_TYPES = (
    "text/csv",
    "application/vnd.apache.parquet",
    "application/x-votable+xml",
    "application/x-tar",
    "application/avro",
)

router = APIRouter(prefix="/api/v1", tags=["export"])


@router.get(
    "/export",
    dependencies=[access(Role.VIEWER, "read")],
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES}}},
)
def export(
    service: ServiceOf,
    caller: CallerOf,
    search: SearchOf,
    format_: Annotated[
        str, Query(alias="format", max_length=16, description="`csv`, `parquet`, `votable`, `fits` or `avro`")
    ] = "csv",
) -> StreamingResponse:
    """Stream all that a search finds; `limit` and `cursor` are those of pages and mean nothing here.

    It holds scores and labels: candidates of an open campaign that hides them are left out, for whoever may
    label in it and has not labelled them yet.
    """
    with service.database.reading() as session:
        search = replace(search, without=hidden_from(session, caller))
    exported = iter_export(service, search, format_)
    headers = {"Content-Disposition": f'attachment; filename="{exported.file_name}"'}
    return StreamingResponse(exported.chunks, media_type=exported.media_type, headers=headers)
