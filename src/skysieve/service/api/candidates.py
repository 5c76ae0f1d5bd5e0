"""Candidates: search, one with all that belongs to it, its light curve, its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.accounts.roles import Role
from skysieve.service.api.bodies import (
    CandidateBody,
    CandidateDetail,
    CandidatePage,
    LabelBody,
    NearCandidate,
    PointBody,
    ScoreBody,
    candidate_body,
    detail_body,
    label_body,
)
from skysieve.service.candidates.history import history
from skysieve.service.candidates.neighbours import neighbours
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.candidates.similar import similar
from skysieve.service.database.tables import Candidate, Score, Scorer, Verdict
from skysieve.service.labelling.blinding import blind_to, unbiased
from skysieve.service.labelling.labels import labels_of
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.parameters import NightName, RowId

__all__ = ["SearchOf", "router"]

router = APIRouter(prefix="/api/v1", tags=["candidates"])

READ = access(Role.VIEWER, "read")


def search_of(
    where: Annotated[str, Query(max_length=4000, description="filter, in the language of searches")] = "",
    sort: Annotated[str, Query(max_length=32, description="`score`, `-score`, `mag`, `-jd` ...")] = "-score",
    night: NightName = "",
    ra: Annotated[float | None, Query(ge=0, le=360, description="middle of a cone, degrees")] = None,
    dec: Annotated[float | None, Query(ge=-90, le=90)] = None,
    radius: Annotated[float | None, Query(gt=0, le=36_000, description="radius of the cone, arcsec")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="candidates on a page")] = 50,
    cursor: Annotated[str, Query(max_length=1000, description="`next` of the page before")] = "",
) -> Search:
    """Return what was searched for."""
    return Search(
        where=where, sort=sort, night=night, ra=ra, dec=dec, radius=radius, size=limit, cursor=cursor
    )


#: Parameter of a route: a search.
SearchOf = Annotated[Search, Depends(search_of)]


@router.get("/candidates", dependencies=[READ])
def list_candidates(service: ServiceOf, caller: CallerOf, search: SearchOf) -> CandidatePage:
    """Search candidates, a page at a time."""
    with service.database.reading() as session:
        page = find_candidates(session, unbiased(session, caller, search))
        return CandidatePage(items=_bodies(session, caller, page.rows), next=page.next)


@router.get("/candidates/count", dependencies=[READ])
def count(service: ServiceOf, caller: CallerOf, search: SearchOf) -> dict[str, int | bool]:
    """Count what a search finds, up to 10,000."""
    most = 10_000
    with service.database.reading() as session:
        found = count_candidates(session, unbiased(session, caller, search), most=most)
    return {"count": found, "or_more": found >= most}


@router.get("/candidates/by-name/{survey}/{name}", dependencies=[READ])
def show_by_name(
    service: ServiceOf,
    caller: CallerOf,
    survey: Annotated[str, Path(max_length=32)],
    name: Annotated[str, Path(max_length=80)],
) -> list[CandidateBody]:
    """Return the candidates of a survey's identifier: more than one if an alert and a streak have it."""
    with service.database.reading() as session:
        found = session.scalars(
            select(Candidate).where(Candidate.survey == survey, Candidate.name == name).order_by(Candidate.id)
        ).all()
        return _bodies(session, caller, found)


@router.get("/candidates/{candidate_id}", dependencies=[READ])
def show(service: ServiceOf, caller: CallerOf, candidate_id: RowId) -> CandidateDetail:
    """Return a candidate with the scores of all models, verdicts, and the labels that stand.

    Whoever is to label it unbiased gets these after having said something.
    """
    with service.database.reading() as session:
        candidate = find_candidate(session, candidate_id)
        if blind_to(session, caller, [candidate_id]):
            return detail_body(candidate, [], {}, [], blind=True)
        labels = [label_body(given) for given in labels_of(session, candidate_id)]
        return detail_body(
            candidate, _scores(session, candidate_id), _verdicts(session, candidate_id), labels
        )


@router.get("/candidates/{candidate_id}/labels", dependencies=[READ])
def show_labels(service: ServiceOf, caller: CallerOf, candidate_id: RowId) -> list[LabelBody]:
    """Return what people have said of a candidate, what was taken back included."""
    with service.database.reading() as session:
        find_candidate(session, candidate_id)
        if blind_to(session, caller, [candidate_id]):
            return []
        return [label_body(given) for given in labels_of(session, candidate_id, withdrawn=True)]


@router.get("/candidates/{candidate_id}/history", dependencies=[READ])
def show_history(service: ServiceOf, candidate_id: RowId) -> list[PointBody]:
    """Return the light curve of a candidate's object."""
    with service.database.reading() as session:
        points = history(service, session, find_candidate(session, candidate_id))
        return [PointBody.model_validate(point) for point in points]


@router.get("/candidates/{candidate_id}/neighbours", dependencies=[READ])
def show_neighbours(
    service: ServiceOf,
    caller: CallerOf,
    candidate_id: RowId,
    radius: Annotated[float, Query(gt=0, le=3600, description="arcsec")] = 10.0,
) -> list[NearCandidate]:
    """Return candidates close by on the sky, nearest first."""
    with service.database.reading() as session:
        found = neighbours(session, find_candidate(session, candidate_id), radius)
        return _near(session, caller, found)


@router.get("/candidates/{candidate_id}/similar", dependencies=[READ])
def show_similar(
    service: ServiceOf,
    caller: CallerOf,
    candidate_id: RowId,
    most: Annotated[int, Query(ge=1, le=100)] = 12,
) -> list[NearCandidate]:
    """Return candidates that look alike, most alike first."""
    with service.database.reading() as session:
        return _near(session, caller, similar(session, find_candidate(session, candidate_id), most))


def _bodies(session: Session, caller: Caller, rows: Sequence[Candidate]) -> list[CandidateBody]:
    blind = blind_to(session, caller, [row.id for row in rows])
    return [candidate_body(row, blind=row.id in blind) for row in rows]


def _near(session: Session, caller: Caller, found: Sequence[tuple[Candidate, float]]) -> list[NearCandidate]:
    bodies = _bodies(session, caller, [row for row, _ in found])
    return [
        NearCandidate(distance=apart, candidate=body) for body, (_, apart) in zip(bodies, found, strict=True)
    ]


def _scores(session: Session, candidate_id: int) -> list[ScoreBody]:
    rows = session.execute(
        select(Score, Scorer)
        .join(Scorer, Scorer.id == Score.scorer_id)
        .where(Score.candidate_id == candidate_id)
        .order_by(Scorer.id, Score.member)
    )
    return [
        ScoreBody(
            scorer_id=scorer.id,
            scorer=scorer.name,
            identity=scorer.identity,
            duty=scorer.duty,
            member=score.member,
            value=score.value,
            scored_at=score.scored_at,
        )
        for score, scorer in rows
    ]


def _verdicts(session: Session, candidate_id: int) -> dict[str, bool]:
    rows = session.execute(
        select(Scorer.name, Verdict.rule, Verdict.passes)
        .join(Scorer, Scorer.id == Verdict.scorer_id)
        .where(Verdict.candidate_id == candidate_id)
        .order_by(Scorer.id, Verdict.rule)
    )
    return {f"{scorer}.{rule}": passes for scorer, rule, passes in rows}
