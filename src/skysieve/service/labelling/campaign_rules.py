"""Who may know of a campaign, and who may label what in it, wherever a label is given or taken back."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Campaign, CampaignItem, CampaignMember

__all__ = [
    "CLOSED",
    "DRAFT",
    "OPEN",
    "check_may_label",
    "check_takes_labels",
    "find_campaign",
    "has_read",
    "is_visible",
    "visible_campaign",
]

#: States of a campaign.
DRAFT, OPEN, CLOSED = "draft", "open", "closed"


def find_campaign(session: Session, campaign_id: int) -> Campaign:
    """Return a campaign.

    Raises
    ------
    InputError
        ``no-such-campaign``.
    """
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise _no_such(campaign_id)
    return found


def visible_campaign(session: Session, caller: Caller, campaign_id: int) -> Campaign:
    """Return a campaign, if the caller may know of it.

    Raises
    ------
    InputError
        ``no-such-campaign``.
    """
    found = find_campaign(session, campaign_id)
    if not is_visible(found, caller):
        raise _no_such(campaign_id)
    return found


def is_visible(campaign: Campaign, caller: Caller) -> bool:
    """Say whether a caller may know of a campaign: drafts are for curators."""
    return campaign.state != DRAFT or caller.role >= Role.CURATOR


def has_read(session: Session, campaign: Campaign, user_id: int) -> bool:
    """Say whether a person has read the tutorial; where there is none, everybody has."""
    if not campaign.tutorial.strip():
        return True
    member = session.get(CampaignMember, (campaign.id, user_id))
    return member is not None and member.read_at is not None


def check_takes_labels(session: Session, campaign: Campaign, user_id: int) -> None:
    """Raise unless a person may label in a campaign now.

    Raises
    ------
    InputError
        ``closed-campaign`` if it is not open; ``tutorial-unread``.
    """
    if campaign.state != OPEN:
        reason = f"the campaign is {campaign.state}; it takes labels while it is open"
        raise InputError(campaign.name, "closed-campaign", reason)
    if not has_read(session, campaign, user_id):
        raise InputError(campaign.name, "tutorial-unread", "read its tutorial before you label")


def check_may_label(session: Session, campaign_id: int, candidate_id: int, user_id: int) -> Campaign:
    """Return the campaign, if a person may label a candidate in it.

    Raises
    ------
    InputError
        ``no-such-campaign``; ``not-in-campaign`` if it does not hold the candidate; and as of
        `check_takes_labels`.
    """
    campaign = find_campaign(session, campaign_id)
    check_takes_labels(session, campaign, user_id)
    item = select(CampaignItem.position).where(
        CampaignItem.campaign_id == campaign_id, CampaignItem.candidate_id == candidate_id
    )
    if session.scalar(item) is None:
        raise InputError(campaign.name, "not-in-campaign", f"does not hold the candidate {candidate_id}")
    return campaign


def _no_such(campaign_id: int) -> InputError:
    return InputError(str(campaign_id), "no-such-campaign", "no campaign has this number")
