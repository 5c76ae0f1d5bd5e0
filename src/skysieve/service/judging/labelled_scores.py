"""What people here say of what a scorer scored: headline scores of labelled candidates, and who is real."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skysieve.service.database.kept_answers import KeptAnswers
from skysieve.service.database.tables import Candidate, Label, Scorer, Taxonomy
from skysieve.service.filters.index_choice import without_index
from skysieve.service.judging.described_rule import rule_of
from skysieve.service.judging.stored_scores import stored_scores

__all__ = ["LabelledScores", "labelled_scores"]

#: Labels that are looked at, the newest first.
MOST_LABELS = 50_000
#: Seconds after which they are looked at again, even if no label has come.
KEPT_S = 60.0
#: Scorers whose labelled scores are kept at a time.
_MOST_KEPT = 16

_kept: dict[tuple[str, int], tuple[float, tuple[int, int], LabelledScores]] = {}
_keeping = threading.Lock()


@dataclass(frozen=True, eq=False)
class LabelledScores:
    """Labelled candidates that a scorer has scored; one value of each array for each of them.

    Parameters
    ----------
    headline : ndarray of float64
        Headline score.
    passes : ndarray of bool
        Verdict of the rule that counts.
    real : ndarray of bool
        What most people say; candidates on which they are divided are left out.
    blind : ndarray of bool
        Whether that is said by labels alone that were given with the scores hidden, or in a campaign.
    """

    headline: NDArray[np.float64]
    passes: NDArray[np.bool_]
    real: NDArray[np.bool_]
    blind: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> LabelledScores:
        """Return the chosen ones alone."""
        return LabelledScores(
            self.headline[chosen], self.passes[chosen], self.real[chosen], self.blind[chosen]
        )


_MANY: KeptAnswers[LabelledScores] = KeptAnswers(10.0, lambda labelled: len(labelled.real) >= 2_000)


def labelled_scores(session: Session, scorer: Scorer) -> LabelledScores:
    """Return the labelled candidates that a scorer has scored.

    They are kept in the process until a label comes or goes, for a minute at the most; thousands are kept for
    some seconds in any case: one label more does not change what they say.

    Parameters
    ----------
    session : Session
        Any.
    scorer : Scorer
        A scorer whose rule says who is real; of a model of more than two classes there are none.
    """
    return _MANY.get(session, scorer.id, lambda: _up_to_date(session, scorer))


def _up_to_date(session: Session, scorer: Scorer) -> LabelledScores:
    key = (str(session.get_bind().engine.url), scorer.id)
    newest, withdrawn = session.execute(select(func.max(Label.id), func.count(Label.withdrawn_at))).one()
    version = (newest or 0, withdrawn)
    with _keeping:
        kept = _kept.get(key)
    if kept is not None and kept[1] == version and time.monotonic() - kept[0] < KEPT_S:
        return kept[2]
    found = _read(session, scorer)
    with _keeping:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = (time.monotonic(), version, found)
    return found


@dataclass(frozen=True, slots=True)
class _Opinion:
    real: bool
    blind: bool


def _read(session: Session, scorer: Scorer) -> LabelledScores:
    rule = rule_of(scorer)
    opinions = {} if rule is None else _opinions(session, scorer.kind)
    scores = stored_scores(session, scorer.id, list(opinions))
    complete = [] if rule is None else [each for each in scores if scores[each].keys() >= set(rule.members)]
    if rule is None or not complete:
        none = np.empty(0, dtype=bool)
        return LabelledScores(np.empty(0), none, none, none)
    arrays = {name: np.array([scores[each][name] for each in complete], np.float32) for name in rule.members}
    return LabelledScores(
        rule.headline(arrays).astype(np.float64),
        rule.passes(arrays),
        np.array([opinions[each].real for each in complete], dtype=bool),
        np.array([opinions[each].blind for each in complete], dtype=bool),
    )


def _opinions(session: Session, kind: str) -> dict[int, _Opinion]:
    """Return what most people say of each labelled candidate; of blind labels alone where there are any."""
    real = {
        (taxonomy.id, each["name"]): each.get("real")
        for taxonomy in session.scalars(select(Taxonomy))
        for each in taxonomy.classes
    }
    statement = (
        select(Label.candidate_id, Label.taxonomy_id, Label.value, Label.machine_hidden, Label.campaign_id)
        .join(Candidate, Candidate.id == Label.candidate_id)
        .where(Label.withdrawn_at.is_(None), without_index(Candidate.__table__.c.kind) == kind)
        .order_by(Label.id.desc())
        .limit(MOST_LABELS)
    )
    votes: dict[int, dict[bool, Counter[bool]]] = {}
    for row in session.execute(statement):
        says = real.get((row.taxonomy_id, row.value))
        if says is not None:
            blind = row.machine_hidden or row.campaign_id is not None
            votes.setdefault(row.candidate_id, {}).setdefault(blind, Counter())[says] += 1
    return {each: opinion for each, said in votes.items() if (opinion := _majority(said)) is not None}


def _majority(said: Mapping[bool, Counter[bool]]) -> _Opinion | None:
    blind = True in said
    votes = said[blind]
    return None if votes[True] == votes[False] else _Opinion(votes[True] > votes[False], blind)
