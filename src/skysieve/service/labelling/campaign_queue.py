"""What a person of a campaign is shown next, and what they are told after a gold item.

The candidates with the fewest labels come first, each person's in an order of their own, so that people who
begin together do not all label the same. Nobody is shown twice what they have labelled. Gold items come at
places that only the seed knows, and every person sees each of them, however many labels it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Select, cast, exists, func, select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import Campaign, CampaignItem, Label
from skysieve.service.labelling.campaign_rules import check_takes_labels, find_campaign
from skysieve.service.labelling.campaigns import gold_rate

__all__ = ["GoldAnswer", "gold_answer", "left_for", "next_items", "unlabelled_of"]

#: A prime above every position: position -> (a * position + b) mod p is another order for every a, b.
_PRIME = 1_000_003
_MOST_ITEMS = 200
_MOST_SKIPPED = 5_000


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """What a person is told after labelling a gold item.

    Parameters
    ----------
    said, known : str
        What the person said, and what it is.
    right : bool
        Whether they are the same.
    reason : str
        How it is known.
    """

    said: str
    known: str
    right: bool
    reason: str


def next_items(
    session: Session, campaign_id: int, user_id: int, *, number: int = 1, skip: Collection[int] = ()
) -> list[int]:
    """Return the candidates that a person labels next, in this order.

    Parameters
    ----------
    session : Session
        Of the database.
    campaign_id, user_id : int
        Where, who.
    number : int
        So many at the most.
    skip : collection of int
        Candidates that the person has in hand or does not want to see now; they take the places before
        these.

    Raises
    ------
    InputError
        ``no-such-campaign``, ``closed-campaign``, ``tutorial-unread``.
    """
    campaign = find_campaign(session, campaign_id)
    check_takes_labels(session, campaign, user_id)
    wanted = max(1, min(number, _MOST_ITEMS))
    regular = _first(session, _regular(campaign, user_id), wanted, skip)
    gold = _first(session, _gold(campaign, user_id), wanted, skip)
    if not regular:
        # Gold items alone teach nobody anything new, unless the campaign is made of them.
        return [] if _has_regular(session, campaign_id) else gold
    done = _labelled_so_far(session, campaign_id, user_id)
    done += len(unlabelled_of(session, campaign_id, user_id, skip))
    made: list[int] = []
    while regular and len(made) < wanted:
        place = done + len(made)
        made.append(gold.pop(0) if gold and _is_gold(campaign, user_id, place) else regular.pop(0))
    return made


def left_for(session: Session, campaign_id: int, user_id: int) -> int:
    """Return about how many candidates a person will still be shown; others may label some of them before."""
    campaign = find_campaign(session, campaign_id)
    regular, gold = (
        session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
        for statement in (_regular(campaign, user_id), _gold(campaign, user_id))
    )
    if not _has_regular(session, campaign_id):
        return gold
    rate = gold_rate(campaign)
    return regular + min(gold, round(regular * rate / (1 - rate)))


def unlabelled_of(session: Session, campaign_id: int, user_id: int, candidates: Collection[int]) -> list[int]:
    """Return the candidates of a list, in its order, that a person has not labelled in a campaign."""
    if not candidates:
        return []
    statement = select(Label.candidate_id).where(
        Label.campaign_id == campaign_id,
        Label.user_id == user_id,
        Label.withdrawn_at.is_(None),
        Label.candidate_id.in_(list(candidates)),
    )
    said = set(session.scalars(statement))
    return [each for each in candidates if each not in said]


def gold_answer(session: Session, campaign_id: int, candidate_id: int, user_id: int) -> GoldAnswer | None:
    """Return what to tell a person of a gold item that they have labelled; None of any other."""
    item = session.get(CampaignItem, (campaign_id, candidate_id))
    if item is None or not item.gold:
        return None
    said = session.scalars(
        select(Label.value).where(
            Label.campaign_id == campaign_id,
            Label.candidate_id == candidate_id,
            Label.user_id == user_id,
            Label.withdrawn_at.is_(None),
        )
    ).first()
    return None if said is None else GoldAnswer(said, item.gold, said == item.gold, item.gold_reason)


def _own_order(campaign: Campaign, user_id: int) -> ColumnElement[int]:
    """Return a number that orders the items, another for every person."""
    factor, shift = (_draw(campaign, user_id, word) % (_PRIME - 1) + 1 for word in ("factor", "shift"))
    order: ColumnElement[int] = (cast(CampaignItem.position, BigInteger) * factor + shift) % _PRIME
    return order


def _draw(campaign: Campaign, user_id: int, word: str) -> int:
    seed = campaign.proposal.get("seed", 0)
    text = f"{seed} {campaign.id} {user_id} {word}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big")


def _is_gold(campaign: Campaign, user_id: int, place: int) -> bool:
    return _draw(campaign, user_id, f"place {place}") / 2**56 < gold_rate(campaign)


def _mine(campaign_id: int, user_id: int) -> ColumnElement[bool]:
    return exists().where(
        Label.campaign_id == campaign_id,
        Label.candidate_id == CampaignItem.candidate_id,
        Label.user_id == user_id,
        Label.withdrawn_at.is_(None),
    )


def _regular(campaign: Campaign, user_id: int) -> Select[int]:
    said = (
        select(func.count())
        .where(
            Label.campaign_id == campaign.id,
            Label.candidate_id == CampaignItem.candidate_id,
            Label.withdrawn_at.is_(None),
        )
        .correlate(CampaignItem)
        .scalar_subquery()
    )
    return (
        select(CampaignItem.candidate_id)
        .where(
            CampaignItem.campaign_id == campaign.id,
            CampaignItem.gold == "",
            ~_mine(campaign.id, user_id),
            said < campaign.labels_wanted,
        )
        .order_by(said, _own_order(campaign, user_id))
    )


def _gold(campaign: Campaign, user_id: int) -> Select[int]:
    return (
        select(CampaignItem.candidate_id)
        .where(
            CampaignItem.campaign_id == campaign.id,
            CampaignItem.gold != "",
            ~_mine(campaign.id, user_id),
        )
        .order_by(_own_order(campaign, user_id))
    )


def _first(session: Session, statement: Select[int], number: int, skip: Collection[int]) -> list[int]:
    if skip:
        statement = statement.where(CampaignItem.candidate_id.not_in(list(skip)[:_MOST_SKIPPED]))
    return list(session.scalars(statement.limit(number)))


def _has_regular(session: Session, campaign_id: int) -> bool:
    statement = select(CampaignItem.position).where(
        CampaignItem.campaign_id == campaign_id, CampaignItem.gold == ""
    )
    return session.scalars(statement.limit(1)).first() is not None


def _labelled_so_far(session: Session, campaign_id: int, user_id: int) -> int:
    statement = select(func.count()).where(
        Label.campaign_id == campaign_id, Label.user_id == user_id, Label.withdrawn_at.is_(None)
    )
    return session.scalar(statement) or 0
