"""The candidates that a person scans, in order: of a filter, or of a campaign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from skysieve.errors import InputError
from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.database.tables import Campaign, CampaignItem, Candidate, Label
from skysieve.service.filters.compile import compile_filter
from skysieve.service.labelling.blinding import blind_to
from skysieve.service.labelling.campaign_rules import find_campaign, has_read
from skysieve.service.web.access import Caller

__all__ = ["MOST_COUNTED", "Asked", "Queue", "Show", "next_candidates", "scanned_json"]

#: Which candidates are shown: those that nobody, or not the person, has labelled; or all.
Show = Literal["unlabelled", "mine", "all"]
#: Counting stops there: "10 000+" says enough.
MOST_COUNTED = 10_000
#: What hidden machines must not order by.
_BY_SCORE = ("score", "passes")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to scan.

    Parameters
    ----------
    night : str
        Name of a night; empty: all.
    where : str
        Filter.
    sort : str
        Column, with ``-`` in front for falling values.
    show : {"unlabelled", "mine", "all"}
        What nobody has labelled, what the person has not, or all.
    campaign : int, optional
        A campaign: its candidates in its order, and nothing else counts.
    hide : bool
        Whether scores are kept from the person.
    size : int
        So many at the most.
    cursor : str
        Where the last answer ended.
    """

    night: str = ""
    where: str = ""
    sort: str = "-score"
    show: Show = "unlabelled"
    campaign: int | None = None
    hide: bool = False
    size: int = 24
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """Candidates to scan, where the next begin (empty: there are no more), and how many there are at all.

    ``total`` is None where it was not counted: behind the first part of a queue nobody asks for it.
    """

    rows: list[Candidate]
    blind: set[int]
    next: str
    total: int | None


def next_candidates(session: Session, caller: Caller, asked: Asked) -> Queue:
    """Return the next candidates that a person scans.

    Raises
    ------
    InputError
        If the filter, the order or the cursor is not one; ``unknown-campaign``, ``closed-campaign`` or
        ``tutorial-unread`` of a campaign.
    """
    if asked.campaign is not None:
        return _of_campaign(session, caller, asked, asked.campaign)
    # By itself first: what is wrong is told of the person's own words, and they stay one condition.
    compile_filter(session, asked.where)
    where = _where(caller, asked)
    search = Search(where=where, sort=_sort(asked), night=asked.night, size=asked.size, cursor=asked.cursor)
    total = None if asked.cursor else count_candidates(session, search, most=MOST_COUNTED)
    page = find_candidates(session, search)
    rows, following = page.rows, page.next
    blind = {row.id for row in rows} if asked.hide else blind_to(session, caller, [row.id for row in rows])
    return Queue(rows, blind, following, total)


def scanned_json(candidate: Candidate, *, blind: bool) -> dict[str, Any]:
    """Return what the scanning page needs of a candidate; a blind one has no word of any machine or label."""
    cutouts = candidate.cutouts
    shown: dict[str, Any] = {
        "id": candidate.id,
        "kind": candidate.kind,
        "survey": candidate.survey,
        "name": candidate.name,
        "object": candidate.object_id,
        "night": candidate.night.name,
        "band": candidate.band,
        "mag": _finite(candidate.mag),
        "ra": _finite(candidate.ra),
        "dec": _finite(candidate.dec),
        "channels": [] if cutouts is None else cutouts.channels,
        "pixels": None
        if cutouts is None
        else f"/api/v1/candidates/{candidate.id}/pixels?v={cutouts.sha256[:16]}",
    }
    if not blind:
        shown |= {
            "score": _finite(candidate.score),
            "passes": candidate.passes,
            "label": candidate.label,
            "label_count": candidate.label_count,
        }
    return shown


def _finite(value: float | None) -> float | None:
    """Return a number that JSON can say."""
    return value if value is not None and math.isfinite(value) else None


def _where(caller: Caller, asked: Asked) -> str:
    where = asked.where.strip()
    wanted = {"unlabelled": "labels = 0", "mine": f'labelled_by("{caller.name}") is empty', "all": ""}[
        asked.show
    ]
    return f"({where}) and {wanted}" if where and wanted else where or wanted


def _sort(asked: Asked) -> str:
    if asked.hide and asked.sort.lstrip("-+") in _BY_SCORE:
        # An order by the score would tell the score.
        return "jd"
    return asked.sort


def _of_campaign(session: Session, caller: Caller, asked: Asked, campaign_id: int) -> Queue:
    campaign = find_campaign(session, campaign_id)
    _check_open(session, campaign, caller)
    said = exists().where(
        Label.candidate_id == CampaignItem.candidate_id,
        Label.campaign_id == campaign_id,
        Label.user_id == caller.user_id,
        Label.withdrawn_at.is_(None),
    )
    left = select(Candidate, CampaignItem.position).join(
        CampaignItem, (CampaignItem.candidate_id == Candidate.id) & (CampaignItem.campaign_id == campaign_id)
    )
    if asked.show != "all":
        left = left.where(~said)
    total = None
    if not asked.cursor:
        total = session.scalar(select(func.count()).select_from(left.subquery())) or 0
    else:
        left = left.where(CampaignItem.position > _position(asked.cursor))
    statement = left.order_by(CampaignItem.position).limit(asked.size).options(joinedload(Candidate.cutouts))
    found = session.execute(statement).unique().all()
    rows = [row for row, _ in found]
    following = str(found[-1][1]) if len(found) == asked.size else ""
    hidden = asked.hide or campaign.hide_machine
    return Queue(rows, {row.id for row in rows} if hidden else set(), following, total)


def _check_open(session: Session, campaign: Campaign, caller: Caller) -> None:
    if campaign.state != "open":
        reason = f"the campaign is {campaign.state}; it is scanned while it is open"
        raise InputError(campaign.name, "closed-campaign", reason)
    if not has_read(session, campaign, caller.user_id):
        raise InputError(campaign.name, "tutorial-unread", "read its tutorial before you label")


def _position(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 12:
        raise InputError(
            "cursor", "bad-cursor", f"{cursor[:40]!r} is not where an answer ended; leave it out"
        )
    return int(cursor)
