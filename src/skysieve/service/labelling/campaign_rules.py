"""Who may label what in a campaign, checked wherever a label is given or taken back."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.tables import Campaign, CampaignItem, CampaignMember

__all__ = ["CLOSED", "DRAFT", "OPEN", "check_may_label", "find_campaign", "has_read"]

#: States of a campaign.
DRAFT, OPEN, CLOSED = "draft", "open", "closed"


def find_campaign(session: Session, campaign_id: int) -> Campaign:
    """Return a campaign.

    Raises
    ------
    InputError
        ``unknown-campaign``.
    """
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise InputError(str(campaign_id), "unknown-campaign", "no campaign has this number")
    return found


def has_read(session: Session, campaign: Campaign, user_id: int) -> bool:
    """Say whether a person has read the tutorial; where there is none, everybody has."""
    if not campaign.tutorial.strip():
        return True
    member = session.get(CampaignMember, (campaign.id, user_id))
    return member is not None and member.read_at is not None


def check_may_label(session: Session, campaign_id: int, candidate_id: int, user_id: int) -> Campaign:
    """Return the campaign, if a person may label a candidate in it.

    Raises
    ------
    InputError
        ``unknown-campaign``; ``closed-campaign`` if it is not open; ``not-in-campaign`` if it does not hold
        the candidate; ``tutorial-unread``.
    """
    campaign = find_campaign(session, campaign_id)
    if campaign.state != OPEN:
        reason = f"the campaign is {campaign.state}; labels are taken while it is open"
        raise InputError(campaign.name, "closed-campaign", reason)
    item = select(CampaignItem.position).where(
        CampaignItem.campaign_id == campaign_id, CampaignItem.candidate_id == candidate_id
    )
    if session.scalar(item) is None:
        raise InputError(campaign.name, "not-in-campaign", f"does not hold the candidate {candidate_id}")
    if not has_read(session, campaign, user_id):
        raise InputError(campaign.name, "tutorial-unread", "read its tutorial before you label")
    return campaign
