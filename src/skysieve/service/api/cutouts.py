"""The files of a candidate: cutouts as pixels, pictures and FITS, the packet, what the scorer looked at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.api.pixels import PIXEL_SCALES, PIXELS_TYPE, pack_pixels, picture
from skysieve.service.candidates.images import FITS_GZIP, load_images
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.database.tables import Candidate, Cutouts
from skysieve.service.judging.explaining import load_map, occlusion_map
from skysieve.service.judging.scorer_rows import on_duty
from skysieve.service.labelling.blinding import blind_to
from skysieve.service.service import Service
from skysieve.service.web.access import CallerOf, ServiceOf, access
from skysieve.service.web.parameters import RowId

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["candidates"])

READ = access(Role.VIEWER, "read")
#: What is asked for with the hash of its content never changes.
_FOREVER = "private, max-age=31536000, immutable"
_CHECK_AGAIN = "private, no-cache"
#: Characters of the hash that an address needs to carry.
_VERSION = 16


@router.get(
    "/candidates/{candidate_id}/pixels",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {PIXELS_TYPE: {}}}, 304: {"description": "The browser has them already."}},
)
def pixels(
    service: ServiceOf,
    candidate_id: RowId,
    v: Annotated[str, Query(max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return the cutouts as float32, in the form of `skysieve.service.api.pixels.pack_pixels`."""
    candidate, cutouts = _with_cutouts(service, candidate_id)
    headers = _caching(cutouts, "pixels", v)
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    upright = cutouts.media_type != FITS_GZIP
    images = load_images(service.files, cutouts)
    packed = pack_pixels(images, pixel_scale=PIXEL_SCALES.get(candidate.survey), upright=upright)
    # Noise does not get smaller by being compressed.
    headers["Content-Encoding"] = "identity"
    return Response(packed, media_type=PIXELS_TYPE, headers=headers)


@router.get(
    "/candidates/{candidate_id}/picture",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {"description": "The browser has it already."}},
)
def cutout_picture(
    service: ServiceOf,
    candidate_id: RowId,
    channel: Annotated[str, Query(max_length=68)] = "",
    zoom: Annotated[int, Query(ge=1, le=8)] = 2,
    v: Annotated[str, Query(max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return one cutout as a grey PNG; the last channel where none is named."""
    _, cutouts = _with_cutouts(service, candidate_id)
    chosen = channel or (cutouts.channels[-1] if cutouts.channels else "difference")
    headers = _caching(cutouts, f"{chosen}-{zoom}", v)
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    images = load_images(service.files, cutouts)
    if chosen not in images:
        known = ", ".join(images)
        raise InputError(str(candidate_id), "no-such-channel", f"has no channel {chosen!r}; it has {known}")
    upright = cutouts.media_type != FITS_GZIP
    return Response(
        picture(images[chosen], upright=upright, zoom=zoom), media_type="image/png", headers=headers
    )


@router.get(
    "/candidates/{candidate_id}/explanation",
    dependencies=[access(Role.SCANNER, "read")],
    response_class=Response,
    responses={200: {"content": {PIXELS_TYPE: {}}}},
)
def explanation(service: ServiceOf, caller: CallerOf, candidate_id: RowId) -> Response:
    """Return what the scorer on duty looked at, as one channel in the form of the pixels.

    Positive where covering it lowers the score. It is computed the first time that it is asked for.
    """
    candidate, cutouts = _with_cutouts(service, candidate_id)
    with service.database.reading() as session:
        if blind_to(session, caller, [candidate_id]):
            raise AccessError("a campaign asks you to judge the candidate unbiased; label it there first")
        scorer = on_duty(session, candidate.kind)
        if scorer is None:
            raise InputError(candidate.name, "not-scored", "no scorer of its kind is on duty")
        scorer_id = scorer.id
    found = load_map(service, occlusion_map(service, candidate_id, scorer_id))
    packed = pack_pixels({"explanation": found}, upright=cutouts.media_type != FITS_GZIP)
    return Response(packed, media_type=PIXELS_TYPE, headers={"Cache-Control": _CHECK_AGAIN})


@router.get(
    "/candidates/{candidate_id}/cutouts",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {"application/fits+gzip": {}, "image/jpeg": {}, "image/png": {}}}},
)
def download_cutouts(service: ServiceOf, candidate_id: RowId) -> Response:
    """Return the file of the cutouts: FITS with an extension a channel, or the picture as it came."""
    _, cutouts = _with_cutouts(service, candidate_id)
    ending = {"image/jpeg": "jpg", "image/png": "png"}.get(cutouts.media_type, "fits.gz")
    return _file(service, cutouts.sha256, cutouts.media_type, f"candidate-{candidate_id}.{ending}")


@router.get(
    "/candidates/{candidate_id}/packet",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {"application/avro": {}}}},
)
def download_packet(service: ServiceOf, caller: CallerOf, candidate_id: RowId) -> Response:
    """Return the packet as it came; whoever is to label it unbiased gets it after having said something."""
    with service.database.reading() as session:
        candidate = find_candidate(session, candidate_id)
        if blind_to(session, caller, [candidate_id]):
            raise AccessError(f"{candidate.name}: its packet holds scores; label it in the campaign first")
        cutouts = candidate.cutouts
    if cutouts is None or not cutouts.packet_sha256:
        raise InputError(
            candidate.name, "no-such-packet", "the candidate came without a packet, or none was kept"
        )
    return _file(service, cutouts.packet_sha256, "application/avro", f"candidate-{candidate_id}.avro")


def _with_cutouts(service: Service, candidate_id: int) -> tuple[Candidate, Cutouts]:
    """Return a candidate and its cutouts.

    Raises
    ------
    InputError
        ``no-such-candidate``, ``no-such-cutouts``.
    """
    with service.database.reading() as session:
        candidate = find_candidate(session, candidate_id)
    if candidate.cutouts is None:
        raise InputError(candidate.name, "no-such-cutouts", "the candidate came without cutouts")
    return candidate, candidate.cutouts


def _file(service: Service, sha256: str, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{sha256}"',
        "Cache-Control": _FOREVER,
    }
    return Response(service.files.get(sha256), media_type=media_type, headers=headers)


def _caching(cutouts: Cutouts, form: str, version: str) -> dict[str, str]:
    """Return headers: what is asked for by its hash is kept for good, anything else is asked for again."""
    named = len(version) >= _VERSION and cutouts.sha256.startswith(version)
    quoted = form.encode("ascii", "replace").decode().replace('"', "")
    return {"ETag": f'"{cutouts.sha256[:32]}-{quoted}"', "Cache-Control": _FOREVER if named else _CHECK_AGAIN}
