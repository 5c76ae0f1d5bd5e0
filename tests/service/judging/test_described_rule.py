"""What the row of a scorer describes gives the headlines and verdicts that its files gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import select

from skysieve.service.database.tables import Candidate, Scorer
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.judging.described_rule import headline_of, rule_of
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all
from skysieve.service.judging.stored_scores import stored_scores
from skysieve.service.service import Service

Add = Callable[..., list[int]]


def test_stored_scores_give_what_pages_show(
    service: Service, add_alerts: Add, add_streaks: Add, model_of_classes: Path
) -> None:
    sieve = register(service, "streaks", kind="streak", duty=ON_DUTY)
    classes = register(service, model_of_classes, kind="alert", duty=ON_DUTY)
    ids = {sieve: add_streaks(), classes: add_alerts(6)}
    score_all(service)
    with service.database.reading() as session:
        shown = {each.id: (each.score, each.passes) for each in session.scalars(select(Candidate))}
        for scorer_id, candidates in ids.items():
            scorer, scores = session.get_one(Scorer, scorer_id), stored_scores(session, scorer_id, candidates)
            assert {each: headline_of(scorer, scores[each]) for each in candidates} == {
                each: shown[each][0] for each in candidates
            }
            assert headline_of(scorer, {"rb-1": 0.5, "bogus": 0.5}) is None
            assert (rule_of(scorer) is None) == (scorer_id == classes)
        rule = rule_of(session.get_one(Scorer, sieve))
        assert rule is not None
        scores = stored_scores(session, sieve, ids[sieve])
    arrays = {
        name: np.array([scores[each][name] for each in ids[sieve]], np.float32) for name in rule.members
    }
    assert rule.passes(arrays).tolist() == [shown[each][1] for each in ids[sieve]]
