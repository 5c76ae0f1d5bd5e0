"""Tonight at a glance: what came in, what is to be scanned, and whether everything runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.counts import NightCounts, night_counts
from skysieve.service.candidates.nights import MOST_CHOSEN, find_night, latest_night, night_names
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Feed, Night, Scorer, WorkerBeat
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.operation.health import State, check_health
from skysieve.service.pages.details import label_kinds
from skysieve.service.pages.drawing import Bars, bars_by_hour, score_bars
from skysieve.service.service import Service
from skysieve.service.web.access import ServiceOf, access
from skysieve.service.web.parameters import NightName
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_READ = [access(Role.VIEWER, "read")]
#: All nights together.
ALL = "all"


@router.get("/", dependencies=_READ)
def tonight(request: Request, service: ServiceOf, night: NightName = "") -> HTMLResponse:
    """Show a night; the latest where none is named."""
    return _answer(request, service, night, "tonight.html")


@router.get("/tonight/part", dependencies=_READ)
def part(request: Request, service: ServiceOf, night: NightName = "") -> HTMLResponse:
    """Show what changes on the page, for its script to put in place."""
    return _answer(request, service, night, "_tonight.html")


def _answer(request: Request, service: Service, asked: str, template: str) -> HTMLResponse:
    health = check_health(service)
    now = utc_now()
    with service.database.reading() as session:
        night = _night(session, asked)
        counts = night_counts(session, None if night is None else night.id)
        context: dict[str, Any] = {
            "night": ALL if asked == ALL else night.name if night else "",
            "nights": night_names(session, most=MOST_CHOSEN),
            "counts": counts,
            "kinds": label_kinds(session),
            "histograms": _histograms(session, counts),
            "hours": bars_by_hour(counts.per_hour),
            "lately": _lately(counts, now),
            "checks": {check.name: check for check in health.checks},
            "worries": [check for check in health.checks if check.state is not State.OK],
            "feeds": session.scalars(select(Feed).order_by(Feed.name)).all(),
            "workers": session.scalars(select(WorkerBeat).order_by(WorkerBeat.beat_at.desc()).limit(8)).all(),
            "on_duty": session.scalars(
                select(Scorer).where(Scorer.duty == ON_DUTY).order_by(Scorer.kind)
            ).all(),
            "now": now,
            "State": State,
        }
        return render(request, template, **context)


def _night(session: Session, asked: str) -> Night | None:
    if asked == ALL:
        return None
    if not asked:
        return latest_night(session)
    return find_night(session, asked)


def _histograms(session: Session, counts: NightCounts) -> list[tuple[str, str, Bars]]:
    """Return by kind of candidate: the kind, the scorer on duty, the histogram of its scores."""
    on_duty = {each.kind: each for each in session.scalars(select(Scorer).where(Scorer.duty == ON_DUTY))}
    drawn = []
    for kind, histogram in counts.score_histogram.items():
        scorer = on_duty.get(kind)
        threshold = None if scorer is None else _threshold(scorer)
        drawn.append((kind, scorer.name if scorer else "", score_bars(histogram, threshold)))
    return drawn


def _threshold(scorer: Scorer) -> float | None:
    """Return where the scorer lets pass; a rule of several members has no single place."""
    members: list[dict[str, Any]] = scorer.description.get("members", [])
    if scorer.is_sieve or len(members) != 1:
        return None
    value = members[0].get("threshold")
    return None if value is None else float(value)


def _lately(counts: NightCounts, now: datetime) -> int:
    """Return how many came in during this hour and the one before."""
    since = now - timedelta(hours=2)
    return sum(count for at, count in counts.per_hour if at >= since)
