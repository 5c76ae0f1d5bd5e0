"""What the API answers: the shapes of its JSON, from which its description (OpenAPI) is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from skysieve.service.database.tables import Candidate
from skysieve.service.labelling.blinding import without_machine
from skysieve.service.labelling.labels import GivenLabel

__all__ = [
    "CandidateBody",
    "CandidateDetail",
    "CandidatePage",
    "JournalBody",
    "LabelBody",
    "NearCandidate",
    "PointBody",
    "QuarantineBody",
    "RowBody",
    "ScoreBody",
    "ScorerBody",
    "candidate_body",
    "detail_body",
    "label_body",
]


class RowBody(BaseModel):
    """A body whose fields are attributes of a row: ``RowBody.model_validate(row)`` makes it."""

    model_config = ConfigDict(from_attributes=True)


class CandidateBody(BaseModel):
    """A candidate with what counts at present."""

    id: int
    kind: str = Field(description="`alert` or `streak`")
    survey: str
    name: str = Field(
        description="its identifier in the survey, as text: numbers of 64 bits do not survive JSON"
    )
    object_id: str
    night: str
    jd: float | None = Field(description="Julian date, UTC")
    ra: float | None = Field(description="degrees")
    dec: float | None = Field(description="degrees")
    band: str
    mag: float | None
    score: float | None = Field(description="of the scorer on duty")
    passes: bool | None = Field(description="whether the rule on duty lets it pass")
    label: str = Field(description="what most people say; empty: nobody, or as many say something else")
    label_count: int
    first_seen: datetime
    updated_at: datetime
    metadata: dict[str, Any]


class CandidatePage(BaseModel):
    """Some candidates, and the way to those that follow."""

    items: list[CandidateBody]
    next: str = Field(description="cursor of the next page; empty: this is the last")


class ScoreBody(BaseModel):
    """A score with the exact model that gave it."""

    scorer_id: int
    scorer: str
    identity: str
    duty: str
    member: str
    value: float
    scored_at: datetime


class LabelBody(BaseModel):
    """What a person said."""

    id: int
    candidate_id: int
    user: str
    value: str
    taxonomy: str
    version: int
    campaign: str
    machine_hidden: bool
    made_at: datetime
    withdrawn_at: datetime | None


class CandidateDetail(CandidateBody):
    """A candidate with everything that is known of it."""

    source: str
    channels: list[str]
    media_type: str
    has_packet: bool
    scores: list[ScoreBody]
    verdicts: dict[str, bool] = Field(description="by `scorer.rule`")
    labels: list[LabelBody]


class NearCandidate(BaseModel):
    """A candidate and how far it is: arcsec on the sky, or a distance of looks."""

    distance: float
    candidate: CandidateBody


class PointBody(RowBody):
    """A point of a light curve."""

    jd: float
    mag: float
    mag_error: float | None
    band: str
    detected: bool
    candidate_id: int | None


class ScorerBody(RowBody):
    """A model or a sieve that scores here."""

    id: int
    kind: str
    name: str
    identity: str
    is_sieve: bool
    duty: str
    registered_at: datetime
    promoted_at: datetime | None
    description: dict[str, Any]


class QuarantineBody(RowBody):
    """An item that was kept aside."""

    id: int
    feed: str
    item: str
    record: str
    kind: str
    reason: str
    state: str
    attempts: int
    first_at: datetime
    last_at: datetime


class JournalBody(RowBody):
    """What became of an item."""

    id: int
    feed: str
    item: str
    outcome: str
    candidates: int
    at: datetime


def candidate_body(candidate: Candidate, *, blind: bool = False) -> CandidateBody:
    """Return the body of a candidate; ``blind`` leaves out what machines and other people judged."""
    return CandidateBody(**_candidate_values(candidate, blind))


def label_body(given: GivenLabel) -> LabelBody:
    """Return the body of a label."""
    label = given.label
    return LabelBody(
        id=label.id,
        candidate_id=label.candidate_id,
        user=given.user,
        value=label.value,
        taxonomy=given.taxonomy,
        version=given.version,
        campaign=given.campaign,
        machine_hidden=label.machine_hidden,
        made_at=label.made_at,
        withdrawn_at=label.withdrawn_at,
    )


def detail_body(
    candidate: Candidate,
    scores: list[ScoreBody],
    verdicts: dict[str, bool],
    labels: list[LabelBody],
    *,
    blind: bool = False,
) -> CandidateDetail:
    """Return the body of a candidate with all that belongs to it."""
    cutouts = candidate.cutouts
    return CandidateDetail(
        **_candidate_values(candidate, blind),
        source=candidate.source,
        channels=[] if cutouts is None else list(cutouts.channels),
        media_type="" if cutouts is None else cutouts.media_type,
        has_packet=bool(cutouts and cutouts.packet_sha256),
        scores=scores,
        verdicts=verdicts,
        labels=labels,
    )


def _candidate_values(candidate: Candidate, blind: bool) -> dict[str, Any]:
    judged = {
        "score": candidate.score,
        "passes": candidate.passes,
        "label": candidate.label,
        "label_count": candidate.label_count,
        "metadata": candidate.fields,
    }
    if blind:
        metadata = without_machine(candidate.fields)
        judged = {"score": None, "passes": None, "label": "", "label_count": 0, "metadata": metadata}
    return {
        "id": candidate.id,
        "kind": candidate.kind,
        "survey": candidate.survey,
        "name": candidate.name,
        "object_id": candidate.object_id,
        "night": candidate.night.name,
        "jd": candidate.jd,
        "ra": candidate.ra,
        "dec": candidate.dec,
        "band": candidate.band,
        "mag": candidate.mag,
        "first_seen": candidate.first_seen,
        "updated_at": candidate.updated_at,
        **judged,
    }
