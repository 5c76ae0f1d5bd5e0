"""Scores as the database keeps them, as arrays: what a scorer said of candidates, and their headlines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import Score
from skysieve.service.judging.opened_scorer import Judgement, OpenedScorer

__all__ = ["stored_judgement", "stored_scores"]

#: Ids in one statement.
_MOST_IDS = 5_000


def stored_scores(session: Session, scorer_id: int, candidates: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return the scores of candidates by one scorer.

    Parameters
    ----------
    session : Session
        Any.
    scorer_id : int
        The scorer.
    candidates : sequence of int
        Their ids.

    Returns
    -------
    dict of int to dict of str to float
        By candidate and member; a candidate without scores is missing.
    """
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for start in range(0, len(candidates), _MOST_IDS):
        part = candidates[start : start + _MOST_IDS]
        statement = select(Score.candidate_id, Score.member, Score.value).where(
            Score.scorer_id == scorer_id, Score.candidate_id.in_(part)
        )
        for candidate, member, value in session.execute(statement):
            found[candidate][member] = value
    return dict(found)


def stored_judgement(
    session: Session, scorer_id: int, opened: OpenedScorer, candidates: Sequence[int]
) -> tuple[list[int], Judgement]:
    """Return what a scorer says of candidates, from its stored scores; no network is run.

    Parameters
    ----------
    session, scorer_id, candidates
        As of `stored_scores`.
    opened : OpenedScorer
        The scorer.

    Returns
    -------
    list of int, Judgement
        The candidates that have all scores, in the given order, and what is said of them.
    """
    scores = stored_scores(session, scorer_id, candidates)
    complete = [each for each in candidates if scores.get(each, {}).keys() >= set(opened.members)]
    arrays = {
        member: np.array([scores[each][member] for each in complete], dtype=np.float32)
        for member in opened.members
    }
    return complete, opened.decide(arrays)
