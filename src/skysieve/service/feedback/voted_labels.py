"""What people's labels add up to, candidate by candidate, and an account of who said how much."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.intervals import Interval
from skysieve.service.database.tables import Campaign, CampaignItem, Candidate, Label, Taxonomy, User
from skysieve.service.feedback.answers import Vocabulary, vocabulary_of
from skysieve.service.labelling.agreement import agreement
from skysieve.service.labelling.consensus import Consensus, consensus
from skysieve.service.labelling.votes import Votes, votes_from

__all__ = ["METHODS", "LabelChoice", "VotedLabels", "count_votes"]

#: Ways from votes to a label: most say it; how far each can be trusted; nobody says anything else.
METHODS = ("majority", "dawid-skene", "single")


@dataclass(frozen=True)
class LabelChoice:
    """Which labels count, and when they are enough.

    Parameters
    ----------
    kind : str
        Kind of candidates.
    method : str
        One of `METHODS`.
    campaign : str
        Name of a campaign: its labels only; empty: all labels, in campaigns and outside.
    where : str
        Filter that the candidates must pass.
    min_labels : int
        People who must have said something of a candidate; a gold item needs none.
    min_probability : float
        How likely a label must be: by Dawid and Skene its probability, by majority its share of votes.
    classes : mapping of str to str
        As of `skysieve.service.feedback.answers.vocabulary_of`.
    only_hidden : bool
        Count only what was said while the scores were hidden.
    """

    kind: str
    method: str = "majority"
    campaign: str = ""
    where: str = ""
    min_labels: int = 1
    min_probability: float = 0.0
    classes: Mapping[str, str] | None = None
    only_hidden: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigurationError(
                f"no consensus is called {self.method!r}; known are: {', '.join(METHODS)}"
            )
        if self.min_labels < 1 or not 0 <= self.min_probability <= 1:
            raise ConfigurationError(
                f"min_labels is 1 or more and min_probability from 0 to 1, found {self.min_labels} and "
                f"{self.min_probability:g}"
            )


class _Said(NamedTuple):
    candidate_id: int
    user_id: int
    word: str
    taxonomy_id: int
    hidden: bool


@dataclass(frozen=True)
class VotedLabels:
    """Labels that people's votes add up to.

    Parameters
    ----------
    candidates : tuple of int
        Candidates that have a label, by id.
    answers : mapping of str to ndarray of int, shape (candidates,)
        By answer, 0 or 1; -1 where it is open.
    word : tuple of str
        The likeliest class of each, empty where two are as likely.
    probability, votes : ndarray, shape (candidates,)
        How likely what is answered is (the least likely of several answers), and how many voted.
    left_out : dict of str to int
        Candidates that have votes and no label, by reason.
    account : dict
        Who said how much in which words, how far they agree; what provenance tells.
    """

    candidates: tuple[int, ...]
    answers: Mapping[str, NDArray[np.int64]]
    word: tuple[str, ...]
    probability: NDArray[np.float64]
    votes: NDArray[np.int64]
    left_out: dict[str, int]
    account: dict[str, Any]

    def columns(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the columns that every set of labels has, for samples made of these candidates."""
        return {"label_probability": self.probability[rows], "label_votes": self.votes[rows]}


def count_votes(session: Session, choice: LabelChoice) -> VotedLabels:
    """Return what the labels that count add up to.

    Parameters
    ----------
    session : Session
        Of the database.
    choice : LabelChoice
        Which labels count.

    Raises
    ------
    SampleSetError
        If there is no label at all.
    ConfigurationError
        If the campaign or a class is not known.
    InputError
        ``bad-filter``.
    """
    campaign = _campaign(session, choice)
    rows = session.execute(_statement(session, choice, campaign)).all()
    taxonomies = _taxonomies(session, {row.taxonomy_id for row in rows})
    vocabulary = vocabulary_of(choice.kind, taxonomies, choice.classes)
    said = [
        _Said(
            row.candidate_id,
            row.user_id,
            vocabulary.word[row.taxonomy_id, row.value],
            row.taxonomy_id,
            row.machine_hidden,
        )
        for row in rows
    ]
    if not said:
        where = f"in the campaign {campaign.name}" if campaign else "for the filter"
        raise SampleSetError(f"nobody has labelled a candidate of the kind {choice.kind} {where}")
    votes = votes_from(
        ((each.candidate_id, each.user_id, each.word) for each in _last_words(said) if each.word),
        vocabulary.classes,
        items={each.candidate_id for each in said},
    )
    gold = _gold(session, campaign, votes.items, vocabulary)
    method = "dawid-skene" if choice.method == "dawid-skene" else "majority"
    found = consensus(votes, method, gold)
    made = _decide(found, gold, vocabulary, choice)
    account = _account(session, said, votes, taxonomies, choice) | {"gold_items": len(gold)}
    if choice.method == "dawid-skene":
        account["consensus"] = {"iterations": found.iterations, "converged": found.converged}
    return dataclasses.replace(made, account=account)


def _campaign(session: Session, choice: LabelChoice) -> Campaign | None:
    if not choice.campaign:
        return None
    found = session.scalars(select(Campaign).where(Campaign.name == choice.campaign)).first()
    if found is None or found.kind != choice.kind:
        known = (
            ", ".join(session.scalars(select(Campaign.name).where(Campaign.kind == choice.kind))) or "none"
        )
        raise ConfigurationError(
            f"no campaign about {choice.kind}s is called {choice.campaign!r}; known are: {known}"
        )
    return found


def _statement(
    session: Session, choice: LabelChoice, campaign: Campaign | None
) -> Select[int, int, str, int, bool]:
    statement = (
        select(Label.candidate_id, Label.user_id, Label.value, Label.taxonomy_id, Label.machine_hidden)
        .join(Candidate, Candidate.id == Label.candidate_id)
        .where(Candidate.kind == choice.kind, Label.withdrawn_at.is_(None))
        .order_by(Label.id)
    )
    if campaign is not None:
        statement = statement.where(Label.campaign_id == campaign.id)
    if choice.only_hidden:
        statement = statement.where(Label.machine_hidden.is_(True))
    if choice.where.strip():
        from skysieve.service.filters.compile import compile_filter

        statement = statement.where(compile_filter(session, choice.where))
    return statement


def _taxonomies(session: Session, ids: set[int]) -> list[Taxonomy]:
    return list(session.scalars(select(Taxonomy).where(Taxonomy.id.in_(ids)).order_by(Taxonomy.id)))


def _last_words(said: Sequence[_Said]) -> list[_Said]:
    """Return the last thing that each person said of each candidate: "unsure" takes a vote back, too."""
    return list({(each.candidate_id, each.user_id): each for each in said}.values())


def _gold(
    session: Session, campaign: Campaign | None, items: Sequence[int], vocabulary: Vocabulary
) -> dict[int, str]:
    """Return the known words of candidates; those on which campaigns contradict each other are none."""
    statement = (
        select(CampaignItem.candidate_id, CampaignItem.gold, Campaign.taxonomy_id)
        .join(Campaign, Campaign.id == CampaignItem.campaign_id)
        .where(CampaignItem.gold != "")
    )
    if campaign is not None:
        statement = statement.where(Campaign.id == campaign.id)
    asked, words = set(items), dict[int, set[str]]()
    for candidate, gold, taxonomy in session.execute(statement):
        word = vocabulary.word.get((taxonomy, gold), "")
        if candidate in asked and word:
            words.setdefault(candidate, set()).add(word)
    return {candidate: next(iter(each)) for candidate, each in words.items() if len(each) == 1}


def _decide(
    found: Consensus, gold: Mapping[int, str], vocabulary: Vocabulary, choice: LabelChoice
) -> VotedLabels:
    """Return what the votes add up to, without an account."""
    least = 1.0 if choice.method == "single" else choice.min_probability
    answers = {name: _answer(found, column, least) for name, column in vocabulary.answers.items()}
    values = np.stack([value for value, _ in answers.values()])
    shares = np.stack([np.where(value < 0, np.inf, share) for value, share in answers.values()])
    known = np.isin(np.asarray(found.items), list(gold))
    silent = (found.votes == 0) & ~known
    few = ~silent & ~known & (found.votes < choice.min_labels)
    open_ = ~silent & ~few & (values < 0).all(axis=0)
    reasons = {
        "said to be unsure, skipped, or of a class that answers nothing": silent,
        f"labelled by fewer than {choice.min_labels}": few,
        "undecided" if least == 0 else f"undecided, or less likely than {least:g}": open_,
    }
    kept = ~(silent | few | open_)
    words = tuple("" if value < 0 else found.classes[value] for value in found.value[kept])
    return VotedLabels(
        candidates=tuple(np.asarray(found.items)[kept].tolist()),
        answers={name: value[kept] for name, (value, _) in answers.items()},
        word=words,
        probability=shares.min(axis=0)[kept],
        votes=found.votes[kept],
        left_out={reason: int(rows.sum()) for reason, rows in reasons.items() if rows.any()},
        account={},
    )


def _answer(
    found: Consensus, column: NDArray[np.int64], least: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return an answer of every item, -1 where it is open, and how likely it is.

    Classes that answer alike stand together: where people cannot agree which artefact it is, it is one.
    """
    probabilities = np.nan_to_num(found.probabilities)
    no, yes = (probabilities[:, column == value].sum(axis=1) for value in (0, 1))
    share = np.maximum(no, yes)
    # Rounding must not make 0.9 of ten votes less than 0.9.
    sure = (share > 0.5) & (share >= least - 1e-9)
    return np.where(sure, (yes > no).astype(np.int64), -1), share


def _account(
    session: Session, said: Sequence[_Said], votes: Votes, taxonomies: Sequence[Taxonomy], choice: LabelChoice
) -> dict[str, Any]:
    agreed = agreement(votes)
    counts = Counter(each.user_id for each in said)
    names = {row.id: row.name for row in session.execute(select(User.id, User.name))}
    return {
        "method": choice.method,
        "labels": len(said),
        "votes": len(votes),
        "labellers": len(counts),
        "labels_by_labeller": {names[user]: number for user, number in counts.most_common()},
        "labelled_candidates": len({each.candidate_id for each in said}),
        "said_with_scores_hidden": sum(each.hidden for each in said),
        "taxonomies": [f"{each.name} version {each.version}" for each in taxonomies],
        "agreement": {
            "items": agreed.items,
            "krippendorff_alpha": _json(agreed.alpha),
            "share_of_pairs": _json(agreed.share),
        },
    }


def _json(interval: Interval) -> dict[str, float | int | str] | None:
    """Return an interval for provenance; None where nothing can be said: JSON has no NaN."""
    return interval.to_json() if np.isfinite(interval.value) else None
