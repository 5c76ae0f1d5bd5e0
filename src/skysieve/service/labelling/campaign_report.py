"""What a campaign has come to: how far people agree, what their votes add up to, what they dispute."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import Campaign, User
from skysieve.service.labelling.agreement import Agreement, agreement, pairwise_kappas
from skysieve.service.labelling.campaign_figures import (
    Disputed,
    Labeller,
    Progress,
    campaign_votes,
    disagreements,
    gold_of,
    labellers,
    progress,
)
from skysieve.service.labelling.consensus import Consensus, consensus

__all__ = ["CampaignReport", "Confusion", "Pair", "report_of"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Cohen's kappa of two people, and on how many candidates it rests."""

    first: str
    second: str
    kappa: float
    shared: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """How a person calls what is truly of each class: shares by true class and word, NaN where unknown."""

    name: str
    rows: dict[str, dict[str, float]]


@dataclass(frozen=True)
class CampaignReport:
    """What a campaign has come to.

    Parameters
    ----------
    progress : Progress
        What is done.
    people : list of Labeller
        How each person labels.
    agreement : Agreement
        How far they agree.
    pairs : list of Pair
        How far every two of them do, those that agree least first.
    consensus : Consensus
        What the votes add up to.
    counts : dict of str to int
        Candidates by class; ``undecided``, and ``no votes``.
    confusions : list of Confusion
        How each person calls what, by the consensus.
    disputed : list of Disputed
        Candidates on which people are most divided.
    """

    progress: Progress
    people: list[Labeller]
    agreement: Agreement
    pairs: list[Pair]
    consensus: Consensus
    counts: dict[str, int]
    confusions: list[Confusion]
    disputed: list[Disputed]


def report_of(session: Session, campaign: Campaign, *, method: str = "dawid-skene") -> CampaignReport:
    """Return what a campaign has come to.

    Parameters
    ----------
    session : Session
        Of the database.
    campaign : Campaign
        The campaign.
    method : {"dawid-skene", "majority"}
        How votes are joined.

    Raises
    ------
    ConfigurationError
        If there is no such method.
    """
    votes = campaign_votes(session, campaign)
    found = consensus(votes, method, gold_of(session, campaign.id))
    rows = session.execute(select(User.id, User.name).where(User.id.in_(votes.raters)))
    names = {row.id: row.name for row in rows}
    pairs = [
        Pair(names[first], names[second], kappa, shared)
        for (first, second), (kappa, shared) in pairwise_kappas(votes).items()
    ]
    return CampaignReport(
        progress=progress(session, campaign),
        people=labellers(session, campaign),
        agreement=agreement(votes),
        pairs=sorted(pairs, key=lambda pair: (np.isnan(pair.kappa), pair.kappa, pair.first, pair.second)),
        consensus=found,
        counts=_counts(found),
        confusions=[
            Confusion(names[rater], _rows(found.classes, table))
            for rater, table in zip(found.raters, found.confusion, strict=True)
        ],
        disputed=disagreements(votes),
    )


def _counts(found: Consensus) -> dict[str, int]:
    counted = Counter(found.classes[value] for value in found.value if value >= 0)
    silent = int(np.isnan(found.probabilities).all(axis=1).sum())
    counts = {name: counted[name] for name in found.classes}
    return counts | {"undecided": int((found.value < 0).sum()) - silent, "no votes": silent}


def _rows(
    classes: tuple[str, ...], table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> dict[str, dict[str, float]]:
    return {
        truth: dict(zip(classes, row.tolist(), strict=True))
        for truth, row in zip(classes, table, strict=True)
    }
