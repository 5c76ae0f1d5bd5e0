"""The candidates that a person scans, in order: of a filter, or of a campaign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from skysieve.errors import InputError
from skysieve.service.accounts.caller import Caller
from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.database.tables import Candidate
from skysieve.service.filters.compile import compile_filter
from skysieve.service.labelling.blinding import blind_to, unbiased
from skysieve.service.labelling.campaign_queue import left_for, next_items, unlabelled_of
from skysieve.service.labelling.campaign_rules import visible_campaign

__all__ = ["MOST_COUNTED", "Asked", "Queue", "Show", "next_candidates"]

#: Which candidates are shown: those that nobody, or not the person, has labelled; or all.
Show = Literal["unlabelled", "mine", "all"]
#: Counting stops there: "10 000+" says enough.
MOST_COUNTED = 10_000
#: Candidates that a person of a campaign may have skipped before the first of them come again.
_MOST_IN_HAND = 1_000
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
        A campaign: what it asks of the person, in its order, and nothing else counts.
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

    ``total`` is None where it was not counted: behind the first part of a queue nobody asks for it. Of a
    campaign it is about how many: others label, too.
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
        If the filter, the order or the cursor is not one; ``no-such-campaign``, ``closed-campaign`` or
        ``tutorial-unread`` of a campaign.
    """
    if asked.campaign is not None:
        return _of_campaign(session, caller, asked, asked.campaign)
    # By itself first: what is wrong is told of the person's own words, and they stay one condition.
    compile_filter(session, asked.where)
    given = Search(asked.where, _sort(asked), asked.night, size=asked.size, cursor=asked.cursor)
    # Whether somebody has labelled it, which the page asks by itself, does not tell what they said.
    search = replace(unbiased(session, caller, given), where=_where(caller, asked))
    total = None if asked.cursor else count_candidates(session, search, most=MOST_COUNTED)
    page = find_candidates(session, search)
    rows, following = page.rows, page.next
    blind = {row.id for row in rows} if asked.hide else blind_to(session, caller, [row.id for row in rows])
    return Queue(rows, blind, following, total)


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
    """Return what the campaign asks of this person; the cursor holds what they have in hand."""
    campaign = visible_campaign(session, caller, campaign_id)
    in_hand = unlabelled_of(session, campaign_id, caller.user_id, _in_hand(asked.cursor))
    chosen = next_items(session, campaign_id, caller.user_id, number=asked.size, skip=in_hand)
    total = None if asked.cursor else left_for(session, campaign_id, caller.user_id)
    found = session.scalars(
        select(Candidate).where(Candidate.id.in_(chosen)).options(joinedload(Candidate.cutouts))
    )
    by_id = {row.id: row for row in found.unique()}
    rows = [by_id[each] for each in chosen]
    following = "-".join(map(str, [*in_hand, *chosen][-_MOST_IN_HAND:])) if len(rows) == asked.size else ""
    hidden = asked.hide or campaign.hide_machine
    numbers = {row.id for row in rows}
    # Another campaign may ask for the same candidate and hide the machine.
    return Queue(rows, numbers if hidden else blind_to(session, caller, numbers), following, total)


def _in_hand(cursor: str) -> list[int]:
    parts = cursor.split("-") if cursor else []
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise InputError(
            "cursor", "bad-cursor", f"{cursor[:40]!r} is not where an answer ended; leave it out"
        )
    return [int(part) for part in parts]
