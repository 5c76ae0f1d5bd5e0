"""Campaigns: a set of candidates that several people label in the same words, each on their own.

A campaign is a draft until it is opened, takes labels while it is open, and none when it is closed. What
it holds and how that was chosen is kept; gold items, of which the label is known, are mixed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Campaign, CampaignItem, CampaignMember, Candidate, Taxonomy, User
from skysieve.service.labelling.campaign_rules import CLOSED, DRAFT, OPEN, find_campaign
from skysieve.service.labelling.proposals import Chosen
from skysieve.service.labelling.taxonomies import check_value, current_taxonomy

__all__ = [
    "GOLD_RATE",
    "CampaignPlan",
    "GoldItem",
    "Member",
    "add_gold",
    "add_members",
    "all_campaigns",
    "campaign_of_name",
    "change_state",
    "create_campaign",
    "find_campaign",
    "gold_items",
    "gold_rate",
    "members_of",
    "read_tutorial",
]

#: Share of gold items among what a person is shown, where the campaign says nothing else.
GOLD_RATE = 0.1
_LONGEST_TUTORIAL = 20_000
_NEXT = {DRAFT: (OPEN,), OPEN: (CLOSED,), CLOSED: (OPEN,)}


@dataclass(frozen=True)
class CampaignPlan:
    """What a campaign is to be.

    Parameters
    ----------
    name : str
        Its name, of which there is one.
    kind : str
        Kind of candidates.
    tutorial : str
        What labellers read before they begin; plain text, paragraphs divided by empty lines.
    labels_wanted : int
        Labels wanted of each candidate.
    hide_machine : bool
        Whether scores and what others say are kept from labellers.
    taxonomy_id : int, optional
        In which words; the newest version of the kind's if not given.
    gold_rate : float
        Share of gold items among what a person is shown.
    """

    name: str
    kind: str
    tutorial: str = ""
    labels_wanted: int = 3
    hide_machine: bool = True
    taxonomy_id: int | None = None
    gold_rate: float = GOLD_RATE

    def __post_init__(self) -> None:
        item = self.name[:80] or "campaign"
        if not 1 <= len(self.name.strip()) <= 80 or not self.name.isprintable():
            raise InputError(item, "bad-campaign", "a campaign has a name of 1 to 80 characters in one line")
        if len(self.tutorial) > _LONGEST_TUTORIAL:
            reason = f"its tutorial has {len(self.tutorial):,} characters; at most {_LONGEST_TUTORIAL:,}"
            raise InputError(item, "bad-campaign", reason)
        if not 1 <= self.labels_wanted <= 100:
            reason = f"{self.labels_wanted} labels are wanted of each candidate; expected 1 to 100"
            raise InputError(item, "bad-campaign", reason)
        if not 0 <= self.gold_rate <= 0.5:
            reason = f"the share of gold items is 0 to 0.5, found {self.gold_rate:g}"
            raise InputError(item, "bad-campaign", reason)


class Member(NamedTuple):
    """A person of a campaign."""

    user_id: int
    name: str
    has_read: bool


class GoldItem(NamedTuple):
    """A candidate of which the label is known."""

    candidate_id: int
    value: str
    reason: str


def create_campaign(
    session: Session, plan: CampaignPlan, chosen: Chosen, *, created_by: int | None = None
) -> Campaign:
    """Store a campaign with its candidates, as a draft.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    plan : CampaignPlan
        What it is to be.
    chosen : Chosen
        As of `skysieve.service.labelling.proposals.choose`.
    created_by : int, optional
        Who asked.

    Raises
    ------
    InputError
        ``name-taken``, ``no-such-taxonomy``.
    """
    name = plan.name.strip()
    if session.scalar(select(Campaign.id).where(Campaign.name == name)) is not None:
        raise InputError(name, "name-taken", "there is a campaign of this name; choose another")
    taxonomy = _taxonomy(session, plan)
    campaign = Campaign(
        name=name,
        kind=plan.kind,
        taxonomy_id=taxonomy.id,
        tutorial=plan.tutorial.replace("\r\n", "\n"),
        labels_wanted=plan.labels_wanted,
        hide_machine=plan.hide_machine,
        proposal=chosen.record | {"gold_rate": plan.gold_rate},
        created_by=created_by,
    )
    session.add(campaign)
    session.flush()
    insert_new(
        session,
        CampaignItem,
        [
            {"campaign_id": campaign.id, "candidate_id": candidate, "position": position}
            for position, candidate in enumerate(chosen.candidates)
        ],
    )
    return campaign


def change_state(session: Session, campaign_id: int, state: str) -> Campaign:
    """Open a draft, close an open campaign, open a closed one again.

    Raises
    ------
    InputError
        ``no-such-campaign``; ``bad-state`` if that state does not follow, or there is nothing to label.
    """
    campaign = find_campaign(session, campaign_id)
    if state == campaign.state:
        return campaign
    if state not in _NEXT[campaign.state]:
        reason = f"the campaign is {campaign.state}; it can become {' or '.join(_NEXT[campaign.state])}"
        raise InputError(campaign.name, "bad-state", reason)
    campaign.state = state
    session.flush()
    return campaign


def all_campaigns(session: Session) -> list[Campaign]:
    """Return all campaigns: those that are open first, then drafts, then the newest."""
    rank = {OPEN: 0, DRAFT: 1, CLOSED: 2}
    return sorted(session.scalars(select(Campaign)), key=lambda each: (rank[each.state], -each.id))


def campaign_of_name(session: Session, name: str) -> Campaign:
    """Return a campaign by its name.

    Raises
    ------
    InputError
        ``no-such-campaign``; the message names those that there are.
    """
    found = session.scalars(select(Campaign).where(Campaign.name == name)).first()
    if found is None:
        known = ", ".join(session.scalars(select(Campaign.name).order_by(Campaign.name))) or "none"
        raise InputError(name[:80], "no-such-campaign", f"no campaign is called so; known are: {known}")
    return found


def gold_rate(campaign: Campaign) -> float:
    """Return the share of gold items among what a person is shown."""
    return float(campaign.proposal.get("gold_rate", GOLD_RATE))


def add_gold(session: Session, campaign_id: int, gold: Mapping[int, tuple[str, str]]) -> None:
    """Say of candidates what they are known to be; those that the campaign lacks are added to it.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    campaign_id : int
        The campaign.
    gold : mapping of int to (str, str)
        Class, and how it is known, by candidate. Who labels it is told both afterwards.

    Raises
    ------
    InputError
        ``no-such-campaign``, ``bad-class``, ``no-such-candidate``; ``closed-campaign``.
    """
    campaign = find_campaign(session, campaign_id)
    if campaign.state == CLOSED:
        raise InputError(campaign.name, "closed-campaign", "a closed campaign takes no gold items")
    taxonomy = session.get_one(Taxonomy, campaign.taxonomy_id)
    for value, _ in gold.values():
        check_value(taxonomy, value)
    known = set(
        session.scalars(select(Candidate.id).where(Candidate.id.in_(gold), Candidate.kind == campaign.kind))
    )
    if missing := sorted(set(gold) - known):
        reason = f"no candidate of the kind {campaign.kind!r} has this number"
        raise InputError(str(missing[0]), "no-such-candidate", reason)
    last = session.scalar(
        select(func.max(CampaignItem.position)).where(CampaignItem.campaign_id == campaign_id)
    )
    for position, (candidate, (value, reason)) in enumerate(gold.items(), (-1 if last is None else last) + 1):
        item = session.get(CampaignItem, (campaign_id, candidate))
        if item is None:
            item = CampaignItem(campaign_id=campaign_id, candidate_id=candidate, position=position)
            session.add(item)
        item.gold, item.gold_reason = value, reason[:2_000]
    session.flush()


def gold_items(session: Session, campaign_id: int) -> list[GoldItem]:
    """Return the gold items of a campaign in their order."""
    statement = (
        select(CampaignItem.candidate_id, CampaignItem.gold, CampaignItem.gold_reason)
        .where(CampaignItem.campaign_id == campaign_id, CampaignItem.gold != "")
        .order_by(CampaignItem.position)
    )
    return [GoldItem(*row) for row in session.execute(statement)]


def add_members(session: Session, campaign_id: int, users: Sequence[int]) -> None:
    """Ask people to label for a campaign; who is asked already stays so.

    Others who may label can join: by reading the tutorial.
    """
    find_campaign(session, campaign_id)
    known = set(session.scalars(select(User.id).where(User.id.in_(users))))
    if missing := sorted(set(users) - known):
        raise InputError(str(missing[0]), "no-such-user", "no user has this number")
    rows = [{"campaign_id": campaign_id, "user_id": user, "read_at": None} for user in users]
    insert_new(session, CampaignMember, rows)


def read_tutorial(session: Session, campaign_id: int, user_id: int) -> None:
    """Note that a person has read the tutorial, and so labels for the campaign."""
    find_campaign(session, campaign_id)
    insert_new(session, CampaignMember, [{"campaign_id": campaign_id, "user_id": user_id, "read_at": None}])
    member = session.get_one(CampaignMember, (campaign_id, user_id))
    member.read_at = member.read_at or utc_now()
    session.flush()


def members_of(session: Session, campaign_id: int) -> list[Member]:
    """Return the people of a campaign, by name."""
    statement = (
        select(User.id, User.name, CampaignMember.read_at)
        .join(CampaignMember, CampaignMember.user_id == User.id)
        .where(CampaignMember.campaign_id == campaign_id)
        .order_by(User.name)
    )
    return [Member(user, name, read is not None) for user, name, read in session.execute(statement)]


def _taxonomy(session: Session, plan: CampaignPlan) -> Taxonomy:
    if plan.taxonomy_id is None:
        return current_taxonomy(session, plan.kind)
    found = session.get(Taxonomy, plan.taxonomy_id)
    if found is None or found.kind not in ("", plan.kind):
        reason = f"is no taxonomy for candidates of kind {plan.kind!r}"
        raise InputError(str(plan.taxonomy_id), "no-such-taxonomy", reason)
    return found
