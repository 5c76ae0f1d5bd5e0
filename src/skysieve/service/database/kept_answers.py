"""Answers that cost the database much, kept in the process for some seconds: many people ask for the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

__all__ = ["KeptAnswers"]

T = TypeVar("T")


class KeptAnswers(Generic[T]):
    """Keeps answers about much for a while; what is about little is asked anew each time, and so always true.

    Parameters
    ----------
    keep_s : float
        Seconds that an answer is kept.
    is_large : callable
        Whether an answer is about so much that it is kept.
    most : int
        Answers that are kept at a time.
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(
        self,
        keep_s: float,
        is_large: Callable[[T], bool],
        *,
        most: int = 16,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_s = keep_s
        self._is_large = is_large
        self._most = most
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._lock = threading.Lock()

    def get(self, session: Session, about: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer that is kept, or ask.

        While one thread asks again, the others go on with what was kept.

        Parameters
        ----------
        session : Session
            Whose database is asked.
        about : hashable
            What the question is.
        ask : callable
            Asks the database.
        """
        key = (str(session.get_bind().engine.url), about)
        with self._lock:
            now = self._clock()
            if kept := self._kept.get(key):
                until, answer = kept
                if now < until:
                    return answer
                self._kept[key] = now + self._keep_s, answer
        answer = ask()
        with self._lock:
            self._kept.pop(key, None)
            if self._is_large(answer):
                while len(self._kept) >= self._most:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = self._clock() + self._keep_s, answer
        return answer
