"""What the scanning page asks for: the next candidates, their pixels; and what it sends: labels, comments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.api.campaigns import AnswerBody
from skysieve.service.api.pixels import PIXEL_SCALES, PIXELS_TYPE, pack_pixels, picture
from skysieve.service.api.scanning_queue import Asked, Show, next_candidates, scanned_json
from skysieve.service.candidates.images import FITS_GZIP, load_images
from skysieve.service.database.tables import Candidate, Cutouts, Label
from skysieve.service.judging.explaining import load_map, occlusion_map
from skysieve.service.judging.scorer_rows import on_duty
from skysieve.service.labelling.blinding import blind_to
from skysieve.service.labelling.campaign_queue import gold_answer
from skysieve.service.labelling.campaign_rules import find_campaign
from skysieve.service.labelling.comments import add_comment
from skysieve.service.labelling.labels import give_label, undo_last, withdraw
from skysieve.service.service import Service
from skysieve.service.web.access import CallerOf, ServiceOf, access

__all__ = ["CandidateId", "router"]

router = APIRouter(prefix="/api/v1", tags=["scanning"])

#: What is asked for with the hash of its content never changes.
_FOREVER = "private, max-age=31536000, immutable"
_CHECK_AGAIN = "private, no-cache"
#: Characters of the hash that an address needs to carry.
_VERSION = 16
_LARGEST_ID = 2**63 - 1

CandidateId = Annotated[int, Field(ge=1, le=_LARGEST_ID)]


class LabelAsked(BaseModel):
    """What a person says of a candidate."""

    value: str = Field(max_length=48)
    taxonomy_id: int | None = Field(None, ge=1, le=_LARGEST_ID)
    campaign_id: int | None = Field(None, ge=1, le=_LARGEST_ID)
    machine_hidden: bool = False
    seconds: float | None = Field(None, ge=0, le=604_799, allow_inf_nan=False)
    request_key: str | None = Field(None, min_length=1, max_length=64)
    origin: Annotated[str, Field(pattern="^(scan|page|api)$")] = "api"


class LabelGiven(BaseModel):
    """A label as it stands."""

    id: int
    candidate_id: int
    value: str
    made_at: datetime
    withdrawn_at: datetime | None
    answer: AnswerBody | None = Field(
        None, description="of a gold item of the campaign: what it is known to be"
    )


class UndoAsked(BaseModel):
    """Which label to take back: that of a request, or the last one that still counts."""

    request_key: str | None = Field(None, min_length=1, max_length=64)
    campaign_id: int | None = Field(None, ge=1, le=_LARGEST_ID)


class Undone(BaseModel):
    """What was taken back; nothing where there was nothing."""

    label: LabelGiven | None


class CommentAsked(BaseModel):
    """A remark."""

    text: str = Field(max_length=8_000)


class CommentGiven(BaseModel):
    """A remark as it stands."""

    id: int
    candidate_id: int
    text: str
    made_at: datetime


@router.get("/scanning/queue", dependencies=[access(Role.SCANNER, "label")])
def queue(
    service: ServiceOf,
    caller: CallerOf,
    *,
    night: Annotated[str, Query(max_length=16)] = "",
    where: Annotated[str, Query(max_length=4_000)] = "",
    sort: Annotated[str, Query(max_length=80)] = "-score",
    show: Show = "unlabelled",
    campaign: Annotated[int | None, Query(ge=1, le=_LARGEST_ID)] = None,
    hide: bool = False,
    size: Annotated[int, Query(ge=1, le=100)] = 24,
    cursor: Annotated[str, Query(max_length=20_000)] = "",
) -> dict[str, Any]:
    """Return the next candidates to scan, and where those behind them begin."""
    asked = Asked(night, where, sort, show, campaign, hide, size, cursor)
    with service.database.reading() as session:
        found = next_candidates(session, caller, asked)
        rows = [scanned_json(row, blind=row.id in found.blind) for row in found.rows]
    return {"candidates": rows, "next": found.next, "total": found.total}


@router.post(
    "/candidates/{candidate_id}/labels", status_code=201, dependencies=[access(Role.SCANNER, "label")]
)
def label(service: ServiceOf, caller: CallerOf, candidate_id: CandidateId, asked: LabelAsked) -> LabelGiven:
    """Label a candidate. The same request key again changes nothing, and answers the same."""

    def work(session: Session) -> LabelGiven:
        hidden = asked.machine_hidden
        if asked.campaign_id is not None:
            hidden = hidden or find_campaign(session, asked.campaign_id).hide_machine
        given = give_label(
            session,
            candidate_id=candidate_id,
            user_id=caller.user_id,
            value=asked.value,
            taxonomy_id=asked.taxonomy_id,
            campaign_id=asked.campaign_id,
            origin=asked.origin,
            machine_hidden=hidden,
            seconds=asked.seconds,
            request_key=asked.request_key,
        )
        session.flush()
        answer = asked.campaign_id and gold_answer(session, asked.campaign_id, candidate_id, caller.user_id)
        return _given(given, AnswerBody.of(answer) if answer else None)

    return service.database.write(work)


@router.post("/labels/undo", dependencies=[access(Role.SCANNER, "label")])
def undo(service: ServiceOf, caller: CallerOf, asked: UndoAsked) -> Undone:
    """Take a label back: that of a request key, which may be said twice, or the last one that counts."""

    def work(session: Session) -> Undone:
        if asked.request_key is None:
            last = undo_last(session, caller.user_id, campaign_id=asked.campaign_id)
            return Undone(label=None if last is None else _given(last))
        statement = select(Label.id).where(
            Label.request_key == asked.request_key, Label.user_id == caller.user_id
        )
        found = session.scalar(statement)
        return Undone(label=None if found is None else _given(withdraw(session, found, caller.user_id)))

    return service.database.write(work)


@router.post(
    "/candidates/{candidate_id}/comments", status_code=201, dependencies=[access(Role.SCANNER, "label")]
)
def comment(
    service: ServiceOf, caller: CallerOf, candidate_id: CandidateId, asked: CommentAsked
) -> CommentGiven:
    """Remark on a candidate."""

    def work(session: Session) -> CommentGiven:
        made = add_comment(session, candidate_id=candidate_id, user_id=caller.user_id, text=asked.text)
        return CommentGiven(id=made.id, candidate_id=made.candidate_id, text=made.text, made_at=made.made_at)

    return service.database.write(work)


@router.get(
    "/candidates/{candidate_id}/pixels",
    dependencies=[access(Role.VIEWER, "read")],
    response_class=Response,
    responses={200: {"content": {PIXELS_TYPE: {}}}, 304: {"description": "The browser has them already."}},
)
def pixels(
    service: ServiceOf,
    candidate_id: CandidateId,
    v: Annotated[str, Query(max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return the cutouts as float32, in the form of `skysieve.service.api.pixels.pack_pixels`."""
    candidate = _find_candidate(service, candidate_id)
    cutouts = _cutouts_of(candidate)
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
    dependencies=[access(Role.VIEWER, "read")],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {"description": "The browser has it already."}},
)
def cutout_picture(
    service: ServiceOf,
    candidate_id: CandidateId,
    channel: Annotated[str, Query(max_length=68)] = "",
    zoom: Annotated[int, Query(ge=1, le=8)] = 2,
    v: Annotated[str, Query(max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return one cutout as a grey PNG; the last channel where none is named."""
    cutouts = _cutouts_of(_find_candidate(service, candidate_id))
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
def explanation(service: ServiceOf, caller: CallerOf, candidate_id: CandidateId) -> Response:
    """Return what the scorer on duty looked at, as one channel in the form of the pixels.

    Positive where covering it lowers the score. It is computed the first time that it is asked for.
    """
    candidate = _find_candidate(service, candidate_id)
    cutouts = _cutouts_of(candidate)
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


def _find_candidate(service: Service, candidate_id: int) -> Candidate:
    """Return a candidate with its cutouts.

    Raises
    ------
    InputError
        ``no-such-candidate``.
    """
    with service.database.reading() as session:
        found = session.get(Candidate, candidate_id, options=[joinedload(Candidate.cutouts)])
        session.expunge_all()  # the end of a session would forget what was read
    if found is None:
        raise InputError(str(candidate_id), "no-such-candidate", "no candidate has this number")
    return found


def _cutouts_of(candidate: Candidate) -> Cutouts:
    if candidate.cutouts is None:
        raise InputError(str(candidate.id), "no-such-cutouts", "the candidate came without cutouts")
    return candidate.cutouts


def _caching(cutouts: Cutouts, form: str, version: str) -> dict[str, str]:
    """Return headers: what is asked for by its hash is kept for good, anything else is asked for again."""
    named = len(version) >= _VERSION and cutouts.sha256.startswith(version)
    quoted = form.encode("ascii", "replace").decode().replace('"', "")
    return {"ETag": f'"{cutouts.sha256[:32]}-{quoted}"', "Cache-Control": _FOREVER if named else _CHECK_AGAIN}


def _given(given: Label, answer: AnswerBody | None = None) -> LabelGiven:
    return LabelGiven(
        id=given.id,
        candidate_id=given.candidate_id,
        value=given.value,
        made_at=given.made_at,
        withdrawn_at=given.withdrawn_at,
        answer=answer,
    )
