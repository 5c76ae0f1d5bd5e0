"""Costly answers are kept for a while, cheap ones never."""

from __future__ import annotations

import threading

from skysieve.service.database.database import Database
from skysieve.service.database.kept_answers import KeptAnswers


def test_large_answers_are_kept_for_a_while_and_small_ones_are_not() -> None:
    now = [0.0]
    answers = KeptAnswers[int](5.0, lambda answer: answer >= 100, clock=lambda: now[0])
    with Database("sqlite://").reading() as session:
        assert [answers.get(session, "few", lambda n=n: n) for n in (1, 2)] == [1, 2]  # type: ignore[misc]
        assert [answers.get(session, "many", lambda n=n: n) for n in (100, 101)] == [100, 100]  # type: ignore[misc]
        now[0] = 5.0
        assert answers.get(session, "many", lambda: 102) == 102
        now[0] = 10.0
        assert [answers.get(session, "many", lambda n=n: n) for n in (3, 4)] == [3, 4]  # type: ignore[misc]


def test_databases_are_kept_apart_and_no_more_answers_than_agreed() -> None:
    answers = KeptAnswers[int](5.0, lambda _: True, most=2, clock=lambda: 0.0)
    one, other = Database("sqlite://"), Database("sqlite:///:memory:")
    with one.reading() as first, other.reading() as second:
        assert answers.get(first, "n", lambda: 1) == 1
        assert answers.get(second, "n", lambda: 2) == 2
        assert answers.get(first, "n", lambda: 3) == 1
        answers.get(first, "m", lambda: 4)
        assert answers.get(first, "n", lambda: 5) == 5


def test_while_one_asks_again_others_take_what_was_kept() -> None:
    now = [0.0]
    answers = KeptAnswers[int](5.0, lambda _: True, clock=lambda: now[0])
    asking, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        asking.set()
        assert go_on.wait(20)
        return 2

    with Database("sqlite://").reading() as session:
        answers.get(session, "n", lambda: 1)
        now[0] = 6.0
        thread = threading.Thread(target=lambda: answers.get(session, "n", slow))
        thread.start()
        assert asking.wait(20)
        assert answers.get(session, "n", lambda: 3) == 1
        go_on.set()
        thread.join(20)
        assert answers.get(session, "n", lambda: 4) == 2
