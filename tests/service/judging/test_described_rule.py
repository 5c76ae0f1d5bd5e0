"""What the row of a scorer describes gives the headlines and verdicts that its files gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import select

from skysieve.service.database.tables import Candidate, Scorer
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.judging.described_rule import rule_of
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all
from skysieve.service.judging.stored_scores import stored_scores
from skysieve.service.service import Service

Add = Callable[..., list[int]]


def test_stored_scores_give_what_pages_show(
    service: Service, add_streaks: Add, model_of_classes: Path
) -> None:
    sieve = register(service, "streaks", kind="streak", duty=ON_DUTY)
    classes = register(service, model_of_classes, kind="alert", duty=ON_DUTY)
    streaks = add_streaks()
    score_all(service)
    with service.database.reading() as session:
        shown = {each.id: (each.score, each.passes) for each in session.scalars(select(Candidate))}
        assert rule_of(session.get_one(Scorer, classes)) is None
        rule = rule_of(session.get_one(Scorer, sieve))
        assert rule is not None
        scores = stored_scores(session, sieve, streaks)
    arrays = {name: np.array([scores[each][name] for each in streaks], np.float32) for name in rule.members}
    assert rule.headline(arrays).tolist() == [shown[each][0] for each in streaks]
    assert rule.passes(arrays).tolist() == [shown[each][1] for each in streaks]
