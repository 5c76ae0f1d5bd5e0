from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from skysieve.errors import InputError
from skysieve.service.candidates import search
from skysieve.service.candidates.search import Search, count_candidates, find_all, find_candidates
from skysieve.service.database.time_limit import time_limit

#: Ends by itself never, or not before anybody has lost patience.
ENDLESS = text(
    "WITH RECURSIVE numbers(x) AS (SELECT 1 UNION ALL SELECT 1 - x FROM numbers) SELECT count(*) FROM numbers"
)


def test_a_question_without_end_is_broken_off(service):
    reading, raising = service.database.reading(), pytest.raises(InputError)
    with reading as session, raising as raised, time_limit(session, 0.05):
        session.scalar(ENDLESS)
    assert raised.value.kind == "slow-search"
    assert "0.05 s" in raised.value.reason


def test_the_limit_ends_with_its_block(service):
    with service.database.reading() as session:
        with time_limit(session, 60.0):
            assert session.scalar(text("SELECT 1")) == 1
        if not service.database.is_sqlite:
            assert session.scalar(text("SHOW statement_timeout")) == "0"
    with service.database.reading() as session, pytest.raises(InputError), time_limit(session, 0.05):
        session.scalar(ENDLESS)
    with service.database.reading() as session:
        assert session.scalar(text("SELECT 2")) == 2


def test_other_failures_stay_what_they_are(sqlite_service):
    reading, raising = sqlite_service.database.reading(), pytest.raises(OperationalError)
    with reading as session, raising, time_limit(session, 60.0):
        session.scalar(text("SELECT * FROM nothing_of_that_name"))


@pytest.mark.parametrize("ask", [find_candidates, count_candidates, find_all])
def test_every_search_has_a_limit(sqlite_service, monkeypatch: pytest.MonkeyPatch, ask):
    limits: list[float] = []
    monkeypatch.setattr(
        search, "time_limit", lambda session, seconds: limits.append(seconds) or time_limit(session, seconds)
    )
    with sqlite_service.database.reading() as session:
        ask(session, Search("mag < 19"))
    assert limits
