"""How a campaign fares: what is done, how each person labels, what they agree and disagree on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import Campaign, CampaignItem, Label, Taxonomy, User
from skysieve.service.labelling.labels import plurality
from skysieve.service.labelling.votes import Votes, votes_from

if TYPE_CHECKING:
    from skysieve.evaluation.intervals import Interval

__all__ = [
    "Labeller",
    "Progress",
    "campaign_votes",
    "disagreements",
    "gold_of",
    "labellers",
    "progress",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """What is done of a campaign.

    Parameters
    ----------
    items, gold : int
        Candidates to label, and gold items beside them.
    done : int
        Candidates with all labels that are wanted.
    labels, wanted : int
        Labels given to candidates (at most those wanted of each), and all that are wanted.
    """

    items: int
    gold: int
    done: int
    labels: int
    wanted: int

    @property
    def share(self) -> float:
        """Share of the wanted labels that is given; 1 where nothing is wanted."""
        return self.labels / self.wanted if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class Labeller:
    """How a person labels in a campaign.

    Parameters
    ----------
    user_id : int
        Who.
    name : str
        The person's name.
    labels : int
        Labels that count, gold items and all.
    seconds : float
        Median time from showing to saying; NaN where unknown.
    agreement : Interval
        Share of candidates on which the person says what most of the others say (Wilson's interval);
        candidates on which the others are undecided do not count.
    accuracy : Interval
        Share of gold items called what they are.
    gold : int
        Gold items that the person has labelled.
    """

    user_id: int
    name: str
    labels: int
    seconds: float
    agreement: Interval
    accuracy: Interval
    gold: int


class Disputed(NamedTuple):
    """A candidate that people call different things."""

    candidate_id: int
    #: How many call it what, the most frequent first.
    said: dict[str, int]


def progress(session: Session, campaign: Campaign) -> Progress:
    """Return what is done of a campaign."""
    said = (
        select(Label.candidate_id, func.count().label("number"))
        .where(Label.campaign_id == campaign.id, Label.withdrawn_at.is_(None))
        .group_by(Label.candidate_id)
        .subquery()
    )
    rows = session.execute(
        select(CampaignItem.gold, said.c.number, func.count())
        .outerjoin(said, said.c.candidate_id == CampaignItem.candidate_id)
        .where(CampaignItem.campaign_id == campaign.id)
        .group_by(CampaignItem.gold, said.c.number)
    ).all()
    regular = [(number or 0, items) for gold, number, items in rows if not gold]
    wanted = campaign.labels_wanted
    items = sum(count for _, count in regular)
    return Progress(
        items=items,
        gold=sum(count for gold, _, count in rows if gold),
        done=sum(count for number, count in regular if number >= wanted),
        labels=sum(min(number, wanted) * count for number, count in regular),
        wanted=items * wanted,
    )


def gold_of(session: Session, campaign_id: int) -> dict[int, str]:
    """Return the known class of the gold items by candidate."""
    statement = select(CampaignItem.candidate_id, CampaignItem.gold).where(
        CampaignItem.campaign_id == campaign_id, CampaignItem.gold != ""
    )
    return {candidate: gold for candidate, gold in session.execute(statement)}  # noqa: C416 - rows, not pairs


def campaign_votes(session: Session, campaign: Campaign) -> Votes:
    """Return the labels of a campaign that count, in the words of its taxonomy."""
    taxonomy = session.get_one(Taxonomy, campaign.taxonomy_id)
    items = session.scalars(
        select(CampaignItem.candidate_id).where(CampaignItem.campaign_id == campaign.id)
    ).all()
    said = session.execute(_counting(campaign.id)).all()
    return votes_from(
        ((row.candidate_id, row.user_id, row.value) for row in said),
        [each["name"] for each in taxonomy.classes],
        items=items,
    )


def labellers(session: Session, campaign: Campaign) -> list[Labeller]:
    """Return how each person labels, whoever gave most labels first."""
    gold = gold_of(session, campaign.id)
    said = session.execute(_counting(campaign.id)).all()
    names = {row.id: row.name for row in session.execute(select(User.id, User.name))}
    by_item: dict[int, dict[int, str]] = defaultdict(dict)
    seconds: dict[int, list[float]] = defaultdict(list)
    for row in said:
        by_item[row.candidate_id][row.user_id] = row.value
        if row.seconds is not None:
            seconds[row.user_id].append(row.seconds)
    users = sorted({row.user_id for row in said})
    made = [_labeller(user, names[user], by_item, gold, seconds[user]) for user in users]
    return sorted(made, key=lambda each: (-each.labels, each.name))


def disagreements(votes: Votes, *, most: int = 50) -> list[Disputed]:
    """Return the candidates on which people are most divided, to be looked at together.

    The smaller the lead of the most frequent word over the second, the more divided they are.
    """
    counts = votes.counts()
    found = []
    for item, row in zip(votes.items, counts, strict=True):
        ranked = sorted(
            ((int(number), name) for number, name in zip(row, votes.classes, strict=True) if number),
            key=lambda each: (-each[0], each[1]),
        )
        if len(ranked) > 1:
            lead = (ranked[0][0] - ranked[1][0]) / int(row.sum())
            found.append((lead, -int(row.sum()), item, {name: number for number, name in ranked}))
    return [Disputed(item, said) for _, _, item, said in sorted(found, key=lambda each: each[:3])[:most]]


def _counting(campaign_id: int) -> Select[int, int, str, float | None]:
    return (
        select(Label.candidate_id, Label.user_id, Label.value, Label.seconds)
        .where(Label.campaign_id == campaign_id, Label.withdrawn_at.is_(None))
        .order_by(Label.id)
    )


def _labeller(
    user: int, name: str, by_item: dict[int, dict[int, str]], gold: dict[int, str], seconds: list[float]
) -> Labeller:
    from skysieve.evaluation.intervals import wilson_interval

    mine = {item: said[user] for item, said in by_item.items() if user in said}
    known = [item for item in mine if item in gold]
    others = {
        item: plurality([value for other, value in by_item[item].items() if other != user]) for item in mine
    }
    decided = [item for item in mine if others[item]]
    return Labeller(
        user_id=user,
        name=name,
        labels=len(mine),
        seconds=median(seconds) if seconds else float("nan"),
        agreement=wilson_interval(sum(mine[item] == others[item] for item in decided), len(decided)),
        accuracy=wilson_interval(sum(mine[item] == gold[item] for item in known), len(known)),
        gold=len(known),
    )
